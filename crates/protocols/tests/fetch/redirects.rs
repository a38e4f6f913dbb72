//! Where answers lead.

use crate::server::Step;
use crate::{Case, answer, play, script};

fn to(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone").into()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One connection: a redirect, and then the answer.
fn redirect(name: &'static str, status: u16, location: &str) -> Case {
    script(
        name,
        vec![vec![
            Step::Request,
            Step::Send(to(status, location)),
            Step::Request,
            Step::Send(OK.to_vec()),
        ]],
    )
}

#[test]
fn redirects_are_followed() {
    let get = ["GET /a HTTP/1.1\r\n", "GET /b HTTP/1.1\r\n"];
    let closing =
        b"HTTP/1.1 302 x\r\nLocation: /b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let endless = b"HTTP/1.1 302 x\r\nLocation: /b\r\n\r\nand so on";
    let second = vec![Step::Request, Step::Send(OK.to_vec())];
    play(&[
        redirect("301", 301, "/b").gives("ok").asked(&get),
        redirect("302", 302, "/b").gives("ok").asked(&get),
        redirect("303", 303, "/b").gives("ok").asked(&get),
        redirect("307", 307, "/b").gives("ok").asked(&get),
        redirect("308", 308, "/b").gives("ok").asked(&get),
        redirect("relative", 302, "b").gives("ok").asked(&get),
        redirect("dots", 302, "./x/../b").gives("ok").asked(&get),
        redirect("dots above the root", 302, "../../b").gives("ok").asked(&get),
        redirect("a query", 302, "?q").gives("ok").asked(&[get[0], "GET /a?q HTTP/1.1\r\n"]),
        redirect("a fragment", 302, "/b#f").gives("ok").asked(&get),
        redirect("absolute", 302, "http://{server}/b").gives("ok").asked(&get),
        redirect("absolute in capitals", 302, "HTTP://{server}/b").gives("ok").asked(&get),
        redirect("no scheme", 302, "//{server}/b").gives("ok").asked(&get),
        redirect("a space", 302, "/b c").gives("ok").asked(&[get[0], "GET /b%20c HTTP/1.1\r\n"]),
        redirect("not ASCII", 302, "/é").gives("ok").asked(&[get[0], "GET /%C3%A9 HTTP/1.1\r\n"]),
        redirect("empty", 302, "").gives("ok").asked(&[get[0], get[0]]),
        script(
            "on another connection",
            vec![vec![Step::Request, Step::Send(closing.to_vec())], second.clone()],
        )
        .gives("ok")
        .asked(&get),
        script(
            "a body that does not end",
            vec![vec![Step::Request, Step::Send(endless.to_vec()), Step::Hold], second],
        )
        .gives("ok")
        .asked(&get),
        redirect("not at all", 302, "/b")
            .with("{}/a --no-redirects")
            .gives("gone")
            .asked(&get[..1]),
        answer("no place to go", "HTTP/1.1 302 x\r\nContent-Length: 4\r\n\r\nhere").gives("here"),
        answer("300 is an answer", to(300, "/b")).gives("gone"),
        answer("304 with a place", "HTTP/1.1 304 x\r\nLocation: /b\r\n\r\n").gives(""),
        answer("201 with a place", to(201, "/b")).gives("gone"),
    ]);
}

#[test]
fn the_method_and_what_is_sent_follow_the_status() {
    let (post, get) = ("POST /a HTTP/1.1\r\n", "GET /b HTTP/1.1\r\n");
    play(&[
        redirect("301", 301, "/b").with("{}/a --data x=y").gives("ok").asked(&[post, get]),
        redirect("302", 302, "/b").with("{}/a --data x=y").gives("ok").asked(&[post, get]),
        redirect("303", 303, "/b").with("{}/a --data x=y").gives("ok").asked(&[post, get]),
        redirect("307", 307, "/b")
            .with("{}/a --data x=y")
            .gives("ok")
            .asked(&[post, "POST /b HTTP/1.1"]),
        redirect("308", 308, "/b")
            .with("{}/a --data x=y")
            .gives("ok")
            .asked(&[post, "POST /b HTTP/1.1"]),
        redirect("302 of PUT", 302, "/b")
            .with("{}/a --method PUT --data x=y")
            .gives("ok")
            .asked(&["PUT /a ", "PUT /b "]),
        redirect("303 of DELETE", 303, "/b")
            .with("{}/a --method DELETE")
            .gives("ok")
            .asked(&["DELETE /a ", "GET /b "]),
    ]);
}

#[test]
fn where_nobody_should_go_it_does_not() {
    let hops = |count: usize| {
        let hop = [Step::Request, Step::Send(to(302, "/a"))];
        hop.into_iter().cycle().take(2 * count).collect::<Vec<_>>()
    };
    let mut twenty = hops(20);
    twenty.extend([Step::Request, Step::Send(OK.to_vec())]);
    play(&[
        script("a circle", vec![hops(30)]).fails("redirected more than 20 times"),
        script("twenty hops", vec![twenty.clone()]).gives("ok"),
        script("more than wanted", vec![twenty]).with("{}/a --max-redirects 19").fails("19 times"),
        script("none wanted", vec![hops(2)]).with("{}/a --max-redirects 0").fails("0 times"),
        answer("ftp", to(302, "ftp://127.0.0.1/")).fails("ftp"),
        answer("file", to(302, "file:///etc/passwd")).fails("file"),
        answer("javascript", to(302, "javascript:alert(1)")).fails("javascript"),
        answer("data", to(302, "data:text/plain,ok")).fails("data"),
        answer("https", to(302, "https://127.0.0.1/")).fails("chapter 6"),
        answer("a user's name", to(302, "http://user@{server}/b")).fails("user's name"),
        answer("no host", to(302, "http:///b")).fails("host"),
        answer("a host that is none", to(302, "http://a b/")).fails("host"),
        answer("a bad port", to(302, "http://127.0.0.1:99999/")).fails("port"),
        answer("a control character", to(302, "/b\tc")).fails("control"),
        answer(
            "two places",
            "HTTP/1.1 302 x\r\nLocation: /b\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n",
        )
        .fails("another place"),
        answer("nobody there", to(302, "http://127.0.0.1:1/")).fails("connecting"),
    ]);
}

/// The second server is at another port: another origin.
#[test]
fn secrets_do_not_go_along() {
    use crate::server::Server;
    for (location, stays) in [("http://{}/b", false), ("/b", true)] {
        let other = Server::start(vec![vec![Step::Request, Step::Send(OK.to_vec())]], usize::MAX);
        let location = location.replace("{}", &other.address.to_string());
        let mut script = vec![Step::Request, Step::Send(to(307, &location))];
        if stays {
            script.extend([Step::Request, Step::Send(OK.to_vec())]);
        }
        let first = Server::start(vec![script], usize::MAX);
        let url = format!("http://user:pass@{}/a", first.address);
        let secret =
            ["--header", "Cookie: a=b", "--header", "X-Api-Key: c", "--header", "Accept: d/e"];
        let output = crate::fetch([url].into_iter().chain(secret.map(str::to_owned)));
        assert!(output.status.success(), "{output:?}");
        let mut requests = first.requests();
        requests.extend(other.requests());
        assert_eq!(requests.len(), 2, "{requests:?}");
        for line in ["Cookie: a=b", "X-Api-Key: c", "Authorization: Basic dXNlcjpwYXNz"] {
            assert!(requests[0].contains(line), "{requests:?}");
            assert_eq!(requests[1].contains(line), stays, "{requests:?}");
        }
        assert!(requests[1].contains("Accept: d/e"), "{requests:?}");
    }
}
