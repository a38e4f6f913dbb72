//! To which of our addresses a datagram came, and sending the answer from it.
//!
//! A socket bound to a wildcard (`0.0.0.0`, `[::]`) receives datagrams for every address of the
//! machine, and answers from whichever one the routing table likes. A client that asked 127.0.0.2
//! and is answered by 127.0.0.1 throws the answer away, if it has connected its socket as it should.
//!
//! Linux hands the address over beside the datagram, in a *control message*, and takes the same
//! message when it sends (`IP_PKTINFO` in `ip(7)`, `IPV6_RECVPKTINFO` in `ipv6(7)` and RFC 3542
//! §6.2):
//!
//! ```text
//! ┌────────────────┬──────────┬─────────┬────────────────────────────────────────────────────┐
//! │ length (usize) │ level i32│ type i32│ IPv4: interface u32, our address 4, header's 4     │
//! │                │          │         │ IPv6: our address 16, interface u32                │
//! └────────────────┴──────────┴─────────┴────────────────────────────────────────────────────┘
//! ```
//!
//! Neither the standard library nor socket2 sets that option. This is the one module of the crate
//! with `unsafe` in it: one system call, and one change of a slice's type.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, MaybeUninitSlice, MsgHdr, MsgHdrMut, SockAddr, Socket};

// Of Linux's <netinet/in.h>; the same on all its architectures.
const IPPROTO_IP: c_int = 0;
const IP_PKTINFO: c_int = 8;
const IPPROTO_IPV6: c_int = 41;
const IPV6_RECVPKTINFO: c_int = 49;
const IPV6_PKTINFO: c_int = 50;

/// Octets before a control message's data.
const HEADER: usize = size_of::<usize>() + 2 * size_of::<c_int>();
/// The largest control message here: header, 20 octets of IPv6, and padding.
const CONTROL: usize = HEADER + 24;

unsafe extern "C" {
    fn setsockopt(fd: RawFd, level: c_int, name: c_int, value: *const c_void, len: u32) -> c_int;
}

/// The control message that came with a datagram: give it back when you answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination {
    control: Control,
    length: usize,
}

/// Aligned as the system wants its `cmsghdr` to be.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Control([u8; CONTROL]);

/// Asks the system for the destination of each datagram that `socket` receives.
pub(crate) fn ask_for_destinations(socket: &Socket) -> io::Result<()> {
    let (level, name) = if socket.domain()? == Domain::IPV6 {
        (IPPROTO_IPV6, IPV6_RECVPKTINFO)
    } else {
        (IPPROTO_IP, IP_PKTINFO)
    };
    let on: c_int = 1;
    let size = u32::try_from(size_of::<c_int>()).expect("an int is small");
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `value` points to an int
    // of the size given, which setsockopt(2) reads and does not keep.
    let done = unsafe { setsockopt(socket.as_raw_fd(), level, name, (&raw const on).cast(), size) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receives a datagram: its length, its sender, and where it was sent to.
pub(crate) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr, Option<Destination>)> {
    let mut control = Control([0; CONTROL]);
    let mut sender = SockAddr::from(SocketAddr::from(([0; 8], 0)));
    let (count, control_length) = {
        let mut buffers = [MaybeUninitSlice::new(as_uninit(buffer))];
        let mut message = MsgHdrMut::new()
            .with_addr(&mut sender)
            .with_buffers(&mut buffers)
            .with_control(as_uninit(&mut control.0));
        let count = socket.recvmsg(&mut message, 0)?;
        (count, message.control_len())
    };
    let sender = sender.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((count, sender, Destination::read(control, control_length)))
}

/// Sends a datagram from where the one that it answers was sent to.
pub(crate) fn send(
    socket: &Socket,
    bytes: &[u8],
    to: SocketAddr,
    from: &Destination,
) -> io::Result<usize> {
    let (to, buffers) = (SockAddr::from(to), [IoSlice::new(bytes)]);
    let control = &from.control.0[..from.length];
    socket.sendmsg(&MsgHdr::new().with_addr(&to).with_buffers(&buffers).with_control(control), 0)
}

impl Destination {
    /// Takes the message as the system wrote it, and makes it the one to send back.
    fn read(mut control: Control, length: usize) -> Option<Self> {
        let bytes = control.0.get_mut(..length)?;
        let (header, data) = bytes.split_at_mut_checked(HEADER)?;
        let (size, kind) = header.split_at(size_of::<usize>());
        let size = usize::from_ne_bytes(size.try_into().ok()?);
        let level = c_int::from_ne_bytes(kind[..4].try_into().ok()?);
        let kind = c_int::from_ne_bytes(kind[4..].try_into().ok()?);
        // The interface number goes: given, it would have the system put the interface's first
        // address in the place of the one asked for (ip(7)). But a link-local IPv6 address means
        // nothing without its interface.
        let interface = match (level, kind) {
            (IPPROTO_IP, IP_PKTINFO) => Some(0..4),
            (IPPROTO_IPV6, IPV6_PKTINFO) if data.starts_with(&[0xfe, 0x80]) => None,
            (IPPROTO_IPV6, IPV6_PKTINFO) => Some(16..20),
            _ => return None,
        };
        if let Some(interface) = interface {
            data.get_mut(interface)?.fill(0);
        }
        (size <= length).then_some(Self { control, length })
    }
}

/// A buffer as socket2 wants it.
fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let length = bytes.len();
    // SAFETY: the two types have one layout. The new slice could be used to make octets of `bytes`
    // uninitialised; it goes to `recvmsg` alone, through which only the system writes.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), length) }
}
