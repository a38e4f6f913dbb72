//! What the zones of a server have to say to a question: RFC 1034 §4.3.2.
//!
//! | the name | what is said | AA | RFC |
//! |---|---|---|---|
//! | is in no zone of ours | REFUSED | – | |
//! | is at or below a cut | a referral: NS in the authority section, and glue | – | 1034 §4.2.1, 9471 |
//! | has what was asked for | it | AA | 1034 |
//! | is an alias | the CNAME, and the same for its target | AA | 1034 §3.6.2 |
//! | exists, without such records | SOA in the authority section ("NODATA") | AA | 2308 §2.2 |
//! | does not exist | NXDOMAIN, and the SOA | AA | 2308 §2.1 |
//! | does not exist, but a wildcard does | the wildcard's records under the name asked for | AA | 4592 §3.3.1 |

use super::codes::{Class, Rcode, Type};
use super::data::Data;
use super::message::Question;
use super::names::Name;
use super::zone::{Found, Node, RecordSet, Zone, Zones};

/// Aliases that are followed, one to the next.
const LONGEST_CHAIN: usize = 16;

/// What is said, borrowed from the zones.
#[derive(Debug)]
pub struct Answer<'z> {
    /// How it went.
    pub rcode: Rcode,
    /// Whether we are an authority for the name asked for (AA).
    pub authoritative: bool,
    /// What answers.
    pub answers: Vec<Entry<'z>>,
    /// The zone's SOA, or the servers that know more.
    pub authorities: Vec<Entry<'z>>,
    /// Addresses that will be wanted next; what a referral cannot do without comes first.
    pub additionals: Vec<Entry<'z>>,
    /// So many of them must not be left out in silence: the addresses of name servers inside of what they
    /// serve (RFC 9471 §3).
    pub required: usize,
}

/// A set of records in an answer.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'z> {
    /// Whose it is there.
    pub owner: Owner<'z>,
    /// The records.
    pub set: &'z RecordSet,
    /// Their TTL there.
    pub ttl: u32,
}

/// The name that records of an answer have.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'z> {
    /// The name asked for, in the letters that it was asked for with.
    Asked,
    /// One of the zone's.
    Name(&'z Name),
}

/// What `zones` have to say.
pub fn answer<'z>(zones: &'z Zones, question: &Question) -> Answer<'z> {
    let mut said = Answer {
        rcode: Rcode::NOERROR,
        // RFC 1035 §3.2.5, §6.2: of all classes we know one, so what we say of all is not authoritative.
        authoritative: question.qclass != Class::ANY,
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        required: 0,
    };
    let mut owner = Owner::Asked;
    loop {
        let name = match owner {
            Owner::Asked => &question.name,
            Owner::Name(name) => name,
        };
        let Some(zone) = zones.nearest(name, question.qtype == Type::DS) else {
            // An alias into somebody else's zone: who asked goes on there.
            if said.answers.is_empty() {
                said.rcode = Rcode::REFUSED;
                said.authoritative = false;
            }
            return said;
        };
        match said.look(zone, owner, name, question.qtype) {
            Some(target) if said.goes_on_to(target, question) => owner = Owner::Name(target),
            _ => return said,
        }
    }
}

impl<'z> Answer<'z> {
    /// Looks `name` up in its zone. Returns the name that it is an alias of, if it is one.
    fn look(
        &mut self,
        zone: &'z Zone,
        owner: Owner<'z>,
        name: &Name,
        qtype: Type,
    ) -> Option<&'z Name> {
        match zone.find(name, qtype == Type::DS) {
            Found::Cut(node, servers) => {
                self.refer(zone, node, servers);
                None
            }
            Found::Name(node) | Found::Wildcard(node) => self.give(zone, owner, node, qtype),
            Found::Nothing => {
                // The last name of a chain decides (RFC 6604 §3).
                self.rcode = Rcode::NXDOMAIN;
                self.deny(zone);
                None
            }
        }
    }

    /// Gives what stands at a node.
    fn give(
        &mut self,
        zone: &'z Zone,
        owner: Owner<'z>,
        node: &'z Node,
        qtype: Type,
    ) -> Option<&'z Name> {
        let wanted = match qtype {
            // RFC 8482 §4.1: one set of records is an answer to "all", and no use to an amplifier.
            Type::ANY => node.sets.first(),
            _ => node.set(qtype),
        };
        if let Some(set) = wanted {
            self.answers.push(Entry { owner, set, ttl: set.ttl });
            self.add_addresses(zone, set);
            return None;
        }
        if let Some(set) = node.set(Type::CNAME)
            && let Some(Data::Cname(target)) = set.data.first()
        {
            self.answers.push(Entry { owner, set, ttl: set.ttl });
            return Some(target);
        }
        self.deny(zone);
        None
    }

    /// Whether to follow an alias: not in a circle, and not for ever.
    fn goes_on_to(&self, target: &Name, question: &Question) -> bool {
        let mut before = self.answers.iter().map(|entry| match entry.owner {
            Owner::Asked => &question.name,
            Owner::Name(name) => name,
        });
        self.answers.len() < LONGEST_CHAIN && !before.any(|name| name == target)
    }

    /// There is none: the SOA says for how long that may be remembered (RFC 2308 §3).
    fn deny(&mut self, zone: &'z Zone) {
        let (set, ttl) = zone.denial();
        self.authorities.push(Entry { owner: Owner::Name(zone.apex()), set, ttl });
    }

    /// Others know more. We are no authority for what is behind a cut; but if we were one for an alias that
    /// led here, AA is about that one (RFC 1035 §4.1.1).
    fn refer(&mut self, zone: &'z Zone, cut: &'z Node, servers: &'z RecordSet) {
        self.authoritative &= !self.answers.is_empty();
        let (owner, ttl) = (Owner::Name(&cut.name), servers.ttl);
        self.authorities.push(Entry { owner, set: servers, ttl });
        // First the addresses without which nobody comes there.
        let hosts = || servers.data.iter().filter_map(Data::host);
        for host in hosts().filter(|host| host.is_in(&cut.name)) {
            self.add_address(zone, host);
        }
        self.required = self.additionals.len();
        for host in hosts().filter(|host| !host.is_in(&cut.name)) {
            self.add_address(zone, host);
        }
    }

    /// The addresses of the hosts that a set of records sends its reader to.
    fn add_addresses(&mut self, zone: &'z Zone, set: &'z RecordSet) {
        set.data.iter().filter_map(Data::host).for_each(|host| self.add_address(zone, host));
    }

    fn add_address(&mut self, zone: &'z Zone, host: &Name) {
        let Some(node) = zone.node(host) else { return };
        for set in [Type::A, Type::AAAA].into_iter().filter_map(|rtype| node.set(rtype)) {
            if !self.additionals.iter().any(|entry| std::ptr::eq(entry.set, set)) {
                let owner = Owner::Name(&node.name);
                self.additionals.push(Entry { owner, set, ttl: set.ttl });
            }
        }
    }
}

#[cfg(test)]
mod tests;
