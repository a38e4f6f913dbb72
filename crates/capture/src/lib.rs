//! Records, dissects, draws and saves what crossed the wire.
//!
//! Everything that this course shows of a network, it shows from a [`Record`]: the terminal
//! transcript of a demo, the ladder and byte figures of the book, the wire in a failing test, the
//! capture that opens in Wireshark. Nothing is drawn by hand.
//!
//! ```text
//!  socket ── Tap ──► Recorder ──► Record ──► transcript    for a terminal
//!                                        ├─► ladder        SVG
//!             Dissector ──► fields ──────┼─► figure        HTML
//!                                        ├─► pcapng        for Wireshark
//!                                        └─► to_text       for a file, and from_text back
//! ```
//!
//! A conversation, tapped at the client:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::{Shutdown, TcpListener, TcpStream};
//! use std::thread;
//!
//! use capture::{Recorder, Tap, transcript};
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! let server = thread::spawn(move || -> std::io::Result<()> {
//!     let (mut stream, _) = listener.accept()?;
//!     let mut request = Vec::new();
//!     stream.read_to_end(&mut request)?;
//!     stream.write_all(&request)
//! });
//!
//! let recorder = Recorder::new();
//! let mut client = Tap::connected(TcpStream::connect(address)?, "client", "server", &recorder);
//! client.write_all(b"hello\r\n")?;
//! client.shutdown(Shutdown::Write)?;
//! client.read_to_end(&mut Vec::new())?;
//! client.close();
//!
//! // Without times and ports, this is the same in every run.
//! let record = recorder.snapshot().without_ports();
//! let options = transcript::Options { times: false, ..Default::default() };
//! assert_eq!(transcript::draw(&record, &options), "\
//! TCP  client 127.0.0.1:client ⇄ server 127.0.0.1:server
//!
//! client → server  opened: client connected
//! client → server  7 bytes  hello\\r\\n
//! client → server  FIN: client will send no more
//! server → client  7 bytes  hello\\r\\n
//! server → client  FIN: server will send no more
//! ");
//! # server.join().expect("the server does not panic")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What a tap sees is what its program sees: the bytes of each call, not the packets, and only of
//! its own end. The record says no more than that, and the drawings say where they add to it.

pub mod bytes;
mod clock;
pub mod dissect;
pub mod figure;
pub mod ladder;
mod markup;
pub mod pcapng;
#[cfg(test)]
mod random;
mod record;
mod recorder;
mod rows;
mod tap;
mod text;
pub mod transcript;
mod words;

pub use clock::{Clock, ManualClock, SystemClock};
pub use record::{Arrival, Direction, End, Event, Flow, FlowId, Record, Transport, What};
pub use recorder::{DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_EVENTS, Recorder};
pub use tap::{DEFAULT_LIMIT_PEERS, Stream, Tap, UdpTap};
pub use text::{TextError, TextProblem};
