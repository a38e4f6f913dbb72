//! A zone as a tree of labels, and the zones of a server.
//!
//! ```text
//!   example.com.            SOA, NS                    the apex
//!   ├── www                 A, AAAA
//!   ├── *                   TXT                        a wildcard: for names that are not there
//!   ├── b                   (nothing)                  an empty non-terminal: it exists, since a.b does
//!   │   └── a               A
//!   └── sub                 NS                         a cut: what is below belongs to another server
//!       └── ns              A                          glue: said in referrals, and never on our authority
//! ```
//!
//! RFC 1034 §4.2 on zones and cuts, RFC 4592 on wildcards and empty non-terminals, RFC 2181 §5 on sets
//! of records.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::codes::{Class, Type};
use super::data::{Data, Soa};
use super::message::Record;
use super::names::{LONGEST_NAME, Name};
use super::zone_file::{self, Wrong, ZoneError};

/// The greatest TTL (RFC 2181 §8).
pub const LONGEST_TTL: u32 = 0x7fff_ffff;

/// All records of one name and type (RFC 2181 §5). They have one TTL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// Their type.
    pub rtype: Type,
    /// Seconds that they may be remembered.
    pub ttl: u32,
    /// What they say; at least one, and no two the same.
    pub data: Vec<Data>,
}

/// A name of a zone, and what is there.
#[derive(Debug)]
pub struct Node {
    /// The name, as the zone file writes it.
    pub name: Name,
    /// Its records; none at an empty non-terminal.
    pub sets: Vec<RecordSet>,
    /// The names of one label more, by this label in lower case: their places among the zone's nodes.
    children: HashMap<Box<[u8]>, usize>,
}

impl Node {
    fn new(name: Name) -> Self {
        Self { name, sets: Vec::new(), children: HashMap::new() }
    }

    /// Its records of a type.
    pub fn set(&self, rtype: Type) -> Option<&RecordSet> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    fn add(&mut self, record: Record) {
        let Some(set) = self.sets.iter_mut().find(|set| set.rtype == record.rtype) else {
            let Record { rtype, ttl, data, .. } = record;
            self.sets.push(RecordSet { rtype, ttl, data: vec![data] });
            return;
        };
        // RFC 2181 §5.2: one TTL for all. Where a file has several, the least harms nobody.
        set.ttl = set.ttl.min(record.ttl);
        if !set.data.contains(&record.data) {
            set.data.push(record.data);
        }
    }
}

/// What stands in a zone for a name.
#[derive(Debug)]
pub enum Found<'a> {
    /// The name itself.
    Name(&'a Node),
    /// A wildcard, from which the name's records are made (RFC 4592 §3.3.1).
    Wildcard(&'a Node),
    /// A cut at or above the name: these NS records know more.
    Cut(&'a Node, &'a RecordSet),
    /// Nothing: the name does not exist.
    Nothing,
}

/// A zone.
#[derive(Debug)]
pub struct Zone {
    /// The apex is the first.
    nodes: Vec<Node>,
    soa: RecordSet,
    /// How long "there is none" may be remembered: the lesser of the SOA's TTL and its last number
    /// (RFC 2308 §3).
    negative_ttl: u32,
}

impl Zone {
    /// Reads a zone file, whose relative names go on with `origin` until it says `$ORIGIN`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and in which line.
    pub fn parse(text: &str, origin: Option<Name>) -> Result<Self, ZoneError> {
        Self::new(zone_file::records(text, origin)?)
    }

    /// A zone of these records, each with its line.
    ///
    /// # Errors
    ///
    /// If they are no zone: its SOA or name servers are missing, something is outside it, or a name with a
    /// CNAME has other records.
    pub fn new(records: Vec<(usize, Record)>) -> Result<Self, ZoneError> {
        let whole = |what| ZoneError { line: 0, what };
        let mut starts = records.iter().filter(|(_, record)| record.rtype == Type::SOA);
        let (_, start) = starts.next().ok_or_else(|| whole(Wrong::NoSoa))?;
        if let Some((line, _)) = starts.next() {
            return Err(ZoneError { line: *line, what: Wrong::SecondSoa });
        }
        let Data::Soa(Soa { minimum, .. }) = start.data else { return Err(whole(Wrong::NoSoa)) };
        let soa = RecordSet { rtype: Type::SOA, ttl: start.ttl, data: vec![start.data.clone()] };
        let apex = start.name.clone();
        let negative_ttl = start.ttl.min(minimum);
        let mut zone = Self { nodes: vec![Node::new(apex.clone())], soa, negative_ttl };
        for (line, record) in records {
            zone.add(record).map_err(|what| ZoneError { line, what })?;
        }
        if zone.nodes[0].set(Type::NS).is_none() {
            return Err(whole(Wrong::NoNs(apex)));
        }
        Ok(zone)
    }

    fn add(&mut self, record: Record) -> Result<(), Wrong> {
        if !record.name.is_in(self.apex()) {
            return Err(Wrong::Outside(record.name));
        }
        if record.class != Class::IN {
            return Err(Wrong::Class(record.class));
        }
        let mut at = 0;
        for label in Below::new(&record.name, &self.apex().clone()).labels() {
            at = self.child(at, label)?;
        }
        let node = &mut self.nodes[at];
        // RFC 2181 §10.1: beside a CNAME there is nothing, and no second one.
        let alias = node.set(Type::CNAME).is_some();
        let several = record.rtype == Type::CNAME && !node.sets.is_empty();
        let again = node.set(record.rtype).is_some_and(|set| set.data.contains(&record.data));
        if !again && (alias || several) {
            return Err(Wrong::BesideCname(record.name));
        }
        node.add(record);
        Ok(())
    }

    /// The child of a node by its label, made if it is not there.
    fn child(&mut self, at: usize, label: &[u8]) -> Result<usize, Wrong> {
        let key = label.to_ascii_lowercase().into_boxed_slice();
        if let Some(child) = self.nodes[at].children.get(&key) {
            return Ok(*child);
        }
        let name = self.nodes[at].name.child(label).map_err(Wrong::Name)?;
        let child = self.nodes.len();
        self.nodes[at].children.insert(key, child);
        self.nodes.push(Node::new(name));
        Ok(child)
    }

    /// The zone's name.
    pub fn apex(&self) -> &Name {
        &self.nodes[0].name
    }

    /// How many names it has, and records.
    pub fn size(&self) -> (usize, usize) {
        let sets = self.nodes.iter().flat_map(|node| &node.sets);
        (self.nodes.len(), sets.map(|set| set.data.len()).sum())
    }

    /// The SOA record, and the TTL that it has in an answer that says "there is none".
    pub fn denial(&self) -> (&RecordSet, u32) {
        (&self.soa, self.negative_ttl)
    }

    // ANCHOR: find
    /// What stands for `name`, which is in this zone: down the tree, label by label (RFC 1034 §4.3.2, step 3).
    /// With `cut_itself`, a cut at the name itself is no cut: its DS records are the parent's
    /// (RFC 4035 §3.1.4.1).
    pub fn find(&self, name: &Name, cut_itself: bool) -> Found<'_> {
        let below = Below::new(name, self.apex());
        let mut node = &self.nodes[0];
        for (index, label) in below.labels().enumerate() {
            let Some(child) = self.step(node, label) else {
                // Of what is there, `node` is the closest encloser. A wildcard counts only right below it
                // (RFC 4592 §3.3.1).
                return self.step(node, b"*").map_or(Found::Nothing, Found::Wildcard);
            };
            node = child;
            let itself = cut_itself && index + 1 == below.count;
            if let Some(servers) = node.set(Type::NS).filter(|_| !itself) {
                return Found::Cut(node, servers);
            }
        }
        Found::Name(node)
    }
    // ANCHOR_END: find

    fn step(&self, node: &Node, label: &[u8]) -> Option<&Node> {
        let mut lower = [0; 63];
        let lower = lower.get_mut(..label.len())?;
        lower.copy_from_slice(label);
        lower.make_ascii_lowercase();
        node.children.get(&*lower).map(|child| &self.nodes[*child])
    }

    /// The node of exactly this name, glue too.
    pub fn node(&self, name: &Name) -> Option<&Node> {
        if !name.is_in(self.apex()) {
            return None;
        }
        Below::new(name, self.apex())
            .labels()
            .try_fold(&self.nodes[0], |node, label| self.step(node, label))
    }
}

/// The labels by which a name is below an apex, from the apex on: where each begins.
struct Below<'a> {
    octets: &'a [u8],
    /// The root's octet aside, a label has two octets at least: the room is enough for any name.
    starts: [u8; LONGEST_NAME / 2],
    count: usize,
}

impl<'a> Below<'a> {
    fn new(name: &'a Name, apex: &Name) -> Self {
        let octets = name.octets();
        let mut below = Self { octets, starts: [0; LONGEST_NAME / 2], count: 0 };
        let end = octets.len().saturating_sub(apex.octets().len());
        let mut at = 0;
        while at < end {
            below.starts[below.count] = u8::try_from(at).expect("names have 255 octets");
            below.count += 1;
            at += 1 + usize::from(octets[at]);
        }
        below
    }

    fn labels(&self) -> impl Iterator<Item = &'a [u8]> {
        self.starts[..self.count].iter().rev().map(|start| {
            let start = usize::from(*start);
            &self.octets[start + 1..=start + usize::from(self.octets[start])]
        })
    }
}

/// The zones of a server.
#[derive(Debug, Default)]
pub struct Zones {
    /// By their names in lower case.
    zones: HashMap<Box<[u8]>, Zone>,
    /// Octets of the longest of these names, which none of a question's needs to exceed.
    longest: usize,
}

impl Zones {
    /// Adds a zone.
    ///
    /// # Errors
    ///
    /// The zone, if there is one of its name.
    pub fn add(&mut self, zone: Zone) -> Result<(), Box<Zone>> {
        let key = zone.apex().octets().to_ascii_lowercase().into_boxed_slice();
        if self.zones.contains_key(&key) {
            return Err(Box::new(zone));
        }
        self.longest = self.longest.max(key.len());
        self.zones.insert(key, zone);
        Ok(())
    }

    /// The zones, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.values()
    }

    /// The nearest zone that `name` is in; with `above`, the nearest above a zone of that very name, if there is one.
    pub fn nearest(&self, name: &Name, above: bool) -> Option<&Zone> {
        let mut lower = [0; LONGEST_NAME];
        let lower = &mut lower[..name.octets().len()];
        lower.copy_from_slice(name.octets());
        lower.make_ascii_lowercase();
        let mut suffix: &[u8] = lower;
        let mut own = None;
        while let [length, rest @ ..] = suffix {
            if suffix.len() <= self.longest
                && let Some(zone) = self.zones.get(suffix)
            {
                if !above || suffix.len() < lower.len() {
                    return Some(zone);
                }
                own = Some(zone);
            }
            suffix = rest.get(usize::from(*length)..).unwrap_or_default();
        }
        own
    }
}

impl FromIterator<Zone> for Zones {
    /// Of two zones with one name, the first.
    fn from_iter<I: IntoIterator<Item = Zone>>(zones: I) -> Self {
        let mut all = Self::default();
        for zone in zones {
            let _ = all.add(zone);
        }
        all
    }
}
