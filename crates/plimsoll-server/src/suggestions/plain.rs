//! Text as people may see it: no control characters, no markup, no more than they read.

use std::sync::LazyLock;

use regex::Regex;

/// Most characters of an answer that are kept.
pub const MOST_CHARS: usize = 2_000;

/// What a model thinks before it answers, as some say it; one that was cut off has no end, or lost its beginning.
static THOUGHT: LazyLock<Regex> = LazyLock::new(|| {
    let ended = r"^[\s\S]*</think(?:ing)?>";
    let begun = r"<think(?:ing)?>[\s\S]*$";
    Regex::new(&format!("{ended}|{begun}")).expect("a pattern")
});
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"</?[a-zA-Z!][^<>]*>").expect("a pattern"));
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"!?\[([^\[\]]*)\]\([^()]*\)").expect("a pattern"));
/// What begins a heading, a quotation, an entry of a list, a fence of code.
static BEGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^[ \t]*(?:#{1,6} |> ?|[-*+] |```[\w+-]*)").expect("a pattern")
});
static EMPHASIS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\*\*|__|`|\*(\S[^*]*\S|\S)\*").expect("a pattern"));

/// Without characters that control or cannot be seen; those that part words become spaces.
pub fn visible(text: &str) -> String {
    text.chars()
        .filter(|char| !is_invisible(*char))
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// Joiners, marks of direction, tags: they hide text, or show it in another order.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// An answer as one paragraph; empty when nothing is left of it.
pub fn paragraph(answer: &str) -> String {
    // Lines are still needed, to tell what begins one.
    let lines: Vec<String> = answer.lines().map(visible).collect();
    let text = THOUGHT.replace(&lines.join("\n"), "").into_owned();
    // Twice, for one may be hidden in another; of what then is left the sign goes that would begin a tag.
    let text = without_begun_tags(&unmarked(&unmarked(&text)));
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), MOST_CHARS)
}

fn unmarked(text: &str) -> String {
    let text = LINK.replace_all(text, "$1");
    let text = BEGIN.replace_all(&text, "");
    let text = EMPHASIS.replace_all(&text, "$1");
    TAG.replace_all(&text, "").into_owned()
}

fn without_begun_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let begins = |next: &char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '<');
        if char != '<' || !chars.peek().is_some_and(begins) {
            out.push(char);
        }
    }
    out
}

/// The begin of a text, marked where something is left out.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(most - 1).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_one_paragraph_without_markup() {
        let answer = "# Verdict\n\n**The shop** is *slow*:\n- `POST /orders` takes 3×\n- see [the page](http://x/y)\n\
            ```sql\nnothing\n```\n> quoted <b>bold</b> <script src=\"x\">";
        assert_eq!(
            paragraph(answer),
            "Verdict The shop is slow: POST /orders takes 3× see the page nothing quoted bold"
        );
        assert_eq!(paragraph("p95 < 3 s, 2 * 3 > 5"), "p95 < 3 s, 2 * 3 > 5");
    }

    #[test]
    fn no_tag_is_left_however_it_is_hidden() {
        for answer in [
            "<<b>script>x",
            "<<<i>b>script>x",
            "<scr<b>ipt>x",
            "<img src=x",
            "x</p",
            "<!-- x",
            "<<<<a>a>a>a>x",
            "<\u{200b}script>x",
            "<**script>x",
            "<[s](x)cript>x",
            "<`<*s*cript>x",
        ] {
            let told = paragraph(answer);
            let begins = |(at, _): (usize, &str)| {
                told[at + 1..]
                    .starts_with(|next: char| next.is_ascii_alphabetic() || "/!".contains(next))
            };
            assert!(!told.match_indices('<').any(begins), "{answer:?}: {told:?}");
        }
    }

    #[test]
    fn thoughts_are_not_told() {
        assert_eq!(paragraph("<think>Hm.\nWhy?</think>\nBecause."), "Because.");
        assert_eq!(paragraph("Hm.</think> Because."), "Because.");
        assert_eq!(paragraph("<think>Hm, and cut"), "");
    }

    #[test]
    fn what_cannot_be_seen_is_gone() {
        assert_eq!(
            paragraph("a\u{1b}[31mb\u{0}\u{202e}c\u{200b}d\u{7f}\r\n\t e\u{2028}f"),
            "a [31mb cd e f"
        );
    }

    #[test]
    fn it_is_no_longer_than_people_read() {
        let told = paragraph(&"ü ".repeat(5_000));
        assert_eq!(told.chars().count(), MOST_CHARS);
        assert!(told.ends_with("ü…"), "{told}");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
