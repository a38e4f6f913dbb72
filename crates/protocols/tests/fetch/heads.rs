//! Status lines and fields.

use crate::{Case, answer, play, play_cut};

/// A right answer behind this status line and these fields.
fn head(name: &'static str, head: &str) -> Case {
    answer(name, format!("{head}\r\nContent-Length: 2\r\n\r\nok"))
}

#[test]
fn what_is_odd_and_clear_is_understood() {
    play(&[
        head("usual", "HTTP/1.1 200 OK").gives("ok"),
        head("no reason", "HTTP/1.1 200 ").gives("ok"),
        head("no space behind the status", "HTTP/1.1 200").gives("ok"),
        head("HTTP/1.0", "HTTP/1.0 200 OK").gives("ok"),
        head("a later minor version", "HTTP/1.9 200 OK").gives("ok"),
        head("a status of no known class", "HTTP/1.1 799 Odd").gives("ok"),
        head("a long reason", &format!("HTTP/1.1 200 {}", "x".repeat(5_000))).gives("ok"),
        head("a reason that is not ASCII", "HTTP/1.1 200 Très bien").gives("ok"),
        answer("LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok").gives("ok"),
        answer("LF and CRLF", "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok").gives("ok"),
        head("a folded field", "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\tthree").gives("ok"),
        answer("a folded length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok").gives("ok"),
        head("an empty value", "HTTP/1.1 200 OK\r\nX-A:").gives("ok"),
        head("no space behind the colon", "HTTP/1.1 200 OK\r\nX-A:b").gives("ok"),
        head("space around a value", "HTTP/1.1 200 OK\r\nX-A: \t b \t ").gives("ok"),
        head("a value above ASCII", "HTTP/1.1 200 OK\r\nX-A: \u{e9}").gives("ok"),
        answer("names in any case", "HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 2\r\n\r\nok").gives("ok"),
        head("the whole head is printed", "HTTP/1.1 200 OK\r\nX-A: b")
            .with("{}/a --include")
            .gives("HTTP/1.1 200 OK\nX-A: b\nContent-Length: 2\n\nok"),
    ]);
}

#[test]
fn what_is_long_and_right_is_understood() {
    play_cut(
        &[
            head("150 fields", &format!("HTTP/1.1 200 OK{}", "\r\nX-A: b".repeat(150))).gives("ok"),
            head(
                "a field of 50,000 octets",
                &format!("HTTP/1.1 200 OK\r\nX-A: {}", "x".repeat(50_000)),
            )
            .gives("ok"),
        ],
        &[usize::MAX, 1_000],
    );
}

#[test]
fn what_is_no_head_is_a_failure() {
    play(&[
        head("lower case", "http/1.1 200 OK").fails("does not speak HTTP/1"),
        head("HTTP/2", "HTTP/2.0 200 OK").fails("HTTP/2.0"),
        head("HTTP/0.9 in words", "HTTP/0.9 200 OK").fails("HTTP/0.9"),
        answer("HTTP/0.9", "<html>hello</html>").fails("does not speak HTTP/1"),
        // How much of it is told depends on how much of it had come.
        answer("another protocol", "SSH-2.0-OpenSSH_9.2\r\n").fails("it said `S"),
        answer("octets", [0x15, 3, 1, 0, 2, 2, 0x46]).fails("does not speak"),
        head("no version", "HTTP 200 OK").fails("does not speak HTTP/1"),
        head("two spaces", "HTTP/1.1  200 OK").fails("status line"),
        head("a tab", "HTTP/1.1\t200 OK").fails("status line"),
        head("two digits", "HTTP/1.1 20 OK").fails("status line"),
        head("four digits", "HTTP/1.1 2000 OK").fails("status line"),
        head("a status below 100", "HTTP/1.1 099 OK").fails("status line"),
        head("a sign", "HTTP/1.1 +20 OK").fails("status line"),
        head("letters", "HTTP/1.1 abc OK").fails("status line"),
        head("NUL in the reason", "HTTP/1.1 200 O\0K").fails("status line"),
        head("a space before the colon", "HTTP/1.1 200 OK\r\nX-A : b").fails("in a field's name"),
        head("no colon", "HTTP/1.1 200 OK\r\nnothing").fails("without a colon"),
        head("no name", "HTTP/1.1 200 OK\r\n: b").fails("without a name"),
        head("a fold before the first", "HTTP/1.1 200 OK\r\n X-A: b").fails("folded"),
        head("NUL in a value", "HTTP/1.1 200 OK\r\nX-A: o\0ne").fails("0x00"),
        head("CR in a value", "HTTP/1.1 200 OK\r\nX-A: o\rne").fails("0x0d"),
        answer("nothing", "").fails("said nothing"),
        answer("half a status line", "HTTP/1.1 20").fails("in the middle of the response's head"),
        answer("half a head", "HTTP/1.1 200 OK\r\nContent-Le").fails("in the middle of"),
        answer("no empty line", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
            .fails("in the middle of"),
        head("an empty line before it", "\r\nHTTP/1.1 200 OK").fails("does not speak HTTP/1"),
    ]);
}

#[test]
fn a_head_without_an_end_is_given_up() {
    let huge = |line: &str| format!("HTTP/1.1 200 OK\r\n{}", line.repeat(300_000 / line.len()));
    play_cut(
        &[
            answer("a status line without end", format!("HTTP/1.1 200 {}", "x".repeat(300_000)))
                .fails("a status line of more than"),
            answer("a field without end", huge("X-A: xxxxxxxxx").replace("\r\nX", "X"))
                .fails("head"),
            answer("one huge field", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(300_000)))
                .fails("too long"),
            answer("fields without end", huge("X-A: b\r\n")).fails("too many lines"),
            answer("large fields without end", huge(&format!("X-A: {}\r\n", "b".repeat(900))))
                .fails("too long"),
        ],
        &[usize::MAX, 1_000],
    );
}
