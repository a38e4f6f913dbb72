//! Text for HTML and SVG.

use crate::bytes::plain;

/// Text as it may stand between tags and in a quoted attribute, inside a Markdown page of mdBook.
///
/// It holds no line end, since an empty line would end the HTML in Markdown's eyes, and no `{`,
/// since mdBook would take what a peer sent (`{{#include …}}`) for an instruction of the page.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '{' => safe.push_str("&#123;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The text, cut to `most` characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            escape("<b a=\"1\">&'{{#x}}\n"),
            "&lt;b a=&quot;1&quot;&gt;&amp;&#39;&#123;&#123;#x}}\\u&#123;a}"
        );
        assert_eq!(cut("abcdef", 6) + &cut("abcdef", 4), "abcdefabc…");
    }

    /// Checks that tags close in order and that nothing in between could be taken for markup.
    pub(crate) fn assert_well_formed(html: &str) {
        assert!(!html.contains("\n\n") && !html.contains("{{"), "{html}");
        let mut open = Vec::new();
        for piece in html.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("open tag: {piece}"));
            assert!(!text.contains('>'), "{piece}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "{html}");
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?} left open");
    }
}
