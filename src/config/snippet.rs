//! A line of the configuration with the part at fault marked, as compilers show it.

use std::fmt;
use std::ops::Range;

/// One line of a text, and the part of it that is marked.
#[derive(Debug, PartialEq)]
pub(super) struct Snippet {
    /// The number of the line, from 1.
    pub line_number: usize,
    /// Where the mark begins, in characters from 0.
    pub column: usize,
    /// The length of the mark in characters; 0 at the end of a line.
    length: usize,
    /// The line, one character for each, secrets and control characters hidden.
    line: String,
}

impl Snippet {
    /// The line on which `span` begins; the mark ends with the line. A span beyond the text, or within a
    /// character, is moved to the nearest place before it.
    pub fn of(text: &str, span: &Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.floor_char_boundary(span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = text[line_start..line_end].trim_end_matches('\r');
        // A mark on the end of a line or file may begin behind what is left after trimming.
        let start = start.min(line_start + line.len());
        let end = end.clamp(start, line_start + line.len());
        Self {
            line_number: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count(),
            length: text[start..end].chars().count(),
            line: printable(&mask(line)),
        }
    }

    /// The marked part.
    pub fn marked(&self) -> String {
        self.line.chars().skip(self.column).take(self.length).collect()
    }

    /// Writes the line, and below it the mark and `note`.
    pub fn write(&self, f: &mut fmt::Formatter<'_>, number: &str, note: &str) -> fmt::Result {
        let gutter = number.chars().count();
        writeln!(f, "{:gutter$} |", "")?;
        writeln!(f, "{number} | {}", self.line)?;
        let mark = "^".repeat(self.length.max(1));
        let line = format!("{:gutter$} | {:2$}{mark} {note}", "", "", self.column);
        writeln!(f, "{}", line.trim_end())
    }
}

/// The text with a blank for each control character.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The line with its secrets hidden: the value of a key that is named like a password, and what stands
/// between `://` and `@`. Every character keeps its place.
pub(super) fn mask(line: &str) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    // Only ASCII changes its case here, so that positions stay what they were.
    let lower = line.to_ascii_lowercase();
    let of_pipelines = ["user-pw", "user-id", "proxy-pw", "proxy-id", "extra-headers", "cookies"];
    for word in ["password", "passphrase", "passwd", "secret", "token"].into_iter().chain(of_pipelines) {
        for (at, _) in lower.match_indices(word) {
            let after = lower[at + word.len()..].trim_start_matches(['"', '\'', ' ', '\t']);
            if let Some(value) = after.strip_prefix('=') {
                hidden.push(line.len() - value.len()..line.len());
            }
        }
    }
    for (at, separator) in line.match_indices("://") {
        let start = at + separator.len();
        if let Some(length) = line[start..].rfind('@') {
            hidden.push(start..start + length);
        }
    }
    let is_hidden = |at: usize, c: char| !c.is_whitespace() && hidden.iter().any(|range| range.contains(&at));
    line.char_indices().map(|(at, c)| if is_hidden(at, c) { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_counts_characters_and_not_bytes() {
        let text = "# zwölf\nname = \"käse\" x\n";
        let at = text.find('x').unwrap();
        let snippet = Snippet::of(text, &(at..at + 1));
        assert_eq!((snippet.line_number, snippet.column, snippet.marked().as_str()), (2, 14, "x"));
    }

    #[test]
    fn a_span_that_goes_on_ends_with_its_line() {
        let text = "a = [\r\n1,\r\n2]\r\n";
        let snippet = Snippet::of(text, &(4..14));
        assert_eq!((snippet.line_number, snippet.marked().as_str()), (1, "["));
    }

    #[test]
    fn a_span_beyond_the_text_marks_its_end() {
        let snippet = Snippet::of("a = \r\nb =", &(500..900));
        assert_eq!((snippet.line_number, snippet.column, snippet.length), (2, 3, 0));
        assert_eq!(Snippet::of("", &(3..3)).column, 0);
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_not() {
        for (line, shown) in [
            ("password = \"a b\"", "password = ** **"),
            ("mqtt = { \"Password\" = 'x', port = 1 }", "mqtt = { \"Password\" = **** **** * * *"),
            ("password_file = \"/etc/x\"", "password_file = \"/etc/x\""),
            ("url = \"mqtt://me:p@ss@host\"", "url = \"mqtt://*******@host\""),
            ("video = \"gst:rtspsrc user-pw=a b\"", "video = \"gst:rtspsrc user-pw=* **"),
            ("# no secret here", "# no secret here"),
        ] {
            assert_eq!(mask(line), shown);
        }
    }
}
