//! Graded test of `resolve-safely`.

mod asker;
mod mistakes;
mod net;

use std::time::Duration;

use harness::{Check, Outcome, check_within};
use resolve_safely::wire::{A, AAAA, CNAME, Data};
use resolve_safely::{Answer, Failure, MOST_ALIASES, MOST_ENTRIES};

use asker::{Asker, addresses};
use mistakes::{ALIAS, GIVES_UP, ID, LOOP, NEGATIVE, NO_TCP, QUESTION, SENDER, SERVER_FAILED};
use mistakes::{TTL, UNRELATED};
use net::{Reply, reply, tcp, udp};

const WWW: &str = "www.example";
const WEB: &str = "web.example";
const ONE: &str = "192.0.2.1";
const TWO: &str = "192.0.2.2";
const BANK: &str = "www.bank.example";
/// What an attacker would like to have believed.
const EVIL: &str = "203.0.113.66";

#[test]
fn a_question_and_its_answer() -> Outcome {
    check(|c| {
        let good = reply().address(WWW, 60, ONE).address(WWW, 60, TWO);
        let mut asker = Asker::new(c);
        asker.asks(0, (WWW, A), [udp(WWW, A, [good])], addresses(&[ONE, TWO]), None)?;
        let six = reply().address("www6.example", 60, "2001:db8::1");
        let exchange = udp("www6.example", AAAA, [six]);
        asker.asks(0, ("WWW6.Example", AAAA), [exchange], addresses(&["2001:db8::1"]), None)
    })
}

#[test]
fn only_a_reply_to_the_query_is_believed() -> Outcome {
    check(|c| {
        let forged = || reply().address(WWW, 60, EVIL);
        let asked = |name, qtype, class| forged().questions(&[(name, qtype, class)]);
        let loops = b"\x81\x80\0\x01\0\x01\0\0\0\0\x03www\x07example\0\0\x01\0\x01\xc0\x1d\0\x01";
        let counts = b"\x81\x80\0\x01\xea\x60\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
        for (forgery, mistake) in [
            (forged().other_id(1), &ID),
            (forged().other_id(0x100), &ID),
            (forged().from(([198, 51, 100, 1], 53)), &SENDER),
            (forged().from(([192, 0, 2, 53], 5353)), &SENDER),
            (asked("www.other", A, 1), &QUESTION),
            (asked(WWW, AAAA, 1), &QUESTION),
            (asked(WWW, A, 3), &QUESTION),
            (forged().questions(&[]), &QUESTION),
            (forged().questions(&[(WWW, A, 1), ("www.other", A, 1)]), &QUESTION),
            (forged().flags(0x0100, "which is a query: its QR bit is 0"), &QUESTION),
            (forged().flags(0xa180, "to a NOTIFY: its opcode is 4"), &QUESTION),
            (reply().rcode(3).other_id(1), &ID),
            (reply().raw(b"", "of two octets"), &GIVES_UP),
            (reply().raw(loops, "with a pointer that leads to itself"), &GIVES_UP),
            (reply().raw(counts, "that counts 60,000 answers, and has none"), &GIVES_UP),
        ] {
            c.attempt("made a resolver");
            let good = reply().address(WWW, 60, ONE);
            let script = [udp(WWW, A, [forgery.clone(), good])];
            Asker::quiet(c).asks(0, (WWW, A), script, addresses(&[ONE]), Some(mistake))?;
        }
        Ok(())
    })
}

#[test]
fn silence_is_asked_again() -> Outcome {
    check(|c| {
        let forged = reply().address(WWW, 60, EVIL).other_id(7);
        let good = || reply().address(WWW, 60, ONE);
        let mut asker = Asker::new(c);
        let script = [udp(WWW, A, []), udp(WWW, A, [forged.clone()]), udp(WWW, A, [good()])];
        asker.asks(0, (WWW, A), script, addresses(&[ONE]), None)?;
        let script = [udp(WEB, A, []), udp(WEB, A, [forged]), udp(WEB, A, [])];
        asker.asks(0, (WEB, A), script, Err(Failure::NoAnswer), None)?;
        // And no failure is remembered.
        let script = [udp(WEB, A, [reply().address(WEB, 60, TWO)])];
        asker.asks(0, (WEB, A), script, addresses(&[TWO]), None)
    })
}

#[test]
fn truncated_is_asked_over_tcp() -> Outcome {
    check(|c| {
        let cut = || reply().truncated().address(WWW, 60, ONE);
        let empty = || reply().truncated();
        let whole = || reply().address(WWW, 60, ONE).address(WWW, 60, TWO);
        let both = || addresses(&[ONE, TWO]);
        for (over_udp, over_tcp, want) in [
            (cut(), Some(whole()), both()),
            (empty(), Some(whole()), both()),
            (empty().rcode(3), Some(whole()), both()),
            (cut(), None, Err(Failure::NoAnswer)),
            (cut(), Some(cut()), Err(Failure::NoAnswer)),
            (cut(), Some(whole().other_id(1)), Err(Failure::NoAnswer)),
            (cut(), Some(whole().questions(&[("www.other", A, 1)])), Err(Failure::NoAnswer)),
        ] {
            c.attempt("made a resolver");
            let script = [udp(WWW, A, [over_udp]), tcp(WWW, A, over_tcp)];
            Asker::quiet(c).asks(0, (WWW, A), script, want, Some(&NO_TCP))?;
        }
        Ok(())
    })
}

#[test]
fn records_live_as_long_as_their_ttl() -> Outcome {
    check(|c| {
        for (first, second, lives) in [
            (60, 60, 60_000),
            (60, 300, 60_000),
            (300, 60, 60_000),
            (0, 0, 0),
            (1, 1, 1_000),
            (0x7fff_ffff, 0x7fff_ffff, 86_400_000),
            (0x8000_0000, u32::MAX, 0),
            (604_800, 604_800, 86_400_000),
        ] {
            c.attempt("made a resolver");
            let good = || reply().address(WWW, first, ONE).address(WWW, second, TWO);
            let both = || addresses(&[ONE, TWO]);
            let mut asker = Asker::quiet(c);
            let begin = 1_000_000;
            asker.asks(begin, (WWW, A), [udp(WWW, A, [good()])], both(), None)?;
            if lives > 0 {
                asker.asks(begin, ("WWW.example", A), [], both(), Some(&TTL))?;
                asker.asks(begin + lives - 1, (WWW, A), [], both(), Some(&TTL))?;
            }
            let new = reply().address(WWW, 60, TWO);
            let script = [udp(WWW, A, [new])];
            asker.asks(begin + lives, (WWW, A), script, addresses(&[TWO]), Some(&TTL))?;
        }
        Ok(())
    })
}

#[test]
fn other_names_are_not_believed() -> Outcome {
    check(|c| {
        for good in [lies(reply()).address(WWW, 60, ONE), lies(reply().address(WWW, 60, ONE))] {
            c.attempt("made a resolver");
            let mut asker = Asker::quiet(c);
            let script = [udp(WWW, A, [good])];
            asker.asks(0, (WWW, A), script, addresses(&[ONE]), Some(&UNRELATED))?;
            let script = [udp(BANK, A, [reply().address(BANK, 60, TWO)])];
            asker.asks(1_000, (BANK, A), script, addresses(&[TWO]), Some(&UNRELATED))?;
        }
        c.attempt("made a resolver");
        let script = [udp(WWW, A, [lies(reply()).soa(60, 60)])];
        Asker::quiet(c).asks(0, (WWW, A), script, Ok(Answer::NoData), Some(&UNRELATED))
    })
}

/// Records beside those that were asked for.
fn lies(reply: Reply) -> Reply {
    reply.address(BANK, 86_400, EVIL).alias("b.example", 60, WWW)
}

#[test]
fn an_alias_is_followed() -> Outcome {
    check(|c| {
        c.attempt("made a resolver");
        let mut asker = Asker::quiet(c);
        let whole = reply().alias(WWW, 300, WEB).address(WEB, 60, ONE);
        asker.asks(0, (WWW, A), [udp(WWW, A, [whole])], addresses(&[ONE]), Some(&ALIAS))?;
        asker.asks(59_999, (WWW, A), [], addresses(&[ONE]), Some(&TTL))?;
        asker.asks(59_999, (WEB, A), [], addresses(&[ONE]), None)?;
        let script = [udp(WEB, A, [reply().address(WEB, 900, TWO)])];
        asker.asks(60_000, (WWW, A), script, addresses(&[TWO]), Some(&TTL))?;
        let alias = Ok(Answer::Records(vec![Data::Alias(WEB.into())]));
        asker.asks(299_999, (WWW, CNAME), [], alias, None)?;
        let moved = reply().address(WWW, 60, ONE);
        asker.asks(300_000, (WWW, A), [udp(WWW, A, [moved])], addresses(&[ONE]), Some(&TTL))?;

        c.attempt("made a resolver");
        let mut asker = Asker::quiet(c);
        let parts = [
            udp(WWW, A, [reply().alias(WWW, 300, WEB)]),
            udp(WEB, A, [reply().alias(WEB, 0, "a.example").address("a.example", 60, ONE)]),
        ];
        asker.asks(0, (WWW, A), parts, addresses(&[ONE]), Some(&ALIAS))?;

        c.attempt("made a resolver");
        let alias = reply().alias(WWW, 300, WEB).address(WEB, 60, ONE);
        let want = Ok(Answer::Records(vec![Data::Alias(WEB.into())]));
        let script = [udp(WWW, CNAME, [alias])];
        Asker::quiet(c).asks(0, (WWW, CNAME), script, want, None)?;

        c.attempt("made a resolver");
        let mut asker = Asker::quiet(c);
        let script = [udp(WWW, A, [lies(reply().alias(WWW, 60, WEB)).address(WEB, 60, ONE)])];
        asker.asks(0, (WWW, A), script, addresses(&[ONE]), Some(&UNRELATED))?;
        let script = [udp(BANK, A, [reply().address(BANK, 60, TWO)])];
        asker.asks(1_000, (BANK, A), script, addresses(&[TWO]), Some(&UNRELATED))
    })
}

#[test]
fn aliases_come_to_an_end() -> Outcome {
    check(|c| {
        let circle = Err(Failure::Aliases);
        c.attempt("made a resolver");
        let parts =
            [udp(WWW, A, [reply().alias(WWW, 0, WEB)]), udp(WEB, A, [reply().alias(WEB, 0, WWW)])];
        Asker::quiet(c).asks(0, (WWW, A), parts, circle.clone(), Some(&LOOP))?;
        for ttl in [0, 60] {
            c.attempt("made a resolver");
            let own = [udp(WWW, A, [reply().alias(WWW, ttl, WWW)])];
            Asker::quiet(c).asks(0, (WWW, A), own, circle.clone(), Some(&LOOP))?;
            c.attempt("made a resolver");
            let whole = reply().alias(WWW, ttl, WEB).alias(WEB, ttl, WWW);
            let script = [udp(WWW, A, [whole])];
            Asker::quiet(c).asks(0, (WWW, A), script, circle.clone(), Some(&LOOP))?;
        }
        let name = |number| format!("n{number}.example");
        let chain = |count: usize| {
            let link = |reply: Reply, n| reply.alias(&name(n), 60, &name(n + 1));
            (0..count).fold(reply(), link).address(&name(count), 60, ONE)
        };
        for (count, want) in [(MOST_ALIASES, addresses(&[ONE])), (MOST_ALIASES + 1, circle)] {
            c.attempt(format!("made a resolver, for {count} aliases"));
            let script = [udp(&name(0), A, [chain(count)])];
            Asker::quiet(c).asks(0, (&name(0), A), script, want, Some(&LOOP))?;
        }
        Ok(())
    })
}

#[test]
fn what_does_not_exist_may_exist_later() -> Outcome {
    check(|c| {
        let no_name = || reply().rcode(3);
        for (none, answer, lives) in [
            (no_name().soa(300, 60), Answer::NoName, 60_000),
            (no_name().soa(60, 300), Answer::NoName, 60_000),
            (no_name().soa(604_800, 604_800), Answer::NoName, 10_800_000),
            (no_name().soa(60, 0), Answer::NoName, 0),
            (no_name(), Answer::NoName, 0),
            (reply().soa(300, 60), Answer::NoData, 60_000),
            (reply().soa(604_800, 604_800), Answer::NoData, 10_800_000),
            (reply(), Answer::NoData, 0),
        ] {
            c.attempt("made a resolver");
            let mut asker = Asker::quiet(c);
            let want = || Ok(answer.clone());
            asker.asks(500, (WWW, A), [udp(WWW, A, [none])], want(), None)?;
            if lives > 0 {
                asker.asks(499 + lives, (WWW, A), [], want(), Some(&NEGATIVE))?;
                // That a name does not exist holds for each type; that it has no address, for that.
                let other = (answer == Answer::NoData)
                    .then(|| udp(WWW, AAAA, [reply().address(WWW, 60, "2001:db8::1")]));
                let six = if other.is_some() { addresses(&["2001:db8::1"]) } else { want() };
                asker.asks(499 + lives, (WWW, AAAA), other, six, None)?;
            }
            let script = [udp(WWW, A, [reply().address(WWW, 60, ONE)])];
            asker.asks(500 + lives, (WWW, A), script, addresses(&[ONE]), Some(&NEGATIVE))?;
        }
        Ok(())
    })
}

#[test]
fn it_is_the_target_that_does_not_exist() -> Outcome {
    check(|c| {
        c.attempt("made a resolver");
        let mut asker = Asker::quiet(c);
        let none = reply().rcode(3).alias(WWW, 30, WEB).soa(300, 300);
        asker.asks(0, (WWW, A), [udp(WWW, A, [none])], Ok(Answer::NoName), None)?;
        asker.asks(29_999, (WWW, AAAA), [], Ok(Answer::NoName), None)?;
        asker.asks(29_999, (WEB, A), [], Ok(Answer::NoName), None)?;
        // The alias is over; that its target does not exist still holds.
        let script = [udp(WWW, A, [reply().address(WWW, 60, ONE)])];
        asker.asks(30_000, (WWW, A), script, addresses(&[ONE]), Some(&NEGATIVE))?;
        asker.asks(299_999, (WEB, A), [], Ok(Answer::NoName), None)
    })
}

#[test]
fn a_server_that_fails_says_nothing_of_the_name() -> Outcome {
    check(|c| {
        for rcode in [2, 5, 1, 4] {
            c.attempt("made a resolver");
            let mut asker = Asker::quiet(c);
            let failed = [udp(WWW, A, [reply().rcode(rcode).soa(60, 60)])];
            let want = Err(Failure::Server(rcode));
            asker.asks(0, (WWW, A), failed, want, Some(&SERVER_FAILED))?;
            let script = [udp(WWW, A, [reply().address(WWW, 60, ONE)])];
            asker.asks(0, (WWW, A), script, addresses(&[ONE]), Some(&SERVER_FAILED))?;
        }
        Ok(())
    })
}

#[test]
fn memory_is_bounded() -> Outcome {
    check(|c| {
        c.attempt("made a resolver");
        let mut asker = Asker::quiet(c);
        for number in 0..MOST_ENTRIES + 100 {
            c.attempt(format!("asked it for {number} names before"));
            let name = format!("n{number}.example");
            let script = [udp(&name, A, [reply().address(&name, 60, ONE)])];
            asker.asks(0, (&name, A), script, addresses(&[ONE]), None)?;
            let held = asker.remembered();
            let least = if number == 1 { 2 } else { 1 }; // So early, nothing has to make room.
            c.want(format!("{least} to {MOST_ENTRIES} entries, the newest among them"));
            c.ensure((least..=MOST_ENTRIES).contains(&held), None, || format!("{held} entries"))?;
            asker.asks(0, (&name, A), [], addresses(&[ONE]), None)?;
        }
        Ok(())
    })
}

/// Nothing here waits: an answer that is not done after a second will not be.
fn check<F>(body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    check_within(Duration::from_secs(1), body)
}
