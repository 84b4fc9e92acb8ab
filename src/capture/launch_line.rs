//! A GStreamer pipeline as its user wrote it, shown without its secrets.
//!
//! Network cameras want a password, and a pipeline is where it is written. The text is kept as it is for GStreamer;
//! whatever is displayed, debugged or logged goes through `redact` or [`LaunchLine::scrub`] first. Rather too much is
//! hidden than too little.

use std::fmt;
use std::ops::Range;

/// What the name of a property or of a field in a query holds when its value is not for everyone's eyes.
const SECRET_NAMES: [&str; 12] =
    ["pass", "pw", "secret", "token", "user", "login", "auth", "cred", "cookie", "headers", "key", "proxy-id"];

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// The shortest secret that is looked for in what GStreamer says, in bytes. Shorter ones would be found in every word.
const SHORTEST: usize = 3;

/// A pipeline as for `gst-launch-1.0`, without a sink.
#[derive(Clone, PartialEq, Eq)]
pub struct LaunchLine(String);

impl LaunchLine {
    /// A pipeline as it was written; whether it is one, GStreamer will say.
    pub fn new(written: impl Into<String>) -> Self {
        Self(written.into())
    }

    /// The text with its secrets, for GStreamer alone.
    #[cfg(feature = "gstreamer")]
    pub(super) fn with_secrets(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// What GStreamer said about this pipeline, without the pipeline's secrets.
    pub fn scrub(&self, said: &str) -> String {
        let mut secrets: Vec<String> = Vec::new();
        for range in hidden(&self.0) {
            let whole = bare(&self.0[range]);
            // A quotation mark that is missing makes one secret of many words.
            let fields = whole
                .split(|c: char| c == '&' || c.is_whitespace())
                .flat_map(|field| [Some(bare(field)), field.split_once('=').map(|(_, value)| bare(value))]);
            let login = whole.split_once(':').map_or([None; 2], |(user, password)| [Some(user), Some(password)]);
            // As they are, and as a URL means them.
            for secret in [Some(whole)].into_iter().chain(login).chain(fields).flatten() {
                secrets.extend([secret.to_owned(), percent_decoded(secret)]);
            }
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        // A secret within a longer one must not take its middle out.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        redact(&secrets.iter().fold(said.to_owned(), |said, secret| said.replace(secret, HIDDEN)))
    }
}

impl fmt::Display for LaunchLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

impl fmt::Debug for LaunchLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", redact(&self.0))
    }
}

/// A value without what may stand around it.
fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\'', '\\', ',', ';'])
}

/// The text without its secrets: what stands between `://` and `@`, and the values of names such as `user-pw`.
pub(super) fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for range in hidden(text) {
        if range.start >= end {
            shown.push_str(&text[end..range.start]);
            shown.push_str(HIDDEN);
        }
        end = end.max(range.end);
    }
    shown.push_str(&text[end..]);
    shown
}

/// Where the secrets of a text are, in their order; they may overlap.
fn hidden(text: &str) -> Vec<Range<usize>> {
    // Only ASCII changes its case here, so that positions stay what they were.
    let lower = text.to_ascii_lowercase();
    let mut ranges = Vec::new();
    for word in words(text) {
        ranges.extend(secret_value(&lower[word.clone()]).map(|start| word.start + start..word.end));
        for (at, separator) in text[word.clone()].match_indices("://") {
            let start = word.start + at + separator.len();
            ranges.extend(text[start..word.end].rfind('@').map(|length| start..start + length));
        }
    }
    ranges.sort_by_key(|range| range.start);
    ranges
}

/// Where in a word in lower case the first value of a secret name begins.
fn secret_value(word: &str) -> Option<usize> {
    let values = SECRET_NAMES.iter().flat_map(|name| word.match_indices(name)).filter_map(|(at, name)| {
        let rest = word[at + name.len()..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        (!value.is_empty()).then_some(word.len() - value.len())
    });
    values.min()
}

/// The words of a pipeline: what blanks part, unless they are quoted, escaped or beside a word's first `=`.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (None, None, false);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && quote.is_none() && !escaped {
            let word = start.map_or("", |start| text[start..at].trim_end());
            let assigns = match word.find('=') {
                Some(equals) => equals + 1 == word.len(),
                None => text[at..].trim_start().starts_with('='),
            };
            if !assigns {
                words.extend(start.take().map(|start| start..at));
            }
            continue;
        }
        if !escaped && quote == Some(c) {
            quote = None;
        } else if !escaped && quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
        }
        escaped = !escaped && c == '\\';
        start = start.or(Some(at));
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

/// A text as a URL means it; what is no such text stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.filter(|_| first == b'%').and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_hidden_and_the_rest_is_not() {
        for (written, shown) in [
            ("videotestsrc ! video/x-raw,width=64", "videotestsrc ! video/x-raw,width=64"),
            ("rtspsrc location=rtsp://me:pw@host/a latency=0", "rtspsrc location=rtsp://***@host/a latency=0"),
            ("rtspsrc location=\"rtsp://me:p w@x@host/a\" ! x", "rtspsrc location=\"rtsp://***@host/a\" ! x"),
            ("rtspsrc user-id=me user-pw=pw latency=0", "rtspsrc user-id=*** user-pw=*** latency=0"),
            ("rtspsrc user-pw=cGFz== latency=0", "rtspsrc user-pw=*** latency=0"),
            ("rtspsrc user-pw = pw latency = 0", "rtspsrc user-pw = *** latency = 0"),
            ("rtspsrc user-pw='a b' ! x", "rtspsrc user-pw=*** ! x"),
            ("rtspsrc user-pw=a\\ b ! x", "rtspsrc user-pw=*** ! x"),
            ("rtspsrc User-PW=\"a\\\" b\" ! x", "rtspsrc User-PW=*** ! x"),
            ("location=rtsp://host/?password=pw&channel=1 ! x", "location=rtsp://host/?password=*** ! x"),
            ("rtspsrc location=rtsp://host/path@2x ! x", "rtspsrc location=rtsp://***@2x ! x"),
            ("souphttpsrc extra-headers=\"h,Authorization=abc\"", "souphttpsrc extra-headers=***"),
        ] {
            assert_eq!(LaunchLine::new(written).to_string(), shown);
            assert_eq!(format!("{:?}", LaunchLine::new(written)), format!("{shown:?}"));
        }
    }

    #[test]
    fn what_gstreamer_repeats_of_a_secret_is_hidden_too() {
        let line = LaunchLine::new("rtspsrc location=rtsp://admin:s%40cret@host user-pw=\"other one\"");
        let said = "rtspsrc0: s@cret and s%40cret of admin, other one, rtsp://any:body@host/";
        assert_eq!(line.scrub(said), "rtspsrc0: *** and *** of ***, ***, rtsp://***@host/");
        assert_eq!(LaunchLine::new("videotestsrc").scrub("Internal data stream error."), "Internal data stream error.");
    }

    proptest! {
        #[test]
        fn no_password_is_ever_shown(
            user in "[a-z]{1,8}",
            password in "[A-Z0-9:@/!#%&=?]{4,12}",
            form in 0..4usize,
        ) {
            let password = match form {
                2 => format!("{password} {password}"),
                // As a URL must write it.
                3 => password.replace(|c: char| !c.is_ascii_alphanumeric(), "%40"),
                _ => password,
            };
            let written = match form {
                0 => format!("rtspsrc location=rtsp://{user}:{password}@host:554/live latency=0 ! decodebin"),
                1 => format!("rtspsrc location=rtsp://host user-id={user} user-pw={password} ! decodebin"),
                2 => format!("rtspsrc user-pw=\"{password}\" ! decodebin"),
                _ => format!("souphttpsrc location='http://host/?user={user}&pwd={password}' ! decodebin"),
            };
            let line = LaunchLine::new(written);
            prop_assert!(!line.to_string().contains(&password), "{line}");
            prop_assert!(line.to_string().ends_with("decodebin"), "{line}");
            let said = line.scrub(&format!("It was {password}."));
            prop_assert!(!said.contains(&password), "{said}");
        }

        #[test]
        fn a_missing_quotation_mark_shows_no_password(password in "[A-Z0-9]{4,12}") {
            let line = LaunchLine::new(format!("rtspsrc location=\"x user-id=a\" user-pw={password}\" latency=0"));
            let said = line.scrub(&format!("It was {password}."));
            prop_assert!(!said.contains(&password) && !line.to_string().contains(&password), "{said} {line}");
        }

        #[test]
        fn no_text_panics(written in ".*", said in ".*") {
            let line = LaunchLine::new(written);
            let _ = (line.to_string(), line.scrub(&said));
        }
    }
}
