//! Graded test of `pool-the-threads`.

mod crew;
mod mistakes;

use std::iter;
use std::sync::mpsc;
use std::time::Duration;

use harness::{Outcome, check, check_alone, check_within};

use crew::{Crew, Gate, PATIENCE, tell, threads};
use mistakes::{LOCK_HELD, NO_WAIT, UNBOUNDED, WAITS_FIRST, WORKER_DIES};

#[test]
fn a_job_runs() -> Outcome {
    check(|c| {
        let crew = Crew::new(c, 1, 1);
        let (done, ran) = mpsc::channel();
        crew.execute("a job", move || tell(&done, ()))?;
        c.want("the job runs");
        c.ensure(ran.recv_timeout(PATIENCE).is_ok(), None, || crew::waited("it did not run"))
    })
}

#[test]
fn each_job_runs_once() -> Outcome {
    check(|c| {
        let crew = Crew::new(c, 4, 200);
        let (done, ran) = mpsc::channel();
        c.in_one_step("called `execute` with 200 jobs", || {
            (0..200).try_for_each(|number| {
                let done = done.clone();
                crew.execute("a job", move || tell(&done, number))
            })
        })?;
        drop(done); // The channel ends when the last job is gone.
        c.want("each of them runs, once");
        let mut got = Vec::new();
        while let Ok(number) = ran.recv_timeout(PATIENCE) {
            got.push(number);
        }
        got.sort_unstable();
        c.ensure(got == Vec::from_iter(0..200), None, || format!("{} runs", got.len()))
    })
}

#[test]
fn jobs_run_side_by_side() -> Outcome {
    // Alone, since it counts the threads of the process.
    check_alone(|c| {
        let before = threads();
        let crew = Crew::new(c, 8, 8);
        let met = crew.meets(8)?;
        let started = threads().difference(&before).count();
        c.want("all 8 jobs run at the same time: each waits until the others have begun");
        // The threads are there, and yet one job waits for the end of another.
        let serial = (met == 1 && started >= 8).then_some(&LOCK_HELD);
        c.ensure(met == 8, serial, || crew::waited(&format!("{met} of 8 jobs had begun")))
    })
}

#[test]
fn a_job_that_panics() -> Outcome {
    check_within(Duration::from_secs(6), |c| {
        let crew = Crew::new(c, 2, 8);
        let met = crew.meets(2)?;
        c.want("both jobs run at the same time");
        c.ensure(met == 2, None, || crew::waited(&format!("{met} of 2 jobs had begun")))?;
        c.did("called `execute` with 4 jobs that panic, one after the other");
        c.want("the workers outlive the panics of their jobs");
        for number in 0..4 {
            let (done, ran) = mpsc::channel();
            let taken = crew.try_execute(move || {
                tell(&done, ());
                crew::panic();
            });
            let begun = taken.is_ok() && ran.recv_timeout(PATIENCE).is_ok();
            c.ensure(begun, (number > 0).then_some(&WORKER_DIES), || {
                format!("after {number} panics the next job did not run; `execute`: {taken:?}")
            })?;
        }
        let met = crew.meets(2).map_err(|report| report.because(&WORKER_DIES))?;
        c.want("two workers, as before the panics");
        c.ensure(met == 2, &WORKER_DIES, || crew::waited(&format!("{met} of 2 jobs had begun")))
    })
}

#[test]
fn a_full_queue_takes_nothing() -> Outcome {
    check(|c| {
        let crew = Crew::new(c, 1, 2);
        let gate = Gate::default();
        let (done, runs) = mpsc::channel();
        let (begun, begins) = mpsc::channel();
        let wait = gate.clone();
        crew.execute("a job that keeps the worker busy", move || {
            tell(&begun, ());
            wait.pass();
        })?;
        c.want("the job runs");
        c.ensure(begins.recv_timeout(PATIENCE).is_ok(), None, || crew::waited("it did not"))?;
        let job = || {
            let done = done.clone();
            move || tell(&done, ())
        };
        crew.execute("a job, which waits", job())?;
        crew.execute("another, which fills the queue", job())?;
        c.did("called `execute` with 50 jobs more");
        c.want("Err(Full) for each of them, at once");
        let taken = crew.many(50, job)?;
        c.ensure(taken == 0, &UNBOUNDED, || format!("Ok(()) for {taken} of them"))?;
        c.did("let the first job end");
        gate.open();
        crew.drop_within(PATIENCE);
        drop(done);
        c.want("the jobs that were taken run: two, and none that was refused");
        let ran = iter::from_fn(|| runs.recv_timeout(PATIENCE).ok()).count();
        c.ensure(ran == 2, None, || format!("{ran} ran"))
    })
}

#[test]
fn a_drop_waits_for_what_was_taken() -> Outcome {
    check_within(Duration::from_secs(6), |c| {
        let crew = Crew::new(c, 2, 10);
        let (gate, dropped) = (Gate::default(), Gate::default());
        let (done, ran) = mpsc::channel();
        c.in_one_step("called `execute` with 6 jobs; the last takes its time", || {
            (0..6).try_for_each(|number| {
                let (gate, dropped, done) = (gate.clone(), dropped.clone(), done.clone());
                crew.execute("a job", move || {
                    gate.pass();
                    // A drop that waits cannot end while this job runs.
                    let early = number == 5 && dropped.is_open_within(Duration::from_millis(80));
                    tell(&done, early);
                })
            })
        })?;
        drop(done);
        c.did("dropped the pool, and let the jobs go on");
        c.want("the drop returns when the last of the 6 jobs has run");
        gate.open();
        let returned = crew.drop_within(PATIENCE);
        dropped.open();
        let runs: Vec<bool> = iter::from_fn(|| ran.recv_timeout(PATIENCE).ok()).collect();
        c.ensure(!runs.contains(&true), &NO_WAIT, || {
            "it returned while the last job ran".to_owned()
        })?;
        let all = runs.len() == 6;
        c.ensure(all, None, || format!("it returned, and {} of 6 jobs ran", runs.len()))?;
        c.want("the drop returns once all jobs have run");
        c.ensure(returned, &WAITS_FIRST, || crew::waited("all jobs had run; it had not returned"))
    })
}
