use super::*;

fn parse(text: &str) -> String {
    Url::parse(text).map_or_else(|error| format!("error: {error}"), |url| url.to_string())
}

fn join(base: &str, reference: &str) -> String {
    let base = Url::parse(base).expect("a base");
    base.join(reference.as_bytes()).map_or_else(|e| format!("error: {e}"), |url| url.to_string())
}

#[test]
fn urls_are_normalised() {
    for (text, want) in [
        ("http://h", "http://h/"),
        ("HTTP://H.Example:80/", "http://h.example/"),
        ("https://h:443", "https://h/"),
        ("http://h:8080/a?b?c#d#e", "http://h:8080/a?b?c#d%23e"),
        ("http://h?q", "http://h/?q"),
        ("http://h#f", "http://h/#f"),
        ("http://h:/x", "http://h/x"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[0:0::1]/", "http://[::1]/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),
        ("  http://h/  ", "http://h/"),
        ("http://h/a b/é\\<>", "http://h/a%20b/%C3%A9%5C%3C%3E"),
        ("http://h/%zz%41", "http://h/%zz%41"),
        ("http://h/a/./b/../../c/..", "http://h/"),
        ("http://h/../../a", "http://h/a"),
        ("http://h/a/%2E%2e/b", "http://h/b"),
        ("http://h//a//", "http://h//a//"),
        ("http://user:secret@h/", "http://h/"),
        ("http://a@b@h/", "http://h/"),
        ("http://_dmarc.h/", "http://_dmarc.h/"),
    ] {
        assert_eq!(parse(text), want, "{text}");
    }
}

#[test]
fn what_two_readers_would_read_differently_is_refused() {
    for text in [
        "",
        "h",
        "/a",
        "//h/",
        "http:",
        "http:/h",
        "http:h",
        "http://",
        "http:///a",
        "http://:80/",
        "ftp://h/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://h:0/",
        "http://h:65536/",
        "http://h:+80/",
        "http://h:80a/",
        "http://h:80:80/",
        "http://[::1",
        "http://[::1]80/",
        "http://[::g]/",
        "http://[fe80::1%25eth0]/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://1.2.3.256/",
        "http://1.2.3.4.5/",
        "http://h%00/",
        "http://h%2eexample/",
        "http://a b/",
        "http://h\\@evil/",
        "http:\\\\h\\",
        "http://é/",
        "http://h/\r\nX: y",
        "http://h/\u{7f}",
        "http://h/\ta",
        "http://\"/",
        "http://127.0.0.1./",
    ] {
        assert!(Url::parse(text).is_err(), "{text:?} was read as {}", parse(text));
    }
    assert!(Url::parse(&format!("http://h/{}", "x".repeat(LONGEST))).is_err());
    assert!(Url::parse(&format!("http://{}/", "x".repeat(254))).is_err());
    assert!(Url::parse(&format!("http://h/{}", "x".repeat(8_000))).is_ok());
}

#[test]
fn references_are_resolved_as_rfc_3986_has_it() {
    // RFC 3986 §5.4.1 and §5.4.2, on its base.
    for (reference, want) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http://other/x", "http://other/x"),
        ("/\\evil/x", "http://a/%5Cevil/x"),
        ("./a:b", "http://a/b/c/a:b"),
        ("/a b\u{e9}", "http://a/a%20b%C3%A9"),
    ] {
        assert_eq!(join("http://a/b/c/d;p?q", reference), want, "{reference}");
    }
    for reference in ["g:h", "http:g", "ftp://a/", "mailto:x", "//", "http://u@127.1/", "/a\r\nb"] {
        assert!(join("http://a/b", reference).starts_with("error"), "{reference}");
    }
}

#[test]
fn a_fragment_is_inherited_and_userinfo_is_not() {
    let base = Url::parse("http://user:secret@h/a#part").expect("a URL");
    assert_eq!(base.userinfo.as_deref(), Some("user:secret"));
    let next = base.join(b"/b").expect("a reference");
    assert_eq!((next.to_string().as_str(), next.userinfo), ("http://h/b#part", None));
    assert_eq!(base.join(b"//g/b").expect("one").to_string(), "http://g/b#part");
    assert_eq!(base.join(b"http://g/b#own").expect("one").to_string(), "http://g/b#own");
    let phishing = base.join(b"http://h@evil/").expect("a URL with userinfo");
    assert_eq!(phishing.origin.host, Host::Name("evil".into()));
    assert!(phishing.userinfo.is_some(), "so that a redirect can be refused for it");
}

#[test]
fn a_name_for_a_file_is_the_last_segment_and_leaves_no_folder() {
    let name = |text: &str| Url::parse(text).expect("a URL").file_name();
    assert_eq!(name("http://h/a/b%20c.txt?q"), Some("b c.txt".into()));
    for none in
        ["http://h/", "http://h/a/", "http://h/%2fetc%2fpasswd", "http://h/a%00", "http://h/%ff"]
    {
        assert_eq!(name(none), None, "{none}");
    }
}

#[test]
fn what_was_read_is_read_again_as_the_same() {
    for text in ["http://h/a b?c d#e f", "http://[::1]:1/%zz", "https://x.y/../?[#"] {
        let url = Url::parse(text).expect("a URL");
        assert_eq!(Url::parse(&url.to_string()).as_ref(), Ok(&url), "{text}");
    }
}
