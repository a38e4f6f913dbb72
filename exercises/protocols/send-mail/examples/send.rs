//! Hands standard input to a mail server with your `send_mail`:
//!
//! ```text
//! cargo run -p protocols -- smtp --memory --trace --listen 127.0.0.1:2525
//! printf 'Subject: hello\n\nHi Bob\n' |
//!     cargo run -p send-mail --features example --example send 127.0.0.1:2525 ada@x.example bob@y.example
//! ```

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::Duration;

use send_mail::{Letter, send_mail};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, sender, recipients @ ..] = &arguments[..] else {
        return Err(io::Error::other("usage: send SERVER SENDER RECIPIENT..."));
    };
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    match send_mail(stream, &Letter { sender, recipients: &recipients, text: &text }) {
        Ok(fates) => {
            recipients.iter().zip(fates).for_each(|(who, fate)| println!("{who}: {fate:?}"));
            Ok(())
        }
        Err(bad) => Err(io::Error::other(format!("`{}` is no address", bad.0))),
    }
}
