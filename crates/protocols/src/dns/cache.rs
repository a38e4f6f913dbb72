//! What a resolver remembers, and for how long: RFC 1035 §7.4, RFC 2308 for what does not exist.

use std::collections::HashMap;
use std::time::Duration;

use client_server::Time;

use super::codes::Type;
use super::data::Data;
use super::message::Record;
use super::names::Name;

/// The longest that records are remembered, whatever their TTL: a week is what RFC 1035 §7.3 calls the most
/// that is sensible; a day keeps mistakes short.
pub const LONGEST: Duration = Duration::from_secs(86_400);
/// The longest that "there is none" is remembered (RFC 2308 §5: one to three hours).
pub const LONGEST_NONE: Duration = Duration::from_secs(3 * 3_600);
/// Entries that are held unless told otherwise.
pub const ENTRIES: usize = 10_000;

/// What is known of a name and a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Its records, with the seconds that are left.
    Records(Vec<Record>),
    /// It is an alias of this name.
    Alias(Record, Name),
    /// The name has no such records.
    NoData,
    /// The name does not exist.
    NoName,
}

/// The memory. It holds a bounded number of entries.
#[derive(Debug)]
pub struct Cache {
    entries: HashMap<(Name, Type), Entry>,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    known: Known,
    until: Time,
}

impl Default for Cache {
    fn default() -> Self {
        Self::bounded(ENTRIES)
    }
}

impl Cache {
    /// A memory for so many entries; at least one.
    pub fn bounded(limit: usize) -> Self {
        Self { entries: HashMap::new(), limit: limit.max(1) }
    }

    /// Entries that it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Remembers what is known, for `ttl` seconds at most. A TTL of 0 is for one use (RFC 1035 §3.2.1).
    pub fn add(&mut self, name: &Name, rtype: Type, known: Known, ttl: u32, now: Time) {
        // That a name does not exist holds for all types (RFC 2308 §5).
        let (rtype, longest) = match known {
            Known::NoName => (Type::ANY, LONGEST_NONE),
            Known::NoData => (rtype, LONGEST_NONE),
            Known::Records(_) | Known::Alias(..) => (rtype, LONGEST),
        };
        let lifetime = Duration::from_secs(ttl.into()).min(longest);
        if lifetime.is_zero() {
            return;
        }
        let key = (name.clone(), rtype);
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(key, Entry { known, until: now + lifetime });
    }

    /// What is known at this time.
    pub fn look(&self, name: &Name, rtype: Type, now: Time) -> Option<Known> {
        let entry = |rtype| {
            let entry = self.entries.get(&(name.clone(), rtype));
            entry.filter(|entry| entry.until > now)
        };
        if let Some(Entry { known: Known::NoName, .. }) = entry(Type::ANY) {
            return Some(Known::NoName);
        }
        if let Some(entry) = entry(rtype) {
            return Some(entry.left(now));
        }
        match entry(Type::CNAME)?.left(now) {
            Known::Records(records) => records.into_iter().next().and_then(|record| {
                let Data::Cname(target) = &record.data else { return None };
                let target = target.clone();
                Some(Known::Alias(record, target))
            }),
            _ => None,
        }
    }

    /// Forgets what is over; and if that is not enough, the quarter that would be over first.
    fn make_room(&mut self, now: Time) {
        self.entries.retain(|_, entry| entry.until > now);
        let keep = self.limit - self.limit.div_ceil(4);
        if self.entries.len() <= keep {
            return;
        }
        let mut ends: Vec<Time> = self.entries.values().map(|entry| entry.until).collect();
        let first = ends.len() - keep;
        let (_, last_to_go, _) = ends.select_nth_unstable(first - 1);
        let last_to_go = *last_to_go;
        self.entries.retain(|_, entry| entry.until > last_to_go);
    }
}

impl Entry {
    fn left(&self, now: Time) -> Known {
        let Known::Records(records) = &self.known else { return self.known.clone() };
        // Rounded up: what is there has a second at least.
        let left = (self.until - now + Duration::from_millis(999)).as_secs();
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        let aged =
            records.iter().map(|record| Record { ttl: record.ttl.min(left), ..record.clone() });
        Known::Records(aged.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::codes::Class;

    fn name(text: &str) -> Name {
        text.parse().expect(text)
    }

    fn records(text: &str, ttl: u32, data: Data, rtype: Type) -> Known {
        Known::Records(vec![Record { name: name(text), rtype, class: Class::IN, ttl, data }])
    }

    fn a(text: &str, ttl: u32) -> Known {
        records(text, ttl, Data::A([192, 0, 2, 1].into()), Type::A)
    }

    fn at(seconds: u64) -> Time {
        Duration::from_secs(seconds)
    }

    #[test]
    fn records_age_and_end() {
        let mut cache = Cache::default();
        cache.add(&name("a"), Type::A, a("a", 60), 60, at(100));
        assert_eq!(cache.look(&name("A"), Type::A, at(100)), Some(a("a", 60)));
        assert_eq!(cache.look(&name("a"), Type::A, at(159)), Some(a("a", 1)));
        assert_eq!(cache.look(&name("a"), Type::A, at(160)), None);
        assert_eq!(cache.look(&name("a"), Type::MX, at(100)), None);
        cache.add(&name("b"), Type::A, a("b", 0), 0, at(100));
        assert_eq!(cache.look(&name("b"), Type::A, at(100)), None, "for one use");
        cache.add(&name("c"), Type::A, a("c", u32::MAX), u32::MAX, at(0));
        assert_eq!(cache.look(&name("c"), Type::A, at(86_399)), Some(a("c", 1)));
        assert_eq!(cache.look(&name("c"), Type::A, at(86_400)), None, "a day is enough");
    }

    #[test]
    fn what_does_not_exist_is_remembered_too() {
        let mut cache = Cache::default();
        cache.add(&name("none"), Type::A, Known::NoName, u32::MAX, at(0));
        cache.add(&name("empty"), Type::MX, Known::NoData, 60, at(0));
        assert_eq!(
            cache.look(&name("none"), Type::MX, at(10_799)),
            Some(Known::NoName),
            "of any type"
        );
        assert_eq!(cache.look(&name("none"), Type::A, at(10_800)), None, "three hours");
        assert_eq!(cache.look(&name("empty"), Type::MX, at(59)), Some(Known::NoData));
        assert_eq!(cache.look(&name("empty"), Type::A, at(0)), None);
    }

    #[test]
    fn an_alias_stands_for_all_types() {
        let mut cache = Cache::default();
        let alias = records("a", 60, Data::Cname(name("b")), Type::CNAME);
        cache.add(&name("a"), Type::CNAME, alias.clone(), 60, at(0));
        let Some(Known::Alias(record, target)) = cache.look(&name("a"), Type::A, at(0)) else {
            panic!("an alias");
        };
        assert_eq!((record.ttl, target), (60, name("b")));
        assert_eq!(cache.look(&name("a"), Type::CNAME, at(0)), Some(alias));
    }

    #[test]
    fn it_is_bounded() {
        let mut cache = Cache::bounded(100);
        for index in 0..1_000_u32 {
            cache.add(&name(&format!("n{index}")), Type::A, a("x", 60), 60 + index, at(0));
            assert!(cache.len() <= 100);
        }
        assert!(cache.look(&name("n999"), Type::A, at(0)).is_some());
        assert!(cache.look(&name("n0"), Type::A, at(0)).is_none());
        // All with one end: some must go nevertheless.
        let mut cache = Cache::bounded(4);
        for index in 0..50 {
            cache.add(&name(&format!("n{index}")), Type::A, a("x", 60), 60, at(0));
            assert!((1..=4).contains(&cache.len()));
        }
    }
}
