//! Graded test of `serve-files`.

mod mistakes;
mod site;

use std::fs;
use std::time::Duration;

use harness::{Outcome, check_within, cost};
use serve_files::Request;

use mistakes::{
    ABSOLUTE, BEFORE_DECODING, EXCLUDED, IF_RANGE, IN_MEMORY, LENGTH, LINK, NUL, ON_304, ON_HEAD,
    PREFIX, SUFFIX, TRAVERSAL, TRUSTED, TWICE,
};
use site::{DIGITS, Folder, Meddler, Reply};

/// Of a check. It takes milliseconds, but where the files are on a disk that others use as well.
const LIMIT: Duration = Duration::from_secs(10);

#[global_allocator]
static ALLOCATOR: cost::Counting = cost::Counting;

#[test]
fn a_file_is_sent_whole() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let content = c.random().bytes(3000);
        folder.write(c, "random.png", &content)?;
        let reply = folder.sends(c, ("/random.png", &[]), (200, &content), None)?;
        c.want("the fields that tell a client what it got, and that it may ask for parts");
        reply.has(c, "Content-Type", "image/png", None)?;
        reply.has(c, "Accept-Ranges", "bytes", None)?;
        let tag = reply.field("ETag").unwrap_or_default();
        let quoted = tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"');
        c.ensure(quoted, None, || format!("{}\nand no strong ETag", reply.told()))?;
        folder.begin(c);
        folder.sends(c, ("/empty.txt", &[]), (200, b""), None)?;
        folder.begin(c);
        folder.sends(c, ("/digits.txt?version=/../2", &[]), (200, DIGITS), None)?;
        Ok(())
    })
}

#[test]
fn a_folder_is_its_index() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for (target, content) in [("/", &b"<h1>Home</h1>"[..]), ("/sub/", b"<h1>Sub</h1>")] {
            folder.begin(c);
            folder.sends(c, (target, &[]), (200, content), None)?;
        }
        for target in ["/missing.txt", "/sub", "/sub/deep/", "/digits.txt/", "*", "digits.txt"] {
            folder.is_not_there(c, target, &TRAVERSAL)?;
        }
        let long = format!("/{}", "u".repeat(7900));
        folder.is_not_there(c, &long, &TRAVERSAL)
    })
}

#[test]
fn other_methods_are_not_allowed() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for method in ["POST", "DELETE", "get"] {
            folder.begin(c);
            c.want("405 Method Not Allowed, which says what is, and no content");
            let reply = folder.ask(c, method, "/digits.txt", &[])?;
            reply.is(c, 405, b"", None)?;
            reply.has(c, "Allow", "GET, HEAD", None)?;
        }
        Ok(())
    })
}

#[test]
fn a_name_is_decoded() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for (target, content) in [
            ("/a%20b.txt", &b"a space"[..]),
            ("/%64%69gits.tx%74", DIGITS),
            ("/%c3%BC.txt", b"an umlaut"),
        ] {
            folder.begin(c);
            folder.sends(c, (target, &[]), (200, content), None)?;
        }
        let content = b"a percent sign, 2, and 5";
        folder.begin(c);
        c.want("200, with the content of `100%25.txt`: what is decoded is a name, and not escaped");
        let reply = folder.ask(c, "GET", "/100%2525.txt", &[])?;
        let twice = (reply.body == b"a percent sign").then_some(&TWICE);
        reply.is(c, 200, content, twice)?;
        for target in [
            "/%",
            "/%2",
            "/digits.txt%",
            "/%zzdigits.txt",
            "/a%+2b.txt",
            "/sub%2findex.html",
            "/%ff",
            "/a%c3",
        ] {
            folder.is_not_there(c, target, &TRAVERSAL)?;
        }
        Ok(())
    })
}

#[test]
fn dots_do_not_lead_out() -> Outcome {
    check_within(LIMIT, |c| {
        let targets =
            ["/../secret.txt", "/sub/../../secret.txt", "/sub/deep/../../../secret.txt", "/.."];
        Folder::new(c)?.has_none_of(c, &targets, &TRAVERSAL)
    })
}

#[test]
fn a_way_out_and_in_again_is_a_way_out() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        c.want("404: who tries names until one leads in again learns what is outside");
        let reply = folder.ask(c, "GET", "/../site/digits.txt", &[])?;
        let out = (reply.status == 200).then_some(&TRAVERSAL);
        c.ensure(reply.status == 404, out, || reply.told())
    })
}

#[test]
fn escaped_dots_do_not_lead_out() -> Outcome {
    check_within(LIMIT, |c| {
        let targets =
            ["/%2e%2e/secret.txt", "/.%2E/secret.txt", "/..%2fsecret.txt", "/%2E%2e%2Fsecret.txt"];
        Folder::new(c)?.has_none_of(c, &targets, &BEFORE_DECODING)
    })
}

#[test]
fn doubly_escaped_dots_do_not_lead_out() -> Outcome {
    check_within(LIMIT, |c| {
        let targets = ["/%252e%252e/secret.txt", "/%252e%252e%252fsecret.txt"];
        Folder::new(c)?.has_none_of(c, &targets, &TWICE)
    })
}

#[test]
fn an_absolute_name_is_not_below_the_root() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let secret = folder.around.join("secret.txt").to_string_lossy().into_owned();
        for target in [format!("/{secret}"), format!("/%2f{}", secret.trim_start_matches('/'))] {
            folder.is_not_there(c, &target, &ABSOLUTE)?;
        }
        Ok(())
    })
}

#[test]
fn a_name_has_no_nul() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for target in ["/digits.txt%00.png", "/digits.txt%00", "/%00", "/sub%00/index.html"] {
            folder.begin(c);
            c.want("404 Not Found: no name has a NUL in it");
            let reply = folder.ask_or(c, "GET", target, &[], Some(&NUL))?;
            let cut = (reply.status == 200).then_some(&NUL);
            c.ensure(reply.status == 404 && reply.body.is_empty(), cut, || reply.told())?;
        }
        Ok(())
    })
}

#[test]
fn links_do_not_lead_out() -> Outcome {
    check_within(LIMIT, |c| {
        if cfg!(not(unix)) {
            return Err(c.skip("making a symbolic link takes a privilege here"));
        }
        let folder = Folder::new(c)?;
        for target in ["/outside.txt", "/up/secret.txt"] {
            folder.is_not_there(c, target, &LINK)?;
        }
        folder.is_not_there(c, "/neighbour/secret.txt", &PREFIX)?;
        folder.begin(c);
        folder.sends(c, ("/sub/inside.txt", &[]), (200, DIGITS), None)?;
        Ok(())
    })
}

#[test]
fn a_neighbour_is_not_below_the_root() -> Outcome {
    check_within(LIMIT, |c| {
        let targets = ["/../site-private/secret.txt", "/%2e%2e/site-private/secret.txt"];
        Folder::new(c)?.has_none_of(c, &targets, &PREFIX)
    })
}

#[test]
fn head_is_answered_as_get_is_but_for_the_content() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for target in ["/digits.txt", "/", "/missing.txt"] {
            folder.begin(c);
            let get = folder.ask(c, "GET", target, &[])?;
            c.want(
                "the status and the fields of the answer to GET, and nothing behind the empty line",
            );
            let head = folder.ask(c, "HEAD", target, &[])?;
            c.ensure(head.body.is_empty(), &ON_HEAD, || head.told())?;
            c.ensure(head.status == get.status, None, || head.told())?;
            for name in ["Content-Length", "Content-Type", "ETag", "Accept-Ranges"] {
                let (got, want) = (head.field(name), get.field(name));
                c.ensure(got == want, None, || format!("{}\nand {name} differs", head.told()))?;
            }
        }
        Ok(())
    })
}

#[test]
fn what_the_client_has_is_not_sent_again() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let tag = folder.tag(c, "/digits.txt")?;
        let listed = format!("\"a\", W/{tag}, \"b\"");
        for tags in [&tag, &listed, "*"] {
            for (method, range) in [("GET", "none=0"), ("HEAD", "none=0"), ("GET", "bytes=0-3")] {
                folder.begin(c);
                c.want("304 Not Modified with the tag, and nothing behind the empty line");
                let fields = [("If-None-Match", tags), ("Range", range)];
                let reply = folder.ask(c, method, "/digits.txt", &fields)?;
                let content = (reply.status == 304).then_some(&ON_304);
                c.ensure(reply.body.is_empty(), content, || reply.told())?;
                c.ensure(reply.status == 304, None, || reply.told())?;
                reply.has(c, "ETag", &tag, None)?;
                c.want("no Content-Length in a 304, unless it is the file's");
                let length = reply.field("Content-Length").unwrap_or("10");
                c.ensure(length == "10", None, || reply.told())?;
            }
        }
        for tags in ["\"a\"", "\"a\", \"b\"", "", "\"\"", &tag[1..tag.len() - 1]] {
            folder.begin(c);
            folder.sends(c, ("/digits.txt", &[("if-none-match", tags)]), (200, DIGITS), None)?;
        }
        folder.write(c, "digits.txt", b"other digits")?;
        folder.begin(c);
        let fields = [("If-None-Match", &*tag)];
        folder.sends(c, ("/digits.txt", &fields), (200, b"other digits"), None)?;
        Ok(())
    })
}

#[test]
fn a_range_is_a_part() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for (range, from, last, mistake) in [
            ("bytes=2-5", 2, 5, &EXCLUDED),
            ("bytes=0-0", 0, 0, &EXCLUDED),
            ("bytes=9-9", 9, 9, &EXCLUDED),
            ("bytes=0-9", 0, 9, &EXCLUDED),
            ("Bytes=003-007", 3, 7, &EXCLUDED),
            ("bytes=7-", 7, 9, &EXCLUDED),
            ("bytes=0-", 0, 9, &EXCLUDED),
            ("bytes=-3", 7, 9, &SUFFIX),
            ("bytes=-1", 9, 9, &SUFFIX),
            ("bytes=-10", 0, 9, &SUFFIX),
            ("bytes=-11", 0, 9, &SUFFIX),
            ("bytes=-18446744073709551615", 0, 9, &SUFFIX),
            ("bytes=7-10", 7, 9, &TRUSTED),
            ("bytes=0-18446744073709551615", 0, 9, &TRUSTED),
            ("bytes=9-99999999999999999999999", 9, 9, &TRUSTED),
        ] {
            folder.part(c, &[("Range", range)], (from, last), mistake)?;
        }
        Ok(())
    })
}

#[test]
fn a_part_that_is_not_there_is_refused() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        for (range, mistake) in [
            ("bytes=10-", &TRUSTED),
            ("bytes=10-10", &TRUSTED),
            ("bytes=11-20", &TRUSTED),
            ("bytes=99999999999999999999999-", &TRUSTED),
            ("bytes=-0", &SUFFIX),
        ] {
            folder.begin(c);
            c.want("416 Range Not Satisfiable, Content-Range: bytes */10, and no content");
            let reply =
                folder.ask_or(c, "GET", "/digits.txt", &[("Range", range)], Some(mistake))?;
            reply.is(c, 416, b"", mistake)?;
            reply.has(c, "Content-Range", "bytes */10", None)?;
        }
        Ok(())
    })
}

#[test]
fn what_is_no_range_is_ignored() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let none = "bytes=5-2|bytes=|bytes=-|bytes=a-b|bytes=+1-2|bytes=1-+2|\
                    bytes=1|bytes=1-2x|bytes 1-2|lines=0-3|bytes=0-1,3-4|";
        for range in none.split('|') {
            folder.begin(c);
            folder.sends(c, ("/digits.txt", &[("Range", range)]), (200, DIGITS), None)?;
        }
        folder.begin(c);
        folder.sends(c, ("/empty.txt", &[("Range", "bytes=0-")]), (200, b""), None)?;
        folder.begin(c);
        c.want("200, with the length of the file: Range is for GET alone");
        let reply = folder.ask(c, "HEAD", "/digits.txt", &[("Range", "bytes=2-5")])?;
        c.ensure(reply.status == 200, None, || reply.told())?;
        reply.has(c, "Content-Length", "10", None)
    })
}

#[test]
fn a_part_goes_with_the_parts_that_the_client_has() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let tag = folder.tag(c, "/digits.txt")?;
        folder.part(c, &[("Range", "bytes=2-5"), ("If-Range", &tag)], (2, 5), None)?;
        folder.write(c, "digits.txt", b"ABCDEFGHIJKLM")?;
        for tag in [&*tag, "\"another\"", &format!("W/{}", folder.tag(c, "/digits.txt")?)] {
            let fields = [("Range", "bytes=2-5"), ("If-Range", tag)];
            let mistake = &IF_RANGE;
            folder.begin(c);
            folder.sends(c, ("/digits.txt", &fields), (200, b"ABCDEFGHIJKLM"), mistake)?;
        }
        Ok(())
    })
}

#[test]
fn a_part_of_a_large_file_takes_little_memory() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let (path, length) = (folder.path("large.bin"), 64 << 20);
        let made = fs::File::create(&path).and_then(|file| file.set_len(length));
        made.map_err(|error| c.fail(None, format!("making a large file: {error}")))?;
        c.did("made a `Site` of a folder with a file of 64 MiB");
        let fields = [("Range", "bytes=-10")];
        let (reply, spent) = cost::of(|| folder.ask(c, "GET", "/large.bin", &fields));
        reply?.is(c, 206, &[0; 10], None)?;
        c.want("its last 10 octets, with less than 2 MiB of memory asked for");
        c.ensure(spent.bytes < 2 << 20, &IN_MEMORY, || format!("{} octets", spent.bytes))
    })
}

#[test]
fn the_length_that_was_promised_is_kept() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let path = folder.path("log.txt");
        for length in [2 << 20, 1000] {
            folder.write(c, "log.txt", &[b'x'; 1 << 20])?;
            c.attempt("made a `Site` of a folder with a file of 1 MiB");
            c.did("asked for GET /log.txt");
            c.did(format!("when the head came, gave the file a length of {length} octets"));
            let mut client = Meddler { got: Vec::new(), path: &path, length };
            let request = Request { method: "GET", target: "/log.txt", fields: &[] };
            let kept = folder.site.answer(&request, &mut client).is_ok();
            let reply = Reply::parse(&client.got);
            let sent = reply.as_ref().map_or(0, |reply| reply.body.len());
            c.want("as many octets as Content-Length says; or else an error, so that the caller closes");
            let promised =
                reply.is_some_and(|reply| reply.field("Content-Length") == Some("1048576"));
            let told =
                || format!("Content-Length: 1048576, {sent} octets of content, and Ok({})", "()");
            c.ensure(promised, None, || "no head that promises 1048576 octets".to_owned())?;
            c.ensure(sent == 1 << 20 || (sent < 1 << 20 && !kept), &LENGTH, told)?;
        }
        Ok(())
    })
}

#[test]
fn any_range_of_any_file() -> Outcome {
    check_within(LIMIT, |c| {
        let folder = Folder::new(c)?;
        let mut random = c.random();
        for _ in 0..20 {
            let length = 1 + random.below(5000);
            let content = random.bytes(length);
            folder.write(c, "random.bin", &content)?;
            let first = random.below(length);
            let last = first + random.below(length - first);
            let range = format!("bytes={first}-{last}");
            folder.begin(c);
            let want = &content[first..=last];
            folder.sends(c, ("/random.bin", &[("Range", &range)]), (206, want), None)?;
        }
        Ok(())
    })
}
