//! HTML being written; every text that goes in is escaped.

/// A page in the making.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup as it is.
    pub(crate) fn push(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// A text in an element.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        let text = escaped(text);
        self.push(&format!("<{name}>{text}</{name}>"));
    }

    /// Paragraphs, with what stands in backticks as code.
    pub(crate) fn prose(&mut self, text: &str) {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            self.push("<p>");
            for (number, part) in paragraph.split('`').enumerate() {
                match number % 2 {
                    0 => self.push(&escaped(part)),
                    _ => self.element("code", part),
                }
            }
            self.push("</p>");
        }
    }

    pub(crate) fn done(self) -> String {
        self.0
    }
}

/// A text as it may stand in an element or an attribute in double quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
