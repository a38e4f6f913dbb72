//! The echo servers that an answer has to judge. Reading on spoils the exercise.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use harness::{Clients, Tap};

type Client = Tap<TcpStream>;

/// A kind of server, and what a report says of it to somebody who did not see what it is.
pub(crate) struct Server {
    pub(crate) alias: &'static str,
    pub(crate) clue: &'static str,
    pub(crate) serve: fn(Clients),
}

pub(crate) const RIGHT: [Server; 4] = [
    Server { alias: "plain", clue: "it is as plain as can be", serve: |c| each(c, plain) },
    Server {
        alias: "crumbling",
        clue: "its replies come in crumbs",
        serve: |c| each(c, crumbling),
    },
    Server { alias: "slow", clue: "it pauses, for 40 ms", serve: |c| each(c, slow) },
    Server {
        alias: "gathering",
        clue: "it answers several at once",
        serve: |c| each(c, gathering),
    },
];

pub(crate) const WRONG: [Server; 9] = [
    Server { alias: "hasty", clue: "how often did you speak to it?", serve: |c| each(c, hasty) },
    Server { alias: "loyal", clue: "how many clients did it have at once?", serve: loyal },
    Server { alias: "prim", clue: "which bytes did you send?", serve: |c| each(c, prim) },
    Server { alias: "tidy", clue: "did what you sent look like text?", serve: |c| each(c, tidy) },
    Server { alias: "abrupt", clue: "how did you end a conversation?", serve: |c| each(c, abrupt) },
    Server { alias: "sated", clue: "how much did you send?", serve: |c| each(c, sated) },
    Server { alias: "confused", clue: "did two clients speak at once?", serve: confused },
    Server { alias: "stuttering", clue: "how much at once?", serve: |c| each(c, stuttering) },
    Server {
        alias: "clinging",
        clue: "what came after the last byte?",
        serve: |c| each(c, clinging),
    },
];

/// A thread for each client.
fn each(clients: Clients, serve: fn(Client) -> io::Result<()>) {
    for client in clients {
        thread::spawn(move || serve(client));
    }
}

// Right.

fn plain(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => client.write_all(&buffer[..count])?,
        }
    }
}

/// Begins each reply with single bytes, some time apart.
fn crumbling(mut client: Client) -> io::Result<()> {
    client.get_ref().set_nodelay(true)?;
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let (crumbs, rest) = buffer[..count].split_at(count.min(4));
        for crumb in crumbs.chunks(1) {
            client.write_all(crumb)?;
            thread::sleep(Duration::from_millis(1));
        }
        rest.chunks(1_000).try_for_each(|piece| client.write_all(piece))?;
    }
}

/// Takes its time before it first answers.
fn slow(client: Client) -> io::Result<()> {
    client.get_ref().peek(&mut [0])?;
    thread::sleep(Duration::from_millis(25));
    plain(client)
}

/// Waits until nothing more comes for 5 ms, and answers everything together.
fn gathering(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let mut gathered = Vec::new();
    loop {
        client.get_ref().set_read_timeout((!gathered.is_empty()).then_some(QUIET))?;
        let quiet = match client.read(&mut buffer) {
            Ok(0) => return client.write_all(&gathered),
            Ok(count) => {
                gathered.extend_from_slice(&buffer[..count]);
                gathered.len() > 32 * 1024
            }
            Err(error) if timed_out(&error) => true,
            Err(error) => return Err(error),
        };
        if quiet {
            client.write_all(&gathered)?;
            gathered.clear();
        }
    }
}

const QUIET: Duration = Duration::from_millis(5);

fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

// Wrong.

/// Echoes the first read, and closes.
fn hasty(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let count = client.read(&mut buffer)?;
    client.write_all(&buffer[..count])
}

/// Serves one client at a time.
fn loyal(clients: Clients) {
    for client in clients {
        let _ = plain(client);
    }
}

/// Clears the highest bit, as if all the world were ASCII.
fn prim(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        buffer[..count].iter_mut().for_each(|byte| *byte &= 0x7f);
        client.write_all(&buffer[..count])?;
    }
}

/// Echoes lines of text.
fn tidy(client: Client) -> io::Result<()> {
    let mut replies = again(&client)?;
    for line in BufReader::new(client).lines() {
        writeln!(replies, "{}", line?)?;
    }
    Ok(())
}

/// Once the client has sent its last byte, does not bother to answer what came just before.
fn abrupt(mut client: Client) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        client.get_ref().set_read_timeout(None)?;
        let count = client.read(&mut buffer)?;
        client.get_ref().set_read_timeout(Some(QUIET))?;
        if count == 0 || matches!(client.get_ref().peek(&mut [0]), Ok(0)) {
            return client.get_ref().shutdown(Shutdown::Both);
        }
        client.write_all(&buffer[..count])?;
    }
}

/// Has had enough after 64 KiB.
fn sated(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let mut hunger = 64 * 1024;
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let taken = count.min(hunger);
        client.write_all(&buffer[..taken])?;
        hunger -= taken;
    }
}

/// Answers whoever connected last.
fn confused(clients: Clients) {
    let latest = Arc::new(Mutex::new(None));
    for mut client in clients {
        *latest.lock().unwrap_or_else(PoisonError::into_inner) = again(&client).ok();
        let latest = Arc::clone(&latest);
        thread::spawn(move || -> io::Result<()> {
            let mut buffer = [0; 16 * 1024];
            loop {
                let count = client.read(&mut buffer)?;
                thread::sleep(QUIET);
                let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                match &mut *latest {
                    Some(latest) if count > 0 => latest.write_all(&buffer[..count])?,
                    _ => return client.get_ref().shutdown(Shutdown::Write),
                }
            }
        });
    }
}

/// Says the last byte of a full buffer twice.
fn stuttering(mut client: Client) -> io::Result<()> {
    let mut buffer = [0; 4 * 1024];
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        client.write_all(&buffer[..count])?;
        if count == buffer.len() {
            client.write_all(&buffer[count - 1..])?;
        }
    }
}

/// Never ends a conversation.
fn clinging(client: Client) -> io::Result<()> {
    let _open = again(&client)?;
    plain(client)?;
    thread::sleep(Duration::from_secs(5));
    Ok(())
}

/// The same client once more.
fn again(client: &Client) -> io::Result<Client> {
    let stream = client.get_ref().try_clone()?;
    Ok(Tap::new(stream, client.recorder().clone(), client.flow()))
}
