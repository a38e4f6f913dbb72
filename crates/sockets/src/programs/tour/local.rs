//! What is this machine's own: paths, names, options.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::thread;

use anyhow::{Context, Result, anyhow};
use capture::Tap;
use sockets::echo::{Limits, Server};
use sockets::options::ALL;
use sockets::resolve::Target;
use sockets::unix;

use super::{PATIENCE, Tour};

pub(super) fn unix(tour: &mut Tour) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("sockets-tour-{}", std::process::id()));
    fs::create_dir_all(&folder).context("making a folder")?;
    let result = in_folder(tour, &folder);
    fs::remove_dir_all(&folder).context("removing the folder")?;
    result
}

fn in_folder(tour: &mut Tour, folder: &std::path::Path) -> Result<()> {
    let path = folder.join("echo.sock");
    let listener = unix::listen(&path, 0o600)?;
    let file = fs::metadata(&path)?;
    let (socket, mode) = (file.file_type().is_socket(), file.permissions().mode() & 0o777);
    tour.claim(socket && mode == 0o600, format_args!("a file of the type socket, mode {mode:o}"))?;
    let server = Server::new(listener.socket.try_clone()?, Limits::default());
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.run());

    let stream = UnixStream::connect(&path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut client = Tap::connected(stream, "client", "server", tour.recorder());
    client.write_all(b"hello")?;
    client.shutdown(Shutdown::Write)?;
    let mut echo = String::new();
    client.read_to_string(&mut echo)?;
    tour.claim(echo == "hello", "the same echo server, over it")?;
    let second = unix::listen(&path, 0o600).err();
    tour.claim(
        matches!(second, Some(unix::Error::InUse(_))),
        "a second server leaves it alone: somebody listens",
    )?;
    stopper.stop();
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    drop(listener);
    tour.claim(!path.exists(), "the file goes with the listener")?;
    drop(std::os::unix::net::UnixListener::bind(&path)?);
    let stale = path.exists();
    let replaced = unix::listen(&path, 0o600).is_ok();
    tour.claim(stale && replaced, "one that a dead server left behind is replaced")
}

pub(super) fn names(tour: &mut Tour) -> Result<()> {
    let addresses = Target::parse("localhost:80")?.resolve(PATIENCE)?;
    let own = addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80);
    tour.claim(own && !addresses.is_empty(), "localhost:80 is port 80 of this machine")?;
    let numeric = Target::parse("[::1]:80")?;
    tour.claim(numeric.numeric().is_some(), "[::1]:80 is an address already: nobody is asked")
}

/// The options that most programs meet; `options` has the others.
const SHOWN: [&str; 4] = ["TCP_NODELAY", "SO_REUSEADDR", "SO_SNDBUF", "IP_TTL"];

pub(super) fn options(tour: &mut Tour) -> Result<()> {
    for option in ALL.iter().filter(|option| SHOWN.contains(&option.name)) {
        let findings = option.show();
        for claim in &findings.claims {
            let holds = claim.holds || (claim.seen_on_linux && !cfg!(target_os = "linux"));
            let measured = if claim.measured.is_empty() { "" } else { "  → " };
            let text = format!("{} {}{measured}{}", option.name, claim.text, claim.measured);
            tour.claim(holds, text)?;
        }
        if let Some(why) = &findings.skipped {
            tour.skip(format_args!("{}: {why}", option.name))?;
        }
    }
    Ok(())
}
