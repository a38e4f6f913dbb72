//! Serves a folder of pages to the browsers of this machine.
//!
//! Just enough of HTTP/1.1 (RFC 9110, 9112) for that: GET and HEAD, one request a connection. The
//! server of the chapter on protocols will take its place. What it shares with that one: a request
//! head has a limit, every wait a deadline, the connections a number, and nothing outside the
//! folder is served.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// A request's head may be this long; browsers send a tenth of it.
const HEAD_LIMIT: usize = 8 << 10;
/// Within this time it must have come.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// A write that no reader takes for this long ends the connection.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Connections at once. A browser opens six; more than this are turned away.
const CONNECTIONS: usize = 64;

/// Serves `folder` to whoever connects. It returns only if the listener fails for good.
pub(super) fn forever(listener: &TcpListener, folder: &Path) -> io::Result<()> {
    let folder = Arc::new(folder.canonicalize()?);
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // accept(2): the client has gone already, or descriptors are short for a moment.
                thread::sleep(Duration::from_millis(20));
                continue;
            }
        };
        let place = Place::take(&open);
        let folder = Arc::clone(&folder);
        // No thread to be had: the stream is dropped, and the browser asks again.
        let _ = thread::Builder::new().spawn(move || {
            let answer = match &place {
                Some(_) => read_head(&stream).map(|head| answer(&head, &folder)),
                None => Ok(Answer::plain(503, "Too many connections at once.\n")),
            };
            if let Ok(answer) = answer {
                // The browser may have gone; there is nobody to tell.
                let _ = send(&stream, &answer).and_then(|()| linger(&stream));
            }
        });
    }
}

/// One of the connections that are served at once.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::Relaxed) < CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads up to the empty line that ends a head (RFC 9112 §2.1), and no further than the limit.
fn read_head(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + HEAD_TIME;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() <= HEAD_LIMIT {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => head.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

/// What is sent back.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    content_type: &'static str,
    location: Option<String>,
    body: Vec<u8>,
    /// RFC 9110 §9.3.2: an answer to HEAD is that to GET, without its content.
    head_only: bool,
}

impl Answer {
    fn plain(status: u16, text: &str) -> Self {
        let content_type = "text/plain; charset=utf-8";
        let body = text.as_bytes().to_vec();
        Self { status, content_type, location: None, body, head_only: false }
    }
}

fn answer(head: &[u8], folder: &Path) -> Answer {
    if head.len() > HEAD_LIMIT {
        return Answer::plain(431, "The request's head is too long.\n");
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return Answer::plain(400, "The request line is not text.\n");
    };
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = parts[..] else {
        return Answer::plain(400, "That is no request line.\n");
    };
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Answer::plain(400, "That is no target.\n");
    }
    if method != "GET" && method != "HEAD" {
        return Answer::plain(405, "Only GET and HEAD are served.\n");
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut answer = page(path, folder);
    answer.head_only = method == "HEAD";
    answer
}

fn page(path: &str, folder: &Path) -> Answer {
    let missing = || Answer {
        content_type: "text/html; charset=utf-8",
        body: fs::read(folder.join("404.html")).unwrap_or_default(),
        ..Answer::plain(404, "")
    };
    let Some(file) = resolve(path, folder) else {
        return missing();
    };
    if file.is_dir() && !path.ends_with('/') {
        // Relative links on the folder's page need the slash.
        let location = Some(format!("{path}/"));
        return Answer { location, ..Answer::plain(301, "") };
    }
    let file = if file.is_dir() { file.join("index.html") } else { file };
    match fs::read(&file) {
        Ok(body) => Answer { content_type: content_type(&file), body, ..Answer::plain(200, "") },
        Err(_) => missing(),
    }
}

/// The file that a path means; `None` where it means none of ours.
fn resolve(path: &str, folder: &Path) -> Option<PathBuf> {
    // `//host/` would be another host to whoever is sent there.
    let decoded = decode(path.strip_prefix('/').filter(|path| !path.starts_with('/'))?)?;
    let mut file = folder.to_path_buf();
    for part in decoded.split('/').filter(|part| !part.is_empty()) {
        // No way up, no hidden file, no drive and no stream of a Windows path.
        if part.starts_with('.') || part.contains(['\\', ':', '\0']) {
            return None;
        }
        file.push(part);
    }
    // A symbolic link may still lead out of the folder; `folder` is canonical.
    let file = file.canonicalize().ok()?;
    file.starts_with(folder).then_some(file)
}

/// Undoes percent-encoding (RFC 3986 §2.1). `None`: it is not well formed, or not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [char::from(bytes.next()?), char::from(bytes.next()?)];
            let value = digits[0].to_digit(16)? * 16 + digits[1].to_digit(16)?;
            out.push(u8::try_from(value).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn send(mut stream: &TcpStream, answer: &Answer) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIME))?;
    let reason = match answer.status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed\r\nAllow: GET, HEAD",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    };
    let location = match &answer.location {
        Some(location) => format!("Location: {location}\r\n"),
        None => String::new(),
    };
    let head = format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{location}\
         Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    );
    stream.write_all(head.as_bytes())?;
    if !answer.head_only {
        stream.write_all(&answer.body)?;
    }
    Ok(())
}

/// Closes so that the answer arrives: a close with bytes unread would send a reset, and the reset
/// may overtake the answer (RFC 9112 §9.6). So the browser's end is read first, within bounds.
fn linger(mut stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut chunk = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        if stream.read(&mut chunk)? == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("book-pages-{}", std::process::id()));
        let name = thread::current().name().unwrap_or_default().replace("::", "-");
        let folder = folder.join(name);
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("index.html"), "home").unwrap();
        fs::write(folder.join("404.html"), "gone").unwrap();
        fs::write(folder.join("sub/a b.css"), "css").unwrap();
        fs::write(folder.join(".secret"), "secret").unwrap();
        folder.canonicalize().unwrap()
    }

    fn get(target: &str, folder: &Path) -> Answer {
        answer(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes(), folder)
    }

    #[test]
    fn pages_are_found() {
        let site = site();
        assert_eq!(get("/", &site).body, b"home");
        assert_eq!(get("/sub/a%20b.css?v=1", &site).content_type, "text/css; charset=utf-8");
        assert_eq!(get("/sub", &site).location.unwrap(), "/sub/");
        let missing = get("/nothing.html", &site);
        assert_eq!((missing.status, missing.body.as_slice()), (404, &b"gone"[..]));
        fs::remove_dir_all(site).unwrap();
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let site = site();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", site.join("out")).unwrap();
        for target in [
            "/../index.html",
            "/%2e%2e/x",
            "/sub/../../x",
            "/.secret",
            "/a%00b",
            "/..%5cx",
            "//etc/passwd",
            "/out/passwd",
            "/%zz",
            "/%",
            "x",
            "*",
            "/%ff",
        ] {
            assert_eq!(get(target, &site).status, 404, "{target}");
        }
        fs::remove_dir_all(site).unwrap();
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let site = site();
        let status = |head: &[u8]| answer(head, &site).status;
        assert_eq!(status(b"POST / HTTP/1.1\r\n\r\n"), 405);
        assert_eq!(status(b"GET /\r\n\r\n"), 400);
        assert_eq!(status(b"GET /\xff HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(status(b"GET /\nX:y HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(status(&[b'x'; HEAD_LIMIT + 1]), 431);
        assert!(answer(b"HEAD / HTTP/1.1\r\n\r\n", &site).head_only);
        fs::remove_dir_all(site).unwrap();
    }

    #[test]
    fn a_browser_gets_its_page_over_tcp() {
        let site = site();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let folder = site.clone();
        // It ends with the test program.
        thread::spawn(move || forever(&listener, &folder));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        for byte in b"GET / HTTP/1.1\r\n\r\n" {
            stream.write_all(&[*byte]).unwrap();
        }
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nhome"), "{text}");
        fs::remove_dir_all(site).unwrap();
    }
}
