//! The echo server that comes first to mind: the yardstick for the one of chapter 1.
//!
//! It has no deadline, no limit, no drain, and it ends at the first error of `accept`. What it echoes
//! in a second is what the deadlines and the bookkeeping of `tcp-echo` are measured against.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::thread;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        thread::spawn(move || -> io::Result<()> {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut buffer)? {
                    0 => return Ok(()),
                    count => stream.write_all(&buffer[..count])?,
                }
            }
        });
    }
    Ok(())
}
