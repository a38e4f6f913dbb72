#![no_main]

//! A request's head in two pieces is the head in one; and what is taken is dissected as well.

use capture::dissect::{Dissector, tiles};
use libfuzzer_sys::fuzz_target;
use protocols::http::dissect::{Requests, Responses};
use protocols::http::request::{Request, Scan};
use protocols::http::target::{Name, Target, encode};

fuzz_target!(|input: &[u8]| {
    let [cut, head @ ..] = input else { return };
    let cut = usize::from(*cut).min(head.len());
    let whole = Scan::default().end(head);
    let mut scan = Scan::default();
    let pieces = match scan.end(&head[..cut]) {
        Ok(None) => scan.end(head),
        done => done,
    };
    assert_eq!(whole, pieces);
    if let Ok(Some(end)) = whole
        && let Ok(request) = Request::parse(&head[..end])
    {
        let fields = Requests.dissect(&head[..end]).expect("what is taken can be named");
        assert_eq!(tiles(&fields, end), Ok(()));
        if let Target::Path { path, .. } = request.target
            && let Ok(name) = Name::decode(path)
        {
            let mut again = b"/".to_vec();
            encode(name.as_bytes(), &mut again);
            assert_eq!(Name::decode(&again).expect("it was a name").as_bytes(), name.as_bytes());
        }
    }
    for fields in [Requests.dissect(head), Responses::default().dissect(head)].into_iter().flatten() {
        assert_eq!(tiles(&fields, head.len()), Ok(()));
    }
});
