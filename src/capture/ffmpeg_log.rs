//! What ffmpeg says about a file, in bounds: its complaints and the file's duration.

use std::time::Duration;

/// The longest part of a line that is kept, in bytes.
const MAX_LINE: usize = 400;

/// The most complaints that are kept; the first ones tell the cause.
const MAX_COMPLAINTS: usize = 3;

/// Takes in the log of `ffmpeg -loglevel level+info` as it comes.
#[derive(Debug, Default)]
pub(super) struct Log {
    line: Vec<u8>,
    complaints: Vec<String>,
    duration: Option<Duration>,
}

impl Log {
    /// Takes in the next bytes.
    pub fn take_in(&mut self, said: &[u8]) {
        for part in said.split_inclusive(|&byte| byte == b'\n') {
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim();
        if let Some((_, complaint)) = line.split_once("[error] ").or_else(|| line.split_once("[fatal] ")) {
            let complaint = without_name(complaint).to_owned();
            if self.complaints.len() < MAX_COMPLAINTS && !self.complaints.contains(&complaint) {
                self.complaints.push(complaint);
            }
        } else if let Some((_, rest)) = line.split_once("Duration: ") {
            // The first is the input's.
            self.duration = self.duration.or(rest.split(',').next().and_then(parse_duration));
        }
        self.line.clear();
    }

    /// The first complaints, the cause in front; none when there was nothing to complain of.
    pub fn complaints(&self) -> Option<String> {
        (!self.complaints.is_empty()).then(|| self.complaints.join("; "))
    }

    /// Whether the file has no stream of the kind that was asked for.
    pub fn lacks_stream(&self) -> bool {
        self.complaints.iter().any(|complaint| complaint.contains("matches no streams"))
    }

    /// How long the file says it is.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }
}

/// A complaint without the input's name in front: the error names it already.
fn without_name(complaint: &str) -> &str {
    match complaint.rsplit_once(": ") {
        Some((name, rest)) if name.starts_with("file:") => rest,
        _ => complaint,
    }
}

/// Reads `HH:MM:SS.cc`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut parts = text.trim().splitn(3, ':');
    let (hours, minutes) = (parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    let seconds = parts.next()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(said: &str) -> Log {
        let mut log = Log::default();
        log.take_in(said.as_bytes());
        log
    }

    #[test]
    fn complaints_are_kept_without_their_trimmings() {
        let log = log("[info] Input #0\n\
            [mov,mp4 @ 0x5581] [error] moov atom not found\n\
            [error] file:/tmp/a: b.mp4: Invalid data found when processing input\n");
        assert_eq!(log.complaints().unwrap(), "moov atom not found; Invalid data found when processing input");
    }

    #[test]
    fn a_flood_is_held_within_bounds() {
        let mut log = Log::default();
        for i in 0..10_000 {
            log.take_in(format!("[h264 @ 0x1] [error] macroblock {i} {}\n", "x".repeat(2000)).as_bytes());
        }
        log.take_in(&[b'x'; 100_000]);
        assert!(log.line.len() <= MAX_LINE && log.complaints().unwrap().len() <= MAX_COMPLAINTS * (MAX_LINE + 2));
    }

    #[test]
    fn the_duration_of_the_input_is_read() {
        let said =
            "[info]   Duration: 01:02:09.43, start: 0.000000, bitrate: 564 kb/s\n[info] Duration: 00:00:01.00, x\n";
        assert_eq!(log(said).duration(), Some(Duration::from_millis(3_729_430)));
        assert_eq!(log("[info]   Duration: N/A, bitrate: N/A\n").duration(), None);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(said in "([a-z \\[\\]:]|\\[error\\] |Duration: |\n){0,60}", at in any::<prop::sample::Index>()) {
            let mut cut = Log::default();
            let (first, second) = said.as_bytes().split_at(at.index(said.len() + 1));
            cut.take_in(first);
            cut.take_in(second);
            prop_assert_eq!(cut.complaints(), log(&said).complaints());
        }
    }
}
