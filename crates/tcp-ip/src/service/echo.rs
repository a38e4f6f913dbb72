//! Echo (RFC 862): all that comes goes back.

use super::{Next, Service};
use crate::tcp::Connection;

/// Echoes until the peer has ended its direction.
///
/// What the peer does not read back is not taken from it either: our window closes, and it has to
/// wait. So a connection costs no more than its buffers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Service for Echo {
    fn serve(&mut self, connection: &mut Connection) -> Next {
        let mut buffer = [0; 16 * 1024];
        loop {
            let room = connection.room().min(buffer.len());
            let received = connection.receive(&mut buffer[..room]);
            if received == 0 {
                break;
            }
            let sent = connection.send(&buffer[..received]);
            debug_assert_eq!(sent, received, "there was room");
        }
        if connection.is_finished() {
            connection.shutdown();
            return Next::Done;
        }
        Next::Continue
    }

    fn wants(&self, connection: &Connection) -> bool {
        (connection.readable() > 0 && connection.room() > 0) || connection.is_finished()
    }
}
