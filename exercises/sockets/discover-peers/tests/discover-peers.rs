//! Graded test of `discover-peers`.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use discover_peers::{Found, Peer, find, join};
use harness::{Check, DatagramPeer, Mistake, Outcome, Running, check};
use socket2::{Domain, SockRef, Socket, Type};

const NOT_SHARED: Mistake = Mistake {
    name: "port-not-shared",
    why: "a port is for one socket, unless each that wants it says that it shares it",
    spec: "socket(7), SO_REUSEADDR",
};
const WRONG_INTERFACE: Mistake = Mistake {
    name: "wrong-interface",
    why: "a group is joined on one interface, and sent to by one: unless you name it, by the default route's",
    spec: "ip(7), IP_MULTICAST_IF, IP_ADD_MEMBERSHIP",
};
const NOT_A_MEMBER: Mistake = Mistake {
    name: "not-a-member",
    why: "binding a socket to a group's address does not join the group: nothing is received until somebody does",
    spec: "ip(7), IP_ADD_MEMBERSHIP",
};
const NO_TTL: Mistake = Mistake {
    name: "no-ttl",
    why: "how far a datagram to a group goes is `IP_MULTICAST_TTL`, which is not the TTL of other datagrams",
    spec: "ip(7), IP_MULTICAST_TTL; RFC 1112 §6.1",
};
const LOOP_OFF: Mistake = Mistake {
    name: "loop-switched-off",
    why: "without `IP_MULTICAST_LOOP` no other program on this machine hears you: know your own voice instead",
    spec: "ip(7), IP_MULTICAST_LOOP",
};
const ITSELF: Mistake = Mistake {
    name: "answers-itself",
    why: "what you send to a group comes back to you: a question of your own is not for you to answer",
    spec: "ip(7), IP_MULTICAST_LOOP; RFC 1112 §6.1",
};
const ANSWERS: Mistake = Mistake {
    name: "answers-answers",
    why: "an answer that is answered is answered again, and two such peers never stop",
    spec: "RFC 1035 §4.1.1: QR, the bit that tells a response from a query",
};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Longer than a check may take.
const LONG: Duration = Duration::from_secs(10);
/// How long the harness waits for a datagram.
const PATIENCE: Duration = Duration::from_millis(1_000);

#[test]
fn the_port_is_shared() -> Outcome {
    check(|c| {
        let net = Net::new(c)?;
        let at = c.ok("`local_addr`", net.join(0)?.local_addr(), None)?;
        c.ensure(at.port() == net.group.port(), None, || format!("a socket bound to {at}"))
    })
}

#[test]
fn what_the_group_is_sent_arrives() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        let socket = net.join(0)?;
        c.ok("`set_read_timeout`", socket.set_read_timeout(Some(PATIENCE)), None)?;
        net.say(b"hello")?;
        c.want("the socket receives what is sent to the group on 127.0.0.1");
        let mut buffer = [0; 99];
        match socket.recv_from(&mut buffer) {
            Ok((count, _)) => c.same_bytes(b"hello", &buffer[..count], None),
            Err(_) => Err(c.fail(net.joined_elsewhere(), "nothing")),
        }
    })
}

#[test]
fn what_it_sends_goes_out_where_it_was_told() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let socket = net.join(0)?;
        let sent = socket.send_to(b"hello", net.group);
        c.did("sent a datagram to the group from your socket");
        c.want("it goes out on 127.0.0.1, and the other peer there hears it");
        if net.hear()?.as_deref() == Some(b"hello") {
            return Ok(());
        }
        let by = SockRef::from(&socket).multicast_if_v4();
        let elsewhere = by.as_ref().is_ok_and(|by| *by != LOOPBACK);
        let got = format!("nothing there; `send_to` returned {sent:?}, IP_MULTICAST_IF is {by:?}");
        Err(c.fail(elsewhere.then_some(&WRONG_INTERFACE), got))
    })
}

#[test]
fn it_goes_as_far_as_it_was_told() -> Outcome {
    check(|c| {
        let net = Net::new(c)?;
        for ttl in [0, 1, 3, 255] {
            let socket = net.join(ttl)?;
            c.want(format!("datagrams to a group leave it with a TTL of {ttl}"));
            let got = c.ok("`multicast_ttl_v4`", socket.multicast_ttl_v4(), None)?;
            c.ensure(got == ttl, &NO_TTL, || format!("with {got}"))?;
        }
        Ok(())
    })
}

#[test]
fn its_own_machine_hears_it() -> Outcome {
    check(|c| {
        let socket = Net::new(c)?.join(0)?;
        c.want("other programs on this machine hear it, on whatever interface");
        let on = c.ok("`multicast_loop_v4`", socket.multicast_loop_v4(), None)?;
        c.ensure(on, &LOOP_OFF, || "IP_MULTICAST_LOOP is switched off".into())
    })
}

#[test]
fn a_service_is_found() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let finding = net.find(1, LONG)?;
        c.want("a question to the group: 3f, then the id of the asker, 9 bytes in all");
        let question = net.hear()?.ok_or_else(|| c.fail(None, "none"))?;
        c.same_bytes(&net.question_of(0), &question, None)?;
        net.say(&net.answer_of(1, 631, "printer"))?;
        net.found(&finding, &[(631, "printer")])
    })
}

#[test]
fn several_are_found_and_each_once() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        let finding = net.find(3, LONG)?;
        for (id, port, name) in [(1, 80, "scanner"), (2, 80, "printer"), (1, 80, "scanner")] {
            net.say(&net.answer_of(id, port, name))?;
        }
        net.say(&net.answer_of(3, 65_535, "küche"))?;
        net.say(&net.answer_of(4, 7, "one too many"))?;
        net.found(&finding, &[(80, "scanner"), (80, "printer"), (65_535, "küche")])
    })
}

#[test]
fn nobody_is_there() -> Outcome {
    check(|c| {
        let net = Net::new(c)?;
        let finding = net.find(9, Duration::from_millis(10))?;
        net.found(&finding, &[])
    })
}

#[test]
fn others_are_answered() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let finding = net.find(1, LONG)?;
        net.hear()?;
        net.say(&net.question_of(5))?;
        c.want("an answer, to the group: 21, id, port and name of the peer");
        let Some(answer) = net.hear()? else {
            let alone = net.speaker.receive_within(Duration::ZERO)?.is_some();
            let got = if alone { "one to the asker alone" } else { "none" };
            return Err(c.fail(None, got));
        };
        c.same_bytes(&net.answer_of(0, net.me.port, &net.me.name), &answer, None)?;
        net.say(&net.answer_of(1, 631, "printer"))?;
        net.found(&finding, &[(631, "printer")])
    })
}

#[test]
fn its_own_question_is_not_answered() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let finding = net.find(1, Duration::from_millis(100))?;
        net.hear()?;
        c.did("nobody else said anything; the question came back to \"yours\" too, as to every member");
        net.found(&finding, &[])?;
        net.silent("no answer to its own question", &ITSELF)
    })
}

#[test]
fn answers_are_not_answered() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let finding = net.find(2, LONG)?;
        net.hear()?;
        net.say(&net.answer_of(1, 631, "printer"))?;
        net.say(&net.answer_of(2, 80, "scanner"))?;
        net.found(&finding, &[(631, "printer"), (80, "scanner")])?;
        net.silent("no answer to an answer", &ANSWERS)
    })
}

#[test]
fn noise_is_passed_over() -> Outcome {
    check(|c| {
        let mut net = Net::new(c)?;
        net.listen()?;
        let finding = net.find(1, LONG)?;
        net.hear()?;
        c.in_one_step(
            "sent an empty datagram, short, long and unknown ones, port 0, bad names",
            || {
                let answer = net.answer_of(6, 80, "bad");
                let mut long_question = net.question_of(6);
                long_question.push(0);
                let others = [
                    Vec::new(),
                    b"?".to_vec(),
                    net.question_of(6)[..8].to_vec(),
                    long_question,
                    answer[..10].to_vec(),
                    answer[..11].to_vec(),
                    [b"#", &answer[1..]].concat(),
                    [&answer[..11], b"\xff"].concat(),
                    net.answer_of(6, 0, "bad"),
                    net.answer_of(6, 80, &"x".repeat(64)),
                    net.answer_of(6, 80, &"x".repeat(60_000)),
                ];
                others.iter().try_for_each(|other| net.say(other))
            },
        )?;
        net.say(&net.answer_of(1, 80, &"y".repeat(63)))?;
        net.found(&finding, &[(80, &"y".repeat(63))])?;
        net.silent("no answer to noise", None)
    })
}

/// A group of its own, on loopback, with other peers in it that the script plays.
struct Net<'c> {
    c: &'c Check,
    group: SocketAddrV4,
    /// Bound to the group's port; hears the group once it has joined.
    listener: DatagramPeer,
    /// Sends to the group from a port of its own, and so is known by it.
    speaker: DatagramPeer,
    me: Peer,
}

impl<'c> Net<'c> {
    fn new(c: &'c Check) -> Outcome<Self> {
        c.needs_multicast()?;
        let listener = c.ok("binding", shared_socket(), None)?;
        let port = c.ok("`local_addr`", listener.local_addr(), None)?.port();
        // The port is nobody else's, so the group is nobody else's either.
        let [high, low] = port.to_be_bytes();
        let group = SocketAddrV4::new(Ipv4Addr::new(239, 255, high, low), port);
        let speaker = c.ok("binding", speaking_socket(), None)?;
        let me = Peer { id: c.random().next_u64() & !0xff, port: 4_321, name: "yours".into() };
        let listener = DatagramPeer::from_socket(c, "listening peer", listener);
        let speaker = DatagramPeer::from_socket(c, "other peer", speaker);
        Ok(Self { c, group, listener, speaker, me })
    }

    /// The other peer joins the group.
    fn listen(&self) -> Outcome {
        let joined = self.listener.socket().join_multicast_v4(self.group.ip(), &LOOPBACK);
        self.c.ok("joining", joined, None)
    }

    /// Calls `join`.
    fn join(&self, ttl: u32) -> Outcome<UdpSocket> {
        let Self { c, group, .. } = self;
        c.did(format!("called your `join` with a group, 127.0.0.1, and a TTL of {ttl}"));
        c.want("a socket, though another peer is bound to the group's port, with SO_REUSEADDR");
        join(*group, LOOPBACK, ttl).map_err(|error| {
            let mistake = match error.kind() {
                ErrorKind::AddrInUse => Some(&NOT_SHARED),
                // ENODEV: no interface, by which the loopback interface cannot be meant.
                _ if cfg!(target_os = "linux") && error.raw_os_error() == Some(19) => {
                    Some(&WRONG_INTERFACE)
                }
                _ => None,
            };
            c.fail(mistake, format!("`join` returned Err({error:?})"))
        })
    }

    /// Calls `join`, and then `find`.
    fn find(&self, most: usize, wait: Duration) -> Outcome<Running<Vec<Found>, io::Error>> {
        let (socket, group, me) = (self.join(0)?, self.group, self.me.clone());
        let how = format!("as the peer \"yours\", with most = {most} and wait = {wait:?}");
        Ok(self.c.call("find", &how, move || find(&socket, group, &me, most, wait)))
    }

    /// Fails unless `find` returns these, from the other peer's address.
    fn found(&self, finding: &Running<Vec<Found>, io::Error>, want: &[(u16, &str)]) -> Outcome {
        let found = |(port, name): &(u16, &str)| Found {
            name: (*name).to_owned(),
            address: SocketAddr::from((LOOPBACK, *port)),
        };
        let want: Vec<_> = want.iter().map(found).collect();
        self.c.want(format!("Ok({want:?})"));
        let got = self.c.ok("`find`", finding.result()?, None)?;
        let itself = got.iter().any(|found| found.name == self.me.name);
        self.c.ensure(got == want, itself.then_some(&ITSELF), || format!("Ok({got:?})"))
    }

    /// What your code sends to the group next. `None`: nothing.
    fn hear(&mut self) -> Outcome<Option<Vec<u8>>> {
        self.hear_within(PATIENCE)
    }

    fn hear_within(&mut self, limit: Duration) -> Outcome<Option<Vec<u8>>> {
        let other = self.speaker.address()?;
        while let Some((datagram, from)) = self.listener.receive_within(limit)? {
            if from != other {
                return Ok(Some(datagram));
            }
        }
        Ok(None)
    }

    /// Fails if your code sent more than has been heard. It has ended, so all of it is there.
    fn silent(&mut self, want: &str, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        let c = self.c;
        let step = "the listening peer received what else was sent to the group";
        let heard = c.in_one_step(step, || self.hear_within(Duration::ZERO))?;
        c.want(want);
        heard.map_or(Ok(()), |datagram| c.same_bytes(&[], &datagram, mistake))
    }

    fn say(&mut self, datagram: &[u8]) -> Outcome {
        self.speaker.send_to(datagram, self.group.into())
    }

    /// The question of the peer with this number; 0 is the answer's.
    fn question_of(&self, peer: u64) -> Vec<u8> {
        [b"?", &(self.me.id + peer).to_be_bytes()[..]].concat()
    }

    fn answer_of(&self, peer: u64, port: u16, name: &str) -> Vec<u8> {
        let id = (self.me.id + peer).to_be_bytes();
        [b"!", &id[..], &port.to_be_bytes(), name.as_bytes()].concat()
    }

    /// Why nothing arrives: what the system lists shows the group on another interface, or nowhere.
    fn joined_elsewhere(&self) -> Option<&'static Mistake> {
        let list = fs::read_to_string("/proc/net/igmp").ok()?; // Linux.
        let group = format!("{:08X}", u32::from_ne_bytes(self.group.ip().octets()));
        Some(if list.contains(&group) { &WRONG_INTERFACE } else { &NOT_A_MEMBER })
    }
}

/// A socket on a port of the system's choice, which others may bind as well. The option is set when
/// the port is ours: before, the system might choose one that somebody shares already.
fn shared_socket() -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0).into())?;
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(target_os = "linux")))]
    socket.set_reuse_port(true)?;
    Ok(socket.into())
}

/// A socket that sends to groups by the loopback interface, and no further.
fn speaking_socket() -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.bind(&SocketAddrV4::new(LOOPBACK, 0).into())?;
    socket.set_multicast_if_v4(&LOOPBACK)?;
    socket.set_multicast_ttl_v4(0)?;
    Ok(socket.into())
}
