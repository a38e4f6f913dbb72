//! What RFC 9110 and RFC 9112 say that a server MUST do, or MUST NOT, one by one.

use protocols::http::server::Settings;

use crate::shell::{Answer, Folder, SHELLS, Server, echo};

/// One rule: where it stands, what is sent, and what must come.
struct Rule {
    section: &'static str,
    input: String,
    statuses: &'static [u16],
    check: fn(&[Answer]) -> bool,
}

fn rule(
    section: &'static str,
    input: impl Into<String>,
    statuses: &'static [u16],
    check: fn(&[Answer]) -> bool,
) -> Rule {
    Rule { section, input: input.into(), statuses, check }
}

const GET: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n";
const ANY: fn(&[Answer]) -> bool = |_| true;
const CLOSES: fn(&[Answer]) -> bool = |a| a[a.len() - 1].field("Connection") == Some("close");

fn get(fields: &str) -> String {
    format!("{GET}{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /1 HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}")
}

/// What both servers hold to.
fn of_both() -> Vec<Rule> {
    let after = get(""); // Whoever takes it for a request has been fooled.
    vec![
        rule("9112 §2.2: CRLF in front", format!("\r\n{}", get("")), &[200], ANY),
        rule(
            "9112 §2.2: space before the first field",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            &[400],
            CLOSES,
        ),
        rule("9112 §2.2: bare CR", get("X: a\rb\r\n"), &[400], CLOSES),
        rule(
            "9112 §2.2: bare CR in the line",
            "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §2.3: a higher minor version",
            "GET /1 HTTP/1.7\r\nHost: a\r\n\r\n",
            &[200],
            |a| a[0].head.starts_with("HTTP/1.1 "),
        ),
        rule("9110 §2.5: HTTP/1.1 to HTTP/1.0", "GET /1 HTTP/1.0\r\n\r\n", &[200], |a| {
            a[0].head.starts_with("HTTP/1.1 ") && a[0].field("Transfer-Encoding").is_none()
        }),
        rule("9110 §15.6.6: another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", &[505], CLOSES),
        rule("9112 §3: a space too many", "GET  /1 HTTP/1.1\r\nHost: a\r\n\r\n", &[400], CLOSES),
        rule("9112 §3: a tab", "GET\t/1\tHTTP/1.1\r\nHost: a\r\n\r\n", &[400], CLOSES),
        rule("9112 §3.2: no Host", "GET /1 HTTP/1.1\r\n\r\n", &[400], CLOSES),
        rule("9112 §3.2: two Hosts", get("Host: a\r\n"), &[400], CLOSES),
        rule("9112 §3.2: no host", "GET /1 HTTP/1.1\r\nHost: a b\r\n\r\n", &[400], CLOSES),
        rule("9112 §3.2: an empty one", "GET /1 HTTP/1.1\r\nHost:\r\n\r\n", &[200], ANY),
        rule(
            "9112 §3.2.2: absolute-form",
            "GET http://b/1 HTTP/1.1\r\nHost: a\r\n\r\n",
            &[200],
            ANY,
        ),
        rule("9112 §3.2.4: asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &[200], |a| {
            a[0].field("Allow").is_some() && a[0].field("Content-Length") == Some("0")
        }),
        rule(
            "9112 §3.2.4: with OPTIONS alone",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            &[400],
            CLOSES,
        ),
        rule("9112 §5.1: space before the colon", get("X : a\r\n"), &[400], CLOSES),
        rule("9112 §5.2: a fold", get("X: a\r\n b\r\n"), &[400], CLOSES),
        rule("9110 §5.5: NUL", get("X: a\0b\r\n"), &[400], CLOSES),
        rule("9110 §5.6.2: no token", get("X(: a\r\n"), &[400], CLOSES),
        rule("9110 §5.1: unknown fields", get("X-Unknown: !\r\n"), &[200], ANY),
        rule("9110 §5.1: names in any case", "GET /1 HTTP/1.1\r\nhOsT: a\r\n\r\n", &[200], ANY),
        rule(
            "9112 §6.1: 1.0 with a coding",
            "POST /1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned() + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.1: an unknown coding",
            post("Transfer-Encoding: x", "") + &after,
            &[501],
            CLOSES,
        ),
        rule(
            "9112 §6.3: both lengths",
            post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.3: the other order",
            post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.3: chunked not last",
            post("Transfer-Encoding: chunked, x", "0\r\n\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.3: lengths differ",
            post("Content-Length: 3\r\nContent-Length: 4", "abcd") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.3: a list that differs",
            post("Content-Length: 3, 4", "abcd") + &after,
            &[400],
            CLOSES,
        ),
        rule("9110 §8.6: no number", post("Content-Length: 3a", "abc") + &after, &[400], CLOSES),
        rule(
            "9110 §8.6: a negative one",
            post("Content-Length: -3", "abc") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9110 §8.6: too large a one",
            post("Content-Length: 99999999999999999999", "abc") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §6.3: no length, no body",
            "POST /none HTTP/1.1\r\nHost: a\r\n\r\n".to_owned() + &after,
            &[],
            |a| a.len() == 2,
        ),
        rule(
            "9112 §7.1: codings in any case",
            post("Transfer-Encoding: CHUNKED", "0\r\n\r\n") + &after,
            &[],
            |a| a.len() == 2,
        ),
        rule(
            "9112 §7.1: a size too large",
            post("Transfer-Encoding: chunked", "fffffffffffffffff\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §7.1: no size",
            post("Transfer-Encoding: chunked", "\r\n\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §7.1: data without CRLF",
            post("Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n") + &after,
            &[400],
            CLOSES,
        ),
        rule(
            "9112 §7.1.1: unknown extensions",
            post("Transfer-Encoding: chunked", "1;a;b=c;d=\"e\"\r\n!\r\n0\r\n\r\n") + &after,
            &[],
            |a| a.len() == 2,
        ),
        rule(
            "9112 §7.1.2: trailers",
            post("Transfer-Encoding: chunked", "0\r\nHost: b\r\nContent-Length: 9\r\n\r\n")
                + &after,
            &[],
            |a| a.len() == 2,
        ),
        rule("9112 §9.3: it persists", get("") + &after, &[200, 200], ANY),
        rule(
            "9112 §9.3: 1.0 does not",
            "GET /1 HTTP/1.0\r\n\r\n".to_owned() + &after,
            &[200],
            CLOSES,
        ),
        rule("9112 §9.6: close", get("Connection: close\r\n") + &after, &[200], CLOSES),
        rule(
            "9112 §9.6: close in a list",
            get("Connection: x, Close\r\n") + &after,
            &[200],
            CLOSES,
        ),
        rule("9110 §6.6.1: Date", get(""), &[200], |a| {
            a[0].field("Date").is_some_and(|date| date.len() == 29 && date.ends_with(" GMT"))
        }),
        rule(
            "9110 §7.8: no upgrade",
            get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"),
            &[200],
            ANY,
        ),
        rule(
            "9110 §9.1: an unknown method",
            "BREW /1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned() + &after,
            &[501, 200],
            ANY,
        ),
        rule("9110 §9.1: methods have a case", "get /1 HTTP/1.1\r\nHost: a\r\n\r\n", &[501], ANY),
        rule("9110 §10.1.1: an unknown expectation", get("Expect: x\r\n"), &[417], ANY),
        rule(
            "9110 §10.1.1: 1.0 expects nothing",
            "POST /1 HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n!",
            &[],
            |a| a.len() == 1 && a[0].status != 100,
        ),
        rule(
            "9110 §10.1.1: nobody waits",
            post("Expect: 100-continue\r\nContent-Length: 1", "!") + &after,
            &[],
            // A server of files has said no before the content came: it need not wait for that.
            |a| {
                a.last().is_some_and(|a| {
                    a.status == 200 || (a.status == 405 && a.field("Connection") == Some("close"))
                })
            },
        ),
        rule("9110 §14.2: an unknown unit", get("Range: x=1-2\r\n"), &[200], ANY),
    ]
}

/// What a server of files holds to.
fn of_files() -> Vec<Rule> {
    let one = |fields: &str| get(&format!("{fields}\r\n"));
    vec![
        rule(
            "9110 §9.3.2: no content to HEAD",
            "HEAD /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            &[200],
            |a| a[0].content.is_empty() && a[0].field("Content-Length") == Some("3"),
        ),
        rule(
            "9110 §15.5.6: Allow",
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            &[405],
            |a| a[0].field("Allow") == Some("GET, HEAD, OPTIONS, PUT, DELETE"),
        ),
        rule("9110 §14.4: a part", one("Range: bytes=1-1"), &[206], |a| {
            a[0].field("Content-Range") == Some("bytes 1-1/3") && a[0].content == b"n"
        }),
        rule("9110 §15.5.17: none", one("Range: bytes=3-"), &[416], |a| {
            a[0].field("Content-Range") == Some("bytes */3")
        }),
        rule(
            "9110 §15.3.7.2: one part is no multipart",
            one("Range: bytes=0-0,9-"),
            &[206],
            |a| a[0].field("Content-Range") == Some("bytes 0-0/3"),
        ),
        rule(
            "9110 §14.2: only with GET",
            "HEAD /1 HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n",
            &[200],
            ANY,
        ),
        rule("9110 §13.1.5: If-Range", one("Range: bytes=0-0\r\nIf-Range: \"x\""), &[200], ANY),
        rule("9110 §13.1.5: a weak one", one("Range: bytes=0-0\r\nIf-Range: W/\"x\""), &[200], ANY),
        rule("9110 §13.1.1: If-Match", one("If-Match: \"x\""), &[412], ANY),
        rule("9110 §13.1.2: If-None-Match", one("If-None-Match: *"), &[304], |a| {
            a[0].field("ETag").is_some() && a[0].field("Date").is_some() && a[0].content.is_empty()
        }),
        rule("9110 §13.1.3: no date", one("If-Modified-Since: x"), &[200], ANY),
        rule(
            "9110 §13.1.3: two fields",
            one("If-None-Match: \"x\"\r\nIf-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"),
            &[200],
            ANY,
        ),
        rule(
            "9110 §13.1.4: If-Unmodified-Since",
            one("If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT"),
            &[412],
            ANY,
        ),
        rule(
            "9110 §13.2.1: not where it would fail",
            "GET /no HTTP/1.1\r\nHost: a\r\nIf-Match: \"x\"\r\n\r\n",
            &[404],
            ANY,
        ),
        rule(
            "9110 §14.5: no part is put",
            "PUT /3 HTTP/1.1\r\nHost: a\r\nContent-Range: bytes 0-0/1\r\nContent-Length: 1\r\n\r\n!",
            &[400],
            ANY,
        ),
        rule(
            "9110 §9.3.4: PUT creates",
            "PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n!",
            &[201, 204],
            ANY,
        ),
        rule(
            "9110 §15.3.5: 204 has no length",
            "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none",
            &[204],
            |a| a[0].field("Content-Length").is_none() && a[0].field("Transfer-Encoding").is_none(),
        ),
    ]
}

fn hold(server: &Server, rules: &[Rule]) {
    for Rule { section, input, statuses, check } in rules {
        for slowly in [false, true] {
            let answers = server.ask(input.as_bytes(), slowly);
            let got: Vec<_> = answers.iter().map(|a| a.status).filter(|s| *s != 100).collect();
            // 201 the first time, and 204 from then on.
            let either = *statuses == [201, 204] && got.len() == 1 && statuses.contains(&got[0]);
            assert!(statuses.is_empty() || either || got == *statuses, "{section}: {got:?}");
            assert!(!answers.is_empty() && check(&answers), "{section}: {answers:?}");
        }
    }
}

#[test]
fn a_server_of_files_holds_to_the_rules() {
    let folder = Folder::new();
    for shell in SHELLS {
        let server = Server::start(shell, folder.files(Settings::default()));
        hold(&server, &of_both());
        hold(&server, &of_files());
    }
}

#[test]
fn a_server_that_echoes_holds_to_the_rules() {
    for shell in SHELLS {
        hold(&Server::start(shell, echo(Settings::default())), &of_both());
    }
}
