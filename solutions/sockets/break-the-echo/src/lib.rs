//! Tells right echo servers from wrong ones.

use std::error::Error;
use std::net::SocketAddr;
// answer:
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
// end answer

/// `Ok(())`: the server is right. Else an error that says what it did wrong, in a sentence.
pub type Verdict = Result<(), Box<dyn Error + Send + Sync>>;

/// Talks to the echo server at `server`, with as many connections as it takes, and says whether it
/// is right. Returns within two seconds, whatever the server does.
///
/// A right server gives every client its own bytes back, all of them, in order, and nothing else:
///
/// - any bytes, any number, as they come: it does not wait for a line, or for the end;
/// - to any number of clients at the same time;
/// - once a client has half-closed and got everything back, the server ends the connection.
///
/// It may cut its replies anywhere and join them, and may pause, for up to 50 ms at a time.
pub fn judge(server: SocketAddr) -> Verdict {
    // answer: todo!("find out whether the server at {server} echoes as it should")
    let mut one = connect(server, Duration::from_secs(1))?;
    let mut patience = MORE_THAN_A_PAUSE;
    let every_byte: Vec<u8> = (0..=255).collect();
    let asked = Instant::now();
    for message in [&b"hello\n"[..], &every_byte, b"no line"] {
        one.write_all(message)?;
        expect(&mut one, message)?;
        // How long is silence? Longer than a server may pause, and much longer than this one took
        // to answer, on this machine, now; and not so long that all our waits would pass our own
        // two seconds.
        patience = (asked.elapsed() * 5).clamp(MORE_THAN_A_PAUSE, Duration::from_millis(400));
        one.set_read_timeout(Some(patience))?;
    }

    // The second is served while the first is there, and the first while the second is.
    let mut two = connect(server, patience)?;
    for (client, message) in [(&mut two, b"I am two"), (&mut one, b"I am one")] {
        client.write_all(message)?;
        expect(client, message)?;
    }

    much_and_then_the_end(connect(server, patience)?)
    // end answer
}
// answer:

/// A server may pause for 50 ms.
const MORE_THAN_A_PAUSE: Duration = Duration::from_millis(90);
/// More than a server's buffer, and more than many a limit.
const MUCH: u32 = 150_000;

/// Sends much while it reads, half-closes, and expects just as much, and then the end.
fn much_and_then_the_end(mut stream: TcpStream) -> Verdict {
    // No byte can be told from another by a pattern that repeats: multiply and take the top.
    let sent: Vec<u8> = (0..MUCH).map(|n| n.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
    let mut writer = stream.try_clone()?;
    thread::scope(|scope| {
        scope.spawn(|| {
            // If this fails, bytes will be missing from the reply.
            let _ = writer.write_all(&sent).and_then(|()| writer.shutdown(Shutdown::Write));
        });
        // Between two of many bytes there may be a longer pause: how busy is the machine by now?
        let patience = stream.read_timeout()?;
        stream.set_read_timeout(Some(Duration::from_millis(800)))?;
        expect(&mut stream, &sent)?;
        stream.set_read_timeout(patience)?;
        match stream.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err("more came back than was sent".into()),
            Err(error) => Err(format!("all came back, and no end: {:?}", error.kind()).into()),
        }
    })
}

/// Connects, with a bound to every wait: between two bytes, not over all of them.
fn connect(server: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Reads as many bytes as were sent, and compares them.
fn expect(stream: &mut TcpStream, sent: &[u8]) -> Verdict {
    let mut back = vec![0; sent.len()];
    let received = stream.read_exact(&mut back);
    received.map_err(|error| format!("not all {} bytes came: {:?}", sent.len(), error.kind()))?;
    match sent.iter().zip(&back).position(|(sent, back)| sent != back) {
        None => Ok(()),
        Some(at) => Err(format!("byte {at} of {} came back as another", sent.len()).into()),
    }
}
// end answer
