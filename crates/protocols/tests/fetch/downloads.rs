//! Files that are there when they are whole, and go on where they broke off.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::fetch;
use crate::server::{Server, Step};

/// A folder of this test's own, that is empty.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fetch-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file");
    }

    /// Fetches to `file`; gives what was asked, too.
    fn fetch(&self, said: &[&str], arguments: &[&str]) -> (Output, Vec<String>) {
        let scripts = said.iter().map(|text| vec![Step::Request, Step::Send((*text).into())]);
        let server = Server::start(scripts.collect(), usize::MAX);
        let file = self.0.join("file").display().to_string();
        let mut all = vec![format!("http://{}/a", server.address), "-o".to_owned(), file];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        (fetch(all), server.requests())
    }

    /// The names in it.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\nhello, you";
const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\nhello";
const REST: &str = "HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nETag: \"v1\"\r\n\
                    Content-Length: 5\r\n\r\n, you";

#[test]
fn a_file_has_its_name_when_it_is_whole() {
    let folder = Folder::new("whole");
    let (output, requests) = folder.fetch(&[WHOLE], &[]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!((folder.read("file").as_deref(), folder.names().len()), (Some("hello, you"), 1));
    assert!(!requests[0].contains("Range"), "{requests:?}");
    // What was there before stays until the new one is whole.
    let (output, _) = folder.fetch(&[CUT], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(folder.read("file").as_deref(), Some("hello, you"));
    assert_eq!(folder.read("file.part").as_deref(), Some("hello"));
}

#[test]
fn a_download_goes_on_where_it_broke_off() {
    let folder = Folder::new("resume");
    let (output, _) = folder.fetch(&[CUT], &[]);
    assert_eq!((output.status.code(), folder.read("file")), (Some(1), None));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--resume"), "{output:?}");
    let (output, requests) = folder.fetch(&[REST], &["--resume"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((folder.read("file").as_deref(), folder.names().len()), (Some("hello, you"), 1));
    for line in
        ["\r\nRange: bytes=5-\r\n", "\r\nIf-Range: \"v1\"\r\n", "\r\nAccept-Encoding: identity\r\n"]
    {
        assert!(requests[0].contains(line), "{requests:?}");
    }
}

#[test]
fn what_has_changed_is_fetched_anew() {
    for said in [
        &["HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: \"v2\"\r\n\r\nother one"][..],
        &[
            "HTTP/1.1 416 x\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nother one",
        ],
    ] {
        let folder = Folder::new("changed");
        folder.fetch(&[CUT], &[]);
        let (output, requests) = folder.fetch(said, &["--resume"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!((folder.read("file").as_deref(), folder.names().len()), (Some("other one"), 1));
        assert_eq!(requests.len(), said.len());
        assert!(requests.len() == 1 || !requests[1].contains("Range"), "{requests:?}");
    }
}

#[test]
fn what_is_there_already_is_not_fetched_again() {
    let folder = Folder::new("complete");
    folder.write("file", "hello, you");
    let said = "HTTP/1.1 416 x\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n";
    let (output, requests) = folder.fetch(&[said], &["--resume"]);
    assert!(output.status.success(), "{output:?}");
    assert!(requests[0].contains("Range: bytes=10-"), "{requests:?}");
    assert_eq!((folder.read("file").as_deref(), folder.names().len()), (Some("hello, you"), 1));
    // Begun by another program, which leaves no note.
    folder.write("file", "hello");
    let (output, requests) = folder.fetch(&[REST], &["--resume"]);
    assert!(output.status.success() && !requests[0].contains("If-Range"), "{requests:?}");
    assert_eq!((folder.read("file").as_deref(), folder.names().len()), (Some("hello, you"), 1));
    // Nothing to go on from: the whole.
    fs::remove_file(folder.0.join("file")).expect("a file");
    let (output, requests) = folder.fetch(&[WHOLE], &["--resume"]);
    assert!(output.status.success() && !requests[0].contains("Range"), "{requests:?}");
    assert_eq!(folder.read("file").as_deref(), Some("hello, you"));
}

#[test]
fn what_does_not_continue_it_is_not_appended() {
    let head =
        |fields: &str| format!("HTTP/1.1 206 x\r\n{fields}\r\nContent-Length: 5\r\n\r\n, you");
    for said in [
        head("Content-Range: bytes 0-4/10"),
        head("Content-Range: bytes 6-10/11"),
        head("Content-Range: bytes 4-8/10"),
        head("Content-Range: bytes 5-9/20"),
        head("Content-Range: bytes 5-9/9"),
        head("Content-Range: bytes 9-5/10"),
        head("Content-Range: lines 5-9/10"),
        head("Content-Range: bytes */10"),
        head("Content-Type: multipart/byteranges; boundary=x"),
        head("Content-Range: bytes 5-9/10\r\nETag: \"v2\""),
        head("Content-Range: bytes 5-9/10\r\nContent-Encoding: gzip"),
        "HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno".to_owned(),
        "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno".to_owned(),
    ] {
        let folder = Folder::new("refused");
        folder.fetch(&[CUT], &[]);
        let (output, _) = folder.fetch(&[&said], &["--resume"]);
        assert_eq!(output.status.code(), Some(1), "{said}: {output:?}");
        assert_eq!(folder.read("file.part").as_deref(), Some("hello"), "{said}");
        assert_eq!(folder.read("file"), None, "{said}");
    }
}

#[test]
fn a_rest_that_is_cut_or_too_long_does_not_make_it_whole() {
    for (said, part) in [
        (
            "HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n, y",
            "hello, y",
        ),
        ("HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\n\r\n, y", "hello, y"),
        (
            "HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 4\r\n\r\n, yo",
            "hello, yo",
        ),
    ] {
        let folder = Folder::new("cut");
        folder.fetch(&[CUT], &[]);
        let (output, _) = folder.fetch(&[said], &["--resume"]);
        assert_eq!(output.status.code(), Some(1), "{said}: {output:?}");
        assert_eq!((folder.read("file"), folder.read("file.part").as_deref()), (None, Some(part)));
    }
}

#[test]
fn a_part_that_nobody_asked_for_is_not_the_whole() {
    let folder = Folder::new("unasked");
    let (output, _) = folder.fetch(&[REST], &[]);
    assert_eq!((output.status.code(), folder.names().len()), (Some(1), 0), "{output:?}");
    let (output, requests) = folder.fetch(&[REST], &["--header", "Range: bytes=5-"]);
    assert!(output.status.success() && requests[0].contains("bytes=5-"), "{output:?}");
    assert_eq!(folder.read("file").as_deref(), Some(", you"));
}

#[test]
fn what_failed_leaves_nothing_that_looks_whole() {
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 x\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        "nothing",
    ] {
        let folder = Folder::new("failed");
        let (output, _) = folder.fetch(&[said], &[]);
        assert_eq!(
            (output.status.code(), folder.names().len()),
            (Some(1), 0),
            "{said}: {output:?}"
        );
    }
    let folder = Folder::new("status");
    let (output, _) = folder.fetch(&["HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno"], &["--fail"]);
    assert_eq!((output.status.code(), folder.names().len()), (Some(1), 0), "{output:?}");
}
