//! An echo on mio with nothing around it: no limits, no deadlines, no output queue. The floor
//! under any event loop, and not a server: a short write loses bytes.
//!
//! With `--direct`, `recv` and `send` are asked of the system without the C library's functions
//! between, as the course's loop does it.

use std::io::{ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::net::{RecvFlags, SendFlags, recv, send};

fn main() -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1_024);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    poll.registry().register(&mut listener, Token(usize::MAX), Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let direct = std::env::args().any(|argument| argument == "--direct");
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == Token(usize::MAX) {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let token = Token(streams.len());
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    streams.push(Some(stream));
                }
                continue;
            }
            let slot = &mut streams[event.token().0];
            let Some(stream) = slot else { continue };
            let echoed = if direct {
                echo_directly(stream, &mut buffer)
            } else {
                stream.read(&mut buffer).and_then(|count| stream.write(&buffer[..count]))
            };
            match echoed {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => *slot = None,
            }
        }
    }
}

/// Inlined, so that there is no return after either call (the course's `connection/sending.rs` says
/// what that can cost).
#[inline(always)]
fn echo_directly(stream: &TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let (count, _) = recv(stream, &mut *buffer, RecvFlags::empty())?;
    Ok(send(stream, &buffer[..count], SendFlags::NOSIGNAL)?)
}
