//! Where a response sends its client, and what goes along (RFC 9110 §15.4).
//!
//! | status | method after it | content |
//! |---|---|---|
//! | 301, 302 | POST becomes GET, as it has always been; others stay | goes with the method |
//! | 303 | GET; HEAD stays | none |
//! | 307, 308 | stays | sent again |
//!
//! What goes along is decided by the *origin*. To the same one all goes; to another one only what says
//! nothing about the user: whoever sends us away must not be handed what was meant for somebody else.
//! The fields of which RFC 9110 §15.4 says so are `Authorization` and `Cookie`; a caller's `X-Api-Key` is
//! as secret, and nothing tells it from a harmless field. So what is known to be harmless goes along,
//! and nothing else.

use super::error::Error;
use super::request::Request;
use crate::http::fields::is;
use crate::http::response::ResponseHead;
use crate::http::url::Scheme;

/// Fields that go along to another origin.
const HARMLESS: [&str; 7] =
    ["accept", "accept-encoding", "accept-language", "user-agent", "range", "if-range", "dnt"];

/// Fields that describe content, and go where it goes (RFC 9110 §15.4, item 5).
const OF_CONTENT: [&str; 7] = [
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
    "content-range",
    "digest",
    "last-modified",
];

/// The request that follows from `head`, the response to `request`; `None`: it is no redirect, or one
/// without a place to go to, and so the answer itself.
///
/// # Errors
///
/// [`Error::Location`], [`Error::Refused`].
pub fn next(request: &Request, head: &ResponseHead) -> Result<Option<Request>, Error> {
    if !matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let mut locations = head.fields().all("location");
    let Some(location) = locations.next() else { return Ok(None) };
    let text = String::from_utf8_lossy(location).into_owned();
    if locations.any(|other| other != location) {
        return Err(Error::Refused(text, "and to another place as well"));
    }
    let url = request.url.join(location).map_err(|error| Error::Location(text.clone(), error))?;
    if url.userinfo.is_some() {
        // RFC 9110 §4.2.4: from an untrusted source it is there to hide who the host is.
        return Err(Error::Refused(text, "it has a user's name in it"));
    }
    let (from, to) = (&request.url.origin, &url.origin);
    if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
        return Err(Error::Refused(text, "from https to http"));
    }
    let method = match (head.status, request.method()) {
        (301 | 302, "POST") | (303, _) if request.method() != "HEAD" => "GET",
        (_, method) => method,
    };
    let with_content =
        head.status != 303 && method == request.method() && request.content.is_some();
    let same = from == to;
    Ok(Some(request.redirected(url, method, with_content, |name| {
        let one_of = |names: &[&str]| names.iter().any(|other| is(name.as_bytes(), other));
        if one_of(&OF_CONTENT) { with_content } else { same || one_of(&HARMLESS) }
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::request::Content;
    use crate::http::response::HeadReader;
    use crate::http::url::Url;

    fn request(method: &str, url: &str) -> Request {
        let mut request = Request::new(method, Url::parse(url).expect("a URL")).expect("a method");
        for name in ["Authorization", "Cookie", "X-Api-Key", "Accept", "Content-Type", "Host"] {
            request.field(name, "x").expect("a field");
        }
        if matches!(method, "POST" | "PUT") {
            request.content = Some(Content::Octets(b"content".to_vec().into()));
        }
        request
    }

    fn head(status: u16, location: &str) -> ResponseHead {
        let text = format!("HTTP/1.1 {status} x\r\n{location}\r\n\r\n");
        HeadReader::default().read(&mut text.as_bytes()).expect("a head").expect("whole")
    }

    fn follow(method: &str, status: u16, from: &str, to: &str) -> Option<Request> {
        let head = head(status, &format!("Location: {to}"));
        next(&request(method, from), &head).unwrap_or_else(|error| panic!("{to}: {error}"))
    }

    #[test]
    fn the_method_follows_the_status() {
        for (status, method, after, content) in [
            (301, "GET", "GET", false),
            (301, "POST", "GET", false),
            (301, "PUT", "PUT", true),
            (302, "POST", "GET", false),
            (302, "HEAD", "HEAD", false),
            (303, "POST", "GET", false),
            (303, "PUT", "GET", false),
            (303, "HEAD", "HEAD", false),
            (307, "POST", "POST", true),
            (308, "PUT", "PUT", true),
        ] {
            let next = follow(method, status, "http://h/a", "/b").expect("a redirect");
            assert_eq!(
                (next.method(), next.content.is_some()),
                (after, content),
                "{status} {method}"
            );
            let head = String::from_utf8(next.head()).expect("ASCII");
            assert_eq!(head.contains("Content-Type"), content, "{head}");
        }
        for status in [200, 300, 304, 305, 306, 309, 400] {
            assert!(follow("GET", status, "http://h/a", "/b").is_none(), "{status}");
        }
        assert!(
            next(&request("GET", "http://h/"), &head(302, "X: y")).expect("no error").is_none()
        );
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        for (to, stays) in [
            ("/b", true),
            ("http://H:80/b", true),
            ("//h/b", true),
            ("http://h:81/b", false),
            ("http://g/b", false),
            ("https://h/b", false),
            ("http://h.evil/b", false),
        ] {
            let next = follow("GET", 302, "http://user:secret@h/a", to).expect("a redirect");
            for name in ["Authorization", "Cookie", "X-Api-Key", "Host"] {
                assert_eq!(next.value(name).is_some(), stays, "{to}: {name}");
            }
            assert!(next.value("accept").is_some());
            assert_eq!(next.url.userinfo, None);
        }
    }

    #[test]
    fn where_nobody_should_go_the_client_does_not() {
        for location in [
            "ftp://h/",
            "file:///etc/passwd",
            "javascript:x",
            "http://user@h/",
            "http://",
            "http://h:x/",
            "http://127.1/",
        ] {
            let head = head(302, &format!("Location: {location}"));
            assert!(next(&request("GET", "http://h/"), &head).is_err(), "{location}");
        }
        let down = head(302, "Location: http://h/");
        assert!(matches!(next(&request("GET", "https://h/"), &down), Err(Error::Refused(..))));
        let two = head(302, "Location: /a\r\nLocation: /b");
        assert!(matches!(next(&request("GET", "http://h/"), &two), Err(Error::Refused(..))));
        let same = head(302, "Location: /a\r\nLocation: /a");
        assert!(next(&request("GET", "http://h/"), &same).expect("no error").is_some());
    }
}
