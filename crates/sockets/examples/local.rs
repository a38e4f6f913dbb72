//! Sockets within one machine: a file for an address, and none at all.
//!
//! ```sh
//! cargo run -p sockets --example local
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("sockets-local-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let shown =
        echo(&folder).and_then(|()| file_that_stays(&folder)).and_then(|()| too_long(&folder));
    fs::remove_dir_all(&folder)?;
    shown?;
    no_address_at_all()?;
    dropped_with_unread_bytes()
}

// ANCHOR: echo
fn echo(folder: &Path) -> io::Result<()> {
    let path = folder.join("echo.sock");
    let listener = UnixListener::bind(&path)?;
    let mut client = UnixStream::connect(&path)?;
    let (mut server, peer) = listener.accept()?;

    client.write_all(b"hello")?;
    let mut buffer = [0; 5];
    server.read_exact(&mut buffer)?;
    // ANCHOR_END: echo
    assert_eq!(&buffer, b"hello");
    assert!(peer.is_unnamed());
    assert!(fs::metadata(&path)?.file_type().is_socket());
    println!("bind     …/echo.sock: a file of the type socket is there");
    println!("connect  …/echo.sock: Ok");
    println!("accept   a client without a name");
    println!("read     \"hello\"\n");
    Ok(())
}

fn file_that_stays(folder: &Path) -> io::Result<()> {
    let path = folder.join("stays.sock");
    drop(UnixListener::bind(&path)?);
    assert!(path.exists());
    println!("the listener is gone; its file stays:");
    let error = UnixStream::connect(&path).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    println!("  connect         {error}");
    let error = UnixListener::bind(&path).expect_err("the file is there");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    println!("  bind            {error}");
    fs::remove_file(&path)?;
    UnixListener::bind(&path)?;
    println!("  remove, bind    Ok\n");
    Ok(())
}

/// `sun_path` holds 108 octets on Linux, the NUL at its end among them (`unix(7)`).
fn too_long(folder: &Path) -> io::Result<()> {
    let name = "x".repeat(107 - folder.as_os_str().len());
    let error = UnixListener::bind(folder.join(&name)).expect_err("the path has 108 octets");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    println!("a path of 107 octets:  Ok");
    UnixListener::bind(folder.join(&name[1..]))?;
    println!("a path of 108 octets:  {error}\n");
    Ok(())
}

// ANCHOR: pair
fn no_address_at_all() -> io::Result<()> {
    let (mut near, mut far) = UnixStream::pair()?;
    near.write_all(b"between us")?;
    drop(near);
    let mut said = String::new();
    far.read_to_string(&mut said)?;
    // ANCHOR_END: pair
    assert_eq!(said, "between us");
    assert!(far.local_addr()?.is_unnamed());
    println!("a pair:  \"{said}\", and neither end has an address");
    Ok(())
}

/// No packets cross, and still the end that is left is told (seen on Linux).
fn dropped_with_unread_bytes() -> io::Result<()> {
    let (mut near, far) = UnixStream::pair()?;
    near.write_all(b"never read")?;
    drop(far);
    let error = near.read(&mut [0; 8]).expect_err("the other end dropped what we sent");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    println!("one end dropped, with bytes unread:  {error}");
    Ok(())
}
