//! What the kernel's TCP counts of a connection: tcp(7), TCP_INFO.

use std::net::TcpStream;

/// How many segments with data the system has sent on this connection, as it says itself; `None`
/// where it does not (only Linux does, since 4.6). What was sent again is counted again.
pub fn data_segments_sent(stream: &TcpStream) -> Option<u32> {
    linux::data_segs_out(stream)
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // The standard library has no safe call for this option.
mod linux {
    use std::ffi::{c_int, c_void};
    use std::net::TcpStream;
    use std::os::fd::AsRawFd;

    /// `<linux/tcp.h>`, the same on every architecture.
    const IPPROTO_TCP: c_int = 6;
    const TCP_INFO: c_int = 11;
    /// Where `tcpi_data_segs_out` stands in `struct tcp_info`: a `u32`.
    const DATA_SEGS_OUT: usize = 156;

    unsafe extern "C" {
        fn getsockopt(
            socket: c_int,
            level: c_int,
            name: c_int,
            value: *mut c_void,
            length: *mut u32,
        ) -> c_int;
    }

    pub(super) fn data_segs_out(stream: &TcpStream) -> Option<u32> {
        let mut info = [0u8; 256];
        let mut length = 256;
        // SAFETY: both pointers are valid for the call, which writes at most `length` bytes to
        // `info`, and how many they were to `length`. The descriptor is open: `stream` is borrowed.
        let result = unsafe {
            let value = info.as_mut_ptr().cast();
            getsockopt(stream.as_raw_fd(), IPPROTO_TCP, TCP_INFO, value, &raw mut length)
        };
        // An older system fills in less, and says so.
        let filled = usize::try_from(length).ok()?;
        let field = info.get(..filled)?.get(DATA_SEGS_OUT..DATA_SEGS_OUT + 4)?;
        (result == 0).then_some(u32::from_ne_bytes(field.try_into().ok()?))
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    pub(super) fn data_segs_out(_: &std::net::TcpStream) -> Option<u32> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn each_small_write_is_a_segment_without_nagle() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut stream =
            TcpStream::connect(listener.local_addr().expect("bound")).expect("listens");
        stream.set_nodelay(true).expect("a TCP socket");
        assert_eq!(data_segments_sent(&stream), Some(0));
        for _ in 0..5 {
            stream.write_all(b"x").expect("connected");
        }
        assert_eq!(data_segments_sent(&stream), Some(5));
    }
}
