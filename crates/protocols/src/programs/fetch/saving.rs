//! What `fetch` does with a response: to a file or to standard output, unpacked, with a bar.

use std::fs;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocols::http::client::coding::{Decoder, Limit};
use protocols::http::client::download::{Begun, ContentRange, Download, continues, validator};
use protocols::http::client::{Error, Flow, Request, Take};
use protocols::http::response::ResponseHead;

use super::Fetch;

/// One response being saved.
pub(super) struct Saving<'a> {
    arguments: &'a Fetch,
    place: Place,
    /// What there is of the file already, if that is to be gone on from.
    begun: Option<Begun>,
    answer: Answer,
    decoder: Option<Decoder<Box<dyn Write>>>,
    received: u64,
    /// Whether what is in FILE.part is the beginning of what the URL stands for.
    resumable: bool,
    bar: ProgressBar,
}

enum Place {
    StandardOutput,
    /// A file that gets its name when it is whole.
    File(Download),
    /// A device or a pipe, which has no "whole".
    Device(PathBuf),
}

/// What the response turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// None yet.
    None,
    /// A representation.
    Whole,
    /// The rest of one: so many octets.
    Rest(u64),
    /// All of it was there before.
    Nothing,
    /// What was there before is not its beginning.
    Anew,
    /// A status that counts as a failure.
    Failure(u16),
}

impl<'a> Saving<'a> {
    pub(super) fn new(arguments: &'a Fetch, file: Option<PathBuf>) -> Result<Self> {
        let place = match file {
            None => Place::StandardOutput,
            Some(path) => match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => bail!("{} is a folder", path.display()),
                Ok(metadata) if !metadata.is_file() => Place::Device(path),
                _ => Place::File(Download::new(&path)),
            },
        };
        let begun = match &place {
            Place::File(download) if arguments.resume => {
                download.begun().context("looking for what has come before")?
            }
            _ => None,
        };
        let bar = ProgressBar::hidden();
        Ok(Self {
            arguments,
            place,
            begun,
            answer: Answer::None,
            decoder: None,
            received: 0,
            resumable: false,
            bar,
        })
    }

    /// Asks for what is missing only.
    pub(super) fn range(&self, request: &mut Request) -> Result<(), Error> {
        let Some(begun) = &self.begun else { return Ok(()) };
        request.field("Range", &format!("bytes={}-", begun.length))?;
        if let Some(validator) = &begun.validator {
            request.field("If-Range", validator)?;
        }
        // A range of what a coding made would be of no use: it is made anew each time.
        if request.value("accept-encoding").is_none() {
            request.field("Accept-Encoding", "identity")?;
        }
        Ok(())
    }

    /// The exchange is over. `false`: it is to be asked again, for the whole.
    pub(super) fn finish(&mut self, fetched: Result<(), Error>) -> Result<bool> {
        self.bar.finish_and_clear();
        let done = fetched.and_then(|()| self.complete());
        if let Err(error) = done {
            let kept = self.keep()?;
            return Err(anyhow::Error::new(error).context(kept));
        }
        match self.answer {
            Answer::Failure(status) => bail!("the server answers {status}"),
            Answer::Anew => {
                (self.begun, self.answer) = (None, Answer::None);
                return Ok(false);
            }
            _ => {}
        }
        if let Place::File(download) = &self.place {
            download.complete().context("giving the file its name")?;
            if !self.arguments.quiet {
                let file = download.path().display();
                eprintln!("fetch: {file} is whole; {} octets came", self.received);
            }
        }
        Ok(true)
    }

    /// Checks that what came is all that was promised, and that it is written.
    fn complete(&mut self) -> Result<(), Error> {
        if let Some(decoder) = self.decoder.take() {
            decoder.finish()?.flush().map_err(Error::Output)?;
        }
        match self.answer {
            Answer::Rest(length) if length != self.received => Err(Error::WrongRange(format!(
                "{} octets, and {length} were announced",
                self.received
            ))),
            _ => Ok(()),
        }
    }

    /// Something went wrong: keeps what can be gone on from, and says so.
    fn keep(&mut self) -> Result<String> {
        self.decoder = None;
        let Place::File(download) = &self.place else { return Ok("not fetched".to_owned()) };
        if self.resumable && self.received > 0 {
            let part = download.part().display();
            return Ok(format!("not fetched whole ({part} is kept, --resume goes on from there)"));
        }
        if self.answer == Answer::Whole {
            download.discard().context("removing what has come")?;
        }
        Ok("not fetched".to_owned())
    }

    /// What to make of this head.
    fn judge(&self, request: &Request, head: &ResponseHead) -> Result<Answer, Error> {
        let range = || ContentRange::parse(&head.text("content-range").unwrap_or_default());
        match (&self.begun, head.status) {
            (Some(begun), 206) => continues(head, begun).map(Answer::Rest),
            (Some(_), 200) => Ok(Answer::Whole),
            (Some(begun), 416) => match range().and_then(|range| range.whole) {
                Some(whole) if whole == begun.length => Ok(Answer::Nothing),
                _ => Ok(Answer::Anew),
            },
            // An error page must not take the place of what has come.
            (Some(_), status) => Ok(Answer::Failure(status)),
            (None, status @ 400..) if self.arguments.fail => Ok(Answer::Failure(status)),
            // A part that nobody asked for is not the whole.
            (None, 206) if request.value("range").is_none() => match range() {
                Some(ContentRange { range: Some((0, last)), whole: Some(whole) })
                    if last + 1 == whole =>
                {
                    Ok(Answer::Whole)
                }
                _ => Err(Error::WrongRange(head.text("content-range").unwrap_or_default())),
            },
            (None, _) => Ok(Answer::Whole),
        }
    }

    /// Opens what takes the body.
    fn open(&mut self, head: &ResponseHead) -> io::Result<Box<dyn Write>> {
        Ok(match (&self.place, &self.begun, self.answer) {
            (Place::StandardOutput, ..) => {
                // Not through std's buffer, which looks for line ends in all that passes.
                Box::new(fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
            }
            (Place::Device(path), ..) => Box::new(fs::File::options().write(true).open(path)?),
            (Place::File(download), Some(begun), Answer::Rest(_)) => {
                Box::new(download.append(begun.length)?)
            }
            (Place::File(download), ..) => {
                Box::new(download.create(validator(head).filter(|_| self.resumable).as_deref())?)
            }
        })
    }

    fn begin(&mut self, request: &Request, head: &ResponseHead) -> Result<(), Error> {
        let coding = head.combined("content-encoding");
        let coding = if self.arguments.raw { "" } else { coding.as_str() };
        let limit = self.arguments.max_size.map_or(Limit::Ratio, Limit::Octets);
        // What is unpacked cannot be gone on with: its octets are not those that a range counts.
        let plain = matches!(head.combined("content-encoding").as_str(), "" | "identity");
        self.resumable = plain && request.method() == "GET" && matches!(head.status, 200 | 206);
        let output = self.open(head).map_err(Error::Output)?;
        let decoder = Decoder::new(coding, limit, output)?;
        if !decoder.left().is_empty() {
            let left = decoder.left().join(", ");
            eprintln!("fetch: the body stays in its coding, which is unknown here: {left}");
        }
        self.decoder = Some(decoder);
        self.begin_bar();
        Ok(())
    }

    fn begin_bar(&mut self) {
        if !self.arguments.shows_progress(matches!(self.place, Place::File(_))) {
            return;
        }
        let form = "{bytes} of {total_bytes} {wide_bar} {bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(form).expect("a template without mistakes");
        self.bar = ProgressBar::no_length();
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        self.bar.set_style(style);
    }

    fn tell(&self, mark: &str, text: &str) {
        if self.arguments.verbose {
            for line in text.lines() {
                eprintln!("{mark} {line}");
            }
            eprintln!("{mark}");
        }
    }
}

impl Take for Saving<'_> {
    fn asking(&mut self, request: &Request) {
        self.tell(">", String::from_utf8_lossy(&request.head()).trim_end());
    }

    fn passed(&mut self, head: &ResponseHead) {
        self.tell("<", &head.to_string());
    }

    fn head(&mut self, request: &Request, head: &ResponseHead) -> Result<Flow, Error> {
        self.tell("<", &head.to_string());
        if self.arguments.include || self.arguments.head {
            let mut out = io::stdout().lock();
            let printed = writeln!(out, "{head}").and_then(|()| out.flush());
            printed.map_err(Error::Output)?;
        }
        (self.answer, self.received) = (self.judge(request, head)?, 0);
        match self.answer {
            Answer::Whole | Answer::Rest(_) => self.begin(request, head)?,
            _ => return Ok(Flow::Enough),
        }
        Ok(Flow::Continue)
    }

    fn content(&mut self, octets: &[u8], left: Option<u64>) -> Result<Flow, Error> {
        self.received += octets.len() as u64;
        if let Some(left) = left {
            self.bar.set_length(self.received + left);
        }
        self.bar.set_position(self.received);
        if let Some(decoder) = &mut self.decoder {
            decoder.write(octets)?;
        }
        Ok(Flow::Continue)
    }
}
