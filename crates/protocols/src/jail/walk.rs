//! Resolving a name beneath a directory by hand, a component at a time.
//!
//! Each component is opened with `O_NOFOLLOW` beneath the directory before it. Where that turns out
//! to be a symbolic link, its target's components take its place; `..` in a target closes the
//! directory and goes back to the one that it was reached through, and is refused at the root. No
//! name is ever given to the system with a `/` in it, so there is nothing that it could follow.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

/// Links that one name may lead through: path_resolution(7).
const MOST_LINKS: usize = 40;

/// Opens what `name` leads to beneath `root`; `EXDEV` if that would leave it.
pub(super) fn open(
    root: BorrowedFd<'_>,
    name: &Path,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    // The directories that are open below the root, and the components still to come, last first.
    let mut way: Vec<OwnedFd> = Vec::new();
    let mut rest = components(name)?;
    let mut links = 0;
    while let Some(component) = rest.pop() {
        if component == ".." {
            way.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let here = way.last().map_or(root, AsFd::as_fd);
        let as_wanted = if rest.is_empty() { flags } else { OFlags::PATH | OFlags::DIRECTORY };
        match openat(here, &component, as_wanted | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode) {
            Ok(opened) if rest.is_empty() && !is_link(&opened, flags)? => return Ok(opened),
            // With O_PATH and O_NOFOLLOW a link itself is opened, open(2).
            Ok(opened) if !rest.is_empty() => way.push(opened),
            // A link: ELOOP, or ENOTDIR where a directory was asked for.
            Ok(_) | Err(Errno::LOOP | Errno::NOTDIR) => {
                let target = target(here, &component)?;
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::LOOP);
                }
                rest.extend(components(&target)?);
            }
            Err(error) => return Err(error),
        }
    }
    // The name was the root's, or ended in `..`.
    openat(way.last().map_or(root, AsFd::as_fd), ".", flags, mode)
}

/// Whether an open with these flags has opened a link and not what it leads to.
fn is_link(opened: &OwnedFd, flags: OFlags) -> Result<bool, Errno> {
    use rustix::fs::{FileType, fstat};
    Ok(flags.contains(OFlags::PATH)
        && FileType::from_raw_mode(fstat(opened)?.st_mode) == FileType::Symlink)
}

/// Where a link leads. `ENOTDIR` if it is none: then something was no directory that should be.
fn target(directory: BorrowedFd<'_>, link: &OsStr) -> Result<std::path::PathBuf, Errno> {
    let target: CString = readlinkat(directory, link, Vec::new()).map_err(|error| match error {
        Errno::INVAL => Errno::NOTDIR,
        error => error,
    })?;
    Ok(OsString::from_vec(target.into_bytes()).into())
}

/// A name's components, the last first; `EXDEV` for an absolute one.
fn components(name: &Path) -> Result<Vec<OsString>, Errno> {
    let mut all = Vec::new();
    for component in name.components().rev() {
        match component {
            Component::Normal(part) => all.push(part.to_owned()),
            Component::ParentDir => all.push("..".into()),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err(Errno::XDEV),
        }
    }
    // A target that ends in `/` names a directory; so does the component that it stands for.
    if name.as_os_str().as_bytes().ends_with(b"/") && !all.is_empty() {
        all.insert(0, ".".into());
    }
    Ok(all)
}
