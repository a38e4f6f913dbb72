//! Graded test of `route-by-prefix`.

mod answers;
mod mistakes;

use std::net::Ipv4Addr;

use harness::{Outcome, check};
use route_by_prefix::{Next, Prefix, Verdict};

use answers::{Routes, address, broadcast, call, contains, header, keeps, prefix, sends};
use mistakes::{HOST_BITS, ORDER, SHIFT, TTL_ZERO, TWO_HOSTS};

#[test]
fn a_prefix_contains_what_begins_with_it() -> Outcome {
    check(|c| {
        for (text, inside, outside) in [
            ("10.77.0.0/24", ["10.77.0.0", "10.77.0.255"], ["10.77.1.0", "10.76.255.255"]),
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "9.255.255.255"]),
            ("192.0.2.64/26", ["192.0.2.64", "192.0.2.127"], ["192.0.2.128", "192.0.2.63"]),
            ("192.0.2.6/31", ["192.0.2.6", "192.0.2.7"], ["192.0.2.5", "192.0.2.8"]),
            ("192.0.2.7/32", ["192.0.2.7", "192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
            ("128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255", "0.0.0.0"]),
        ] {
            inside.iter().try_for_each(|other| contains(c, text, other, true, None))?;
            outside.iter().try_for_each(|other| contains(c, text, other, false, None))?;
        }
        Ok(())
    })
}

#[test]
fn a_prefix_of_no_bits_contains_everything() -> Outcome {
    check(|c| {
        for other in ["0.0.0.0", "192.0.2.1", "127.255.255.255", "255.255.255.255"] {
            contains(c, "0.0.0.0/0", other, true, &SHIFT)?;
        }
        Ok(())
    })
}

#[test]
fn the_other_bits_do_not_matter() -> Outcome {
    check(|c| {
        contains(c, "10.77.0.9/24", "10.77.0.200", true, &HOST_BITS)?;
        contains(c, "10.77.0.9/24", "10.77.1.9", false, None)?;
        contains(c, "192.0.2.1/0", "10.0.0.1", true, &HOST_BITS)?;
        c.attempt("made the prefixes 10.77.0.9/24 and 10.77.0.0/24");
        c.want("they are equal, and the first address of both is 10.77.0.0");
        let (long, short) = (prefix(c, "10.77.0.9/24")?, prefix(c, "10.77.0.0/24")?);
        let got = (long == short, long.address());
        c.ensure(got == (true, short.address()), &HOST_BITS, || {
            format!("equal: {}; the first address is {}", got.0, got.1)
        })
    })
}

#[test]
fn no_prefix_is_longer_than_an_address() -> Outcome {
    check(|c| {
        for length in [33, 64, 255] {
            c.attempt(format!("called `Prefix::new(192.0.2.1, {length})`"));
            c.want("None");
            let got = call(c, || Prefix::new(address("192.0.2.1"), length))?;
            c.ensure(got.is_none(), None, || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn the_last_address_is_the_broadcast() -> Outcome {
    check(|c| {
        broadcast(c, "10.77.0.0/24", Some("10.77.0.255"), None)?;
        broadcast(c, "10.77.0.4/30", Some("10.77.0.7"), None)?;
        broadcast(c, "0.0.0.0/0", Some("255.255.255.255"), &SHIFT)
    })
}

#[test]
fn two_hosts_need_no_broadcast() -> Outcome {
    check(|c| {
        broadcast(c, "10.77.0.4/31", None, &TWO_HOSTS)?;
        broadcast(c, "10.77.0.4/32", None, None)
    })
}

#[test]
fn a_table_finds_the_route() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.finds("10.77.0.9", None, None)?;
        routes.link("10.77.0.0/24", 2)?;
        routes.link("192.0.2.0/24", 3)?;
        routes.finds("10.77.0.9", Some(("10.77.0.0/24", 2)), None)?;
        routes.finds("192.0.2.1", Some(("192.0.2.0/24", 3)), None)?;
        routes.finds("192.0.3.1", None, None)
    })
}

#[test]
fn the_longest_prefix_wins_whatever_came_first() -> Outcome {
    check(|c| {
        let mut nested =
            [("0.0.0.0/0", 0), ("10.0.0.0/8", 1), ("10.77.0.0/24", 2), ("10.77.0.9/32", 3)];
        for turn in 0..2 * nested.len() {
            let mut routes = Routes::new(c)?;
            nested.iter().try_for_each(|(text, port)| routes.link(text, *port))?;
            for (to, want) in [
                ("10.77.0.9", ("10.77.0.9/32", 3)),
                ("10.77.0.8", ("10.77.0.0/24", 2)),
                ("10.78.0.9", ("10.0.0.0/8", 1)),
                ("192.0.2.1", ("0.0.0.0/0", 0)),
            ] {
                routes.finds(to, Some(want), &ORDER)?;
            }
            nested.rotate_left(1);
            if turn == nested.len() {
                nested.reverse();
            }
        }
        Ok(())
    })
}

#[test]
fn a_route_is_replaced_and_removed() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.0.0.0/8", 1)?;
        routes.link("10.77.0.0/24", 2)?;
        routes.link("10.77.0.0/24", 5)?;
        routes.finds("10.77.0.9", Some(("10.77.0.0/24", 5)), None)?;
        routes.remove("10.77.0.0/25")?;
        routes.finds("10.77.0.9", Some(("10.77.0.0/24", 5)), None)?;
        routes.remove("10.77.0.0/24")?;
        routes.finds("10.77.0.9", Some(("10.0.0.0/8", 1)), None)?;
        routes.remove("10.0.0.0/8")?;
        routes.finds("10.77.0.9", None, None)
    })
}

#[test]
fn any_routes_for_any_destination() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut any = |below| u8::try_from(random.below(below)).expect("at most 255");
        for _ in 0..20 {
            let mut routes = Routes::new(c)?;
            let mut known: Vec<(Prefix, usize)> = Vec::new();
            for port in 0..40 {
                // Few different bits, so that prefixes nest.
                let text = format!("10.{}.0.{}/{}", any(2), any(4), any(33));
                routes.link(&text, port)?;
                let prefix = prefix(c, &text)?;
                known.retain(|(other, _)| *other != prefix);
                known.push((prefix, port));
            }
            for _ in 0..20 {
                let to = Ipv4Addr::new(10, any(2), 0, any(4));
                let containing = known.iter().filter(|(prefix, _)| prefix.contains(to));
                let want = containing.max_by_key(|(prefix, _)| prefix.length());
                let text = want.map(|(p, port)| (format!("{}/{}", p.address(), p.length()), *port));
                let want = text.as_ref().map(|(text, port)| (text.as_str(), *port));
                routes.finds(&to.to_string(), want, &ORDER)?;
            }
        }
        Ok(())
    })
}

#[test]
fn to_a_host_or_to_the_next_router() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.77.0.0/24", 2)?;
        routes.via("0.0.0.0/0", 7, "192.0.2.1")?;
        let (to, router) = (address("10.77.0.9"), address("192.0.2.1"));
        sends(c, &routes.table, header("10.77.0.9", 64, 1), Verdict::Send { port: 2, to })?;
        let want = Verdict::Send { port: 7, to: router };
        sends(c, &routes.table, header("203.0.113.5", 64, 1), want)
    })
}

#[test]
fn a_packet_with_no_hop_left_is_not_sent() -> Outcome {
    check(|c| {
        for ttl in [1, 0] {
            let mut routes = Routes::new(c)?;
            routes.link("10.77.0.0/24", 2)?;
            let packet = header("10.77.0.9", ttl, 1);
            keeps(c, &routes.table, packet, Verdict::TimeExceeded, &TTL_ZERO)?;
        }
        Ok(())
    })
}

#[test]
fn the_checksum_is_right_after_every_hop() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let to = address("10.77.0.9");
        for identification in 0..2_000 {
            let mut routes = Routes::new(c)?;
            routes.link("10.77.0.0/24", 2)?;
            let ttl = u8::try_from(2 + random.below(254)).expect("at most 255");
            // Every checksum but for the lowest octet: the carries are among them.
            let packet = header("10.77.0.9", ttl, identification << 5 | 7);
            sends(c, &routes.table, packet, Verdict::Send { port: 2, to })?;
        }
        Ok(())
    })
}

#[test]
fn a_checksum_that_comes_to_zero() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.77.0.0/24", 2)?;
        let packets = (0..=u16::MAX).map(|identification| header("10.77.0.9", 64, identification));
        let mut found = packets.filter(|packet| packet[10..12] == [0xfe, 0xff]);
        let packet = found.next().expect("each checksum has its identification");
        sends(c, &routes.table, packet, Verdict::Send { port: 2, to: address("10.77.0.9") })
    })
}

#[test]
fn a_packet_that_nobody_knows_the_way_of() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.77.0.0/24", 2)?;
        keeps(c, &routes.table, header("192.0.2.1", 64, 1), Verdict::Unreachable, None)
    })
}

#[test]
fn a_broadcast_stays_outside() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.77.0.0/24", 2)?;
        routes.via("10.78.0.0/24", 3, "10.77.0.1")?;
        keeps(c, &routes.table, header("10.77.0.255", 64, 1), Verdict::Broadcast, None)?;
        // Whether that is a broadcast, the router knows that has the link.
        let want = Verdict::Send { port: 3, to: address("10.77.0.1") };
        sends(c, &routes.table, header("10.78.0.255", 64, 1), want)
    })
}

#[test]
fn both_ends_of_a_link_of_two() -> Outcome {
    check(|c| {
        let mut routes = Routes::new(c)?;
        routes.link("10.77.0.4/31", 2)?;
        routes.link("10.77.0.9/32", 2)?;
        for host in ["10.77.0.4", "10.77.0.5", "10.77.0.9"] {
            let want = Verdict::Send { port: 2, to: address(host) };
            sends(c, &routes.table, header(host, 64, 1), want)?;
        }
        let (got, want) = (call(c, || routes.table.lookup(address("10.77.0.9")))?, 32);
        c.want("`lookup` says which prefix it was");
        let length = got.map(|(prefix, _): (Prefix, Next)| prefix.length());
        c.ensure(length == Some(want), None, || format!("{got:?}"))
    })
}
