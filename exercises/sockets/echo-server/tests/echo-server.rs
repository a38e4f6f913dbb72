//! Graded test of `echo-server`.

use std::net::SocketAddr;
use std::time::Duration;

use echo_server::serve;
use harness::{Check, Ending, Mistake, Outcome, check, check_alone};

const ONE_READ: Mistake = Mistake {
    name: "one-read-one-write",
    why: "one `read` gives what has arrived by then, not what the client will send: read until `Ok(0)`",
    spec: "RFC 9293 §3.8: the stream has no message borders; read(2)",
};
const ONE_CLIENT: Mistake = Mistake {
    name: "one-client-at-a-time",
    why: "while one client is being served, the others wait in the backlog, and one silent client is enough to stop the server",
    spec: "listen(2), backlog; accept(2)",
};
const ZERO_AGAIN: Mistake = Mistake {
    name: "zero-means-again",
    why: "`Ok(0)` from `read` is the end of the stream, not a pause: nothing will ever come after it",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.6",
};
const LOOP_DIES: Mistake = Mistake {
    name: "accept-loop-dies",
    why: "an error from one client, or from one `accept`, ended the loop that serves all of them",
    spec: "accept(2), ERRORS: EMFILE, ECONNABORTED",
};

#[test]
fn a_message_comes_back() -> Outcome {
    check(|c| {
        let mut client = c.connect("client", start(c)?)?;
        c.want("the same 5 bytes come back, while the connection is open");
        client.send(b"hello")?;
        client.expect(b"hello", None)
    })
}

#[test]
fn another_message_comes_back() -> Outcome {
    check(|c| {
        let mut client = c.connect("client", start(c)?)?;
        c.want("each message comes back as it is sent");
        for message in [&b"one"[..], b"two", b"three"] {
            client.send(message)?;
            client.expect(message, &ONE_READ)?;
        }
        Ok(())
    })
}

#[test]
fn any_bytes_however_they_are_cut() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.extend(random.bytes(20_000));
        let mut client = c.connect("client", start(c)?)?;
        c.want("all bytes come back, in order");
        client.send_pieces(&random.pieces(&bytes, 3_000))?;
        client.expect(&bytes, &ONE_READ)
    })
}

#[test]
fn a_megabyte_while_it_is_being_sent() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(1 << 20);
        let mut client = c.connect("client", start(c)?)?;
        c.want("1 MiB comes back while it is being sent");
        client.send_meanwhile(bytes.clone(), false)?;
        client.expect(&bytes, &ONE_READ)
    })
}

#[test]
fn the_end_is_answered_with_the_end() -> Outcome {
    check(|c| {
        let mut client = c.connect("client", start(c)?)?;
        c.want("all bytes come back, then end of stream");
        client.send(b"last words")?;
        client.half_close()?;
        let (got, ending) = client.receive(11);
        match ending {
            Ending::End if got == b"last words" => Ok(()),
            Ending::Silence if got == b"last words" => {
                Err(client.differs(b"last words", &got, ending, &ZERO_AGAIN))
            }
            _ => Err(client.differs(b"last words", &got, ending, &ONE_READ)),
        }
    })
}

#[test]
fn a_silent_client_stops_nobody() -> Outcome {
    check(|c| {
        let address = start(c)?;
        let mut silent = c.connect("silent client", address)?;
        let mut other = c.connect("other client", address)?;
        c.want("the other client is served while the silent one says nothing");
        other.send(b"anybody there?")?;
        other.expect(b"anybody there?", &ONE_CLIENT)?;
        c.want("the silent client is served as soon as it speaks");
        silent.send(b"yes")?;
        silent.expect(b"yes", &ONE_CLIENT)
    })
}

#[test]
fn many_clients_at_once() -> Outcome {
    check(|c| {
        let address = start(c)?;
        let mut clients = Vec::new();
        for index in 0..40 {
            clients.push(c.connect(&format!("client {index}"), address)?);
        }
        c.want("each client gets its own bytes back");
        for (index, client) in clients.iter_mut().enumerate() {
            client.send(format!("I am client {index}").as_bytes())?;
        }
        for (index, client) in clients.iter_mut().enumerate().rev() {
            client.expect(format!("I am client {index}").as_bytes(), &ONE_CLIENT)?;
        }
        Ok(())
    })
}

#[test]
fn a_client_that_resets_harms_nobody() -> Outcome {
    check(|c| {
        let address = start(c)?;
        let mut rude = c.connect("rude client", address)?;
        rude.send(b"goodbye")?;
        rude.reset()?;
        still_serves(c, address)
    })
}

#[test]
fn a_failed_accept_ends_nothing() -> Outcome {
    check_alone(|c| {
        let (listener, address) = c.listener()?;
        let serving = c.serve("serve", move || serve(listener));
        still_serves(c, address)?;
        let mut hoard = c.use_up_descriptors()?;
        hoard.give_back(1);
        // The client takes the last descriptor. Linux reserves one for an `accept` that waits, so
        // this client may still be served; the next `accept` finds none.
        let mut client = c.connect("client", address)?;
        client.send(b"is there room?")?;
        let (early, _) = client.receive(14);
        // Gives the server time to meet the shortage; one that gives up returns now.
        let _ = serving.returned(Duration::from_millis(100));
        drop(hoard);
        c.did("gave the descriptors back");
        c.want("the client is served, if not during the shortage then after it");
        client.expect(&b"is there room?"[early.len()..], &LOOP_DIES)?;
        still_serves(c, address)
    })
}

/// Starts the answer's server, and says where it listens.
fn start(c: &Check) -> Outcome<SocketAddr> {
    let (listener, address) = c.listener()?;
    c.serve("serve", move || serve(listener));
    Ok(address)
}

fn still_serves(c: &Check, address: SocketAddr) -> Outcome {
    c.want("the server goes on: a new client is served");
    let mut next = c.connect("next client", address)?;
    next.send(b"still here?")?;
    next.expect(b"still here?", &LOOP_DIES)
}
