//! Graded test of `echo-server`.

mod mistakes;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use echo_server::serve;
use harness::{
    Check, Ending, Outcome, Pace, Peer, Report, Running, check, check_alone, check_within,
};

use mistakes::{
    INTERRUPTED, LOOP_DIES, LOOP_SPINS, NOT_TEXT, ONE_CLIENT, ONE_READ, STALE, WAITS, ZERO_AGAIN,
};

/// For a check that waits twice: for what should come, and for what explains that it did not.
const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn a_message_comes_back() -> Outcome {
    check_within(LIMIT, |c| {
        c.want("the same 5 bytes come back, while the connection is open");
        let mut client = c.connect("client", start(c)?.0)?;
        client.send(b"hello")?;
        let (got, ending) = client.receive(5);
        if got == b"hello" {
            return Ok(());
        }
        let report = client.differs(b"hello", &got, ending, None);
        if !got.is_empty() || ending != Ending::Silence {
            return Err(report);
        }
        // Nothing came for 5 bytes. Does something come for more of them, or for their end?
        client.send(&[b'\n'; 32 * 1024]).and_then(|()| client.half_close())?;
        let (got, _) = client.receive(1);
        Err(if got.is_empty() { report } else { report.because(&WAITS) })
    })
}

#[test]
fn the_end_is_answered_with_the_end() -> Outcome {
    check(|c| {
        c.want("all bytes come back and no others, then end of stream");
        let mut client = c.connect("client", start(c)?.0)?;
        client.send(b"last words")?;
        client.half_close()?;
        let (got, ending) = client.receive(11);
        let mistake = match ending {
            Ending::End if got == b"last words" => return Ok(()),
            Ending::Silence if got == b"last words" => Some(&ZERO_AGAIN),
            // Not even the client's: it never sent a zero.
            Ending::Enough if got == b"last words\0" => Some(&STALE),
            _ => None,
        };
        Err(client.differs(b"last words", &got, ending, mistake))
    })
}

#[test]
fn another_message_comes_back() -> Outcome {
    check(|c| {
        c.want("each message comes back as it is sent");
        let mut client = c.connect("client", start(c)?.0)?;
        for (index, message) in [&b"one"[..], b"two", b"three"].into_iter().enumerate() {
            client.send(message)?;
            returns(c, &mut client, message, index > 0)?;
        }
        Ok(())
    })
}

#[test]
fn a_signal_ends_nothing() -> Outcome {
    check(|c| {
        let (address, server) = start(c)?;
        let mut client = c.connect("client", address)?;
        client.send(b"one")?;
        returns(c, &mut client, b"one", false)?;
        server.interrupt();
        c.want("the next message comes back, too: the client does not know of the signal");
        // A connection that was closed may refuse these bytes already, or only their return.
        let sent = client.send(b"two");
        client.expect_else(b"two", |got, ending| {
            let ended = got.is_empty() && matches!(ending, Ending::End | Ending::Reset);
            (ended && !c.panicked()).then_some(&INTERRUPTED)
        })?;
        sent
    })
}

#[test]
fn any_bytes_however_they_are_cut() -> Outcome {
    check(|c| {
        c.want("all bytes come back, in order");
        let mut random = c.random();
        let mut bytes: Vec<u8> = (0..=255).rev().collect();
        bytes.extend(random.bytes(20_000));
        let mut client = c.connect("client", start(c)?.0)?;
        client.send_pieces(&random.pieces(&bytes, 3_000))?;
        returns(c, &mut client, &bytes, false)
    })
}

#[test]
fn a_megabyte_while_it_is_being_sent() -> Outcome {
    check(|c| {
        c.want("1 MiB comes back while it is being sent");
        let bytes = c.random().bytes(1 << 20);
        let mut client = c.connect("client", start(c)?.0)?;
        client.send_meanwhile(bytes.clone(), false)?;
        returns(c, &mut client, &bytes, false)
    })
}

#[test]
fn a_silent_client_stops_nobody() -> Outcome {
    check_within(LIMIT, |c| {
        c.want("the other client is served while the silent one says nothing");
        let address = start(c)?.0;
        let mut silent = c.connect("silent client", address)?;
        let mut other = c.connect("other client", address)?;
        other.send(b"anybody there?")?;
        if let Err(report) = other.expect(b"anybody there?", None) {
            return Err(unless_alone(&mut other, [silent], report));
        }
        c.want("the silent client is served as soon as it speaks");
        silent.send(b"yes")?;
        silent.expect(b"yes", None)
    })
}

#[test]
fn many_clients_at_once() -> Outcome {
    check_within(LIMIT, |c| {
        c.want("each of 40 clients gets its own bytes back");
        let address = start(c)?.0;
        let connect = || (0..40).map(|i| c.connect(&format!("client {i}"), address)).collect();
        let mut clients: Vec<Peer> = c.in_one_step("connected client 0 to client 39", connect)?;
        let words = |index: usize| format!("I am client {index}").into_bytes();
        c.in_one_step("each sent \"I am client\" and its number", || {
            clients.iter_mut().enumerate().try_for_each(|(i, client)| client.send(&words(i)))
        })?;
        c.in_one_step("looked what each received, from the last to the first", || {
            while let Some(mut client) = clients.pop() {
                if let Err(report) = client.expect(&words(clients.len()), None) {
                    return Err(unless_alone(&mut client, clients, report));
                }
            }
            Ok(())
        })
    })
}

#[test]
fn a_client_that_resets_harms_nobody() -> Outcome {
    check(|c| {
        c.want("a client that resets is answered before it does");
        let (address, server) = start(c)?;
        let mut rude = c.connect("rude client", address)?;
        rude.send(b"goodbye")?;
        rude.reset()?;
        still_serves(c, address, &server)
    })
}

#[test]
fn a_failed_accept_ends_nothing() -> Outcome {
    check_alone(|c| {
        c.want("a client is served");
        let (address, server) = start(c)?;
        let mut first = c.connect("first client", address)?;
        first.send(b"hello")?;
        first.half_close()?;
        first.expect_to_end(b"hello", None)?; // The server has closed its end as well.
        c.want("`serve` goes on, and waits a little before it tries again");
        let (mut client, pace) = server.pace_without_descriptors(address)?;
        let again = "your `serve` asked again and again, without a pause";
        match pace {
            Pace::Ended => return Err(c.fail(&LOOP_DIES, "")),
            Pace::Spins => return Err(c.fail(&LOOP_SPINS, again)),
            Pace::Waits => {}
        }
        c.want("the client is served, now that the shortage is over");
        client.send(b"is there room?")?;
        client.expect(b"is there room?", None)?;
        client.close();
        still_serves(c, address, &server)
    })
}

/// Starts the answer's server, and says where it listens.
fn start(c: &Check) -> Outcome<(SocketAddr, Running<(), io::Error>)> {
    let (listener, address) = c.listener()?;
    Ok((address, c.serve("serve", move || serve(listener))))
}

/// Fails unless `bytes` come back next. `before`: others have come back already.
fn returns(c: &Check, client: &mut Peer, bytes: &[u8], before: bool) -> Outcome {
    /// What `from_utf8_lossy` puts in place of what is no character: U+FFFD, in UTF-8.
    const REPLACED: &[u8] = b"\xef\xbf\xbd";
    client.expect_else(bytes, |got, ending| {
        let equal = got.iter().zip(bytes).take_while(|(got, sent)| got == sent).count();
        let ended = matches!(ending, Ending::End | Ending::Reset) && equal == got.len();
        if got[equal..].starts_with(REPLACED) {
            Some(&NOT_TEXT)
        } else if ended && (before || equal > 0) && !c.panicked() {
            Some(&ONE_READ)
        } else {
            None
        }
    })
}

/// The failure of a client that got nothing; explained, if it is served once the others have gone.
fn unless_alone(
    client: &mut Peer,
    others: impl IntoIterator<Item = Peer>,
    report: Report,
) -> Report {
    others.into_iter().for_each(drop);
    if client.receive(1).0.is_empty() { report } else { report.because(&ONE_CLIENT) }
}

fn still_serves(c: &Check, address: SocketAddr, server: &Running<(), io::Error>) -> Outcome {
    c.want("the server goes on: a new client is served");
    let next = c.connect("next client", address);
    let served = next.and_then(|mut next| {
        next.send(b"still here?")?;
        next.expect(b"still here?", None)
    });
    served.map_err(|report| {
        let ended = server.ends_within(Duration::from_millis(50));
        if ended { report.because(&LOOP_DIES) } else { report }
    })
}
