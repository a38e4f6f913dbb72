#![no_main]

//! Zone files: what is read is printed, and read as the same; and a zone answers for each of its names.

use libfuzzer_sys::fuzz_target;
use protocols::dns::answer::answer;
use protocols::dns::{Name, Question, Zone, Zones, zone_file};

fuzz_target!(|octets: &[u8]| {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let Ok(records) = zone_file::records(text, Some(Name::root())) else { return };
    let printed: String = records.iter().map(|(_, record)| format!("{record}\n")).collect();
    let again = zone_file::records(&printed, None).expect("what we print");
    assert_eq!(records.len(), again.len());
    for ((_, one), (_, other)) in records.iter().zip(&again) {
        assert_eq!(one, other);
    }
    let questions: Vec<Question> =
        records.iter().map(|(_, r)| Question::new(r.name.clone(), r.rtype)).collect();
    let Ok(zone) = Zone::new(records) else { return };
    let zones: Zones = [zone].into_iter().collect();
    for question in questions {
        let _ = answer(&zones, &question);
    }
});
