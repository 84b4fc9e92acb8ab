//! Whether the clock is right: events carry its time, and TLS believes no certificate in another year.

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;

use super::limit::within;
use super::{Case, Finding};
use crate::clock::{Clock, SystemClock};
use crate::health::machine::WRITTEN;

/// How long after the making of this program a time is still believed, in seconds: twenty years.
const BELIEVED: i64 = 20 * 365 * 86_400;

/// What systemd's time service leaves behind once it has heard from a server.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";

/// How long the system's own tool may take; where its bus is dead it waits for much longer.
const PATIENCE: Duration = Duration::from_secs(3);

const REMEDY: &str = "`timedatectl set-ntp true`, and see that a time server is reached: `timedatectl timesync-status`; \
                      a board without a network needs a clock with a battery";

/// Looks at the time, and at whether something keeps it right.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let now = SystemClock.wall(SystemClock.now());
    let ask = || within(PATIENCE, "timedatectl", asked).ok().flatten();
    let kept = case.path(SYNCHRONISED).exists().then_some(true).or_else(ask);
    vec![judge(now, kept)]
}

/// `kept`: whether something keeps it right, when that is known.
fn judge(now: Timestamp, kept: Option<bool>) -> Finding {
    let shown = now.strftime("%Y-%m-%d %H:%M:%S UTC");
    let late = now.as_second() - WRITTEN.as_second();
    match kept {
        _ if !(0..BELIEVED).contains(&late) => {
            Finding::wrong("clock", format!("it says {shown}, which cannot be"), REMEDY)
        }
        Some(true) => Finding::good("clock", format!("{shown}, kept right by a time server")),
        Some(false) => Finding::warning("clock", format!("{shown}, and nothing keeps it right"), REMEDY),
        None => Finding::good("clock", format!("{shown}; whether something keeps it right is not known here")),
    }
}

/// What the system's own tool says of the kernel's clock, whichever program keeps it.
fn asked() -> Option<bool> {
    let output = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output().ok()?;
    match std::str::from_utf8(&output.stdout).ok()?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::{machine, one};
    use super::*;

    fn grade(time: &str, kept: Option<bool>) -> Grade {
        judge(time.parse().unwrap(), kept).grade
    }

    #[test]
    fn a_time_that_cannot_be_fails_whoever_keeps_it() {
        for time in ["1970-01-01T00:00:10Z", "2025-11-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            for kept in [None, Some(true), Some(false)] {
                assert_eq!(grade(time, kept), Grade::Wrong, "{time}");
            }
        }
    }

    #[test]
    fn a_clock_that_nothing_keeps_right_is_a_warning() {
        assert_eq!(grade("2027-01-01T00:00:00Z", Some(false)), Grade::Warning);
        assert_eq!(grade("2027-01-01T00:00:00Z", Some(true)), Grade::Good);
        assert_eq!(grade("2027-01-01T00:00:00Z", None), Grade::Good);
    }

    #[test]
    fn what_the_time_service_left_behind_is_believed() {
        let (_root, case) = machine(&[(SYNCHRONISED, "")]);
        let finding = one(look(&case));
        assert!(finding.says.contains("kept right by a time server"), "{finding:?}");
    }
}
