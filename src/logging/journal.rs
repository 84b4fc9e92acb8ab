//! The way into systemd's journal that keeps what a line says as fields, so that `journalctl AFFECTD_CAMERA=…`
//! finds it and `journalctl -p warning` leaves the rest out.

use std::fs::File;
use std::io::{self, Stderr};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use tracing_journald::Layer;

/// What the fields of our lines begin with.
const PREFIX: &str = "AFFECTD";

/// A layer that writes to the journal, when standard error leads there and the journal can be reached.
pub fn layer() -> Option<Layer> {
    let announced = std::env::var("JOURNAL_STREAM").ok()?;
    let (device, inode) = stream(&io::stderr()).ok()?;
    if !leads_to(&announced, device, inode) {
        return None;
    }
    // The journal's own socket may be closed to us where its stream is not; the stream then serves.
    let layer = Layer::new().ok()?;
    Some(layer.with_field_prefix(Some(PREFIX.to_owned())).with_syslog_identifier("affectd".to_owned()))
}

/// Device and inode of what standard error leads to.
fn stream(stderr: &Stderr) -> io::Result<(u64, u64)> {
    let metadata = File::from(stderr.as_fd().try_clone_to_owned()?).metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether that is the stream that systemd announced, as `DEVICE:INODE`. A shell that a service starts inherits the
/// announcement, and may well write elsewhere.
fn leads_to(announced: &str, device: u64, inode: u64) -> bool {
    let parsed = announced.split_once(':').and_then(|(d, i)| Some((d.parse().ok()?, i.parse().ok()?)));
    parsed == Some((device, inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_announced_stream_is_the_journal() {
        assert!(leads_to("9:1234", 9, 1234));
        for other in ["9:1235", "8:1234", "9", "", ":", "9:1234:1", "nine:1234"] {
            assert!(!leads_to(other, 9, 1234), "{other}");
        }
    }

    #[test]
    fn standard_error_is_found() {
        let (_, inode) = stream(&io::stderr()).unwrap();
        assert_ne!(inode, 0);
    }
}
