//! `send-mail`: a message goes out.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use protocols::smtp::address::Mailbox;
use protocols::smtp::client::{Fate, Letter};
use protocols::smtp::compose::{self, Parts};
use protocols::smtp::queue::{FIRST_PAUSE, Queue};
use protocols::smtp::send::{Attempt, Patience};
use sockets::serving;
use sockets::wire::{Page, Wire};

/// Sends a mail over SMTP; with --queue and without --to, what waits in the queue.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every recipient's server has the message; 1 it was refused for one at least, or could not be made; 2 bad \
arguments; 75 not now: try again later (with --queue it is kept, and the next run after its pause does so); 76 \
uncertain: it was sent whole and not answered, so it may have arrived, and is not sent again by itself.")]
pub(crate) struct SendMail {
    /// The server: `127.0.0.1:25`, `localhost:2525`.
    #[arg(long, value_name = "ADDR")]
    server: String,
    /// Who sends it; `<>` for nobody.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "queue", requires = "to")]
    from: Option<String>,
    /// Whom it goes to.
    #[arg(long, value_name = "ADDRESS", num_args = 1.., required_unless_present = "queue", requires = "from")]
    to: Vec<String>,
    /// What it is about.
    #[arg(long, value_name = "TEXT", default_value = "")]
    subject: String,
    /// A file to send along; may be given several times.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// FILE is a whole message, with its header.
    #[arg(long, conflicts_with_all = ["subject", "attach"])]
    raw: bool,
    /// The text, in UTF-8; `-`, or nothing: standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Keep here what the server does not take yet.
    #[arg(long, value_name = "DIR")]
    queue: Option<PathBuf>,
    /// With --queue: how long to wait for the second attempt; each further pause is twice as long.
    #[arg(long, value_name = "TIME", value_parser = serving::duration)]
    pause: Option<Duration>,
    /// With --queue: send those again, too, that the server may have already.
    #[arg(long, requires = "queue")]
    retry_uncertain: bool,
    /// What to call ourselves; without it, our address in brackets.
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// No step longer than this, instead of RFC 5321's 2 to 10 minutes. Whoever does not wait for the
    /// last reply may send a message twice.
    #[arg(long, value_name = "TIME", value_parser = serving::duration)]
    timeout: Option<Duration>,
}

/// sysexits.h, EX_TEMPFAIL.
const LATER: u8 = 75;
/// sysexits.h, EX_PROTOCOL: "the remote system returned something that was not possible".
const UNCERTAIN: u8 = 76;
/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

pub(crate) fn run(arguments: &SendMail, wire: &Wire) -> Result<ExitCode> {
    let servers: Vec<SocketAddr> = arguments
        .server
        .to_socket_addrs()
        .with_context(|| format!("finding the server {}", arguments.server))?
        .collect();
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => literal(&servers),
    };
    let named = Mailbox::parse(&format!("postmaster@{name}"));
    ensure!(named.is_ok_and(|named| !named.needs_utf8()), "`{name}` is no name of a host");
    let patience = match arguments.timeout {
        Some(most) => Patience::default().at_most(most),
        None => Patience::default(),
    };
    let mut page = wire.page();
    let recorder = page.recorder.clone();
    let attempt =
        Attempt { servers: &servers, name: &name, patience: &patience, recorder: &recorder };
    let fates = send(arguments, &attempt, &mut page)?;
    page.finish()?;
    Ok(verdict(&fates))
}

/// RFC 5321 §4.1.4: a client without a name of its own gives its address.
fn literal(servers: &[SocketAddr]) -> String {
    match servers.first() {
        Some(SocketAddr::V6(server)) if server.ip().to_ipv4_mapped().is_none() => {
            "[IPv6:::1]".to_owned()
        }
        _ => "[127.0.0.1]".to_owned(),
    }
}

fn send(arguments: &SendMail, attempt: &Attempt<'_>, page: &mut Page) -> Result<Vec<Fate>> {
    let letter = if arguments.to.is_empty() { None } else { Some(letter(arguments)?) };
    let Some(folder) = &arguments.queue else {
        let letter = letter.context("there is no --to")?;
        let fates = attempt.deliver(&letter, |_| Ok(()));
        page.draw();
        return Ok(tell(&letter, fates));
    };
    let queue = Queue::open(folder).with_context(|| format!("opening {}", folder.display()))?;
    let mut entries = match &letter {
        Some(letter) => vec![queue.add(letter).context("putting it into the queue")?],
        // A person who says so does not mean to wait for the pause.
        None if arguments.retry_uncertain => {
            queue.due(SystemTime::now() + Duration::from_secs(1 << 32))?
        }
        None => queue.due(SystemTime::now()).context("reading the queue")?,
    };
    let mut all = Vec::new();
    for mut entry in entries.drain(..) {
        let letter = entry.letter(arguments.retry_uncertain).context("reading the queue")?;
        if letter.recipients.is_empty() {
            continue; // Only uncertain ones.
        }
        let fates = attempt.deliver(&letter, |fates| entry.ending(fates));
        page.draw();
        let pause = arguments.pause.unwrap_or(FIRST_PAUSE);
        entry.attempted(&fates, pause).context("writing to the queue")?;
        all.extend(tell(&letter, fates));
    }
    Ok(all)
}

fn letter(arguments: &SendMail) -> Result<Letter> {
    let mailbox =
        |text: &String| Mailbox::parse(text).with_context(|| format!("`{}`", text.escape_debug()));
    let from = arguments.from.as_ref().context("there is no --from")?;
    let sender = if from == "<>" { None } else { Some(mailbox(from)?) };
    let recipients = arguments.to.iter().map(mailbox).collect::<Result<Vec<_>>>()?;
    let content = read(&arguments.file)?;
    let now = SystemTime::now();
    let text = if arguments.raw {
        compose::complete(&content, sender.as_ref(), now)?
    } else {
        let Ok(text) = str::from_utf8(&content) else {
            bail!(
                "the text is not UTF-8: send the file with --attach, or as a whole message with --raw"
            )
        };
        let files = arguments.attach.iter().map(|path| Ok((file_name(path), read(path)?)));
        let files = files.collect::<Result<Vec<_>>>()?;
        let nobody = Mailbox::parse("postmaster@localhost")?;
        compose::compose(&Parts {
            from: sender.as_ref().unwrap_or(&nobody),
            to: &recipients,
            subject: &arguments.subject,
            text,
            files: &files,
            now,
        })?
    };
    Ok(Letter { sender, recipients, text })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let reading = || format!("reading {}", path.display());
    if path == Path::new("-") {
        io::stdin().take(LARGEST + 1).read_to_end(&mut content).with_context(reading)?;
    } else {
        ensure!(
            fs::metadata(path).with_context(reading)?.len() <= LARGEST,
            "{} is too large",
            path.display()
        );
        File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut content))
            .with_context(reading)?;
    }
    ensure!(content.len() as u64 <= LARGEST, "{} is too large", path.display());
    Ok(content)
}

/// A line for each recipient, on standard error.
fn tell(letter: &Letter, fates: Vec<Fate>) -> Vec<Fate> {
    for (recipient, fate) in letter.recipients.iter().zip(&fates) {
        let (what, said) = match fate {
            Fate::Delivered(said) => ("delivered", said.as_str()),
            Fate::Refused(said) => ("refused", said.as_str()),
            Fate::Deferred(said) => ("not now", said.as_str()),
            Fate::Uncertain(said) => ("uncertain, it may have arrived", said.as_str()),
            Fate::Open | Fate::Named => ("not now", ""),
        };
        eprintln!("send-mail: {recipient}: {what}: {said}");
    }
    fates
}

/// The worst that happened.
fn verdict(fates: &[Fate]) -> ExitCode {
    let any = |wanted: fn(&Fate) -> bool| fates.iter().any(wanted);
    if any(|fate| matches!(fate, Fate::Uncertain(_))) {
        UNCERTAIN.into()
    } else if any(|fate| matches!(fate, Fate::Refused(_))) {
        ExitCode::FAILURE
    } else if any(|fate| !matches!(fate, Fate::Delivered(_))) {
        LATER.into()
    } else {
        ExitCode::SUCCESS
    }
}
