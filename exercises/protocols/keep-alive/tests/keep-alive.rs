//! Graded test of `keep-alive`.

mod mistakes;
mod talk;

use std::time::Duration;

use harness::{Outcome, check_within, splits};
use keep_alive::{LONGEST_HEAD, MOST_UNREAD, MOST_WAITING};

use mistakes::{
    BEHIND, END, HEAD_CONTENT, LIST, LOST_NEXT, OLD, ONE_READ, ORDER, PIPELINE, UNREAD,
};
use talk::{Talk, get, old, post, reply};

/// Where a right answer needs a few milliseconds.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_request_is_answered_and_the_connection_stays() -> Outcome {
    check_within(SOON, |c| {
        let mut talk = Talk::new(c, "made a new connection");
        talk.stays(None)?;
        for (number, target) in ["/a", "/b?c"].into_iter().enumerate() {
            talk.receive(&[&get(target, "")], &[&format!("GET {target}")], None)?;
            talk.sends(b"", None)?;
            talk.answer(number as u64, "hello");
            talk.sends(&reply(200, "", "hello"), None)?;
            talk.sends(b"", None)?;
            talk.stays(None)?;
        }
        Ok(())
    })
}

#[test]
fn two_requests_may_come_in_one_piece() -> Outcome {
    check_within(SOON, |c| {
        let both = [get("/a", ""), get("/b", "")].concat();
        // Whoever hands out one at a time has lost nothing.
        let mistake = (!talk::one_at_a_time(&both)).then_some(&LOST_NEXT);
        let mut talk = Talk::new(c, "made a new connection");
        talk.receive(&[&both], &["GET /a", "GET /b"], mistake)?;
        talk.answer(0, "a");
        talk.answer(1, "b");
        talk.sends(&[reply(200, "", "a"), reply(200, "", "b")].concat(), &ORDER)?;
        talk.stays(None)
    })
}

#[test]
fn a_request_may_come_in_many_pieces() -> Outcome {
    check_within(SOON, |c| {
        let first = get("/a", "");
        for (front, rest) in splits(&first) {
            Talk::new(c, "made a new connection").receive(
                &[front, rest],
                &["GET /a"],
                &ONE_READ,
            )?;
        }
        let both = [get("/a", ""), get("/b", "")].concat();
        for (front, rest) in splits(&both) {
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&[front, rest], &["GET /a", "GET /b"], &LOST_NEXT)?;
        }
        let single: Vec<&[u8]> = both.chunks(1).collect();
        Talk::new(c, "made a new connection").receive(&single, &["GET /a", "GET /b"], &ONE_READ)
    })
}

#[test]
fn a_body_is_not_the_next_request() -> Outcome {
    check_within(SOON, |c| {
        let octets = [post("/a", &get("/evil", "")), get("/b", "")].concat();
        let want = ["POST /a", "GET /b"];
        Talk::new(c, "made a new connection").receive(&[&octets], &want, &UNREAD)?;
        for (front, rest) in splits(&octets) {
            Talk::new(c, "made a new connection").receive(&[front, rest], &want, &UNREAD)?;
        }
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        Talk::new(c, "made a new connection").receive(&single, &want, &UNREAD)
    })
}

#[test]
fn a_reply_does_not_wait_for_the_body() -> Outcome {
    check_within(SOON, |c| {
        let mut talk = Talk::new(c, "made a new connection");
        let (body, next) = (get("/evil", ""), get("/b", ""));
        let head = post("/a", &body);
        talk.receive(&[&head[..head.len() - body.len()]], &["POST /a"], None)?;
        talk.answer(0, "done");
        talk.sends(&reply(200, "", "done"), None)?;
        talk.stays(None)?;
        talk.receive(&[&body, &next], &["GET /b"], &UNREAD)
    })
}

#[test]
fn replies_keep_the_order_of_the_requests() -> Outcome {
    check_within(SOON, |c| {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut talk = Talk::new(c, "made a new connection");
            let octets = [get("/0", ""), get("/1", ""), get("/2", "")].concat();
            talk.receive(&[&octets], &["GET /0", "GET /1", "GET /2"], &LOST_NEXT)?;
            let (mut ready, mut sent) = ([false; 3], 0_usize);
            for number in order {
                talk.answer(number as u64, &format!("reply {number}"));
                ready[number] = true;
                let mut want = Vec::new();
                while sent < 3 && ready[sent] {
                    want.extend(reply(200, "", &format!("reply {sent}")));
                    sent += 1;
                }
                // Too early proves the mistake, and too late none.
                talk.sends(&want, want.is_empty().then_some(&ORDER))?;
            }
        }
        Ok(())
    })
}

#[test]
fn the_reply_to_head_has_no_content() -> Outcome {
    check_within(SOON, |c| {
        let mut talk = Talk::new(c, "made a new connection");
        let octets = [&b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"[..], &get("/b", "")].concat();
        talk.receive(&[&octets], &["HEAD /a", "GET /b"], &LOST_NEXT)?;
        talk.answer(0, "hello");
        let head = b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n";
        talk.sends(head, &HEAD_CONTENT)?;
        talk.answer(1, "hello");
        talk.sends(&reply(200, "", "hello"), None)
    })
}

#[test]
fn behind_the_last_request_there_is_none() -> Outcome {
    check_within(SOON, |c| {
        let last = get("/b", "Connection: close\r\n");
        let octets = [get("/a", ""), last, get("/evil", "")].concat();
        for pieces in [vec![&octets[..]], octets.chunks(1).collect()] {
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&pieces, &["GET /a", "GET /b"], &BEHIND)?;
            talk.answer(1, "b");
            talk.sends(b"", &ORDER)?;
            talk.is((false, false), None)?;
            talk.answer(0, "a");
            let replies = [reply(200, "", "a"), reply(200, "Connection: close\r\n", "b")].concat();
            talk.sends(&replies, None)?;
            talk.is_over(None)?;
            talk.receive(&[&get("/evil", "")], &[], &BEHIND)?;
            talk.is_over(None)?;
        }
        Ok(())
    })
}

#[test]
fn the_client_may_ask_for_the_end() -> Outcome {
    check_within(SOON, |c| {
        let all =
            ["close", "Close", "TE, close", "close,upgrade", "keep-alive, CLOSE", "x ,\tclose"];
        let twice = "Connection: upgrade\r\nConnection: close\r\n".to_owned();
        let lists = all.iter().map(|value| format!("Connection: {value}\r\n")).chain([twice]);
        for (index, more) in lists.enumerate() {
            let mistake = if index == 0 { None } else { Some(&LIST) };
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&[&get("/a", &more)], &["GET /a"], None)?;
            talk.is((false, false), mistake)?;
            talk.answer(0, "bye");
            talk.sends(&reply(200, "Connection: close\r\n", "bye"), mistake)?;
            talk.is_over(mistake)?;
        }
        for value in ["closed", "keep-alive", "not-close", ""] {
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&[&get("/a", &format!("Connection: {value}\r\n"))], &["GET /a"], None)?;
            talk.stays(&LIST)?;
        }
        let mut talk = Talk::new(c, "made a new connection");
        talk.receive(&[&get("/a", "X-Connection: close\r\n")], &["GET /a"], None)?;
        talk.stays(None)
    })
}

#[test]
fn http_1_0_closes_unless_it_is_asked_to_stay() -> Outcome {
    check_within(SOON, |c| {
        for more in ["", "Connection: TE\r\n", "Connection: keep-alive, close\r\n"] {
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&[&old("/a", more), &old("/evil", "")], &["GET /a"], &OLD)?;
            talk.answer(0, "bye");
            talk.sends(&reply(200, "Connection: close\r\n", "bye"), &OLD)?;
            talk.is_over(&OLD)?;
        }
        for value in ["keep-alive", "Keep-Alive", "te, keep-alive"] {
            let mut talk = Talk::new(c, "made a new connection");
            let more = format!("Connection: {value}\r\n");
            talk.receive(&[&old("/a", &more)], &["GET /a"], None)?;
            talk.answer(0, "hello");
            talk.sends(&reply(200, "Connection: keep-alive\r\n", "hello"), &OLD)?;
            talk.stays(&OLD)?;
        }
        Ok(())
    })
}

#[test]
fn a_body_is_not_read_at_any_length() -> Outcome {
    check_within(SOON, |c| {
        let body = b"x".repeat(usize::try_from(MOST_UNREAD).expect("64 KiB"));
        let mut talk = Talk::new(c, "made a new connection");
        talk.receive(&[&post("/a", &body), &get("/b", "")], &["POST /a", "GET /b"], &UNREAD)?;
        talk.stays(None)?;

        for length in [MOST_UNREAD + 1, u64::MAX] {
            let mut talk = Talk::new(c, "made a new connection");
            let head = format!("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
            talk.receive(&[head.as_bytes(), &get("/evil", "")], &["PUT /a"], &UNREAD)?;
            talk.is((false, false), None)?;
            talk.answer(0, "no");
            talk.sends(&reply(200, "Connection: close\r\n", "no"), None)?;
            talk.is_over(None)?;
        }
        Ok(())
    })
}

#[test]
fn a_client_that_has_ended_is_answered() -> Outcome {
    check_within(SOON, |c| {
        let octets = [get("/a", ""), get("/b", "")].concat();
        // Whole requests, and some octets of another: whether they begin it, or are of a body.
        for rest in [&b""[..], b"GET /evil HTT", &post("/c", b"hello")[..50]] {
            let more: &[&str] = if rest.starts_with(b"POST") { &["POST /c"] } else { &[] };
            let mut talk = Talk::new(c, "made a new connection");
            let want = [&["GET /a", "GET /b"], more].concat();
            talk.receive(&[&octets, rest], &want, &LOST_NEXT)?;
            talk.end(&[], None)?;
            talk.is((false, false), &END)?;
            let mut replies = Vec::new();
            for number in 0..want.len() as u64 {
                talk.answer(number, "here");
                replies.extend(reply(200, "", "here"));
            }
            talk.sends(&replies, &END)?;
            talk.is_over(None)?;
        }
        let mut talk = Talk::new(c, "made a new connection");
        talk.end(&[], None)?;
        talk.is_over(None)
    })
}

#[test]
fn a_refusal_is_the_last_reply_and_waits_for_its_turn() -> Outcome {
    check_within(SOON, |c| {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(LONGEST_HEAD));
        for (octets, status) in
            [("NONSENSE\r\n\r\n", 400), (&*long, 431), ("G / HTTP/3.0\r\n\r\n", 505)]
        {
            let refusal = reply(status, "Connection: close\r\n", "");
            let mut talk = Talk::new(c, "made a new connection");
            talk.receive(&[octets.as_bytes()], &[], None)?;
            talk.sends(&refusal, None)?;
            talk.is_over(None)?;

            let mut talk = Talk::new(c, "made a new connection");
            let all = [&get("/a", ""), octets.as_bytes(), &get("/evil", "")].concat();
            talk.receive(&[&all], &["GET /a"], &BEHIND)?;
            talk.sends(b"", &ORDER)?;
            talk.is((false, false), None)?;
            talk.answer(0, "a");
            talk.sends(&[reply(200, "", "a"), refusal].concat(), None)?;
            talk.receive(&[&get("/evil", "")], &[], &BEHIND)?;
            talk.is_over(None)?;
        }
        Ok(())
    })
}

#[test]
fn so_many_requests_wait_and_no_more() -> Outcome {
    check_within(SOON, |c| {
        let names: Vec<String> = (0..MOST_WAITING + 3).map(|n| format!("GET /{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let octets: Vec<u8> = (0..names.len()).flat_map(|n| get(&format!("/{n}"), "")).collect();
        let mut talk = Talk::new(c, "made a new connection");
        for name in &names[..MOST_WAITING - 1] {
            talk.receive(&[&get(&name["GET ".len()..], "")], &[name], None)?;
            talk.stays(None)?;
        }

        let mut talk = Talk::new(c, "made a new connection");
        talk.receive(&[&octets], &names[..MOST_WAITING], &PIPELINE)?;
        talk.is((false, false), &PIPELINE)?;
        // Answered, but not its turn: that reply takes room as well.
        talk.answer(1, "1");
        talk.sends(b"", &ORDER)?;
        talk.requests(&[], &PIPELINE)?;
        talk.is((false, false), &PIPELINE)?;
        // Now there is room for two, and they have come already.
        talk.answer(0, "0");
        talk.sends(&[reply(200, "", "0"), reply(200, "", "1")].concat(), None)?;
        talk.requests(&names[MOST_WAITING..MOST_WAITING + 2], &LOST_NEXT)?;
        talk.is((false, false), &PIPELINE)?;
        // The last one has come before the client ended.
        talk.end(&[], None)?;
        for number in 2..MOST_WAITING as u64 + 2 {
            talk.answer(number, "");
        }
        talk.sends(&reply(200, "", "").repeat(MOST_WAITING), None)?;
        talk.requests(&names[MOST_WAITING + 2..], &END)?;
        talk.answer(MOST_WAITING as u64 + 2, "");
        talk.sends(&reply(200, "", ""), None)?;
        talk.requests(&[], None)?;
        talk.is_over(None)
    })
}
