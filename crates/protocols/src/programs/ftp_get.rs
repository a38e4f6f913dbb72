//! `ftp-get`: a file or a listing, over FTP.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use protocols::ftp::client::Client;
use protocols::ftp::url::{FtpUrl, PORT};
use sockets::serving;
use sockets::wire::{Page, Wire};

/// Fetches a file or a listing over FTP.
#[derive(Debug, Args)]
pub(crate) struct FtpGet {
    /// `ftp://[user[:password]@]host[:port]/path`; a path that ends in `/` is listed.
    #[arg(value_name = "URL")]
    url: FtpUrl,
    /// The file that it is written to; `-`: standard output. By default, the last part of the path, here.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with what an interrupted download has left in `FILE.part`.
    #[arg(long = "continue", short = 'c')]
    resume: bool,
    /// How long to wait for the server, each time.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = serving::duration)]
    wait: Duration,
}

pub(crate) fn run(arguments: &FtpGet, wire: &Wire) -> Result<()> {
    let mut page = wire.page();
    let done = get(arguments, &mut page);
    page.finish()?;
    done
}

fn get(arguments: &FtpGet, page: &mut Page) -> Result<()> {
    let url = &arguments.url;
    let mut client = connect(arguments, page)?;
    client.log_in(&url.user, &url.password)?;
    if url.is_directory() {
        let path = url.path.strip_suffix(b"/").unwrap_or(&url.path);
        // Only a path that is a slash, written %2F/, is empty here and meant.
        let path = if path.is_empty() && !url.path.is_empty() { b"/" } else { path };
        if !path.is_empty() {
            client.change_directory(path)?;
        }
        match &arguments.output {
            None => client.list(&mut io::stdout().lock())?,
            Some(name) if name == Path::new("-") => client.list(&mut io::stdout().lock())?,
            Some(name) => client.list(&mut create(name)?)?,
        };
    } else {
        match file_name(arguments)? {
            None => client.retrieve(&url.path, 0, &mut io::stdout().lock()).map(drop)?,
            Some(name) => keep(&mut client, arguments, &name)?,
        }
    }
    client.quit();
    Ok(())
}

fn connect(arguments: &FtpGet, page: &mut Page) -> Result<Client> {
    let target = &arguments.url.target;
    let addresses = target.resolve(arguments.wait).with_context(|| target.host.clone())?;
    let mut failed = None;
    for mut address in addresses {
        if target.port.is_none() {
            address.set_port(PORT);
        }
        match Client::connect(address, arguments.wait, &page.recorder) {
            Ok(client) => return Ok(client),
            Err(error) => failed = Some((address, error)),
        }
    }
    match failed {
        Some((address, error)) => Err(error).with_context(|| address.to_string()),
        None => bail!("{} has no address", target.host),
    }
}

/// Where the file goes; `None`: to standard output.
fn file_name(arguments: &FtpGet) -> Result<Option<PathBuf>> {
    match &arguments.output {
        Some(name) if name == Path::new("-") => Ok(None),
        Some(name) => Ok(Some(name.clone())),
        None => {
            let name = arguments.url.file_name();
            if name == b".." || name == b"." {
                bail!("the URL has no name at its end that could be a file's: use --output");
            }
            Ok(Some(OsStr::from_bytes(name).into()))
        }
    }
}

/// Retrieves to `name.part`, and gives that its name when it is whole.
fn keep(client: &mut Client, arguments: &FtpGet, name: &Path) -> Result<()> {
    let part = {
        let mut part = OsString::from(name);
        part.push(".part");
        PathBuf::from(part)
    };
    let mut file = if arguments.resume {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(&part).with_context(|| named(&part))?
    } else {
        create(&part)?
    };
    let offset = file.metadata().with_context(|| named(&part))?.len();
    client.retrieve(&arguments.url.path, offset, &mut file)?;
    file.flush()?;
    fs::rename(&part, name).with_context(|| named(name))
}

fn create(name: &Path) -> Result<File> {
    File::create(name).with_context(|| named(name))
}

fn named(path: &Path) -> String {
    format!("writing {}", path.display())
}
