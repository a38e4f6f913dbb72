//! Options that socket2 does not set, and what the system says beside a datagram.
//!
//! `recvmsg(2)` gives, with a datagram, *control messages*: to which address it came, with which TTL.
//! Each is asked for by an option, and `sendmsg(2)` takes them too (`cmsg(3)`, RFC 3542 §4.2):
//!
//! ```text
//! ┌────────────────┬───────────┬───────────┬────────────────┐
//! │ length (usize) │ level i32 │ type i32  │ data           │   length counts the header too
//! └────────────────┴───────────┴───────────┴────────────────┘
//! ```
//!
//! This is the one module of the crate with `unsafe` in it: two system calls, and one change of a
//! slice's type. Nothing of it goes beyond Linux.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use socket2::{MaybeUninitSlice, MsgHdr, MsgHdrMut, SockAddr, Socket};

// Of Linux's <netinet/in.h>; the same on all its architectures.
pub(crate) const IPPROTO_IP: c_int = 0;
pub(crate) const IP_TTL: c_int = 2;
pub(crate) const IP_PKTINFO: c_int = 8;
pub(crate) const IP_RECVERR: c_int = 11;
pub(crate) const IP_RECVTTL: c_int = 12;
pub(crate) const IPPROTO_IPV6: c_int = 41;
pub(crate) const IPV6_RECVPKTINFO: c_int = 49;
pub(crate) const IPV6_PKTINFO: c_int = 50;
// Of <sys/socket.h>; others on MIPS, SPARC and PA-RISC.
pub(crate) const SOL_SOCKET: c_int = 1;
pub(crate) const SO_PEERCRED: c_int = 17;

/// Octets before a control message's data.
pub(crate) const HEADER: usize = size_of::<usize>() + 2 * size_of::<c_int>();
/// Room for the largest one here: 20 octets of IPv6's, and padding.
const ROOM: usize = HEADER + 24;

unsafe extern "C" {
    fn setsockopt(fd: RawFd, level: c_int, name: c_int, value: *const c_void, len: u32) -> c_int;
    fn getsockopt(fd: RawFd, level: c_int, name: c_int, value: *mut c_void, len: *mut u32)
    -> c_int;
}

/// One control message, aligned as the system wants its `cmsghdr` to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control {
    octets: Octets,
    length: usize,
}

#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Octets([u8; ROOM]);

impl Control {
    /// Its level, type and data; `None` if there is no whole message.
    pub(crate) fn parts(&mut self) -> Option<(c_int, c_int, &mut [u8])> {
        let message = self.octets.0.get_mut(..self.length)?;
        let (header, data) = message.split_at_mut_checked(HEADER)?;
        let (length, header) = header.split_first_chunk()?;
        let (level, header) = header.split_first_chunk()?;
        let (kind, _) = header.split_first_chunk()?;
        let data_length = usize::from_ne_bytes(*length).checked_sub(HEADER)?;
        let data = data.get_mut(..data_length)?;
        Some((c_int::from_ne_bytes(*level), c_int::from_ne_bytes(*kind), data))
    }
}

/// Sets an option whose value is an int.
pub(crate) fn set(socket: &Socket, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    let size = u32::try_from(size_of::<c_int>()).expect("an int is small");
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `value` is an int of the size
    // given, which setsockopt(2) reads and does not keep.
    let done =
        unsafe { setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for an option whose value is a structure of three ints.
pub(crate) fn get_three(
    socket: &impl AsRawFd,
    level: c_int,
    name: c_int,
) -> io::Result<[c_int; 3]> {
    let mut value = [0; 3];
    let mut size = u32::try_from(size_of::<[c_int; 3]>()).expect("three ints are small");
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `value` has room for the
    // `size` octets that getsockopt(2) may write, and any of them make an int.
    let done = unsafe {
        let value = (&raw mut value).cast();
        getsockopt(socket.as_raw_fd(), level, name, value, &raw mut size)
    };
    if done == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// Receives a datagram: its length, its sender, and the first control message, if there is one.
pub(crate) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr, Control)> {
    let mut control = Control { octets: Octets([0; ROOM]), length: 0 };
    let mut sender = SockAddr::from(SocketAddr::from(([0; 8], 0)));
    let count = {
        let mut buffers = [MaybeUninitSlice::new(as_uninit(buffer))];
        let mut message = MsgHdrMut::new()
            .with_addr(&mut sender)
            .with_buffers(&mut buffers)
            .with_control(as_uninit(&mut control.octets.0));
        let count = socket.recvmsg(&mut message, 0)?;
        control.length = message.control_len();
        count
    };
    let sender = sender.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((count, sender, control))
}

/// Sends a datagram with a control message.
pub(crate) fn send(
    socket: &Socket,
    bytes: &[u8],
    to: SocketAddr,
    control: &Control,
) -> io::Result<usize> {
    let (to, buffers) = (SockAddr::from(to), [IoSlice::new(bytes)]);
    let control = &control.octets.0[..control.length];
    let message = MsgHdr::new().with_addr(&to).with_buffers(&buffers).with_control(control);
    socket.sendmsg(&message, 0)
}

/// A buffer as socket2 wants it.
fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let length = bytes.len();
    // SAFETY: the two types have one layout. The new slice could be used to make octets of `bytes`
    // uninitialised; it goes to `recvmsg` alone, through which only the system writes.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), length) }
}
