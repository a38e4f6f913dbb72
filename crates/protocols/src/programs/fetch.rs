//! `fetch`: URLs, over HTTP, to standard output or to files.

mod arguments;
mod saving;

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use protocols::http::client::{Client, Content, Options, Request, Timeouts};
use protocols::http::url::Url;
use sockets::wire::{Page, Wire};

use saving::Saving;

/// Octets of `--data @-`, which are kept in memory.
const LONGEST_DATA: u64 = 64 << 20;

/// Fetches URLs over HTTP: to standard output, or to files that are there when they are whole.
///
/// Redirects are followed; to another server only fields go along that say nothing about you (Accept,
/// Accept-Language, User-Agent). Several URLs of one server share a connection. What is sent as gzip
/// is unpacked. The exit code is 1 if a URL could not be fetched whole. No cookies are kept, no proxy is
/// used whatever http_proxy says, and https comes in chapter 6.
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// `http://host:port/path?query`; several are fetched one after the other.
    #[arg(value_name = "URL", required = true, value_parser = Url::parse)]
    urls: Vec<Url>,
    /// Write to this file once all has come; until then it is FILE.part. Again for each further URL.
    #[arg(long, short, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Write to a file named as the URL's last part, in this folder.
    #[arg(long, short = 'O', conflicts_with = "output")]
    remote_name: bool,
    /// Go on where an earlier download broke off, if what is there is still of the same version.
    #[arg(long, short = 'C', conflicts_with_all = ["data", "upload", "method", "head"])]
    resume: bool,
    /// Ask for the head alone (HEAD), and print it.
    #[arg(long, short = 'I', conflicts_with_all = ["data", "upload", "method", "output", "remote_name"])]
    head: bool,
    /// The request's method, such as DELETE.
    #[arg(long, short = 'X', value_name = "METHOD", value_parser = arguments::method)]
    method: Option<String>,
    /// Send this text (POST); `@FILE`: what the file holds, `@-`: standard input.
    #[arg(long, short, value_name = "TEXT")]
    data: Option<String>,
    /// Send this file (PUT).
    #[arg(long, short = 'T', value_name = "FILE", conflicts_with = "data")]
    upload: Option<PathBuf>,
    /// Add a field to the request.
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = arguments::field)]
    header: Vec<(String, String)>,
    /// Print the response's head before its body.
    #[arg(long, short)]
    include: bool,
    /// Leave gzip as it came.
    #[arg(long)]
    raw: bool,
    /// A status of 400 and above is a failure, and its body is not written.
    #[arg(long, short)]
    fail: bool,
    /// Redirects that are followed; one more is a failure.
    #[arg(long, value_name = "N", default_value = "20")]
    max_redirects: usize,
    /// Follow none: a redirect is an answer like others.
    #[arg(long, conflicts_with = "max_redirects")]
    no_redirects: bool,
    /// A body of more octets is a failure, as sent and unpacked; `1000`, `10k`, `5M`, `2Gi`.
    #[arg(long, value_name = "SIZE", value_parser = arguments::size)]
    max_size: Option<u64>,
    /// For each URL, all of it.
    #[arg(long, short, value_name = "TIME", value_parser = arguments::wait)]
    max_time: Option<Duration>,
    /// For a connection, the lookup of the name included.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::wait)]
    connect_timeout: Duration,
    /// For the response's head, once the request is sent.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::wait)]
    head_timeout: Duration,
    /// For the next 1,000 octets of a body, either way, or its end.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::wait)]
    stall_timeout: Duration,
    /// Print on standard error what is asked, and the heads of all answers.
    #[arg(long, short)]
    verbose: bool,
    /// No progress bar, and no word of what was saved.
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(arguments: &Fetch, wire: &Wire) -> Result<()> {
    arguments.check()?;
    let mut page = wire.page();
    let mut client = Client::new(arguments.options(), page.recorder.clone());
    let mut failed = Vec::new();
    for (at, url) in arguments.urls.iter().enumerate() {
        let fetched = arguments.one(&mut client, &mut page, at, url);
        if let Err(error) = fetched.with_context(|| url.to_string()) {
            failed.push(error);
        }
    }
    drop(client); // Its connections end, and that is drawn too.
    page.finish()?;
    match (failed.pop(), failed.len()) {
        (None, _) => Ok(()),
        (Some(error), 0) => Err(error),
        (Some(last), others) => {
            for error in failed {
                eprintln!("protocols: {error:#}");
            }
            let count = arguments.urls.len();
            Err(last.context(format!("{} of {count} URLs failed, the last being", others + 1)))
        }
    }
}

impl Fetch {
    /// What clap cannot say of the arguments.
    fn check(&self) -> Result<()> {
        let names = if self.remote_name { self.urls.len() } else { self.output.len() };
        let wrong = if self.output.len() > self.urls.len() {
            Some("more files than URLs")
        } else if self.resume && names < self.urls.len() {
            Some("--resume needs a file for each URL: --output, or --remote-name")
        } else if self.remote_name && self.urls.iter().any(|url| url.file_name().is_none()) {
            Some("--remote-name: a URL has no name at its end that could be a file's")
        } else {
            None
        };
        match wrong {
            None => Ok(()),
            Some(why) => {
                clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{why}\n"))
                    .exit()
            }
        }
    }

    fn options(&self) -> Options {
        Options {
            timeouts: Timeouts {
                connect: self.connect_timeout,
                head: self.head_timeout,
                progress: self.stall_timeout,
                whole: self.max_time,
            },
            redirects: (!self.no_redirects).then_some(self.max_redirects),
            most: self.max_size.unwrap_or(u64::MAX),
        }
    }

    /// Fetches one URL to where it belongs.
    fn one(&self, client: &mut Client, page: &mut Page, at: usize, url: &Url) -> Result<()> {
        let file = match self.output.get(at) {
            Some(path) if path == Path::new("-") => None,
            None if self.remote_name => url.file_name().map(PathBuf::from),
            path => path.cloned(),
        };
        let mut saving = Saving::new(self, file)?;
        loop {
            let mut request = self.request(url)?;
            saving.range(&mut request)?;
            let fetched = client.fetch(request, &mut saving);
            page.draw();
            if saving.finish(fetched)? {
                return Ok(());
            }
            // What had come before is not of this: once more, from the beginning.
        }
    }

    fn request(&self, url: &Url) -> Result<Request> {
        let usual = match (&self.data, &self.upload) {
            _ if self.head => "HEAD",
            (Some(_), _) => "POST",
            (_, Some(_)) => "PUT",
            _ => "GET",
        };
        let mut request = Request::new(self.method.as_deref().unwrap_or(usual), url.clone())?;
        for (name, value) in &self.header {
            request.field(name, value)?;
        }
        if self.raw && request.value("accept-encoding").is_none() {
            request.field("Accept-Encoding", "identity")?;
        }
        request.content = self.content()?;
        if self.data.is_some() && request.value("content-type").is_none() {
            request.field("Content-Type", "application/x-www-form-urlencoded")?;
        }
        Ok(request)
    }

    fn content(&self) -> Result<Option<Content>> {
        let path = match (&self.data, &self.upload) {
            (Some(data), _) => match data.strip_prefix('@') {
                None => return Ok(Some(Content::Octets(data.as_bytes().into()))),
                Some("-") => return standard_input().map(Some),
                Some(path) => Path::new(path),
            },
            (None, Some(path)) => path,
            (None, None) => return Ok(None),
        };
        let opened = std::fs::File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.with_context(|| path.display().to_string())?;
        if !metadata.is_file() {
            bail!("{} is no regular file", path.display());
        }
        Ok(Some(Content::File { file: Arc::new(file), length: metadata.len() }))
    }

    /// Whether there is anybody to look at a progress bar, and no body on the same screen.
    fn shows_progress(&self, to_file: bool) -> bool {
        !self.quiet && io::stderr().is_terminal() && (to_file || !io::stdout().is_terminal())
    }
}

fn standard_input() -> Result<Content> {
    let mut octets = Vec::new();
    let read = io::stdin().lock().take(LONGEST_DATA + 1).read_to_end(&mut octets);
    if read.context("standard input")? as u64 > LONGEST_DATA {
        return Err(anyhow!("standard input has more than {LONGEST_DATA} octets: use a file"));
    }
    Ok(Content::Octets(octets.into()))
}
