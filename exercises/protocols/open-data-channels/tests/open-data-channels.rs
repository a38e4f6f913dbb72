//! Graded test of `open-data-channels`.

mod ends;
mod mistakes;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use harness::{Ending, Outcome, check, check_within};
use open_data_channels::{Refused, Way, announce, target};

use ends::{beside, control, data, ip, leads, stranger};
use mistakes::{ANY_HOST, EVERYWHERE, LOW, ONE_FORM, OVER, STRANGER_ENDS, THIRD, TRUSTS, WAITS};

const HERE: &str = "127.0.0.1";
const THERE: &str = "192.0.2.99";

#[test]
fn four_lines_say_where() -> Outcome {
    check(|c| {
        let lines: [(Way, &str, u16, Option<&str>); 12] = [
            (Way::Pasv, HERE, 51_210, Some("227 Entering Passive Mode (127,0,0,1,200,10).")),
            (Way::Port, HERE, 51_210, Some("PORT 127,0,0,1,200,10")),
            (Way::Epsv, HERE, 51_210, Some("229 Entering Extended Passive Mode (|||51210|)")),
            (Way::Eprt, HERE, 51_210, Some("EPRT |1|127.0.0.1|51210|")),
            (Way::Port, "192.0.2.255", 65_280, Some("PORT 192,0,2,255,255,0")),
            (Way::Port, "10.0.0.9", 1_025, Some("PORT 10,0,0,9,4,1")),
            (Way::Epsv, "::1", 1_025, Some("229 Entering Extended Passive Mode (|||1025|)")),
            (Way::Eprt, "2001:db8::1", 1_025, Some("EPRT |2|2001:db8::1|1025|")),
            (Way::Pasv, "::1", 1_025, None),
            (Way::Port, "::1", 1_025, None),
            (Way::Port, "::ffff:10.0.0.9", 1_025, Some("PORT 10,0,0,9,4,1")),
            (Way::Eprt, "::ffff:10.0.0.9", 1_025, Some("EPRT |1|10.0.0.9|1025|")),
        ];
        for (way, host, port, want) in lines {
            let address = SocketAddr::new(ip(host), port);
            c.attempt(format!("called `announce` with {way:?} and {address}"));
            c.want(format!("{want:?}"));
            let got = announce(way, address);
            c.ensure(got.as_deref() == want, None, || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn four_lines_lead_there() -> Outcome {
    check(|c| {
        for (way, host) in [Way::Pasv, Way::Epsv, Way::Port, Way::Eprt]
            .into_iter()
            .flat_map(|way| [(way, HERE), (way, "192.0.2.7"), (way, "2001:db8::1")])
        {
            for port in [1_024, 1_280, 51_210, 65_535] {
                if let Some(line) = announce(way, SocketAddr::new(ip(host), port)) {
                    leads(c, &line, host, Ok(port), |_| None)?;
                }
            }
        }
        Ok(())
    })
}

#[test]
fn the_numbers_are_wherever_they_are() -> Outcome {
    check(|c| {
        let form = |got: Result<SocketAddr, Refused>| got.is_err().then_some(&ONE_FORM);
        for text in [
            "Entering Passive Mode. 127,0,0,1,200,10",
            "=127,0,0,1,200,10",
            "127,0,0,1,200,10",
            "Mode 1, to (127,0,0,1,200,10): it is yours",
            "Entering (passive) mode [127,0,0,1,200,10]",
        ] {
            leads(c, &format!("227 {text}"), HERE, Ok(51_210), form)?;
        }
        for text in ["(|||51210|)", "(!!!51210!)", "It (is) here (,,,51210,) :)", "(~~~51210~)"] {
            leads(c, &format!("229 {text}"), HERE, Ok(51_210), form)?;
        }
        leads(c, "EPRT !1!127.0.0.1!51210!", HERE, Ok(51_210), form)?;
        leads(c, "EPRT ~2~2001:db8:0:0::1~51210~", "2001:db8::1", Ok(51_210), form)
    })
}

#[test]
fn a_server_says_only_the_port() -> Outcome {
    check(|c| {
        let trusts = |got: Result<SocketAddr, _>| {
            got.is_ok_and(|address| address.ip() != ip(HERE)).then_some(&TRUSTS)
        };
        let numbers = "227 Entering Passive Mode (192,0,2,99,200,10)";
        leads(c, numbers, HERE, Ok(51_210), trusts)?;
        leads(c, "227 Entering Passive Mode (0,0,0,0,200,10)", HERE, Ok(51_210), trusts)?;
        leads(c, "229 It is (|1|192.0.2.99|51210|)", HERE, Ok(51_210), trusts)?;
        leads(c, numbers, "2001:db8::1", Ok(51_210), |_| None)
    })
}

#[test]
fn a_client_says_its_own_address() -> Outcome {
    check(|c| {
        for line in [
            "PORT 192,0,2,99,200,10",
            "EPRT |1|192.0.2.99|51210|",
            "EPRT |2|2001:db8::1|51210|",
            "PORT 127,0,0,2,200,10",
            "PORT 0,0,0,0,200,10",
            "EPRT |2|::1|51210|",
            "EPRT |2|::ffff:192.0.2.99|51210|",
        ] {
            let third = |got: Result<SocketAddr, _>| {
                got.is_ok_and(|address| address.ip() != ip(HERE)).then_some(&THIRD)
            };
            leads(c, line, HERE, Err(Refused::ThirdParty), third)?;
        }
        leads(c, "PORT 127,0,0,1,200,10", THERE, Err(Refused::ThirdParty), |_| None)?;
        leads(c, "EPRT |2|::1|51210|", "::2", Err(Refused::ThirdParty), |_| None)
    })
}

#[test]
fn an_address_may_be_written_in_two_ways() -> Outcome {
    check(|c| {
        let mapped = "::ffff:127.0.0.1";
        leads(c, "PORT 127,0,0,1,200,10", mapped, Ok(51_210), |_| None)?;
        leads(c, "EPRT |1|127.0.0.1|51210|", mapped, Ok(51_210), |_| None)?;
        leads(c, "EPRT |2|::ffff:127.0.0.1|51210|", HERE, Ok(51_210), |_| None)
    })
}

#[test]
fn no_well_known_service_is_connected_to() -> Outcome {
    check(|c| {
        let low = |got: Result<_, _>| got.is_ok().then_some(&LOW);
        for (numbers, port) in [("0,25", 25), ("3,255", 1_023), ("0,0", 0), ("0,80", 80)] {
            let line = format!("PORT 127,0,0,1,{numbers}");
            leads(c, &line, HERE, Err(Refused::LowPort), low)?;
            let line = format!("EPRT |1|127.0.0.1|{port}|");
            leads(c, &line, HERE, Err(Refused::LowPort), low)?;
        }
        // Of the two reasons, the address is the graver one.
        leads(c, "PORT 192,0,2,99,0,25", HERE, Err(Refused::ThirdParty), |_| None)
    })
}

#[test]
fn each_number_is_eight_bits() -> Outcome {
    check(|c| {
        let over = |got: Result<_, _>| got.is_ok().then_some(&OVER);
        for numbers in [
            "127,0,0,1,200,256",
            "127,0,0,1,256,1",
            "127,0,0,257,200,10",
            "383,0,0,1,200,10",
            "127,0,0,1,200,+10",
            "127,0,0,1,200,-10",
            "127,0,0,1,65736,10",
        ] {
            leads(c, &format!("PORT {numbers}"), HERE, Err(Refused::Malformed), over)?;
            leads(c, &format!("227 ({numbers})"), HERE, Err(Refused::Malformed), over)?;
        }
        for port in ["65536", "116746", "+51210", "-1"] {
            let line = format!("EPRT |1|127.0.0.1|{port}|");
            leads(c, &line, HERE, Err(Refused::Malformed), over)?;
            leads(c, &format!("229 (|||{port}|)"), HERE, Err(Refused::Malformed), over)?;
        }
        Ok(())
    })
}

#[test]
fn what_says_no_address_is_malformed() -> Outcome {
    check(|c| {
        for line in [
            "",
            "227",
            "229 ",
            "PORT",
            "EPRT ",
            "200 Done.",
            "230 (127,0,0,1,200,10)",
            "227 Entering Passive Mode.",
            "227 (127,0,0,1,200)",
            "227 (127,0,0,1,200,10,1)",
            "227 (127,0,0,1,0,0)",
            "227 (127.0.0.1.200.10)",
            "227 (,0,0,1,200,10)",
            "229 |||51210|",
            "229 (||51210|)",
            "229 (|||51210)",
            "229 (|||51210||)",
            "229 (|||0|)",
            "229 (||||)",
            "229 ()",
            "229 )|||51210|(",
            "229 (51210)",
            "229 (   51210 )",
            "PORT 127,0,0,1,200",
            "PORT 127,0,0,1,200,10,1",
            "PORT 127,0,0,1,200,",
            "PORT a,b,c,d,e,f",
            "PORT (127,0,0,1,200,10)",
            "PORT 127.0.0.1,200,10",
            "PORT |1|127.0.0.1|51210|",
            "EPRT 127,0,0,1,200,10",
            "EPRT |1|127.0.0.1|51210",
            "EPRT |1|127.0.0.1|51210|1",
            "EPRT |1|::1|51210|",
            "EPRT |2|127.0.0.1|51210|",
            "EPRT |1|127.0.0.1||",
            "EPRT ||127.0.0.1|51210|",
            "EPRT |x|127.0.0.1|51210|",
            "EPRT  1 127.0.0.1 51210 ",
            "EPRT |1|localhost|51210|",
            "EPRT é1é127.0.0.1é51210é",
        ] {
            leads(c, line, HERE, Err(Refused::Malformed), |_| None)?;
        }
        Ok(())
    })
}

#[test]
fn an_unknown_protocol_is_said_to_be_one() -> Outcome {
    check(|c| {
        for line in ["EPRT |9|127.0.0.1|50000|", "EPRT |3|somewhere|1|", "EPRT |12|::1|50000|"] {
            leads(c, line, HERE, Err(Refused::Protocol), |_| None)?;
        }
        Ok(())
    })
}

#[test]
fn it_listens_where_the_control_connection_is() -> Outcome {
    check(|c| {
        for host in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)] {
            let (_client, server) = control(c, host)?;
            let (_, address) = beside(c, &server)?;
            c.want(format!("it listens at {host}, where the server's end is"));
            let everywhere = address.ip().is_unspecified().then_some(&EVERYWHERE);
            c.ensure(address.ip() == host, everywhere, || format!("at {}", address.ip()))?;
            c.want("a port of the system's choice, another one for each listener");
            let (_, other) = beside(c, &server)?;
            let got = || format!("{} and {}", address.port(), other.port());
            c.ensure(address.port() != 0 && other.port() != 0, None, got)?;
        }
        Ok(())
    })
}

#[test]
fn nobody_is_waited_for() -> Outcome {
    check_within(Duration::from_secs(1), |c| {
        let (_client, server) = control(c, Ipv4Addr::LOCALHOST)?;
        let (listener, _) = beside(c, &server)?;
        c.did("called `accept`, though nobody has connected");
        c.want("Ok(None), at once");
        c.suspect(&WAITS);
        let got = listener.accept();
        c.ensure(matches!(got, Ok(None)), None, || format!("{got:?}"))
    })
}

#[test]
fn the_client_may_connect() -> Outcome {
    check_within(Duration::from_secs(2), |c| {
        let (_control, server) = control(c, Ipv4Addr::LOCALHOST)?;
        let (listener, address) = beside(c, &server)?;
        let mut client = c.connect("client's data connection", address)?;
        let mut stream = data(c, &listener, &client)?;
        c.want("a stream that blocks, and carries the file both ways");
        c.suspect(None);
        let wait = Duration::from_millis(20);
        c.ok("a timeout", stream.set_read_timeout(Some(wait)), None)?;
        let since = Instant::now();
        let early = stream.read(&mut [0]);
        c.ensure(early.is_err() && since.elapsed() >= wait / 2, None, || {
            format!("reading returned {early:?}, though nothing had been sent")
        })?;
        c.ok("no timeout", stream.set_read_timeout(None), None)?;
        client.send(b"to you")?;
        let mut got = [0; 6];
        c.ok("reading", stream.read_exact(&mut got), None)?;
        c.same_bytes(b"to you", &got, None)?;
        c.ok("writing", stream.write_all(b"to me"), None)?;
        drop(stream);
        client.expect_to_end(b"to me", None)
    })
}

#[test]
fn a_stranger_is_turned_away() -> Outcome {
    check_within(Duration::from_secs(2), |c| {
        let (_control, server) = control(c, Ipv4Addr::LOCALHOST)?;
        let (listener, address) = beside(c, &server)?;
        let mut one = stranger(c, "stranger at 127.0.0.3", address)?;
        c.did("called `accept` until the stranger's connection was closed");
        c.want("never Ok(Some(…)) nor an error, and the stranger is turned away");
        for _ in 0..200 {
            match listener.accept() {
                Ok(None) => {}
                Ok(Some(_)) => return Err(c.fail(&ANY_HOST, "Ok(Some(the stranger's connection))")),
                Err(error) => return Err(c.fail(&STRANGER_ENDS, format!("Err({error})"))),
            }
            if one.receive_within(Duration::from_millis(5), 1).1 == Ending::End {
                return Ok(());
            }
        }
        one.expect_end(None)
    })
}

#[test]
fn the_client_comes_after_strangers() -> Outcome {
    check_within(Duration::from_secs(2), |c| {
        let (_control, server) = control(c, Ipv4Addr::LOCALHOST)?;
        let (listener, address) = beside(c, &server)?;
        let mut strangers = Vec::new();
        for number in 1..=3 {
            strangers.push(stranger(c, &format!("stranger {number}"), address)?);
        }
        let mut client = c.connect("client's data connection", address)?;
        let mut stream = data(c, &listener, &client)?;
        c.want("the file goes to the client, and to nobody else");
        c.ok("writing", stream.write_all(b"secret"), None)?;
        drop(stream);
        client.expect_to_end(b"secret", None)?;
        strangers.iter_mut().try_for_each(|one| one.expect_end(None))
    })
}

#[test]
fn both_ends_find_each_other() -> Outcome {
    check_within(Duration::from_secs(2), |c| {
        for way in [Way::Pasv, Way::Epsv, Way::Port, Way::Eprt] {
            let (_control, server) = control(c, Ipv4Addr::LOCALHOST)?;
            let (listener, address) = beside(c, &server)?;
            let line = announce(way, address).unwrap_or_default();
            c.did(format!("gave `target` what `announce` says of it: {line}"));
            c.want(format!("a connection to {address}"));
            let to = target(&line, ip(HERE));
            c.ensure(to == Ok(address), None, || format!("{to:?}"))?;
            let client = c.connect("other end", to.unwrap_or(address))?;
            data(c, &listener, &client)?;
        }
        Ok(())
    })
}
