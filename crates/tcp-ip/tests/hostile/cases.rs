//! The list of cases.

/// What one peer sends, and what must become of it.
pub(crate) struct Case {
    /// Its name, which a failing test says.
    pub(crate) name: String,
    /// The state of the connection; none if there is none.
    pub(crate) state: Option<String>,
    /// IP packets, in order.
    pub(crate) packets: Vec<Vec<u8>>,
    /// One of the sentences that `cases.txt` explains.
    pub(crate) expect: String,
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split(']').next().expect("a name ends").to_owned();
            let (state, packets, expect) = (None, Vec::new(), String::new());
            cases.push(Case { name, state, packets, expect });
            continue;
        }
        let (Some((key, value)), Some(case)) = (line.split_once(' '), cases.last_mut()) else {
            continue; // The comment at the top, or an empty line.
        };
        let value = value.trim();
        match key {
            "state" => case.state = Some(value.to_owned()),
            "packet" => case.packets.push(octets(value)),
            "expect" => value.clone_into(&mut case.expect),
            "source" => {}
            other => panic!("{}: what is {other}?", case.name),
        }
    }
    assert_eq!(cases.len(), 20, "the list is complete");
    assert!(cases.iter().all(|case| !case.packets.is_empty() && !case.expect.is_empty()));
    cases
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|digit| *digit != b' ').collect();
    let octet = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}
