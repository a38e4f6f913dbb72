//! An echo server: what a client sends comes back, whoever else is connected.

use std::io;
use std::net::TcpListener;
// answer:
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
// end answer

/// Serves every client that connects to `listener`, at the same time, for ever.
///
/// Each client gets its own bytes back, in order, as they come: the server does not wait for a
/// line, or for the end. When a client has sent all that it will (`read` returns `Ok(0)`) and has
/// been sent all of it back, its connection is closed.
///
/// # Errors
///
/// None, as long as the listener is one: a failed `accept` concerns one connection, or a
/// shortage that will pass, and a failed connection concerns one client.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    // answer: todo!("echo to every client that connects to {listener:?}")
    loop {
        let client = listener.accept().and_then(|(stream, _)| {
            // Not `thread::spawn`: it panics where the system has no thread left.
            thread::Builder::new().spawn(move || echo(stream))
        });
        if let Err(error) = client {
            // accept(2), ERRORS: out of descriptors, or the client has gone already. What is
            // short now may be there again soon; without the pause this loop would burn a core.
            eprintln!("a client could not be served: {error}");
            thread::sleep(Duration::from_millis(10));
        }
    }
    // end answer
}
// answer:

/// Sends back what `stream` sends until its end.
fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => stream.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
// end answer
