use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A folder of our own with a root in it, and something beside the root to escape to.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("jail-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("root/inner/deep")).expect("a temporary folder");
        fs::write(path.join("secret"), "secret").expect("a file");
        fs::write(path.join("root/public"), "public").expect("a file");
        fs::write(path.join("root/inner/deep/file"), "deep").expect("a file");
        let link = |target: &str, name: &str| symlink(target, path.join("root").join(name));
        link("public", "stays").expect("a link");
        link("../public", "inner/climbs").expect("a link");
        link("deep/../../inner/deep/", "inner/winds").expect("a link");
        link("../secret", "leaves").expect("a link");
        link("/etc", "absolute").expect("a link");
        link("inner/../../secret", "leaves-later").expect("a link");
        link("loops", "loops").expect("a link");
        link("nowhere", "dangles").expect("a link");
        Self(path)
    }

    /// The jail with the system's help and the one without.
    fn jails(&self) -> [Jail; 2] {
        let jail = Jail::new(&self.0.join("root")).expect("the root is there");
        assert!(jail.beneath || cfg!(not(target_os = "linux")), "openat2 is there since Linux 5.6");
        [jail.clone(), jail.by_hand()]
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read(jail: &Jail, name: &str) -> io::Result<String> {
    let mut text = String::new();
    jail.open(Path::new(name))?.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn names_and_links_that_stay_are_followed() {
    let folder = Folder::new();
    for jail in folder.jails() {
        for (name, text) in [
            ("public", "public"),
            ("./public", "public"),
            ("stays", "public"),
            ("inner/climbs", "public"),
            ("inner/deep/file", "deep"),
            ("inner/winds/file", "deep"),
        ] {
            assert_eq!(read(&jail, name).expect(name), text, "{name}");
        }
        assert!(jail.open(Path::new("")).expect("the root").metadata().expect("it").is_dir());
        assert!(jail.open(Path::new("inner/winds")).is_ok());
    }
}

#[test]
fn nothing_leads_out() {
    let folder = Folder::new();
    let absolute = folder.0.join("secret").display().to_string();
    for jail in folder.jails() {
        for name in [
            "../secret",
            "inner/../../secret",
            "..",
            "inner/..",
            "/etc/passwd",
            &absolute,
            "leaves",
            "leaves-later",
            "absolute",
            "absolute/passwd",
        ] {
            let error = read(&jail, name).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{name}");
            let _ = jail.create(Path::new(name)).expect_err(name);
            let _ = jail.stat(Path::new(name)).expect_err(name);
            let _ = jail.rename(Path::new("public"), &Path::new(name).join("x")).expect_err(name);
        }
        assert_eq!(
            jail.create(Path::new("absolute/new")).expect_err("out").kind(),
            ErrorKind::PermissionDenied
        );
        let _ = read(&jail, "loops").expect_err("a loop");
        let _ = read(&jail, "dangles").expect_err("nothing there");
        let _ = read(&jail, "public/x").expect_err("a file is no directory");
        let _ = read(&jail, "public\0.png").expect_err("a NUL");
        assert_eq!(fs::read(folder.0.join("secret")).expect("still there"), b"secret");
    }
}

#[test]
fn files_are_made_renamed_and_removed_beneath_the_root() {
    let folder = Folder::new();
    for jail in folder.jails() {
        let (new, old) = (Path::new("inner/new"), Path::new("public"));
        jail.create(new).expect("a file").write_all(b"new").expect("room");
        assert_eq!(jail.create(new).expect_err("twice").kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            jail.create(Path::new("dangles")).expect_err("through a link").kind(),
            ErrorKind::AlreadyExists
        );
        jail.rename(new, Path::new("renamed")).expect("over nothing");
        assert_eq!(read(&jail, "renamed").expect("there"), "new");
        jail.rename(Path::new("renamed"), old).expect("over a file");
        assert_eq!(read(&jail, "public").expect("there"), "new");
        jail.create_directory(Path::new("folder")).expect("a directory");
        let _ = jail.remove_file(Path::new("folder")).expect_err("no file");
        jail.remove_directory(Path::new("folder")).expect("it is empty");
        jail.open_to_write(old).expect("a file").write_all(b"N").expect("room");
        assert_eq!(read(&jail, "public").expect("there"), "New");
        let _ = jail.open_to_write(Path::new("inner")).expect_err("a directory");
        let _ = jail.remove_file(Path::new("")).expect_err("the root");
    }
}

#[test]
fn a_list_holds_what_can_be_reached() {
    let folder = Folder::new();
    for jail in folder.jails() {
        let list = jail.list(Path::new(""), 100).expect("the root");
        let mut names: Vec<_> = list.iter().map(|e| e.name.to_str().expect("ASCII")).collect();
        names.sort_unstable();
        assert_eq!(names, ["inner", "public", "stays"]);
        assert!(list.iter().all(|entry| entry.is_directory() == (entry.name == "inner")));
        assert_eq!(jail.list(Path::new(""), 2).expect("the root").len(), 2);
        let _ = jail.list(Path::new("public"), 2).expect_err("a file");
    }
}

#[test]
fn a_fifo_does_not_keep_us() {
    let folder = Folder::new();
    let path = folder.0.join("root/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .expect("a FIFO");
    for jail in folder.jails() {
        let fifo = jail.open(Path::new("fifo")).expect("at once");
        assert!(!fifo.metadata().expect("it").is_file());
    }
}

#[test]
fn a_draft_has_its_name_when_it_is_whole() {
    let folder = Folder::new();
    for jail in folder.jails() {
        let names = || jail.list(Path::new("inner/deep"), 10).expect("a directory").len();
        let path = Path::new("inner/deep/new");
        let mut draft = jail.draft(path).expect("a directory to write in");
        draft.write_all(b"one").expect("room");
        let _ = jail.open(path).expect_err("not yet");
        draft.land().expect("nothing is there");
        assert_eq!(read(&jail, "inner/deep/new").expect("now"), "one");

        let mut draft = jail.draft(path).expect("again");
        draft.write_all(b"two").expect("room");
        assert_eq!(read(&jail, "inner/deep/new").expect("as before"), "one");
        draft.land().expect("in its place");
        assert_eq!(read(&jail, "inner/deep/new").expect("now"), "two");
        assert_eq!(names(), 2, "and nothing else is left");

        drop(jail.draft(path).expect("a third that is given up"));
        let error = jail.draft(path).expect("a fourth").land_new().expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let _ =
            jail.draft(Path::new("inner/deep")).expect("begun").land().expect_err("a directory");
        assert_eq!(read(&jail, "inner/deep/new").expect("as before"), "two");
        assert_eq!(names(), 2);
        jail.remove_file(path).expect("ours");
        jail.draft(path).expect("a fifth").land_new().expect("nothing is there");
        jail.remove_file(path).expect("ours");
        assert_eq!(
            jail.draft(Path::new("nowhere/x")).expect_err("none").kind(),
            ErrorKind::NotFound
        );
        let _ = jail.draft(Path::new("absolute/x")).expect_err("out");
    }
}
