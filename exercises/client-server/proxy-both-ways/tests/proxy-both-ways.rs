//! Graded test of `proxy-both-ways`.

mod mistakes;
mod proxying;
mod real;
mod sockets;

use std::io::ErrorKind;

use harness::{Ending, Outcome, check, check_within};
use proxy_both_ways::{LIMIT, SHARE, Turn};

use mistakes::{CUT, FIRST_END, NOT_PASSED_ON};
use proxying::Proxying;
use sockets::Side::{Client, Server};

#[test]
fn what_the_client_sends_arrives() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.sends(Client, b"hello?");
        proxy.waits()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn what_the_server_sends_arrives() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.sends(Server, b"220 ready");
        proxy.waits()?;
        proxy.all_arrived(Client)
    })
}

#[test]
fn all_that_is_there_is_moved() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut proxy = Proxying::new(c);
        for _ in 0..3 {
            proxy.sends(Client, &random.bytes(3 * LIMIT));
            proxy.sends(Server, &random.bytes(100));
        }
        proxy.waits()?;
        proxy.all_arrived(Server)?;
        proxy.all_arrived(Client)
    })
}

#[test]
fn a_server_that_takes_a_little_at_a_time() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(1_000);
        let mut proxy = Proxying::new(c);
        c.did("the server takes 64 bytes in each call of `write`");
        proxy.sockets.state().at(Server).most = 64;
        proxy.sends(Client, &bytes);
        proxy.waits()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn interrupted_calls_are_made_again() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.fails(Client, ErrorKind::Interrupted);
        proxy.sends(Client, b"hello?");
        c.did("the server's next `write` fails: Interrupted");
        proxy.sockets.state().at(Server).write_errors.push(ErrorKind::Interrupted);
        proxy.waits()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn a_server_that_takes_nothing_for_now() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut proxy = Proxying::new(c);
        proxy.takes(Server, 0);
        for _ in 0..4 {
            proxy.sends(Client, &random.bytes(LIMIT));
            proxy.waits()?;
        }
        proxy.sends(Server, b"one moment");
        proxy.waits()?;
        proxy.all_arrived(Client)?;
        proxy.takes(Server, 1_000);
        proxy.waits()?;
        proxy.takes(Server, usize::MAX);
        proxy.waits()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn a_client_that_has_finished_gets_its_reply() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.sends(Client, b"a question");
        proxy.ends(Client);
        proxy.waits()?;
        proxy.all_arrived(Server)?;
        proxy.is_told(Server, &NOT_PASSED_ON)?;
        proxy.sends(Server, b"the first half, ");
        proxy.waits()?;
        proxy.sends(Server, b"and the second");
        proxy.ends(Server);
        proxy.is_done()?;
        proxy.all_arrived(Client)?;
        proxy.is_told(Client, &NOT_PASSED_ON)
    })
}

#[test]
fn a_server_that_has_finished_goes_on_reading() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.ends(Server);
        proxy.waits()?;
        proxy.is_told(Client, &NOT_PASSED_ON)?;
        proxy.sends(Client, b"more, ");
        proxy.waits()?;
        proxy.sends(Client, b"and the rest");
        proxy.ends(Client);
        proxy.is_done()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn an_end_comes_after_the_bytes_before_it() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(2 * LIMIT);
        let mut proxy = Proxying::new(c);
        proxy.takes(Server, 100);
        proxy.sends(Client, &bytes);
        proxy.ends(Client);
        proxy.waits()?;
        proxy.takes(Server, LIMIT);
        proxy.waits()?;
        proxy.takes(Server, usize::MAX);
        proxy.waits()?;
        proxy.all_arrived(Server)?;
        proxy.is_told(Server, &NOT_PASSED_ON)
    })
}

#[test]
fn a_connection_that_fails() -> Outcome {
    check(|c| {
        for (reader, writer) in [(Client, Server), (Server, Client)] {
            c.attempt("began anew");
            let mut proxy = Proxying::new(c);
            proxy.sends(reader, b"the first ha");
            proxy.waits()?;
            proxy.fails(reader, ErrorKind::ConnectionReset);
            c.want("the error, ConnectionReset; nobody is told of an end");
            let result = proxy.try_pump();
            let told = proxy.sockets.state().at(writer).shutdowns > 0;
            c.ensure(!told, &CUT, || format!("{}'s stream was shut down", writer.name()))?;
            proxy.failed(result, ErrorKind::ConnectionReset)?;
        }
        Ok(())
    })
}

#[test]
fn a_write_that_fails() -> Outcome {
    check(|c| {
        let mut proxy = Proxying::new(c);
        proxy.sends(Client, b"is anybody there?");
        c.did("the server's next `write` fails: ConnectionReset");
        proxy.sockets.state().at(Server).write_errors.push(ErrorKind::ConnectionReset);
        c.want("the error, ConnectionReset");
        let result = proxy.try_pump();
        proxy.failed(result, ErrorKind::ConnectionReset)?;
        c.attempt("began anew, with a server whose `write` says Ok(0)");
        let mut proxy = Proxying::new(c);
        proxy.sockets.state().at(Server).most = 0;
        proxy.sends(Client, b"is anybody there?");
        c.want("an error of kind WriteZero");
        let result = proxy.try_pump();
        proxy.failed(result, ErrorKind::WriteZero)
    })
}

#[test]
fn a_flood_gets_its_share() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(SHARE + 2 * LIMIT);
        let mut proxy = Proxying::new(c);
        proxy.sends(Client, &bytes);
        proxy.sends(Server, b"please wait");
        c.want("Again: there is more, and the client has had its share");
        let turn = proxy.pump()?;
        c.ensure(turn == Turn::Again, None, || format!("`pump` returned Ok({turn:?})"))?;
        proxy.all_arrived(Client)?;
        proxy.waits()?;
        proxy.all_arrived(Server)
    })
}

#[test]
fn a_long_conversation() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut proxy = Proxying::new(c);
        c.in_one_step(
            "100 times one of them sent, or took so many bytes; and called `pump`",
            || {
                for _ in 0..100 {
                    let side = if random.below(2) == 0 { Client } else { Server };
                    let size = random.below(2 * LIMIT);
                    match random.below(3) {
                        0 => proxy.takes(side, size),
                        _ => proxy.sends(side, &random.bytes(1 + size / 8)),
                    }
                    proxy.settle()?;
                }
                Ok(())
            },
        )?;
        for side in [Client, Server] {
            proxy.takes(side, usize::MAX);
            proxy.ends(side);
        }
        proxy.is_done()?;
        proxy.all_arrived(Server)?;
        proxy.all_arrived(Client)
    })
}

#[test]
fn real_sockets() -> Outcome {
    check_within(std::time::Duration::from_secs(5), |c| {
        let mut random = c.random();
        let (question, reply) = (random.bytes(100_000), random.bytes(100_000));
        let (to_client, mut client) = c.pair("client")?;
        let (to_server, mut server) = c.pair("server")?;
        let running = real::run(c, to_client, to_server);
        c.want(
            "the question at the server, with its end; then the reply at the client, with its end",
        );
        client.send_meanwhile(question.clone(), true)?;
        let (got, ending) = server.receive(question.len() + 1);
        let open = ending == Ending::Silence && got == question;
        if got != question || ending != Ending::End {
            return Err(server.differs(&question, &got, ending, open.then_some(&NOT_PASSED_ON)));
        }
        server.send_meanwhile(reply.clone(), true)?;
        let (got, ending) = client.receive(reply.len() + 1);
        let cut = got.len() < reply.len() && ending == Ending::End;
        if got != reply || ending != Ending::End {
            return Err(client.differs(&reply, &got, ending, cut.then_some(&FIRST_END)));
        }
        c.want("Done");
        c.ok("the loop", running.result()?, None)
    })
}
