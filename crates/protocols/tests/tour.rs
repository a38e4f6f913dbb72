//! The tour holds what it claims, and is over soon.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_tour_holds() {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_protocols"));
    let output = command.stdin(Stdio::null()).output().expect("the program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(", 0 did not hold."), "{said}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
