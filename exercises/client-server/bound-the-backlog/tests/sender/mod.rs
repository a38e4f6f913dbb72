//! A backlog, its writer, and a count of what each should hold.

use std::io;

use bound_the_backlog::{Backlog, Full};
use harness::{Check, Mistake, Outcome, Random, Take, Writer};

use crate::mistakes::DROPPED;

pub(crate) struct Sender<'a> {
    c: &'a Check,
    /// Where there are two: whose steps are told.
    name: &'static str,
    backlog: Backlog,
    writer: Writer,
    random: Random,
    /// All frames that were taken, one behind the other.
    pushed: Vec<u8>,
    low: usize,
    high: usize,
    /// Whether it should be paused.
    paused: bool,
}

impl<'a> Sender<'a> {
    /// `marks` are the low and the high one.
    pub(crate) fn new(
        c: &'a Check,
        (low, high): (usize, usize),
        script: impl IntoIterator<Item = Take>,
        then: Take,
    ) -> Self {
        Self::named(c, "", (low, high), script, then)
    }

    /// One of several, whose steps begin with `name`.
    pub(crate) fn named(
        c: &'a Check,
        name: &'static str,
        (low, high): (usize, usize),
        script: impl IntoIterator<Item = Take>,
        then: Take,
    ) -> Self {
        c.did(format!("{name}made a backlog: low {low}, high {high}"));
        let (backlog, random) = (Backlog::new(low, high), c.random());
        let writer = Writer::new(c, script, then);
        Self { c, name, backlog, writer, random, pushed: Vec::new(), low, high, paused: false }
    }

    pub(crate) fn pending(&self) -> usize {
        self.backlog.pending()
    }

    /// How often `write` was called.
    pub(crate) fn calls(&self) -> usize {
        self.writer.calls()
    }

    /// Pushes a frame of random bytes, and does not judge the answer.
    pub(crate) fn try_push(&mut self, length: usize) -> Result<(), Full> {
        let frame = self.random.bytes(length);
        let result = self.backlog.push(&frame);
        if result.is_ok() {
            self.pushed.extend_from_slice(&frame);
        }
        result
    }

    /// Pushes a frame that must be taken, whole.
    pub(crate) fn push(&mut self, length: usize) -> Outcome {
        self.c.did(format!("{}pushed a frame of {length} bytes", self.name));
        self.c.want("Ok(()), and the whole frame queued");
        let result = self.try_push(length);
        self.c.ok("`push`", result, None)?;
        self.counts()
    }

    pub(crate) fn try_flush(&mut self) -> io::Result<()> {
        self.c.did(format!("{}called `flush`", self.name));
        self.backlog.flush(&mut self.writer)
    }

    /// Flushes, and fails unless what the writer did not take still waits.
    pub(crate) fn flush(&mut self) -> Outcome {
        let before = self.writer.received().len();
        let result = self.try_flush();
        let took = self.writer.received().len() - before;
        self.c.did(format!("{}the writer took {took} of the bytes", self.name));
        if let Err(error) = result {
            self.c.want("Ok(()): what the writer does not take now goes out later");
            let got = format!("`flush` returned an error of kind {:?}", error.kind());
            return Err(self.c.fail(None, got));
        }
        self.counts()
    }

    /// Fails unless what was pushed was either taken by the writer or waits.
    pub(crate) fn counts(&self) -> Outcome {
        let want = self.pushed.len().saturating_sub(self.writer.received().len());
        let got = self.backlog.pending();
        self.c.want(format!(
            "{} bytes pushed, {} of them taken by the writer: {want} wait",
            self.pushed.len(),
            self.writer.received().len()
        ));
        let mistake = (got < want).then_some(&DROPPED);
        self.c.ensure(got == want, mistake, || format!("`pending` says {got}"))
    }

    /// Fails unless it is paused, or is not. `rule` says why it should.
    pub(crate) fn paused(
        &self,
        want: bool,
        rule: &str,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.c.did("called `is_paused`");
        self.c.want(format!("{want}: {rule}"));
        let got = self.backlog.is_paused();
        self.c.ensure(got == want, mistake, || format!("{got}, with {} bytes", self.pending()))
    }

    /// Fails unless nothing waits, and the writer has each byte once, in order.
    pub(crate) fn all_arrived(&self) -> Outcome {
        self.c.want(format!("all {} bytes at the writer, in order", self.pushed.len()));
        let got = self.writer.received();
        let lost = got.len() < self.pushed.len();
        self.c.same_bytes(&self.pushed, got, lost.then_some(&DROPPED))
    }

    /// Pushes a frame, which is taken just if the backlog should not be paused.
    pub(crate) fn push_as_model(&mut self, length: usize) -> Outcome {
        let result = self.try_push(length);
        let want = if self.paused { Err(Full) } else { Ok(()) };
        self.c.want(format!("{want:?} for a frame of {length} bytes"));
        self.c.ensure(result == want, None, || format!("{result:?}"))?;
        self.counts()?;
        self.paused |= self.waits() > self.high;
        self.as_model()
    }

    /// Flushes; it is resumed just if so much was taken.
    pub(crate) fn flush_as_model(&mut self) -> Outcome {
        let result = self.backlog.flush(&mut self.writer);
        self.c.want("Ok(())");
        self.c.ok("`flush`", result, None)?;
        self.counts()?;
        self.paused &= self.waits() > self.low;
        self.as_model()
    }

    fn as_model(&self) -> Outcome {
        let (got, waits) = (self.backlog.is_paused(), self.waits());
        self.c.want(format!("paused: {}, low {}, high {}", self.paused, self.low, self.high));
        self.c.ensure(got == self.paused, None, || format!("paused: {got}, {waits} bytes wait"))
    }

    fn waits(&self) -> usize {
        self.pushed.len() - self.writer.received().len()
    }
}
