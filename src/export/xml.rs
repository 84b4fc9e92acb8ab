//! Text that may stand in XML: escaped for attributes, and encoded for addresses.

use std::fmt::{self, Write};

/// Text as the value of an attribute in double quotes. What XML 1.0 cannot hold, such as control characters, becomes
/// U+FFFD.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // As they are, a parser would take them for spaces.
                '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(c))?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A file's name as a relative or absolute reference of RFC 3986: what is not an unreserved character or a slash is
/// percent-encoded, byte by byte of its UTF-8. What comes out needs no escaping in XML.
pub struct Reference<'a>(pub &'a str);

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two slashes at the start would make the first folder a host.
        let path = if self.0.starts_with("//") { self.0.trim_start_matches('/') } else { self.0 };
        if path.len() < self.0.len() {
            f.write_char('/')?;
        }
        for byte in path.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    f.write_char(char::from(byte))?;
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_break_an_attribute_is_escaped() {
        let text = "a<b>&\"c\"\n\u{7}é";
        assert_eq!(Escaped(text).to_string(), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}é");
    }

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(Reference("clips/a b#1?.mp4").to_string(), "clips/a%20b%231%3F.mp4");
        assert_eq!(Reference("/tmp/käfig:\"&.jpg").to_string(), "/tmp/k%C3%A4fig%3A%22%26.jpg");
        assert_eq!(Reference("//tmp/a.jpg").to_string(), "/tmp/a.jpg");
    }
}
