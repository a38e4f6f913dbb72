//! A folder, what lies around it, and a client that asks.
//!
//! ```text
//!  srv/site/…            what is served: see `Folder::new`
//!  srv/secret.txt        what is not
//!  srv/site-private/secret.txt
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use harness::{Check, Ending, Mistake, Outcome};
use serve_files::{Request, Site};

/// What must never come back.
pub(crate) const SECRET: &[u8] = b"root:x:0:0:a secret:/root:/bin/sh\n";
/// The content of `digits.txt`.
pub(crate) const DIGITS: &[u8] = b"0123456789";

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// Files of one check. They are removed with it.
pub(crate) struct Folder {
    /// In which `site` is, and what is around it.
    pub(crate) around: PathBuf,
    pub(crate) site: Site,
}

/// What the client got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Folder {
    pub(crate) fn new(c: &Check) -> Outcome<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("serve-files-{}-{number}", process::id());
        let make = |base: PathBuf| {
            // Absolute and without a link, since a check asks for it by name.
            let around = base.canonicalize()?.join(&name);
            fill(&around).map(|()| around)
        };
        // In memory where that can be, on Linux (shm_overview(7)): a disk that others use makes one
        // wait for seconds.
        let made = make(PathBuf::from("/dev/shm")).or_else(|_| make(std::env::temp_dir()));
        let ours = |error: io::Error| c.fail(None, format!("making files to serve: {error}"));
        let around = made.map_err(ours)?;
        let site = c.ok("`Site::new`", Site::new(&around.join("site")), None)?;
        Ok(Self { around, site })
    }

    /// Begins a request that has nothing to do with those before it.
    pub(crate) fn begin(&self, c: &Check) {
        c.attempt("made a `Site` of a folder");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.around.join("site").join(name)
    }

    /// Sends a request, and reads what the answer writes until it returns.
    pub(crate) fn ask(
        &self,
        c: &Check,
        method: &str,
        target: &str,
        fields: Fields<'_>,
    ) -> Outcome<Reply> {
        self.ask_or(c, method, target, fields, None)
    }

    /// The same, where an answer that gives up shows this mistake.
    pub(crate) fn ask_or(
        &self,
        c: &Check,
        method: &str,
        target: &str,
        fields: Fields<'_>,
        gave_up: Option<&'static Mistake>,
    ) -> Outcome<Reply> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        // As in the figure above: where the folder really is differs from run to run.
        let shown = target.replace(&*self.around.to_string_lossy(), "/srv");
        let mut step = format!("asked for {method} {shown}");
        for (name, value) in fields {
            head += &format!("{name}: {value}\r\n");
            step += &format!(", {name}: {value}");
        }
        head += "\r\n";
        let (octets, ending) = c.in_one_step(step.clone(), || {
            let (mut stream, mut client) = c.pair("client")?;
            client.send(head.as_bytes())?;
            let read = stream.read_exact(&mut vec![0; head.len()]); // Or the close would be a reset.
            read.map_err(|error| c.fail(None, format!("reading the request: {error}")))?;
            let request = Request { method, target, fields };
            c.ok("`answer`", self.site.answer(&request, &mut stream), gave_up)?;
            drop(stream);
            Ok(client.receive(1 << 20))
        })?;
        let whole = ending == Ending::End;
        let reply = Reply::parse(&octets).filter(|_| whole);
        reply.ok_or_else(|| {
            let shown = String::from_utf8_lossy(&octets[..octets.len().min(200)])
                .escape_debug()
                .to_string();
            c.fail(None, format!("no head of an answer in {} octets: \"{shown}\"", octets.len()))
        })
    }

    /// Fails unless there is nothing of this name: 404, and not an octet of what it may lead to.
    pub(crate) fn is_not_there(
        &self,
        c: &Check,
        target: &str,
        mistake: &'static Mistake,
    ) -> Outcome {
        self.begin(c);
        c.want("404 Not Found, with no content: there is no such file below the root");
        let reply = self.ask(c, "GET", target, &[])?;
        let leaked = reply.body.windows(SECRET.len()).any(|part| part == SECRET);
        if leaked {
            return Err(
                c.fail(mistake, format!("{}, and a file from outside the root", reply.told()))
            );
        }
        c.ensure(reply.status == 404, None, || reply.told())?;
        reply.is(c, 404, b"", None)
    }

    /// Fails unless none of these targets is there.
    pub(crate) fn has_none_of(
        &self,
        c: &Check,
        targets: &[&str],
        mistake: &'static Mistake,
    ) -> Outcome {
        targets.iter().try_for_each(|target| self.is_not_there(c, target, mistake))
    }

    /// Fails unless the answer has this status and this content, its length and its tag.
    pub(crate) fn sends(
        &self,
        c: &Check,
        (target, fields): (&str, Fields<'_>),
        (status, content): (u16, &[u8]),
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome<Reply> {
        c.want(format!("{status}, with these {} octets as content", content.len()));
        let reply = self.ask(c, "GET", target, fields)?;
        reply.is(c, status, content, mistake)?;
        Ok(reply)
    }

    /// Fails unless the answer is this part of `digits.txt`, from one position to another.
    pub(crate) fn part(
        &self,
        c: &Check,
        fields: Fields<'_>,
        (first, last): (usize, usize),
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let mistake = mistake.into();
        self.begin(c);
        c.want(format!("206, with the octets {first} to {last} of 0123456789 as content"));
        let reply = self.ask_or(c, "GET", "/digits.txt", fields, mistake)?;
        reply.is(c, 206, &DIGITS[first..=last], mistake)?;
        reply.has(c, "Content-Range", &format!("bytes {first}-{last}/10"), None)
    }

    /// The tag of what is at `target` now.
    pub(crate) fn tag(&self, c: &Check, target: &str) -> Outcome<String> {
        self.begin(c);
        c.want("200, with a strong tag");
        let reply = self.ask(c, "GET", target, &[])?;
        let tag = reply.field("ETag").filter(|tag| tag.starts_with('"') && tag.len() > 2);
        tag.map(str::to_owned).ok_or_else(|| c.fail(None, reply.told()))
    }

    pub(crate) fn write(&self, c: &Check, name: &str, content: &[u8]) -> Outcome {
        fs::write(self.path(name), content)
            .map_err(|error| c.fail(None, format!("writing a file to serve: {error}")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.around); // What is left is in a folder for what is temporary.
    }
}

impl Reply {
    pub(crate) fn parse(octets: &[u8]) -> Option<Self> {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(octets[..end + 2].to_vec()).ok()?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, head, body: octets[end + 4..].to_vec() })
    }

    /// The value of the only field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let value = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?.1.trim();
        lines.all(|(known, _)| !known.eq_ignore_ascii_case(name)).then_some(value)
    }

    pub(crate) fn told(&self) -> String {
        let head = self.head.trim_end().replace("\r\n", "\n  ");
        format!("{head}\nand {} octets of content", self.body.len())
    }

    /// Fails unless it is this, and says its own length.
    pub(crate) fn is(
        &self,
        c: &Check,
        status: u16,
        content: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let mistake = mistake.into();
        c.ensure(self.status == status, mistake, || self.told())?;
        c.same_bytes(content, &self.body, mistake)?;
        self.has(c, "Content-Length", &content.len().to_string(), mistake)
    }

    /// Fails unless it has this field, once, with this value.
    pub(crate) fn has(
        &self,
        c: &Check,
        name: &str,
        value: &str,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        c.ensure(self.field(name) == Some(value), mistake, || {
            format!("{}\n\"{name}: {value}\" is wanted, once", self.told())
        })
    }
}

/// A client that changes the file as soon as the first octets of the answer arrive.
pub(crate) struct Meddler<'a> {
    pub(crate) got: Vec<u8>,
    pub(crate) path: &'a Path,
    /// The length that the file has from then on.
    pub(crate) length: u64,
}

impl Write for Meddler<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.got.is_empty() {
            fs::OpenOptions::new().write(true).open(self.path)?.set_len(self.length)?;
        }
        // The answer to this request is shorter by far: so much is kept, and no more.
        let count = octets.len().min((4 << 20) - self.got.len());
        self.got.extend_from_slice(&octets[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fill(around: &Path) -> io::Result<()> {
    let site = around.join("site");
    fs::create_dir_all(site.join("sub/deep"))?;
    fs::create_dir(around.join("site-private"))?;
    fs::write(around.join("secret.txt"), SECRET)?;
    fs::write(around.join("site-private/secret.txt"), SECRET)?;
    date(&around.join("secret.txt"))?;
    date(&around.join("site-private/secret.txt"))?;
    for (name, content) in [
        ("index.html", &b"<h1>Home</h1>"[..]),
        ("sub/index.html", b"<h1>Sub</h1>"),
        ("digits.txt", DIGITS),
        ("a b.txt", b"a space"),
        ("\u{fc}.txt", b"an umlaut"),
        ("100%25.txt", b"a percent sign, 2, and 5"),
        ("100%.txt", b"a percent sign"),
        ("empty.txt", b""),
    ] {
        fs::write(site.join(name), content)?;
        date(&site.join(name))?;
    }
    links(&site)
}

/// A time that is the same in every run, and so is the file's tag in a report.
fn date(path: &Path) -> io::Result<()> {
    let date = UNIX_EPOCH + Duration::from_secs(1_414_154_096);
    fs::File::options().write(true).open(path)?.set_modified(date)
}

#[cfg(unix)]
fn links(site: &Path) -> io::Result<()> {
    use std::os::unix::fs::symlink;
    symlink("../digits.txt", site.join("sub/inside.txt"))?;
    symlink("../secret.txt", site.join("outside.txt"))?;
    symlink("..", site.join("up"))?;
    symlink("../site-private", site.join("neighbour"))
}

/// Here it takes a privilege to make a link; the check of links is skipped.
#[cfg(not(unix))]
fn links(_: &Path) -> io::Result<()> {
    Ok(())
}
