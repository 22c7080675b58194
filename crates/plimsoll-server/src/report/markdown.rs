//! A report in GitHub's Markdown. What comes from outside is text: every character with a meaning is escaped. Only an address
//! in it may still be made a link by who shows it.

use super::contents::Report;
use super::document::{Cell, Part, Table, document};

/// The report.
pub(crate) fn page(report: &Report) -> String {
    let document = document(report);
    let mut out = format!("# {}\n", escaped(&document.title));
    for line in &document.lead {
        out += &format!("\n{}\n", escaped(line));
    }
    for section in &document.sections {
        out += &format!("\n## {}\n", escaped(&section.title));
        for part in &section.parts {
            write(&mut out, part);
        }
    }
    out
}

fn write(out: &mut String, part: &Part) {
    match part {
        Part::Text(bold, rest) => {
            let bold = match escaped(bold.trim()) {
                bold if bold.is_empty() => bold,
                bold => format!("**{bold}** "),
            };
            *out += &format!("\n{}\n", format!("{bold}{}", escaped(rest)).trim_end());
        }
        Part::Heading(words) => *out += &format!("\n### {}\n", escaped(words)),
        Part::List(lines) => {
            out.push('\n');
            lines
                .iter()
                .for_each(|line| *out += &format!("- {}\n", escaped(line)));
        }
        Part::Code(text) => {
            let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
            *out += &format!("\n{fence}\n{}\n{fence}\n", text.trim_end());
        }
        Part::Table(found) | Part::Charts(_, Some(found)) => table(out, found),
        Part::Charts(_, None) => {}
    }
}

fn table(out: &mut String, table: &Table) {
    let names = table.columns.iter().map(|column| escaped(&column.name));
    *out += &format!("\n| {} |\n|", names.collect::<Vec<_>>().join(" | "));
    for column in &table.columns {
        out.push_str(if column.is_number { "---:|" } else { "---|" });
    }
    out.push('\n');
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        *out += &format!("| {} |\n", cells.join(" | "));
    }
}

fn cell(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    match cell.is_past {
        true => format!("**{text}**"),
        false => text,
    }
}

/// A text in one line that means nothing but itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // White space of any kind and number is one space: a line that breaks would begin something else.
    let words: Vec<&str> = text
        .split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
        .collect();
    for character in words.join(" ").chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    // Behind a heading's or a list's own mark these would be another one.
    match out.as_bytes().first() {
        Some(b'-' | b'+') if out.as_bytes().get(1).is_none_or(|next| *next == b' ') => {
            format!("\\{out}")
        }
        _ => out,
    }
}

fn longest_run(text: &str, of: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_markdown_is_only_text() {
        assert_eq!(
            escaped("GET /a|b/<script>`*_x_*`\n| new row"),
            "GET /a\\|b/&lt;script&gt;\\`\\*\\_x\\_\\*\\` \\| new row"
        );
        assert_eq!(
            escaped("[a](javascript:1) ![b](c)"),
            "\\[a\\](javascript:1) \\!\\[b\\](c)"
        );
        assert_eq!(escaped("- a"), "\\- a");
        assert_eq!(escaped("-3"), "-3");
    }

    #[test]
    fn code_that_has_a_fence_gets_a_longer_one() {
        let mut out = String::new();
        write(&mut out, &Part::Code("a\n```\nb".to_owned()));
        assert_eq!(out, "\n````\na\n```\nb\n````\n");
    }
}
