//! The loop, turn by turn, where a server's clients cannot see what it keeps.

use std::io::Read;
use std::net::{IpAddr, Shutdown, TcpStream};

use super::*;
use crate::echo::Echo;

#[test]
fn timers_of_clients_that_are_gone_do_not_pile_up() {
    let any = Address::Tcp("127.0.0.1:0".parse().expect("an address"));
    let listener = Listener::bind(&any).expect("a free port");
    let Ok(Address::Tcp(address)) = listener.address() else { panic!("no TCP address") };
    // Their deadlines are an hour away, so that none comes by itself.
    let service = |_: Option<IpAddr>| Echo::new(Duration::from_secs(3_600));
    let mut server = EventLoop::new(vec![listener], service, Limits::default()).expect("a loop");
    let mut events = Events::with_capacity(64);
    let mut most = 0;
    for _ in 0..3_000 {
        let mut client = TcpStream::connect(address).expect("a listener");
        client.shutdown(Shutdown::Write).expect("a FIN");
        let before = server.connections.statistics().accepted;
        while server.connections.statistics().accepted == before || !server.connections.is_empty() {
            server.turn(&mut events).expect("a turn");
        }
        assert_eq!(client.read(&mut [0]).expect("the end"), 0);
        most = most.max(server.connections.timers());
    }
    assert!(most <= 1_100, "{most} timers for one client at a time");
}
