use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use client_server::{Closed, Session};

use super::*;
use crate::http::testing::{Answer, Conversation, answers};

/// A folder of our own, and a connection to a server of it.
struct Folder {
    path: PathBuf,
    files: Files,
}

impl Folder {
    fn new(writable: bool) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("files-{}-{number}", std::process::id()));
        let root = path.join("root");
        fs::create_dir_all(root.join("sub dir")).expect("a temporary folder");
        fs::create_dir_all(root.join("site")).expect("a folder in it");
        fs::write(path.join("secret"), "secret").expect("a file");
        let digits: Vec<u8> = (0..1_000).map(|n: u32| b'0' + (n % 10).to_le_bytes()[0]).collect();
        fs::write(root.join("digits.bin"), digits).expect("a file");
        fs::write(root.join("small.txt"), "hello\n").expect("a file");
        fs::write(root.join("text.txt"), "all work and no play\n".repeat(100)).expect("a file");
        fs::write(root.join("long.txt"), "all work and no play\n".repeat(100_000)).expect("a file");
        fs::write(root.join("empty"), "").expect("a file");
        fs::write(root.join("site/index.html"), "<p>here").expect("a file");
        fs::write(root.join("sub dir/<&\"'>:%41.txt"), "odd").expect("a file");
        fs::write(root.join("sub dir/.hidden"), "odd").expect("a file");
        symlink("../secret", root.join("leaves")).expect("a link");
        symlink("/etc", root.join("absolute")).expect("a link");
        symlink("small.txt", root.join("stays")).expect("a link");
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        for name in ["digits.bin", "small.txt", "text.txt", "long.txt", "empty"] {
            let file = fs::File::options().append(true).open(root.join(name)).expect("ours");
            file.set_modified(an_hour_ago).expect("ours");
        }
        let files = Files::new(&root, Settings::default()).expect("a folder");
        Self { path, files: files.with(writable, true) }
    }

    fn connect(&self) -> Conversation<Http<Exchange>> {
        Conversation::new(self.files.session(None))
    }

    /// The answer to one request: a line, and fields.
    fn ask(&self, line: &str, fields: &[(&str, &str)]) -> Answer {
        let mut client = self.connect();
        let fields: String = fields.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        client.send(format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes());
        let heads: &[usize] = if line.starts_with("HEAD") { &[0] } else { &[] };
        let mut answers = answers(&client.read(), heads);
        assert_eq!(answers.len(), 1, "{line}");
        assert!(!client.over, "{line}: the connection persists");
        answers.remove(0)
    }

    fn status(&self, line: &str) -> u16 {
        self.ask(line, &[]).status
    }

    fn put(&self, path: &str, fields: &str, content: &str) -> Answer {
        let length = content.len();
        let head =
            format!("PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{fields}\r\n");
        let mut client = self.connect();
        client.send(head.as_bytes());
        for octet in content.as_bytes() {
            client.send(&[*octet]);
        }
        answers(&client.read(), &[]).remove(0)
    }

    fn content(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path.join("root").join(name)).ok()
    }

    fn names(&self) -> usize {
        fs::read_dir(self.path.join("root")).expect("ours").count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[test]
fn a_file_comes_with_what_is_known_of_it() {
    let folder = Folder::new(false);
    let answer = folder.ask("GET /small.txt", &[]);
    assert_eq!((answer.status, &answer.content[..]), (200, &b"hello\n"[..]));
    assert_eq!(answer.field("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.field("Accept-Ranges"), Some("bytes"));
    assert_eq!(answer.field("Vary"), Some("Accept-Encoding"));
    assert!(answer.field("ETag").is_some_and(|etag| etag.len() == ETAG));
    assert!(answer.field("Last-Modified") < answer.field("Date"));
    let head = folder.ask("HEAD /small.txt", &[]);
    assert_eq!(head.head, answer.head, "and HEAD says the same");
    assert_eq!(folder.ask("GET /stays", &[]).content, b"hello\n", "a link that stays");
    assert_eq!(folder.ask("GET http://b//small.txt?x", &[]).content, b"hello\n");
    assert_eq!(folder.ask("GET /sub%20dir/%3C&%22'%3E:%2541.txt", &[]).content, b"odd");
    assert_eq!(folder.ask("GET /empty", &[]).field("Content-Length"), Some("0"));
}

#[test]
fn what_is_not_there_is_not_served() {
    let folder = Folder::new(false);
    for (line, status) in [
        ("GET /nothing", 404),
        ("GET /small.txt/", 404),
        ("GET /small.txt/x", 404),
        ("GET /SMALL.txt", 404),
        ("GET /leaves", 403),
        ("GET /absolute/passwd", 403),
        ("GET /../secret", 400),
        ("GET /%2e%2e/secret", 400),
        ("GET /site/..%2f..%2fsecret", 404),
        ("GET /..%5csecret", 404),
        ("GET /small.txt%00.png", 400),
        ("GET /%zz", 400),
        ("GET /sub%20dir/%3C&%22'%3E:A.txt", 404),
        ("POST /small.txt", 405),
        ("PUT /small.txt", 405),
        ("DELETE /small.txt", 405),
        ("TRACE /", 501),
        ("PATCH /small.txt", 501),
        ("get /small.txt", 501),
        ("CONNECT a:1", 501),
    ] {
        let answer = folder.ask(line, &[]);
        assert_eq!(answer.status, status, "{line}");
        assert!(!answer.content.windows(6).any(|six| six == b"secret"), "{line}");
        let allow = (status == 405).then_some("GET, HEAD, OPTIONS");
        assert_eq!(answer.field("Allow"), allow, "{line}");
    }
    let long = format!("GET /{}", "u".repeat(7_900));
    assert_eq!(folder.status(&long), 404);
    for line in ["OPTIONS *", "OPTIONS /small.txt"] {
        let answer = folder.ask(line, &[]);
        assert_eq!((answer.status, answer.field("Allow")), (200, Some("GET, HEAD, OPTIONS")));
    }
}

#[test]
fn a_directory_is_its_index_or_a_list() {
    let folder = Folder::new(false);
    for line in ["GET /site", "GET //site?a"] {
        let answer = folder.ask(line, &[]);
        let location = if line.ends_with('a') { "/site/?a" } else { "/site/" };
        assert_eq!((answer.status, answer.field("Location")), (301, Some(location)));
    }
    assert_eq!(folder.ask("GET /sub%20dir", &[]).field("Location"), Some("/sub%20dir/"));
    assert_eq!(folder.ask("GET /site/", &[]).content, b"<p>here");
    let list = String::from_utf8(folder.ask("GET /sub%20dir/", &[]).content).expect("UTF-8");
    let row = "<a href=\"./%3C%26%22%27%3E%3A%2541.txt\">&lt;&amp;&quot;&#39;&gt;:%41.txt</a>";
    assert!(list.contains(row) && !list.contains("hidden"), "{list}");
    assert!(list.contains("<title>/sub dir/</title>") && list.contains("href=\"../\""));
    let root = String::from_utf8(folder.ask("GET /", &[]).content).expect("UTF-8");
    assert!(root.contains("stays") && !root.contains("leaves"), "what cannot be had is not shown");
    let unlisted = Folder { path: PathBuf::new(), files: folder.files.clone().with(false, false) };
    assert_eq!(unlisted.status("GET /sub%20dir/"), 403);
    assert_eq!(unlisted.status("GET /site/"), 200);
}

#[test]
fn parts_of_a_file() {
    let folder = Folder::new(false);
    let part = |range: &str| folder.ask("GET /digits.bin", &[("Range", range)]);
    for (range, of, content) in [
        ("bytes=0-0", "bytes 0-0/1000", "0"),
        ("bytes=990-", "bytes 990-999/1000", "0123456789"),
        ("bytes=-3", "bytes 997-999/1000", "789"),
        ("bytes=998-2000", "bytes 998-999/1000", "89"),
    ] {
        let answer = part(range);
        assert_eq!((answer.status, answer.field("Content-Range")), (206, Some(of)));
        assert_eq!(answer.content, content.as_bytes());
    }
    let none = part("bytes=1000-");
    assert_eq!((none.status, none.field("Content-Range")), (416, Some("bytes */1000")));
    assert_eq!((part("lines=1-").status, part("bytes=3-1").status), (200, 200));
    let head = folder.ask("HEAD /digits.bin", &[("Range", "bytes=0-0")]);
    assert_eq!((head.status, head.field("Content-Length")), (200, Some("1000")), "only with GET");
    let text = folder.ask("GET /text.txt", &[("Range", "bytes=0-2"), ("Accept-Encoding", "gzip")]);
    assert_eq!((text.status, &text.content[..]), (206, &b"all"[..]), "a part is never compressed");
}

#[test]
fn several_parts_in_one_answer() {
    let folder = Folder::new(false);
    let answer = folder.ask("GET /digits.bin", &[("Range", "bytes=0-1, -2")]);
    assert_eq!((answer.status, answer.field("Content-Range")), (206, None));
    let boundary = answer.field("Content-Type").expect("a type").rsplit('=').next().expect("one");
    let part = |range: &str, octets: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {range}/1000\r\n\r\n{octets}"
        )
    };
    let expected = part("0-1", "01") + &part("998-999", "89") + &format!("\r\n--{boundary}--\r\n");
    assert_eq!(String::from_utf8(answer.content).expect("ASCII"), expected);
    let many: Vec<_> = (0..300).map(|_| "0-").collect();
    let whole = folder.ask("GET /digits.bin", &[("Range", &format!("bytes={}", many.join(",")))]);
    assert_eq!((whole.status, whole.content.len()), (200, 1_000));
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let folder = Folder::new(false);
    let first = folder.ask("GET /digits.bin", &[]);
    let (etag, date) =
        (first.field("ETag").expect("one"), first.field("Last-Modified").expect("one"));
    let ask = |fields: &[(&str, &str)]| folder.ask("GET /digits.bin", fields);
    let same = ask(&[("If-None-Match", &format!("\"x\", W/{etag}"))]);
    assert_eq!((same.status, same.content.len()), (304, 0));
    for name in ["ETag", "Last-Modified", "Accept-Ranges", "Vary"] {
        assert_eq!(same.field(name), first.field(name));
    }
    assert_eq!(same.field("Content-Length"), None);
    for (fields, status) in [
        (&[("If-Modified-Since", date)][..], 304),
        (&[("If-None-Match", "\"x\""), ("If-Modified-Since", date)], 200),
        (&[("If-Match", etag)], 200),
        (&[("If-Match", "\"x\"")], 412),
        (&[("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")], 412),
        (&[("Range", "bytes=0-0"), ("If-Range", etag)], 206),
        (&[("Range", "bytes=0-0"), ("If-Range", date)], 206),
        (&[("Range", "bytes=0-0"), ("If-Range", "\"x\"")], 200),
        (&[("Range", "bytes=5000-"), ("If-Range", "\"x\"")], 200),
        (&[("Range", "bytes=5000-"), ("If-None-Match", etag)], 304),
        (&[("Range", "bytes=0-0"), ("If-Match", "\"x\"")], 412),
    ] {
        assert_eq!(ask(fields).status, status, "{fields:?}");
    }
    assert_eq!(folder.ask("GET /nothing", &[("If-Match", "*")]).status, 404, "§13.2.1");
    assert_eq!(folder.ask("GET /nothing", &[("If-None-Match", "*")]).status, 404);
    fs::write(folder.path.join("root/digits.bin"), "changed").expect("ours");
    assert_eq!(ask(&[("If-None-Match", etag)]).status, 200);
}

fn gunzip(content: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(content).read_to_string(&mut text).expect("gzip");
    text
}

#[test]
fn text_is_compressed_for_whoever_likes_it() {
    let folder = Folder::new(false);
    let gzip = &[("Accept-Encoding", "br;q=1, gzip;q=0.8")][..];
    for (name, chunked) in [("text.txt", false), ("long.txt", true)] {
        let line = format!("GET /{name}");
        let (plain, small) = (folder.ask(&line, &[]), folder.ask(&line, gzip));
        assert_eq!(small.field("Content-Encoding"), Some("gzip"));
        assert_eq!(
            (plain.field("Vary"), small.field("Vary")),
            (Some("Accept-Encoding"), Some("Accept-Encoding"))
        );
        assert_eq!(small.field("Transfer-Encoding").is_some(), chunked);
        assert_eq!(gunzip(&small.content).as_bytes(), plain.content);
        assert!(small.content.len() < plain.content.len() / 10);
        assert_ne!(small.field("ETag"), plain.field("ETag"), "two representations, two tags");
        let etag = small.field("ETag").expect("one");
        let again = folder.ask(&line, &[gzip[0], ("If-None-Match", etag)]);
        assert_eq!((again.status, again.field("ETag")), (304, Some(etag)));
        assert_eq!(folder.ask(&line, &[("If-None-Match", etag)]).status, 200);
        let head = folder.ask(&format!("HEAD /{name}"), gzip);
        assert_eq!(
            (head.field("Content-Encoding"), head.field("ETag")),
            (Some("gzip"), Some(etag))
        );
    }
    assert_eq!(folder.ask("GET /digits.bin", gzip).field("Content-Encoding"), None);
    assert_eq!(folder.ask("GET /digits.bin", gzip).field("Vary"), None);
    assert_eq!(folder.ask("GET /small.txt", gzip).field("Content-Encoding"), None, "too short");
    assert_eq!(folder.ask("GET /text.txt", &[("Accept-Encoding", "*;q=0")]).status, 406);
    let mut old = folder.connect();
    old.send(b"GET /long.txt HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
    let answer = answers(&old.read(), &[]).remove(0);
    assert_eq!((answer.field("Content-Encoding"), answer.content.len()), (None, 2_100_000));
}

#[test]
fn a_compressed_answer_is_made_as_it_is_taken() {
    let folder = Folder::new(false);
    let mut client = folder.connect();
    client.send(b"GET /long.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\nGET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.output.pending() < 300_000 && client.session.takes().eq(&false));
    let answers = answers(&client.read(), &[]);
    assert_eq!((answers.len(), gunzip(&answers[0].content).len()), (2, 2_100_000));
}

#[test]
fn an_upload_lands_when_it_is_whole() {
    let folder = Folder::new(true);
    let before = folder.names();
    let head = "PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let mut cut = folder.connect();
    cut.send(head.as_bytes()).send(b"hel");
    assert_eq!(folder.content("new"), None);
    cut.end();
    assert_eq!((cut.over, folder.names()), (true, before), "nothing of it is left");
    let mut reset = folder.connect();
    reset.send(head.as_bytes()).send(b"hel");
    reset.session.closed(Closed::Lost(ErrorKind::ConnectionReset));
    assert_eq!(folder.names(), before);

    let made = folder.put("/new", "", "hello");
    assert_eq!((made.status, folder.content("new").as_deref()), (201, Some("hello")));
    let got = folder.ask("GET /new", &[]);
    assert_eq!(got.field("ETag"), made.field("ETag"), "the tag is the file's");
    let replaced = folder.put("/new", "", "bye");
    assert_eq!((replaced.status, folder.content("new").as_deref()), (204, Some("bye")));
    let chunks =
        "PUT /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let mut client = folder.connect();
    assert_eq!(answers(&client.send(chunks.as_bytes()).read(), &[])[0].status, 201);
    assert_eq!(folder.content("chunks").as_deref(), Some("hi"));
    assert_eq!(folder.status("PUT /nothing-in-it"), 201);
    assert_eq!(folder.content("nothing-in-it").as_deref(), Some(""));
}

#[test]
fn what_cannot_be_put_is_refused_before_it_comes() {
    let folder = Folder::new(true);
    for (path, fields, status) in [
        ("/sub%20dir", "", 409),
        ("/sub%20dir/", "", 405),
        ("/no/where", "", 409),
        ("/small.txt/x", "", 409),
        ("/../x", "", 400),
        ("/leaves", "", 403),
        ("/absolute/x", "", 403),
        ("/small.txt", "Content-Range: bytes 0-4/5\r\n", 400),
        ("/small.txt", "Content-Encoding: gzip\r\n", 415),
        ("/small.txt", "If-None-Match: *\r\n", 412),
        ("/small.txt", "If-Match: \"x\"\r\n", 412),
        ("/new", "If-Match: *\r\n", 412),
    ] {
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n{fields}\r\n"
        );
        let mut client = folder.connect();
        let answer = answers(&client.send(head.as_bytes()).read(), &[]).remove(0);
        assert_eq!((answer.status, client.over), (status, true), "{path} {fields}");
        assert_eq!(folder.put(path, fields, "hello").status, status, "{path} {fields}");
    }
    assert_eq!(folder.content("small.txt").as_deref(), Some("hello\n"));
    assert_eq!(fs::read(folder.path.join("secret")).expect("there"), b"secret");
}

#[test]
fn a_change_is_made_only_to_what_the_client_has_seen() {
    let folder = Folder::new(true);
    let gzip = folder.ask("GET /text.txt", &[("Accept-Encoding", "gzip")]);
    let etag = format!("If-Match: {}\r\n", gzip.field("ETag").expect("one"));
    assert_eq!(folder.put("/text.txt", &etag, "one").status, 204, "in whatever coding");
    assert_eq!(folder.put("/text.txt", &etag, "two").status, 412, "but only once");
    assert_eq!(folder.content("text.txt").as_deref(), Some("one"));
    assert_eq!(folder.put("/new", "If-None-Match: *\r\n", "new").status, 201);
    let stale = [("If-Match", "\"x\"")];
    assert_eq!(folder.ask("DELETE /new", &stale).status, 412);
    assert_eq!(folder.status("DELETE /new"), 204);
    assert_eq!((folder.status("DELETE /new"), folder.content("new")), (404, None));
    assert_eq!((folder.status("DELETE /site"), folder.status("DELETE /site/")), (409, 405));
}

#[test]
fn two_uploads_that_must_be_first_are_not_both() {
    let folder = Folder::new(true);
    let head = b"PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nIf-None-Match: *\r\n\r\n";
    let (mut one, mut other) = (folder.connect(), folder.connect());
    one.send(head);
    other.send(head);
    let statuses =
        [one.send(b"1").read(), other.send(b"2").read()].map(|a| answers(&a, &[])[0].status);
    assert_eq!((statuses, folder.content("new").as_deref()), ([201, 412], Some("1")));
}

#[test]
fn what_is_held_is_what_is_there() {
    let folder = Folder::new(true);
    // A file that has settled: nobody can set the time of a change, so the test's clock is ahead.
    let wall = || SystemTime::now() + Duration::from_secs(60);
    let settings = Settings { wall, ..Settings::default() };
    let root = folder.path.join("root");
    let files = Files::new(&root, settings).expect("a folder").with(true, true);
    let site = files.site.clone();
    let ahead = Folder { path: PathBuf::new(), files };
    let get = || ahead.ask("GET /small.txt", &[]);
    let first = get();
    assert!(site.cache.find(b"small.txt").is_some(), "it is held");
    assert_eq!(get(), first, "and the same");
    assert_eq!(ahead.ask("GET /small.txt", &[("Range", "bytes=1-2")]).content, b"el");
    let file = fs::File::open(root.join("small.txt")).expect("ours");
    let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    fs::write(root.join("small.txt"), "HELLO\n").expect("ours");
    fs::File::options()
        .append(true)
        .open(root.join("small.txt"))
        .expect("ours")
        .set_modified(modified)
        .expect("ours");
    assert_eq!(get().content, b"HELLO\n", "though it has the size and the time that it had");
    assert_ne!(get().field("ETag"), first.field("ETag"));
    assert_eq!(ahead.put("/small.txt", "", "put").status, 204);
    assert_eq!(get().content, b"put");
    fs::rename(root.join("digits.bin"), root.join("small.txt")).expect("ours");
    assert_eq!(get().content.len(), 1_000);
    fs::remove_file(root.join("small.txt")).expect("ours");
    symlink("../secret", root.join("small.txt")).expect("a link");
    assert_eq!(get().status, 403);
    fs::remove_file(root.join("small.txt")).expect("ours");
    assert_eq!(get().status, 404);
}
