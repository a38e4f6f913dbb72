//! A TUN device: a network interface whose cable ends in this program (Linux).
//!
//! ```text
//!   curl ── kernel's TCP ── kernel's IP ── tun0 ══ /dev/net/tun ── this program
//! ```
//!
//! What the kernel routes to the interface, a read gives: one IP packet each time, from its first
//! octet. What is written, the kernel takes for a packet that has arrived. The device is described in
//! the kernel's `Documentation/networking/tuntap.rst`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;

/// Where devices come from. Anybody may open it; what is then asked of it needs `CAP_NET_ADMIN`,
/// or a device that its administrator gave to the user (`ip tuntap add … user …`).
const CLONE_DEVICE: &str = "/dev/net/tun";

/// Octets of an interface's name with its final zero: `IFNAMSIZ` of `netdevice(7)`.
const NAME: usize = 16;

/// A TUN device, which does not block: where there is nothing to read, it says `WouldBlock`.
#[derive(Debug)]
pub struct Tun {
    device: File,
    name: String,
}

impl Tun {
    /// Attaches to the device of this name, or makes it. A device that was made here is gone when the
    /// program is; one that was there before (`ip tuntap add dev tun0 mode tun`) stays.
    ///
    /// A new device has no address and is down: packets come once it is up.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a name that is empty or of more than 15 octets; `PermissionDenied`
    /// without the right to it; `ResourceBusy` if somebody has it; `NotFound` if the kernel has
    /// no TUN.
    pub fn open(name: &str) -> io::Result<Self> {
        if !is_name(name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no name of an interface"));
        }
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let options = &mut OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(nonblocking);
        let device = options.open(CLONE_DEVICE)?;
        attach::attach(&device, name)?;
        Ok(Self { device, name: name.to_owned() })
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next packet that the kernel sends: its length. A packet that is longer than the buffer is
    /// cut.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none now. Others, if the interface is gone.
    pub fn receive(&self, packet: &mut [u8]) -> io::Result<usize> {
        (&self.device).read(packet)
    }

    /// Gives a packet to the kernel.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is none; [EIO](io::Error::raw_os_error) while the interface is down.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        (&self.device).write(packet).map(drop)
    }
}

/// Whether an interface can have this name: 1 to 15 octets, and none that means something in a path or
/// to the kernel, which would choose a number for a `%d`.
pub fn is_name(name: &str) -> bool {
    (1..NAME).contains(&name.len()) && !name.contains(['\0', '/', '%', ' '])
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

/// The one call for which there is no safe wrapper.
#[allow(unsafe_code)]
mod attach {
    use std::fs::File;
    use std::io;

    use rustix::ioctl::{self, Opcode, Setter, opcode};

    use super::NAME;

    /// `TUNSETIFF` of `<linux/if_tun.h>`: "I want to be this interface".
    const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
    /// IP packets, not Ethernet frames; and nothing in front of them.
    const IFF_TUN: u16 = 0x0001;
    const IFF_NO_PI: u16 = 0x1000;

    /// `struct ifreq` of `<linux/if.h>`, as `TUNSETIFF` has it: a name, flags, and room for what
    /// other calls need there.
    #[repr(C)]
    struct InterfaceRequest {
        name: [u8; NAME],
        flags: u16,
        rest: [u8; 22],
    }

    /// The whole is as long as the kernel's, on machines of 64 bits; it copies that many octets in
    /// and out.
    const _: () = assert!(size_of::<InterfaceRequest>() == 40);

    pub(super) fn attach(device: &File, name: &str) -> io::Result<()> {
        let mut request =
            InterfaceRequest { name: [0; NAME], flags: IFF_TUN | IFF_NO_PI, rest: [0; 22] };
        request.name[..name.len()].copy_from_slice(name.as_bytes());
        // SAFETY: TUNSETIFF reads a `struct ifreq`, which the type above has the size and layout
        // of, with the alignment that its two-octet field needs; its name ends with a zero, since
        // `open` allows at most 15 octets. The kernel writes nothing but the name back, into the
        // same structure, which lives until the call returns. (The opcode says `int`, as the kernel's
        // header does, although a pointer is meant.)
        let call = unsafe { Setter::<TUNSETIFF, InterfaceRequest>::new(request) };
        // SAFETY: as above; and `device` is open for all of the call.
        unsafe { ioctl::ioctl(device, call) }?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_one() {
        for name in ["", "sixteen octets..", "a/b", "tun%d"] {
            let error = Tun::open(name).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        }
    }
}
