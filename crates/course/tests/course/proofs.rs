//! `cargo course verify` on a course that holds, and on one that does not.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fake::{Fake, SOLUTION};

/// All fakes have one target folder, and so one scratch workspace: one proof at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const PATCH: &str = "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -5,3 +5,3 @@\n     // answer: todo!(\"add {a} and {b}\")\n-    \
    a + b\n+    a + b + 1\n     // end answer\n";

/// A course of one exercise in which everything holds.
fn course(name: &str) -> Fake {
    let fake = Fake::new(name, &[("adds", "a")]);
    fake.write("tests/wrong/one/adds/wrong-sum.patch", PATCH);
    fake.write(
        "book/src/SUMMARY.md",
        "- [Add](one/exercises/adds.md)\n- [wrong-sum](mistakes/wrong-sum.md)\n",
    );
    fake.write(
        "book/src/one/exercises/adds.md",
        "{{#include ../../../../exercises/one/adds/README.md}}\n",
    );
    fake.write(
        "book/src/mistakes/wrong-sum.md",
        "# wrong-sum\n\nAnother sum.\n\n## What\n\n## Why it happens\n\n## On the wire\n\n```text\n\
         {{#include ../figures/mistakes/adds-wrong-sum.txt}}\n```\n\n## In the world\n\n## Instead\n",
    );
    let _ = std::fs::remove_dir_all(fake.root.join("book/src/figures"));
    fake.write("Cargo.lock", "version = 4\n");
    fake
}

#[test]
fn what_holds_is_proved_and_what_does_not_is_named() {
    let _alone = alone();
    let fake = course("holds");
    fake.course(&["verify"])
        .expect(1, &["adds-wrong-sum.txt is missing: cargo course verify --bless"]);
    fake.course(&["verify", "--bless"]).expect(0, &[]);
    let figure = fake.read("book/src/figures/mistakes/adds-wrong-sum.txt");
    assert!(
        figure.starts_with("did   1. called `add`\nwant  4\ngot   5\nwhy   wrong-sum: "),
        "{figure}"
    );
    fake.course(&["verify", "--times", "2", "--times-wrong", "3"])
        .expect(0, &["1 of  1", "all proofs hold"]);

    fake.write(
        "book/src/figures/mistakes/adds-wrong-sum.txt",
        &figure.replace("want  4", "want  5"),
    );
    fake.course(&["verify"]).expect(1, &["out of date", "-want  5", "+want  4"]);
    fake.write("book/src/figures/mistakes/adds-wrong-sum.txt", &figure);

    // The learner's answer, right or wrong, is none of its business.
    assert!(fake.read("exercises/one/adds/src/lib.rs").contains("\na\n"));
}

#[test]
fn a_wrong_answer_that_passes_or_names_another_mistake_is_a_problem() {
    let _alone = alone();
    let fake = course("unproved");
    fake.write("tests/wrong/one/adds/wrong-sum.patch", &PATCH.replace("a + b + 1", "b + a"));
    fake.write("tests/wrong/one/adds/off-by-two.patch", &PATCH.replace("b + 1", "b + 2"));
    fake.write("tests/wrong/one/adds/stale.patch", &PATCH.replace("-    a + b", "-    a - b"));
    fake.write("tests/wrong/one/adds/broken.patch", &PATCH.replace("a + b + 1", "a + c"));
    fake.course(&["verify", "adds"]).expect(
        1,
        &[
            "adds: wrong-sum: passes",
            "adds: off-by-two: two_and_two_are_four names wrong-sum",
            "adds: stale: the patch no longer applies",
            "adds: broken: error[E0425]",
            "off-by-two has no page",
        ],
    );
}

#[test]
fn a_starter_that_passes_and_a_solution_that_fails_are_problems() {
    let _alone = alone();
    let fake = course("reversed");
    let solution = SOLUTION
        .replace("todo!(\"add {a} and {b}\")", "a + b")
        .replace("\n    a + b\n", "\n    a\n");
    fake.write("solutions/one/adds/src/lib.rs", &solution);
    fake.course(&["verify", "adds"]).expect(
        1,
        &[
            "the starter: two_and_two_are_four passes on the starter",
            "adds: the solution: two_and_two",
        ],
    );
}
