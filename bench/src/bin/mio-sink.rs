//! An SMTP sink on mio with nothing around it: the floor under any event loop that takes mail, and not a
//! server. It answers by a command's first octet, counts on each command coming in a read of its own,
//! looks for the end of a message only at the end of a read, and keeps nothing.

use std::io::{ErrorKind, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// A client, and whether it is sending a message.
struct Client {
    stream: TcpStream,
    in_data: bool,
}

fn main() -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1_024);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    poll.registry().register(&mut listener, Token(usize::MAX), Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let mut clients: Vec<Option<Client>> = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == Token(usize::MAX) {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let token = Token(clients.len());
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    send(&stream, b"220 sink ESMTP\r\n", SendFlags::NOSIGNAL)?;
                    clients.push(Some(Client { stream, in_data: false }));
                }
                continue;
            }
            let slot = &mut clients[event.token().0];
            let Some(client) = slot else { continue };
            match client.serve(&mut buffer) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => *slot = None,
            }
        }
    }
}

impl Client {
    /// One read, and the reply to it. Whether the client goes on.
    #[inline(always)]
    fn serve(&mut self, buffer: &mut [u8]) -> std::io::Result<bool> {
        let (count, _) = recv(&self.stream, &mut *buffer, RecvFlags::empty())?;
        let arrived = &buffer[..count];
        let reply: &[u8] = match arrived.first() {
            None => return Ok(false),
            Some(_) if self.in_data && !arrived.ends_with(b"\r\n.\r\n") => return Ok(true),
            Some(b'D') if !self.in_data => b"354 Go on, and end with a dot alone on a line\r\n",
            Some(b'Q') if !self.in_data => b"221 2.0.0 Closes\r\n",
            Some(_) => b"250 2.0.0 Taken\r\n",
        };
        self.in_data = reply.starts_with(b"354");
        send(&self.stream, reply, SendFlags::NOSIGNAL)?;
        Ok(true)
    }
}
