//! What the lines of the control connection say.

#[cfg(not(feature = "solution"))]
use transfer_files as answer;
#[cfg(feature = "solution")]
use transfer_files_solution as answer;

use answer::{Command, Type};

/// The verb of a line, in capitals, and what follows it.
pub(crate) fn split(line: &str) -> (String, &str) {
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    (verb.to_ascii_uppercase(), argument)
}

/// The command that a line is. One that is malformed is none of the answer's.
pub(crate) fn parse(line: &[u8]) -> Command {
    // A name that is no text is none that a file has here.
    let line = String::from_utf8_lossy(line).into_owned();
    let (verb, argument) = split(&line);
    let name = || argument.to_owned();
    match verb.as_str() {
        "RETR" => Command::Retrieve(name()),
        "STOR" => Command::Store(name()),
        "ABOR" => Command::Abort,
        "TYPE" => match argument.to_ascii_uppercase().as_str() {
            "A" | "A N" => Command::Type(Type::Ascii),
            "I" | "L 8" => Command::Type(Type::Image),
            _ => Command::Other(line),
        },
        // `parse` would take a plus.
        "REST" if argument.bytes().all(|octet| octet.is_ascii_digit()) => {
            argument.parse().map_or(Command::Other(line), Command::Restart)
        }
        _ => Command::Other(line),
    }
}

/// The words beside a reply's code.
pub(crate) fn words(code: u16) -> &'static str {
    match code {
        150 => "The data connection is opened.",
        200 => "Good.",
        226 => "The data connection is closed.",
        350 => "From there on, then.",
        425 => "Nobody came for the data connection.",
        426 => "The transfer was cut.",
        451 => "The file cannot be read or written.",
        504 => "Not in this type.",
        550 => "There is no such file.",
        553 => "No file can have that name.",
        554 => "The file ends before that.",
        _ => "Your answer says so.",
    }
}
