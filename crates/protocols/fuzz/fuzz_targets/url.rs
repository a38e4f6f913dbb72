#![no_main]

//! What is read as a URL is written and read as the same; a reference resolved on it is one, too.

use libfuzzer_sys::fuzz_target;
use protocols::http::url::{Host, Url};

fuzz_target!(|octets: &[u8]| {
    let (text, reference) = octets.split_at(octets.len() / 2);
    let base = Url::parse("http://h/a/b?c#d").expect("a URL");
    for url in [
        str::from_utf8(octets).ok().and_then(|text| Url::parse(text).ok()),
        str::from_utf8(text).ok().and_then(|text| Url::parse(text).ok()),
        base.join(octets).ok(),
    ]
    .into_iter()
    .flatten()
    {
        check(&url);
        if let Ok(next) = url.join(reference) {
            check(&next);
        }
    }
});

fn check(url: &Url) {
    let again = Url::parse(&url.to_string()).expect("it was written by us");
    assert_eq!(again.to_string(), url.to_string());
    assert_eq!(again.origin, url.origin);
    // What goes into a request cannot end its line, or a part of it.
    let target = url.target();
    assert!(target.starts_with('/') && target.bytes().all(|octet| (0x21..0x7f).contains(&octet)));
    assert!(!target.contains('#'));
    let segments = url.path.split('/').map(|part| part.to_ascii_lowercase().replace("%2e", "."));
    assert!(segments.into_iter().all(|segment| segment != "." && segment != ".."));
    if let Host::Name(name) = &url.origin.host {
        assert!(!name.is_empty() && name.len() <= 253);
    }
    if let Some(name) = url.file_name() {
        assert!(!name.contains('/') && name != "..");
    }
}
