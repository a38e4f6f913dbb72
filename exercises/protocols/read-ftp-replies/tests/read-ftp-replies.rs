//! Graded test of `read-ftp-replies`.

mod mistakes;
mod replies;

use std::time::Duration;

use harness::cost::Stopwatch;
use harness::{Outcome, check, check_alone, shown, splits};
use read_ftp_replies::{Error, LONGEST_REPLY, Replies, command};

use mistakes::{
    AGAIN, ANY_CODE, CUT, GOES_ON, LINE_END, LOST_SECOND, NOT_DOUBLED, ONE_LINE, ONE_READ, TEXT,
    WITHOUT_END,
};
use replies::{all_told, finds, read, refuses, reply};

const SEVERAL: &[u8] = b"230-Welcome.\r\n226 users are here.\r\n230 Logged in.\r\n";

#[test]
fn a_reply_is_a_code_and_words() -> Outcome {
    check(|c| {
        finds(c, &[b"220 Ready.\r\n"], &[reply(220, &[b"Ready."])], None)?;
        finds(c, &[b"150 a 226 b-c \r\n"], &[reply(150, &[b"a 226 b-c "])], None)?;
        finds(c, &[b"599  \xe4x\r\n"], &[reply(599, &[b" \xe4x"])], None)
    })
}

#[test]
fn a_reply_may_have_several_lines() -> Outcome {
    check(|c| {
        let want = [reply(211, &[b"Features:", b" MDTM", b" SIZE", b"End"])];
        finds(c, &[b"211-Features:\r\n MDTM\r\n SIZE\r\n211 End\r\n"], &want, &ONE_LINE)?;
        let want = [reply(220, &[b"One", b"220-Two", b"Three"])];
        finds(c, &[b"220-One\r\n220-Two\r\n220 Three\r\n"], &want, &ONE_LINE)
    })
}

#[test]
fn a_reply_may_have_no_words() -> Outcome {
    check(|c| {
        finds(c, &[b"200 \r\n"], &[reply(200, &[b""])], None)?;
        finds(c, &[b"331\r\n"], &[reply(331, &[b""])], None)?;
        finds(c, &[b"211-\r\n\r\n211 \r\n"], &[reply(211, &[b"", b"", b""])], &ONE_LINE)?;
        finds(c, &[b"211-\r\n211\r\n"], &[reply(211, &[b"", b""])], None)
    })
}

#[test]
fn only_the_same_code_ends_it() -> Outcome {
    check(|c| {
        let between: [&[u8]; 14] = [
            b"226 users are here.",
            b" 230 of them",
            b"\t230 of them",
            b"2300 of them",
            b"23 0",
            b"230: of them",
            b"You are one of 230 users",
            b"User usr-230 is logged in",
            b"-230 degrees",
            b"230-230 more",
            b"530 is another code",
            b"550",
            b"331-Password",
            b"",
        ];
        for line in between {
            let octets = [b"230-Welcome.\r\n", line, b"\r\n230 Logged in.\r\n"].concat();
            let want = [reply(230, &[b"Welcome.", line, b"Logged in."])];
            finds(c, &[&octets], &want, &ANY_CODE)?;
        }
        Ok(())
    })
}

#[test]
fn the_beginning_of_a_reply_is_none() -> Outcome {
    check(|c| {
        for (front, _) in splits(SEVERAL) {
            finds(c, &[front], &[], &ONE_READ)?;
        }
        Ok(())
    })
}

#[test]
fn every_cut_gives_the_same_reply() -> Outcome {
    check(|c| {
        let want = [reply(230, &[b"Welcome.", b"226 users are here.", b"Logged in."])];
        for (front, rest) in splits(SEVERAL) {
            finds(c, &[front, rest], &want, &ONE_READ)?;
        }
        finds(c, &SEVERAL.chunks(1).collect::<Vec<_>>(), &want, &ONE_READ)
    })
}

#[test]
fn two_replies_may_come_in_one_piece() -> Outcome {
    check(|c| {
        let octets = b"150 Here it comes.\r\n226-All\r\nof it.\r\n226 Done.\r\n221 Bye.\r\n";
        let want = [
            reply(150, &[b"Here it comes."]),
            reply(226, &[b"All", b"of it.", b"Done."]),
            reply(221, &[b"Bye."]),
        ];
        finds(c, &[octets], &want, &LOST_SECOND)?;
        for (front, rest) in splits(octets) {
            finds(c, &[front, rest], &want, &LOST_SECOND)?;
        }
        c.attempt(format!("pushed {} into a new `Replies`, in one piece each", shown(&[octets])));
        c.did("called `take` only then");
        c.want(all_told(&want));
        let mut replies = Replies::new();
        octets.split_inclusive(|octet| *octet == b'\n').for_each(|line| replies.push(line));
        let got: Vec<_> = want.iter().map_while(|_| replies.take().ok().flatten()).collect();
        c.ensure(got == want, &LOST_SECOND, || all_told(&got))
    })
}

#[test]
fn a_line_may_end_with_lf_alone() -> Outcome {
    check(|c| {
        let want = [reply(250, &[b"a", b"b\rc", b""]), reply(220, &[b"d"])];
        finds(c, &[b"250-a\nb\rc\n250\n220 d\n"], &want, None)
    })
}

#[test]
fn telnet_commands_are_not_text() -> Outcome {
    check(|c| {
        for telnet in [&b"\xff\xf1"[..], b"\xff\xf9", b"\xff\xf4\xff\xf2", b"\xff\xfb\x01"] {
            let want = [reply(220, &[b"Ready."])];
            for (front, rest) in splits(b"220 Ready.\r\n") {
                finds(c, &[&[front, telnet, rest].concat()], &want, &TEXT)?;
            }
        }
        // An option may have any number: that of LF, of IAC, of another command.
        let octets = b"\xff\xfb\n2\xff\xfc\r2\xff\xfd\xff0\xff\xfe\xfb \xff\xfb\xf0a\xff\xff\r\n";
        finds(c, &[octets], &[reply(220, &[b"a\xff"])], &TEXT)?;
        finds(
            c,
            &[b"220 \xf1\xfb\xff\xff\xff\xff\r\n"],
            &[reply(220, &[b"\xf1\xfb\xff\xff"])],
            &TEXT,
        )
    })
}

#[test]
fn a_telnet_command_may_be_cut() -> Outcome {
    check(|c| {
        let octets =
            b"22\xff\xf10-a\xff\xfd\x18b\r\xff\xf1\n\xff\xff\xff\xfe\x01\r\n22\xff\xfb\xff0 c\r\n";
        let want = [reply(220, &[b"ab", b"\xff", b"c"])];
        finds(c, &[octets], &want, &TEXT)?;
        for (front, rest) in splits(octets) {
            finds(c, &[front, rest], &want, &CUT)?;
        }
        finds(c, &octets.chunks(1).collect::<Vec<_>>(), &want, &CUT)
    })
}

#[test]
fn any_replies_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..40 {
            let (mut octets, mut want) = (Vec::new(), Vec::new());
            for _ in 0..1 + random.below(5) {
                let code = 100 + u16::try_from(random.below(500)).unwrap_or_default();
                let mut lines = Vec::new();
                for number in 0..random.below(5) {
                    let length = random.below(30);
                    let mut line = random.bytes(length);
                    // A line between begins with a space, so that it is not the last by chance.
                    line.iter_mut().filter(|o| b"\r\n".contains(o)).for_each(|o| *o = b'.');
                    if number > 0 {
                        line.insert(0, b' ');
                    } else {
                        octets.extend(format!("{code}-").into_bytes());
                    }
                    line.iter().for_each(|o| octets.extend(vec![*o; 1 + usize::from(*o == 0xff)]));
                    octets.extend(b"\r\n");
                    lines.push(line);
                }
                octets.extend(format!("{code} last\r\n").into_bytes());
                lines.push(b"last".to_vec());
                want.push(read_ftp_replies::Reply { code, lines });
            }
            finds(c, &[&octets], &want, None)?;
            finds(c, &random.pieces(&octets, 20), &want, &ONE_READ)?;
        }
        Ok(())
    })
}

#[test]
fn what_is_no_reply_is_refused() -> Outcome {
    check(|c| {
        let lines: [&[u8]; 13] = [
            b"hello",
            b"",
            b" 220 a",
            b"22 a",
            b"22",
            b"2200 a",
            b"220a",
            b"220\ta",
            b"020 a",
            b"620 a",
            b"+20 a",
            b"-220 a",
            b"SSH-2.0-x",
        ];
        for line in lines {
            let octets = [line, b"\r\n"].concat();
            refuses(c, &[&octets], &[], Error::Malformed, None)?;
            refuses(c, &octets.chunks(1).collect::<Vec<_>>(), &[], Error::Malformed, None)?;
            let after = [b"220 Ready.\r\n", &octets[..]].concat();
            refuses(c, &[&after], &[reply(220, &[b"Ready."])], Error::Malformed, None)?;
        }
        Ok(())
    })
}

#[test]
fn an_error_is_the_last_thing() -> Outcome {
    check(|c| {
        for rest in [&b"230 Logged in.\r\n"[..], b"230-a\r\n230 b\r\n"] {
            let octets = [b"hello\r\n", rest].concat();
            refuses(c, &[&octets, rest], &[], Error::Malformed, &GOES_ON)?;
            refuses(c, &[b"hello\r\n", rest, rest], &[], Error::Malformed, &GOES_ON)?;
        }
        Ok(())
    })
}

#[test]
fn each_octet_is_looked_at_once() -> Outcome {
    check_alone(|c| {
        let mut octets = b"220-a\r\n".to_vec();
        octets.extend(b" b\r\n".repeat((LONGEST_REPLY - 100) / 4));
        octets.extend(b"220 c\r\n");
        c.did(format!(
            "pushed a reply of {} octets, one at a time, and called `take` after each",
            octets.len()
        ));
        c.want("the reply, within half a second of processor time; a twentieth of that is enough");
        let (mut replies, time) = (Replies::new(), Stopwatch::start());
        for (at, octet) in octets.iter().enumerate() {
            replies.push(&[*octet]);
            let last = replies.take();
            if at % 64 == 0 {
                let soon = time.elapsed() < Duration::from_millis(500);
                c.ensure(soon, &AGAIN, || "no end of it in that time".to_owned())?;
            }
            let right = matches!(last, Ok(Some(_))) == (at + 1 == octets.len());
            c.ensure(right, None, || format!("{last:?} at octet {at}"))?;
        }
        Ok(())
    })
}

#[test]
fn a_reply_without_end_is_refused() -> Outcome {
    check(|c| {
        let long = [b'x'; 1000];
        let (first, only) = ([b"220-", &long[..]].concat(), b"220 ");
        let cases: [(&[u8], &[u8]); 3] =
            [(b"220-a\r\n", b"another line\r\n"), (&first, &long), (only, &long)];
        for (front, more) in cases {
            let of = shown(&[&more[..more.len().min(14)]]);
            c.attempt(format!(
                "pushed {} into a new `Replies`, and then {of}… for ever",
                shown(&[front])
            ));
            c.want(format!("Err(TooLong) soon after {LONGEST_REPLY} octets"));
            let mut pieces = vec![more; 2 * LONGEST_REPLY / more.len()];
            pieces.insert(0, front);
            let (got, last) = read(&pieces);
            c.ensure(got.is_empty(), None, || all_told(&got))?;
            let unbounded = matches!(last, Ok(None)).then_some(&WITHOUT_END);
            c.ensure(last == Err(Error::TooLong), unbounded, || format!("{last:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn the_longest_reply_is_a_reply() -> Outcome {
    check(|c| {
        for over in [0, 1] {
            let words = vec![b'x'; LONGEST_REPLY - b"220-\r\n220 \r\n".len() + over];
            let octets = [b"220-", &words[..], b"\r\n220 \r\n"].concat();
            let want = reply(220, &[&words, b""]);
            if over == 1 {
                refuses(c, &[&octets], &[], Error::TooLong, &WITHOUT_END)?;
                continue;
            }
            finds(c, &[&octets], std::slice::from_ref(&want), None)?;
            // Each reply has a limit of its own, and what is Telnet does not count.
            let twice = [&octets[..4], &b"\xff\xf1".repeat(100), &octets[4..], &octets].concat();
            finds(c, &twice.chunks(1000).collect::<Vec<_>>(), &[want.clone(), want], None)?;
        }
        Ok(())
    })
}

#[test]
fn a_command_is_a_line() -> Outcome {
    check(|c| {
        let commands: [(&str, &[u8], &[u8]); 6] = [
            ("PASV", b"", b"PASV\r\n"),
            ("RETR", b"a b.txt", b"RETR a b.txt\r\n"),
            ("CWD", b" ", b"CWD  \r\n"),
            ("RETR", "/ä/\u{1f980}".as_bytes(), "RETR /ä/\u{1f980}\r\n".as_bytes()),
            ("RETR", b"\xff", b"RETR \xff\xff\r\n"),
            ("STOR", b"\xff\xffa\xff\xf4\xff", b"STOR \xff\xff\xff\xffa\xff\xff\xf4\xff\xff\r\n"),
        ];
        for (verb, argument, want) in commands {
            c.attempt(format!("called `command` with {verb} and {}", shown(&[argument])));
            c.want(shown(&[want]));
            match command(verb, argument) {
                None => return Err(c.fail(None, "None")),
                Some(line) => {
                    let doubled = argument.contains(&0xff).then_some(&NOT_DOUBLED);
                    c.same_bytes(want, &line, doubled)?;
                }
            }
        }
        Ok(())
    })
}

#[test]
fn an_argument_is_one_line() -> Outcome {
    check(|c| {
        let arguments: [&[u8]; 7] =
            [b"a.txt\r\nDELE b.txt", b"a\nDELE b", b"a\r", b"\n", b"a\rb", b"a\0", b"\r\0\n"];
        for argument in arguments {
            c.attempt(format!("called `command` with RETR and {}", shown(&[argument])));
            c.want("None");
            let got = command("RETR", argument);
            c.ensure(got.is_none(), &LINE_END, || shown(&[&got.unwrap_or_default()]))?;
        }
        Ok(())
    })
}
