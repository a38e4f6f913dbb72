//! The answer's resolver, asked at times of the test's choice.

use std::time::Duration;

use harness::{Check, Mistake, Outcome};
use resolve_safely::wire::{Data, Question};
use resolve_safely::{Answer, Failure, Resolver};

use crate::mistakes::{GIVES_UP, ID, QUESTION, SENDER, SERVER_FAILED};
use crate::net::{Exchange, Net, named, server};

pub(crate) type Got = Result<Answer, Failure>;

/// Records with these addresses.
pub(crate) fn addresses(texts: &[&str]) -> Got {
    let address = |text: &&str| Data::Address(text.parse().expect("an address"));
    Ok(Answer::Records(texts.iter().map(address).collect()))
}

/// A resolver, and questions to it.
pub(crate) struct Asker<'a> {
    c: &'a Check,
    resolver: Resolver,
    seed: u64,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(c: &'a Check) -> Self {
        c.did("made a resolver");
        Self::quiet(c)
    }

    /// Without a step of its own.
    pub(crate) fn quiet(c: &'a Check) -> Self {
        Self { c, resolver: Resolver::new(server()), seed: c.random().next_u64() }
    }

    pub(crate) fn remembered(&self) -> usize {
        self.resolver.remembered()
    }

    /// Asks at this time, in milliseconds. Fails unless exactly the script is asked for on the way,
    /// and this comes of it. If not, it is for this mistake.
    pub(crate) fn asks(
        &mut self,
        millis: u64,
        (name, qtype): (&str, u16),
        script: impl IntoIterator<Item = Exchange>,
        want: Got,
        mistake: Option<&'static Mistake>,
    ) -> Outcome {
        let c = self.c;
        let question = Question::new(name, qtype).expect("a name");
        let now = Duration::from_millis(millis);
        let time = now.as_secs_f64();
        c.did(format!("called `resolve` with {name} {}, at the time {time}", named(qtype)));
        self.seed = self.seed.wrapping_add(1);
        let mut net = Net::new(c, script.into_iter().collect(), self.seed);
        let memory = if net.missing().is_none() { ", from memory" } else { "" };
        c.want(format!("{want:?}{memory}"));
        // What it proves if the answer asks where it should not.
        let forged = [&ID, &SENDER, &QUESTION, &GIVES_UP].map(Some).contains(&mistake);
        let served = mistake.filter(|&mistake| mistake != &SERVER_FAILED);
        c.suspect(if forged { Some(&GIVES_UP) } else { served });
        let got = self.resolver.resolve(&question, &mut net, now);
        let mistake = match got {
            Err(Failure::NoAnswer | Failure::Server(_)) if forged => Some(&GIVES_UP),
            Err(_) => served,
            Ok(_) => mistake,
        };
        if let Some(missing) = net.missing() {
            return Err(c.fail(mistake, format!("{got:?}: {missing}")));
        }
        c.ensure(got == want, mistake, || format!("{got:?}"))
    }
}
