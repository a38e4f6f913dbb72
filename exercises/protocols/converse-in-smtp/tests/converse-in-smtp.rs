//! Graded test of `converse-in-smtp`.

mod mistakes;
mod talk;

use converse_in_smtp::{LARGEST_MESSAGE, LONGEST_LINE, MOST_RECIPIENTS};
use harness::{Outcome, check};

use mistakes::{
    BROWSER, CASE, ENDS_ALL, LEFTOVER, MAIL_FIRST, NULL_SENDER, OUT_OF_ORDER, PARAMETERS,
    RECIPIENTS, RELAY, SIZE,
};
use talk::{DOMAIN, Talk, any, envelope};

const MAIL: &str = "MAIL FROM:<ada@client.example>";
const RCPT: &str = "RCPT TO:<bob@mail.example>";

#[test]
fn a_message_is_taken() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        talk.fine(&format!("{MAIL}|{RCPT}|RCPT TO:<eve.o'hara+x@mail.example>"))?;
        let want = envelope("ada@client.example", "bob@mail.example|eve.o'hara+x@mail.example");
        talk.sends(1234, &want, None)?;
        talk.says("QUIT", 221, None)
    })
}

#[test]
fn ehlo_tells_what_is_on_offer() -> Outcome {
    check(|c| {
        let reply = Talk::new(c).hears("EHLO client.example", &[250], None)?;
        let offer = format!("SIZE {LARGEST_MESSAGE}");
        c.want(format!("two lines at least: {DOMAIN:?}, and then {offer:?}"));
        let lines = &reply.lines;
        let name = lines.first().and_then(|line| line.split(' ').next());
        let right = name == Some(DOMAIN) && lines[1..].contains(&offer);
        c.ensure(right, None, || format!("{lines:?}"))?;
        // An older client reads one line.
        let reply = Talk::new(c).hears("HELO client.example", &[250], None)?;
        c.want(format!("one line, {DOMAIN:?}"));
        let name = reply.lines.first().and_then(|line| line.split(' ').next());
        c.ensure(reply.lines.len() == 1 && name == Some(DOMAIN), None, || {
            format!("{:?}", reply.lines)
        })
    })
}

#[test]
fn mail_comes_after_ehlo() -> Outcome {
    check(|c| {
        Talk::new(c).says(MAIL, 503, &MAIL_FIRST)?;
        // A client that does not say who it is has not said it.
        for line in ["EHLO", "HELO ", "EHLO   "] {
            let mut talk = Talk::new(c);
            talk.says(line, 501, None)?;
            talk.says(MAIL, 503, &MAIL_FIRST)?;
        }
        for line in ["EHLO [127.0.0.1]", "HELO client.example"] {
            let mut talk = Talk::new(c);
            talk.says(MAIL, 503, &MAIL_FIRST)?;
            talk.fine(line)?;
            talk.fine(MAIL)?;
        }
        Ok(())
    })
}

#[test]
fn upper_and_lower_case_are_the_same() -> Outcome {
    check(|c| {
        let upper = ["EHLO X", "MAIL FROM:<a@b>", "RCPT TO:<c@mail.example>", "RSET", "NOOP"];
        let mixed = ["HeLo x", "mAIL From:<a@b>", "Rcpt tO:<c@Mail.Example>", "rSET", "Noop"];
        for (lines, mistake) in [
            (upper, None),
            (upper.map(str::to_ascii_lowercase).each_ref().map(String::as_str), Some(&CASE)),
            (mixed, Some(&CASE)),
        ] {
            let mut talk = Talk::new(c);
            for line in lines {
                talk.says(line, 250, mistake)?;
            }
        }
        let mut talk = Talk::new(c);
        for (line, code) in [("VRFY bob", 252), ("DATA", 503), ("QUIT", 221)] {
            talk.says(line, code, None)?;
            talk.says(line.to_ascii_lowercase(), code, &CASE)?;
        }
        // Only what stands before the @ is its owner's business.
        let mut talk = Talk::greeted(c)?;
        talk.fine("MAIL FROM:<Ada@Client.example>|RCPT TO:<BoB@mail.example>")?;
        talk.sends(100, &envelope("Ada@Client.example", "BoB@mail.example"), None)
    })
}

#[test]
fn every_command_has_its_time() -> Outcome {
    check(|c| {
        for (before, line) in [
            (None, RCPT),
            (None, "DATA"),
            (Some(MAIL), "DATA"),
            (Some(MAIL), "MAIL FROM:<eve@client.example>"),
        ] {
            let mut talk = Talk::greeted(c)?;
            before.map_or(Ok(()), |before| talk.fine(before))?;
            let none = [503, 554];
            let codes = if line == "DATA" { &none[..] } else { &none[..1] };
            talk.hears(line, codes, &OUT_OF_ORDER)?;
            // And nothing has changed.
            if before.is_none() {
                talk.says("DATA", 503, &OUT_OF_ORDER)?;
                talk.fine(MAIL)?;
            }
            talk.says(RCPT, 250, &ENDS_ALL)?;
            talk.sends(100, &envelope("ada@client.example", "bob@mail.example"), &OUT_OF_ORDER)?;
        }
        Ok(())
    })
}

#[test]
fn each_message_has_an_envelope_of_its_own() -> Outcome {
    check(|c| {
        let first = envelope("ada@client.example", "bob@mail.example");
        let second = envelope("joe@client.example", "eve@mail.example");
        for between in ["", "RSET", "EHLO client.example", "HELO client.example"] {
            let mut talk = Talk::greeted(c)?;
            talk.fine(&format!("{MAIL}|{RCPT}"))?;
            if between.is_empty() {
                talk.sends(100, &first, None)?;
            } else {
                talk.fine(between)?;
            }
            talk.hears("DATA", &[503, 554], &LEFTOVER)?;
            talk.says(RCPT, 503, &LEFTOVER)?;
            // After RSET it may also be the greeting that is forgotten.
            let mistake = (between != "RSET").then_some(&LEFTOVER);
            talk.says("MAIL FROM:<joe@client.example>", 250, mistake)?;
            talk.hears("DATA", &[503, 554], &LEFTOVER)?;
            talk.fine("RCPT TO:<eve@mail.example>")?;
            talk.sends(100, &second, &LEFTOVER)?;
        }
        Ok(())
    })
}

#[test]
fn mail_is_taken_for_one_domain() -> Outcome {
    check(|c| {
        let domains = "other.example|client.example|example|not-mail.example|very.mail.example|\
                       mail.example.other|mail.example.";
        for domain in domains.split('|') {
            let mut talk = Talk::greeted(c)?;
            talk.fine(MAIL)?;
            talk.says(format!("RCPT TO:<bob@{domain}>"), 550, &RELAY)?;
            talk.hears("DATA", &[503, 554], &RELAY)?;
        }
        Ok(())
    })
}

#[test]
fn one_refusal_concerns_one_recipient() -> Outcome {
    check(|c| {
        for refused in ["RCPT TO:<eve@other.example>", "RCPT TO:<>", "RCPT", "XYZZY", "EHLO"] {
            let mut talk = Talk::greeted(c)?;
            talk.fine(&format!("{MAIL}|{RCPT}"))?;
            talk.hears(refused, &[500, 501, 550], None)?;
            talk.says("RCPT TO:<joe@mail.example>", 250, &ENDS_ALL)?;
            let want = envelope("ada@client.example", "bob@mail.example|joe@mail.example");
            talk.sends(100, &want, &ENDS_ALL)?;
        }
        Ok(())
    })
}

#[test]
fn there_is_always_a_postmaster() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        talk.fine(&format!("{MAIL}|RCPT TO:<postmaster>|RCPT TO:<Postmaster>"))?;
        talk.sends(100, &envelope("ada@client.example", "postmaster|Postmaster"), None)
    })
}

#[test]
fn a_report_of_a_failure_has_no_sender() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        talk.says("MAIL FROM:<>", 250, &NULL_SENDER)?;
        talk.fine(RCPT)?;
        talk.sends(100, &envelope("", "bob@mail.example"), &NULL_SENDER)?;
        // But somebody must receive it.
        talk.fine(MAIL)?;
        talk.says("RCPT TO:<>", 501, None)
    })
}

#[test]
fn an_address_stands_in_brackets() -> Outcome {
    check(|c| {
        let long =
            |local: usize, domain: usize| format!("<{}@{}>", "l".repeat(local), "d".repeat(domain));
        let mut talk = Talk::greeted(c)?;
        let wrong = "ada@client.example|<ada@client.example|ada@client.example>|<ada>|<@client.example>|\
                     <ada@>|<ada@one@two>|<ada b@client.example>|<<ada@client.example>>|\
                     <ada@client.example>x|";
        for path in
            wrong.split('|').chain([long(65, 1), long(1, 254)].each_ref().map(String::as_str))
        {
            talk.says(format!("MAIL FROM:{path}"), 501, None)?;
        }
        for line in ["MAIL", "MAIL <a@b>", "MAIL TO:<a@b>", "MAIL FROM<a@b>", "MAIL FROM :<a@b>"] {
            talk.says(line, 501, None)?;
        }
        for path in [long(64, 1), long(64, 189), long(1, 252), " <ada@client.example>".into()] {
            talk.fine(&format!("MAIL FROM:{path}|RSET"))?;
        }
        Ok(())
    })
}

#[test]
fn so_many_recipients_and_no_more() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        talk.fine(MAIL)?;
        let name = |number: usize| format!("r{number}@{DOMAIN}");
        c.in_one_step(format!("named {MOST_RECIPIENTS} recipients"), || {
            (0..MOST_RECIPIENTS).try_for_each(|n| talk.fine(&format!("RCPT TO:<{}>", name(n))))
        })?;
        for _ in 0..2 {
            talk.says(RCPT, 452, &RECIPIENTS)?;
        }
        // The others get their message.
        let names: Vec<String> = (0..MOST_RECIPIENTS).map(name).collect();
        talk.sends(100, &envelope("ada@client.example", &names.join("|")), None)
    })
}

#[test]
fn a_parameter_that_was_not_offered() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        for more in ["SMTPUTF8", "RET=HDRS", "SIZE=1 AUTH=<>", "FOO", "FOO=BAR SIZE=1"] {
            talk.says(format!("{MAIL} {more}"), 555, &PARAMETERS)?;
        }
        talk.fine(MAIL)?;
        for more in ["NOTIFY=NEVER", "FOO"] {
            talk.says(format!("{RCPT} {more}"), 555, &PARAMETERS)?;
        }
        Ok(())
    })
}

#[test]
fn a_size_that_is_declared_counts() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        let over = (LARGEST_MESSAGE + 1).to_string();
        for size in [over.as_str(), "00000000000001000001", "99999999999999999999"] {
            talk.says(format!("{MAIL} SIZE={size}"), 552, &SIZE)?;
        }
        for size in ["", "=", "=-1", "=+1", "=1k", "=0x10", "=123456789012345678901"] {
            talk.hears(format!("{MAIL} SIZE{size}"), &[501, 555], None)?;
        }
        for size in [&LARGEST_MESSAGE.to_string(), "0", "00000000000000000001"] {
            talk.fine(&format!("{MAIL} SIZE={size}|RSET|{MAIL}   SIZE={size}  |RSET"))?;
        }
        talk.says(format!("{MAIL} sIZE=1"), 250, &CASE)
    })
}

#[test]
fn the_size_that_comes_counts() -> Outcome {
    check(|c| {
        for declared in ["", " SIZE=10"] {
            let mut talk = Talk::greeted(c)?;
            talk.fine(&format!("{MAIL}{declared}|{RCPT}"))?;
            talk.sends_too_much(LARGEST_MESSAGE + 1, &SIZE)?;
            // That message is over, and the next one is another.
            talk.hears("DATA", &[503, 554], &LEFTOVER)?;
            talk.fine(&format!("MAIL FROM:<joe@client.example>|{RCPT}"))?;
            let want = envelope("joe@client.example", "bob@mail.example");
            talk.sends(LARGEST_MESSAGE, &want, &LEFTOVER)?;
        }
        Ok(())
    })
}

#[test]
fn some_commands_fit_at_any_time() -> Outcome {
    check(|c| {
        let mut talk = Talk::new(c);
        for before in ["RSET", "EHLO x", MAIL, RCPT] {
            talk.fine(before)?;
            talk.fine("NOOP|NOOP anything at all")?;
            talk.says("VRFY bob", 252, None)?;
            talk.says("VRFY", 501, None)?;
            talk.says("EXPN list", 502, None)?;
            talk.says("HELP", 502, None)?;
        }
        talk.sends(100, &envelope("ada@client.example", "bob@mail.example"), None)?;
        Talk::new(c).says("QUIT", 221, None)
    })
}

#[test]
fn what_is_no_command() -> Outcome {
    check(|c| {
        let mut talk = Talk::greeted(c)?;
        for line in ["", " ", " NOOP", "XYZZY", "EHLOx", "MAILFROM:<a@b>", "\tNOOP", "250 OK"] {
            talk.says(line, 500, None)?;
        }
        for more in [&b"\0"[..], b"\rNOOP", b"\nQUIT", b" \x7f", b" \xff", b" caf\xc3\xa9"] {
            talk.says([b"NOOP", more].concat(), 500, None)?;
        }
        for line in ["DATA now", "RSET x", "QUIT x"] {
            talk.hears(line, &[501, 503], None)?;
        }
        talk.fine("NOOP  |NOOP \t |RSET ")?;
        talk.says("RCPT TO:<b@mail.example>\r\nDATA", 500, None)?;
        let longest = format!("NOOP {}", "x".repeat(LONGEST_LINE - 5));
        talk.fine(&longest)?;
        for more in [1, 100_000] {
            talk.says(longest.clone() + &"x".repeat(more), 500, None)?;
        }
        talk.says("QUIT ", 221, None)
    })
}

#[test]
fn a_browser_is_sent_away() -> Outcome {
    check(|c| {
        for line in ["POST / HTTP/1.1", "GET / HTTP/1.1", "CONNECT mail.example:25 HTTP/1.1"] {
            Talk::new(c).says(line, 421, &BROWSER)?;
            Talk::greeted(c)?.says(line, 421, &BROWSER)?;
        }
        Ok(())
    })
}

#[test]
fn any_conversation() -> Outcome {
    check(|c| {
        let mut random = c.random();
        (0..60).try_for_each(|_| any(c, &mut random, MAIL, RCPT))
    })
}
