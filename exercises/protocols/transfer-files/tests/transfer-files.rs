//! Graded test of `transfer-files`.
//!
//! `shell/mod.rs` plays the client, both connections and the clock; the folder is a real one.

mod mistakes;
mod shell;

use std::fs;
use std::time::Duration;

use harness::{Check, Outcome, check_within};
use transfer_files::{Action, Closed, Command, PIECE, Type};

use mistakes::{BARE_LF, DONE, MANGLES, PARTIAL, RESTART_IGNORED, RESTART_KEPT};
use shell::{Shell, mangled};

/// Lines as a file has them here, and as TYPE A has them on the wire.
const DISK: &[u8] = b"one\ntwo\n\nthree\rfour\n";
const WIRE: &[u8] = b"one\r\ntwo\r\n\r\nthree\rfour\r\n";

/// Ample: a check does some dozens of things to a real folder, on a disk that is not ours alone.
fn check(body: impl FnOnce(&Check) -> Outcome + Send + 'static) -> Outcome {
    check_within(Duration::from_secs(6), body)
}

fn retrieve(name: &str) -> Command {
    Command::Retrieve(name.to_owned())
}

fn store(name: &str) -> Command {
    Command::Store(name.to_owned())
}

fn other(line: &str) -> Command {
    Command::Other(line.to_owned())
}

fn obey(line: &str) -> Action {
    Action::Obey(line.to_owned())
}

#[test]
fn a_file_goes_out() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("a.bin", b"hello"), ("empty", b"")])?;
        shell.retrieves("a.bin", b"hello", mangled(b""))?;
        shell.retrieves("empty", b"", mangled(b""))?;
        shell.retrieves("a.bin", b"hello", mangled(b""))
    })
}

#[test]
fn a_file_comes_in() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[])?;
        shell.stores("a.bin", &[b"hel", b"lo"])?;
        shell.has("a.bin", b"hello", None)?;
        shell.stores("empty", &[])?;
        shell.has("empty", b"", None)?;
        shell.stores("a.bin", &[b"new"])?;
        shell.has("a.bin", b"new", None)?;
        shell.holds(&["a.bin", "empty"])
    })
}

#[test]
fn octets_arrive_as_they_are() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("lines", DISK)])?;
        shell.retrieves("lines", DISK, mangled(WIRE))?;
        shell.stores("in", &[WIRE])?;
        shell.has("in", WIRE, &MANGLES)?;
        let mut random = c.random();
        let octets = random.bytes(3 * PIECE);
        let mut shell = Shell::binary(c, &[("random", &octets)])?;
        shell.retrieves("random", &octets, |got| (got.len() > octets.len()).then_some(&MANGLES))?;
        c.in_one_step("stored them as another file, in pieces", || {
            shell.stores("in", &random.pieces(&octets, 4_000))
        })?;
        shell.has("in", &octets, &MANGLES)
    })
}

#[test]
fn the_lines_of_a_text_end_in_crlf_on_the_wire() -> Outcome {
    check(|c| {
        let bare = |disk: &'static [u8]| move |got: &[u8]| (got == disk).then_some(&BARE_LF);
        let mut shell = Shell::new(c, &[("text", DISK)])?;
        shell.retrieves("text", WIRE, bare(DISK))?;
        shell.stores("in", &[b"one\r\ntwo\r", b"\n\r\nthree\rfour\r\n"])?;
        shell.has("in", DISK, &BARE_LF)?;
        shell.stores("end", &[b"ends in CR\r"])?;
        shell.has("end", b"ends in CR\r", None)?;
        shell.says(Command::Type(Type::Image), &[Action::Reply(200)], None)?;
        shell.retrieves("text", DISK, mangled(WIRE))?;
        shell.says(Command::Type(Type::Ascii), &[Action::Reply(200)], None)?;
        shell.retrieves("text", WIRE, bare(DISK))?;
        // CR ends one piece, and LF begins the next.
        let mut long = vec![b'x'; PIECE - 1];
        long.extend(b"\r\nend\n");
        let wire = [&long[..PIECE + 4], b"\r\n"].concat();
        let mut shell = Shell::new(c, &[("long", &long)])?;
        shell.retrieves("long", &wire, |_| None)
    })
}

#[test]
fn a_large_file_goes_piece_by_piece() -> Outcome {
    check(|c| {
        let octets = c.random().bytes(20 * PIECE + 1);
        let mut shell = Shell::binary(c, &[("large", &octets)])?;
        shell.retrieves("large", &octets, |_| None)
    })
}

#[test]
fn what_cannot_be_is_refused_before_it_begins() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("a", b"hello"), (".hidden", b"secret")])?;
        fs::create_dir(shell.folder.join("folder")).map_err(|e| c.fail(None, e.to_string()))?;
        for name in ["none", "folder", "../a", ".hidden", ""] {
            shell.says(retrieve(name), &[Action::Drop, Action::Reply(550)], None)?;
        }
        for name in ["folder", "../b", ".hidden", "a/b", ""] {
            shell.says(store(name), &[Action::Drop, Action::Reply(553)], None)?;
        }
        shell.holds(&[".hidden", "a", "folder"])?;
        shell.retrieves("a", b"hello", mangled(b""))
    })
}

#[test]
fn a_file_is_there_when_it_is_whole() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("old", b"what was there before")])?;
        shell.begins_to_store("new")?;
        shell.shows(&["old"])?;
        shell.receives(b"hel")?;
        shell.shows(&["old"])?;
        shell.receives(b"lo")?;
        shell.lands()?;
        shell.has("new", b"hello", None)?;
        shell.begins_to_store("old")?;
        shell.receives(b"new")?;
        shell.has("old", b"what was there before", &PARTIAL)?;
        shell.lands()?;
        shell.has("old", b"new", None)?;
        shell.holds(&["new", "old"])
    })
}

#[test]
fn an_upload_that_fails_leaves_nothing() -> Outcome {
    type Failure = fn(&mut Shell<'_>) -> Outcome;
    let failures: [Failure; 3] = [
        |shell| shell.closes(Closed::Lost, &[Action::Reply(426)]),
        |shell| shell.closes(Closed::NeverOpened, &[Action::Reply(425)]),
        |shell| shell.aborts(&[]),
    ];
    check(move |c| {
        for fails in failures {
            let mut shell = Shell::binary(c, &[("old", b"before")])?;
            for name in ["new", "old"] {
                shell.begins_to_store(name)?;
                shell.receives(b"hel")?;
                fails(&mut shell)?;
                shell.has("old", b"before", &PARTIAL)?;
                shell.holds(&["old"])?;
            }
        }
        for name in ["new", "old"] {
            let mut shell = Shell::binary(c, &[("old", b"before")])?;
            shell.begins_to_store(name)?;
            shell.receives(b"hel")?;
            shell.hangs_up();
            shell.has("old", b"before", &PARTIAL)?;
            shell.holds(&["old"])?;
        }
        Ok(())
    })
}

#[test]
fn what_cannot_be_kept_is_not_praised() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("a", b"hello")])?;
        shell.begins_to_store("new")?;
        shell.receives(b"data")?;
        fs::create_dir(shell.folder.join("new")).map_err(|e| c.fail(None, e.to_string()))?;
        c.did("made a folder of that name: the file cannot be put there");
        let got = shell.ended();
        shell.is(&got, &[Action::Drop, Action::Reply(451)], None)?;
        shell.holds(&["a", "new"])?;
        shell.retrieves("a", b"hello", mangled(b""))
    })
}

#[test]
fn a_download_goes_on_where_it_was_cut() -> Outcome {
    check(|c| {
        let whole: &[u8] = b"0123456789";
        let ignored = |got: &[u8]| (got == whole).then_some(&RESTART_IGNORED);
        let kept = |got: &[u8]| (got.len() < whole.len()).then_some(&RESTART_KEPT);
        let mut shell = Shell::binary(c, &[("a", whole)])?;
        for (offset, rest) in [(4, &b"456789"[..]), (10, b"")] {
            shell.says(Command::Restart(offset), &[Action::Reply(350)], None)?;
            shell.retrieves("a", rest, ignored)?;
            shell.retrieves("a", whole, kept)?;
        }
        shell.says(Command::Restart(11), &[Action::Reply(350)], None)?;
        shell.says(retrieve("a"), &[Action::Drop, Action::Reply(554)], None)?;
        shell.says(Command::Restart(4), &[Action::Reply(350)], None)?;
        shell.says(retrieve("none"), &[Action::Drop, Action::Reply(550)], None)?;
        let first = shell.command(retrieve("a"));
        let refused = first.contains(&Action::Reply(554));
        c.want("the whole file: a transfer that failed has used the offset up");
        c.ensure(!refused, &RESTART_KEPT, || "reply 554, for the offset of before".to_owned())?;
        shell.sends(&first, whole, kept)?;
        shell.closes(Closed::InOrder, &[Action::Reply(226)])?;
        shell.says(Command::Type(Type::Ascii), &[Action::Reply(200)], None)?;
        shell.says(Command::Restart(4), &[Action::Reply(504)], None)?;
        shell.says(Command::Restart(0), &[Action::Reply(350)], None)
    })
}

#[test]
fn an_upload_goes_on_where_it_was_cut() -> Outcome {
    check(|c| {
        let old: &[u8] = b"0123456789";
        let mut shell = Shell::binary(c, &[("a", old)])?;
        shell.says(Command::Restart(4), &[Action::Reply(350)], None)?;
        shell.begins_to_store("a")?;
        shell.receives(b"ab")?;
        shell.has("a", old, &PARTIAL)?;
        shell.receives(b"c")?;
        shell.lands()?;
        shell.has("a", b"0123abc", &RESTART_IGNORED)?;
        shell.stores("a", &[b"new"])?;
        shell.has("a", b"new", &RESTART_KEPT)?;
        for name in ["a", "none"] {
            shell.says(Command::Restart(4), &[Action::Reply(350)], None)?;
            shell.says(store(name), &[Action::Drop, Action::Reply(554)], None)?;
        }
        shell.has("a", b"new", None)?;
        shell.holds(&["a"])
    })
}

#[test]
fn abor_ends_a_transfer_at_once() -> Outcome {
    check(|c| {
        let octets = c.random().bytes(3 * PIECE);
        let mut shell = Shell::binary(c, &[("a", &octets)])?;
        shell.says(Command::Abort, &[Action::Drop, Action::Reply(226)], None)?;
        shell.command(retrieve("a"));
        shell.aborts(&[])?;
        shell.retrieves("a", &octets, |_| None)
    })
}

#[test]
fn commands_wait_for_the_end_of_the_transfer() -> Outcome {
    check(|c| {
        let mut shell = Shell::binary(c, &[("a", DISK), ("b", b"b\n")])?;
        let first = shell.command(retrieve("a"));
        shell.waits(other("NOOP"))?;
        shell.waits(Command::Type(Type::Ascii))?;
        shell.waits(retrieve("b"))?;
        shell.waits(other("QUIT"))?;
        shell.sends(&first, DISK, mangled(WIRE))?;
        let then = shell.closed(Closed::InOrder);
        c.want(
            "first 226 for what has ended; then each command in its turn, up to the next transfer",
        );
        let begins = [Action::Reply(226), obey("NOOP"), Action::Reply(200)];
        let Some(next) = then.strip_prefix(&begins[..]) else {
            return shell.is(&then, &begins, None);
        };
        shell.sends(next, b"b\r\n", |got| (got == b"b\n").then_some(&BARE_LF))?;
        shell.closes(Closed::InOrder, &[Action::Reply(226), obey("QUIT")])?;
        shell.begins_to_store("c")?;
        shell.waits(other("NOOP"))?;
        shell.aborts(&[obey("NOOP")])?;
        shell.says(other("NOOP"), &[obey("NOOP")], None)
    })
}

#[test]
fn a_lost_connection_is_told() -> Outcome {
    check(|c| {
        for (how, code) in [(Closed::Lost, 426), (Closed::NeverOpened, 425)] {
            let mut shell = Shell::binary(c, &[("a", b"hello")])?;
            shell.command(retrieve("a"));
            shell.waits(other("NOOP"))?;
            shell.closes(how, &[Action::Reply(code), obey("NOOP")])?;
            shell.retrieves("a", b"hello", mangled(b""))?;
        }
        let mut shell = Shell::binary(c, &[])?;
        shell.begins_to_store("a")?;
        shell.receives(b"hello")?;
        let got = shell.ended();
        shell.is(&got, &[Action::Finish], &DONE)?;
        // The file is there, whatever became of the connection afterwards.
        shell.closes(Closed::Lost, &[Action::Reply(226)])?;
        shell.has("a", b"hello", None)
    })
}

#[test]
fn what_nobody_asked_for_does_nothing() -> Outcome {
    check(|c| {
        let octets = c.random().bytes(2 * PIECE);
        let mut shell = Shell::binary(c, &[("a", &octets)])?;
        shell.closes(Closed::Lost, &[])?;
        let first = shell.command(retrieve("a"));
        shell.receives(b"what a client sends while it is sent a file")?;
        let got = shell.ended();
        shell.is(&got, &[], None)?;
        shell.sends(&first, &octets, |_| None)?;
        shell.closes(Closed::InOrder, &[Action::Reply(226)])?;
        shell.holds(&["a"])
    })
}
