//! Graded test of `send-mail`.

mod mistakes;
mod server;

use std::time::Duration;

use harness::{Outcome, check, shown};
use send_mail::Fate::{Deferred, Delivered, Refused, Uncertain};
use send_mail::{LONGEST_ADDRESS, LONGEST_REPLY};

use mistakes::{BARE, DOT, DOUBLED, EARLY, NO_354, ONE_LINE, ONE_READ};
use mistakes::{ONE_REFUSAL, UNBOUNDED, UNOFFERED};
use server::{MAIL, Mail, NAMES, STEPS, Server, sends};

const FOUR: Mail = Mail {
    recipients: &["bob@y.example", "eve@y.example", "dan@z.example", "joe@z.example"],
    ..MAIL
};

#[test]
fn a_letter_to_one_recipient() -> Outcome {
    check(|c| {
        let mut server = Server::after(c, &MAIL, 5)?;
        server.hears_all(b"Subject: hello\r\n\r\nHi Bob\r\n.\r\n", None)?;
        server.says(STEPS[5].1)?;
        server.hears("QUIT", None)?;
        server.says("221 2.0.0 Bye\r\n")?;
        server.returns(&[Delivered], None)
    })
}

#[test]
fn a_reply_may_have_several_lines() -> Outcome {
    check(|c| {
        let mut server = Server::start(c, &MAIL)?;
        server.says_slowly("220-mail.example\r\n220-Be brief\r\n", "220\r\n", &ONE_LINE)?;
        server.hears(STEPS[1].0, None)?;
        server.says_slowly("250-mail.example\r\n250-HELP\r\n", "250 VRFY\r\n", &ONE_LINE)?;
        server.hears(STEPS[2].0, Some(&ONE_LINE))?;
        server.says("250-2.1.0 Welcome,\r\n250 2.1.0 Ada\r\n")?;
        server.hears(STEPS[3].0, Some(&ONE_LINE))?;
        server.says(STEPS[3].1)?;
        server.steps(4, 6)?;
        server.ends(&[Delivered], None)
    })
}

#[test]
fn a_reply_may_come_in_pieces() -> Outcome {
    check(|c| {
        let mut server = Server::after(c, &MAIL, 3)?;
        server.hears(STEPS[3].0, None)?;
        server.says_slowly("25", "0 2.1.5 Ok\r\n", &ONE_READ)?;
        server.steps(4, 5)?;
        server.hears(STEPS[5].0, None)?;
        server.says_slowly("250-2.0.0 Stored\r", "\n250 2.0.0 for now\r\n", &ONE_READ)?;
        server.ends(&[Delivered], Some(&ONE_READ))
    })
}

#[test]
fn each_recipient_has_a_reply() -> Outcome {
    check(|c| {
        let mut server = Server::after(c, &FOUR, 3)?;
        let replies = ["250 2.1.5 Ok", "550 5.1.1 Who?", "450 4.2.1 Later", "251 2.1.5 Moved"];
        for (recipient, reply) in FOUR.recipients.iter().zip(replies) {
            server.hears(&format!("RCPT TO:<{recipient}>"), Some(&ONE_REFUSAL))?;
            server.says(&format!("{reply}\r\n"))?;
        }
        server.hears("DATA", Some(&ONE_REFUSAL))?;
        server.says(STEPS[4].1)?;
        server.steps(5, 6)?;
        let fates = [Delivered, Refused(550), Deferred(450), Delivered];
        server.ends(&fates, Some(&ONE_REFUSAL))
    })
}

#[test]
fn four_is_for_later_and_five_for_good() -> Outcome {
    check(|c| {
        let cases = [
            (0, "421 4.3.2 Too busy", Deferred(421)),
            (0, "554 No mail here", Refused(554)),
            (1, "421 4.3.2 Too busy", Deferred(421)),
            (2, "452 4.3.1 Disk full", Deferred(452)),
            (2, "553 5.1.8 Not you", Refused(553)),
            (3, "450 4.2.0 Greylisted", Deferred(450)),
            (3, "550 5.1.1 Who?", Refused(550)),
            (4, "451 4.3.0 Not now", Deferred(451)),
            (4, "554 5.5.1 No", Refused(554)),
            (5, "452 4.3.1 Disk full", Deferred(452)),
            (5, "554 5.6.0 Spam", Refused(554)),
        ];
        for (step, reply, fate) in cases {
            c.attempt(format!("a server that replies \"{reply}\" to {}", NAMES[step]));
            let mut server = Server::after(c, &MAIL, step)?;
            server.hears(STEPS[step].0, None)?;
            server.says(&format!("{reply}\r\n"))?;
            let goes_on = match step {
                4 => Some(&NO_354),
                _ => None,
            };
            server.ends(&[fate], goes_on)?;
        }
        Ok(())
    })
}

#[test]
fn the_text_goes_to_who_asks_for_it() -> Outcome {
    check(|c| {
        c.attempt("a server that replies \"250 2.0.0 Ok\" to DATA");
        let mut server = Server::after(c, &MAIL, 4)?;
        server.hears("DATA", None)?;
        server.says("250 2.0.0 Ok\r\n")?;
        server.ends(&[Deferred(250)], Some(&NO_354))?;
        c.attempt("a server that replies \"354 Go ahead\" to MAIL");
        let mut server = Server::after(c, &MAIL, 2)?;
        server.hears(STEPS[2].0, None)?;
        server.says("354 Go ahead\r\n")?;
        server.ends(&[Deferred(354)], None)
    })
}

#[test]
fn a_leading_dot_is_doubled() -> Outcome {
    check(|c| {
        for (text, wire) in [
            (&b"a\r\n.b\r\n"[..], &b"a\r\n..b\r\n.\r\n"[..]),
            (b".\r\n.a\r\nb\r\n", b"..\r\n..a\r\nb\r\n.\r\n"),
            (b"a\r\n.\r\n...\r\n", b"a\r\n..\r\n....\r\n.\r\n"),
            (b"a. .b\r\n .\r\n", b"a. .b\r\n .\r\n.\r\n"),
        ] {
            sends(c, text, wire, &DOT)?;
        }
        Ok(())
    })
}

#[test]
fn only_cr_lf_ends_a_line() -> Outcome {
    check(|c| {
        for (text, wire) in [
            (&b"a\nb\n"[..], &b"a\r\nb\r\n.\r\n"[..]),
            (b"a\r\nb", b"a\r\nb\r\n.\r\n"),
            (b"a\n.\nMAIL FROM:<eve@x>\n", b"a\r\n..\r\nMAIL FROM:<eve@x>\r\n.\r\n"),
            (b"a\r.\rb\r", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r\r\n\n\r.", b"a\r\n\r\n\r\n\r\n..\r\n.\r\n"),
            (b"", b".\r\n"),
        ] {
            sends(c, text, wire, &BARE)?;
        }
        Ok(())
    })
}

#[test]
fn what_is_no_address_is_not_sent() -> Outcome {
    check(|c| {
        let long = "a".repeat(LONGEST_ADDRESS - 1) + "@x";
        let bad: [&'static str; 14] = [
            "b@y>\r\nRCPT TO:<evil@z",
            "b@y\nRSET",
            "b@y\rRSET",
            "b\r\n@y",
            "b@y> SIZE=1",
            "b@y BODY=8BITMIME",
            "<b@y>",
            "b@y\0",
            "b@y\u{e9}",
            "bob",
            "@y",
            "b@",
            "a@b@y",
            long.leak(),
        ];
        for bad in bad {
            c.attempt(format!("a letter to {}", shown(&[bad.as_bytes()])));
            let recipients = vec!["bob@y.example", bad].leak();
            Server::start(c, &Mail { recipients, ..MAIL })?.refuses(bad)?;
            c.attempt(format!("a letter from {}", shown(&[bad.as_bytes()])));
            Server::start(c, &Mail { sender: bad, ..MAIL })?.refuses(bad)?;
        }
        c.attempt("a letter from \"bob\" to \"eve\"");
        let mail = Mail { sender: "bob", recipients: &["eve"], ..MAIL };
        Server::start(c, &mail)?.refuses("bob")?;
        c.attempt("a letter to \"\"");
        Server::start(c, &Mail { recipients: &[""], ..MAIL })?.refuses("")
    })
}

#[test]
fn what_is_an_address_is_sent() -> Outcome {
    check(|c| {
        let recipients = &["o'neil+x=1@[127.0.0.1]", "!#$%&*-/?^_`{|}~.9@[IPv6:::1]", "a@b-c.d"];
        let mut server = Server::after(c, &Mail { sender: "", recipients, ..MAIL }, 2)?;
        server.hears("MAIL FROM:<>", None)?;
        server.says(STEPS[2].1)?;
        for recipient in recipients {
            server.hears(&format!("RCPT TO:<{recipient}>"), None)?;
            server.says(STEPS[3].1)?;
        }
        server.steps(4, 6)?;
        server.ends(&[Delivered; 3], None)
    })
}

#[test]
fn what_is_offered_is_used() -> Outcome {
    check(|c| {
        let mail = "MAIL FROM:<ada@x.example>";
        let dots: &[u8] = b".\n\xe9\n";
        for (offer, text, line) in [
            ("250-y\r\n250 SIZE 26\r\n", MAIL.text, "SIZE=26"),
            ("250-y\r\n250-size\r\n250 x\r\n", MAIL.text, "SIZE=26"),
            ("250-y\r\n250 SIZE 0\r\n", MAIL.text, "SIZE=26"),
            ("250-y\r\n250-Size 99\r\n250 8bitmime\r\n", dots, "SIZE=6 BODY=8BITMIME"),
            ("250-y\r\n250 8BITMIME\r\n", dots, "BODY=8BITMIME"),
            ("250-y\r\n250-SIZE 99\r\n250 8BITMIME\r\n", MAIL.text, "SIZE=26"),
            ("250 SIZE 1 is my name\r\n", MAIL.text, ""),
            ("250-y\r\n250-SIZEABLE\r\n250 X8BITMIME\r\n", MAIL.text, ""),
        ] {
            c.attempt(format!("a server that replies {} to EHLO", shown(&[offer.as_bytes()])));
            let mut server = Server::after(c, &Mail { text, ..MAIL }, 1)?;
            server.hears(STEPS[1].0, None)?;
            server.says(offer)?;
            server.hears(format!("{mail} {line}").trim_end(), None)?;
            server.says("550 5.7.1 Enough\r\n")?;
            server.ends(&[Refused(550)], None)?;
        }
        Ok(())
    })
}

#[test]
fn what_cannot_be_sent_is_not_tried() -> Outcome {
    check(|c| {
        for (offer, text, code) in [
            ("250-y\r\n250 SIZE 25\r\n", MAIL.text, 552),
            ("250-y\r\n250 SIZE 99\r\n", b"\xe9\r\n", 554),
            ("250 8BITMIME\r\n", b"\xe9\r\n", 554),
        ] {
            c.attempt(format!("a server that replies {} to EHLO", shown(&[offer.as_bytes()])));
            let mut server = Server::after(c, &Mail { text, ..MAIL }, 1)?;
            server.hears(STEPS[1].0, None)?;
            server.says(offer)?;
            server.ends(&[Refused(code)], Some(&UNOFFERED))?;
        }
        Ok(())
    })
}

#[test]
fn a_server_of_1982() -> Outcome {
    check(|c| {
        let mut server = Server::after(c, &MAIL, 1)?;
        server.hears("EHLO [127.0.0.1]", None)?;
        server.says("500 Command unrecognized: EHLO\r\n")?;
        server.hears("HELO [127.0.0.1]", None)?;
        server.says("250-mail.example\r\n250 SIZE\r\n")?;
        server.steps(2, 6)?;
        server.ends(&[Delivered], None)
    })
}

#[test]
fn lost_before_the_end_is_for_later() -> Outcome {
    check(|c| {
        for (count, (line, _)) in STEPS[..5].iter().enumerate() {
            c.attempt(format!("a server that hangs up after {count} replies"));
            let mut server = Server::after(c, &MAIL, count)?;
            server.hears(line, None)?;
            server.hangs_up(&[Deferred(451)], None)?;
        }
        c.attempt("a server that hangs up after it has refused one of four");
        let mut server = Server::after(c, &FOUR, 4)?;
        server.hears("RCPT TO:<eve@y.example>", None)?;
        server.says("550 5.1.1 Who?\r\n")?;
        server.hears("RCPT TO:<dan@z.example>", None)?;
        let later = Deferred(451);
        server.hangs_up(&[later, Refused(550), later, later], Some(&ONE_REFUSAL))
    })
}

#[test]
fn lost_after_the_end_is_uncertain() -> Outcome {
    check(|c| {
        c.attempt("a server that hangs up when it has all of the text");
        let mut server = Server::after(c, &MAIL, 5)?;
        server.hears(STEPS[5].0, None)?;
        server.hangs_up(&[Uncertain], Some(&DOUBLED))?;
        c.attempt("a server that says nothing when it has all of the text");
        let mut server = Server::after_with_timeout(c, &MAIL, Duration::from_millis(50))?;
        server.hears(STEPS[5].0, None)?;
        server.returns(&[Uncertain], Some(&DOUBLED))?;
        c.attempt("a server that asks for the text when it has all of it");
        let mut server = Server::after(c, &MAIL, 5)?;
        server.hears(STEPS[5].0, None)?;
        server.says("354 Go ahead\r\n")?;
        server.ends(&[Uncertain], None)
    })
}

#[test]
fn replies_that_nobody_asked_for() -> Outcome {
    check(|c| {
        for (count, extra) in [(0, 5), (1, 4), (2, 1), (4, 1)] {
            c.attempt(format!("a server that sends {} replies at once", extra + 1));
            let mut server = Server::after(c, &MAIL, count)?;
            server.hears(STEPS[count].0, None)?;
            let replies = STEPS[count..=count + extra].iter().map(|(_, reply)| *reply);
            server.says(&replies.collect::<String>())?;
            server.ends(&[Deferred(451)], Some(&EARLY))?;
        }
        Ok(())
    })
}

#[test]
fn what_is_no_reply() -> Outcome {
    check(|c| {
        let none = "Hello|25|250?|+25 Ok||650 Ok|150 Ok|250-One\r\n251 Two|250-One\r\n550 Two";
        for reply in none.split('|').map(|reply| format!("{reply}\r\n")) {
            c.attempt(format!("a server that replies {} to MAIL", shown(&[reply.as_bytes()])));
            let mut server = Server::after(c, &MAIL, 2)?;
            server.hears(STEPS[2].0, None)?;
            server.says(&reply)?;
            server.hangs_up(&[Deferred(451)], None)?;
        }
        Ok(())
    })
}

#[test]
fn a_reply_has_an_end() -> Outcome {
    check(|c| {
        for (what, line) in [("lines", "250-x\r\n"), ("a line", "250-xxx")] {
            c.attempt(format!(
                "a server that replies {} octets, in {what}, to EHLO",
                4 * LONGEST_REPLY
            ));
            let mut server = Server::after(c, &MAIL, 1)?;
            server.hears(STEPS[1].0, None)?;
            server.floods(line, 4 * LONGEST_REPLY)?;
            server.ends(&[Deferred(451)], Some(&UNBOUNDED))?;
        }
        Ok(())
    })
}
