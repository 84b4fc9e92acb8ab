//! What is wrong with a stage, from its readings. Pure: time is an argument.
//!
//! A reason says what a person can see or do; how long it has been so stands beside it, not in it, so that it stays the
//! same while nothing changes.

use std::time::Duration;

use super::governor::Slowed;
use super::machine::{ClockState, Heat};
use super::{Level, Reading, Standing};
use crate::clock::Monotonic;
use crate::publish::OutboxStanding;

/// A stage that shows nothing for so long is ill.
const SILENT: Duration = Duration::from_secs(3);

/// How long the first connection may take.
const GREETING: Duration = Duration::from_secs(4);

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ill {
    /// How much.
    pub level: Level,
    /// What.
    pub why: String,
    /// Whether `why` holds figures, which may change while what is wrong stays the same.
    pub figures: bool,
}

/// How the connection to the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The first attempt is under way, since the start.
    Connecting(Monotonic),
    /// The broker hears us.
    Online,
    /// A spare broker hears us, and this is why.
    Spare(String),
    /// It does not, and this is why.
    Away(String),
}

fn ill(level: Level, why: impl Into<String>) -> Option<Ill> {
    Some(Ill { level, why: why.into(), figures: false })
}

/// What is wrong with the thread itself; otherwise since when it works.
fn thread(reading: &Reading) -> Result<Monotonic, Option<Ill>> {
    match &reading.standing {
        Standing::Resting { why, failed: true, hung: true } => {
            Err(ill(Level::Failed, format!("{why}, again and again; it is tried once a minute, restart affectd")))
        }
        Standing::Resting { why, failed: true, .. } => {
            Err(ill(Level::Failed, format!("it died again and again ({why}); it is tried once a minute")))
        }
        Standing::Resting { why, .. } => Err(ill(Level::Degraded, format!("{why}; it is started again"))),
        Standing::Working { since } if reading.preparing => match reading.restarts {
            0 => Ok(*since),
            _ => Err(ill(Level::Degraded, "it was started again and makes itself ready")),
        },
        Standing::Working { since } if reading.restarts > 0 && reading.beat <= *since => {
            // A new thread is no better than the last until it has shown so.
            Err(ill(Level::Degraded, "it was started again and has not done anything yet"))
        }
        Standing::Working { since } => Ok(*since),
        Standing::Absent | Standing::Done => Err(None),
    }
}

/// The camera: `None` when it is well.
pub fn camera(reading: &Reading, now: Monotonic) -> Option<Ill> {
    let since = match thread(reading) {
        Ok(since) => since,
        Err(ill) => return ill,
    };
    if let Some(trouble) = &reading.trouble {
        return ill(Level::Failed, &**trouble);
    }
    if now.since(reading.beat.max(since)) > SILENT {
        return ill(Level::Failed, "its driver does not answer; if it stays so, plug the camera out and in");
    }
    if now.since(reading.worked_at.max(since)) > SILENT {
        return ill(Level::Failed, "it is open and gives no frames; check its cable and power");
    }
    None
}

/// The microphone. `voice` is read by the same thread.
pub fn microphone(reading: &Reading, voice: &Reading, now: Monotonic) -> Option<Ill> {
    let since = match thread(reading) {
        Ok(since) => since,
        Err(None) => return reading.trouble.as_deref().and_then(|trouble| ill(Level::Failed, trouble)),
        Err(ill) => return ill,
    };
    if let Some(trouble) = &reading.trouble {
        return ill(Level::Failed, &**trouble);
    }
    // When it has read and the voice path has not, the thread is in there.
    let reads = reading.beat <= voice.beat;
    if reads && now.since(reading.beat.max(since)) > SILENT && !voice.preparing {
        return ill(Level::Failed, "its driver does not answer; if it stays so, plug the microphone out and in");
    }
    if reads && now.since(reading.worked_at.max(since)) > SILENT && !voice.preparing {
        return ill(Level::Failed, "it is open and gives no sound; check its cable");
    }
    if reading.quiet {
        let why = "only digital silence comes from it; it is muted (see alsamixer) or not connected";
        return ill(Level::Degraded, why);
    }
    None
}

/// What reads frames; `slowed` when fewer are read than come.
pub fn faces(reading: &Reading, slowed: Option<&Slowed>, now: Monotonic) -> Option<Ill> {
    let since = match thread(reading) {
        Ok(since) => since,
        Err(ill) => return ill,
    };
    if now.since(reading.beat.max(since)) > SILENT && !reading.preparing {
        return ill(Level::Failed, "the models do not come to an end with a frame");
    }
    if let (Some(trouble), true) = (&reading.trouble, reading.failing > 0) {
        let level = if now.since(reading.worked_at.max(since)) > SILENT { Level::Failed } else { Level::Degraded };
        return ill(level, format!("frames cannot be read: {trouble}"));
    }
    slowed.map(|slowed| Ill { level: Level::Degraded, why: slowed.to_string(), figures: true })
}

/// What reads voices. `microphone` is read by the same thread.
pub fn voice(reading: &Reading, microphone: &Reading, now: Monotonic) -> Option<Ill> {
    if let Err(ill) = thread(reading) {
        return ill;
    }
    if microphone.beat > reading.beat && now.since(microphone.beat) > SILENT {
        return ill(Level::Failed, "the model does not come to an end with a piece of sound");
    }
    match (&reading.trouble, reading.failing) {
        (Some(trouble), 1..) => ill(Level::Failed, format!("sound cannot be read: {trouble}")),
        _ => None,
    }
}

/// What replaces packs.
pub fn packs(reading: &Reading) -> Option<Ill> {
    if let Err(ill) = thread(reading) {
        return ill;
    }
    reading.trouble.as_deref().and_then(|trouble| ill(Level::Degraded, trouble))
}

/// The connection to the broker.
pub fn mqtt(link: &Link, now: Monotonic) -> Option<Ill> {
    match link {
        Link::Connecting(since) if now.since(*since) > GREETING => {
            ill(Level::Failed, "the broker has not answered yet")
        }
        Link::Connecting(_) | Link::Online => None,
        Link::Spare(why) => ill(Level::Degraded, why.as_str()),
        Link::Away(why) => ill(Level::Failed, why.as_str()),
    }
}

/// The events that wait for the broker.
pub fn outbox(outbox: &OutboxStanding) -> Option<Ill> {
    match &outbox.trouble {
        Some(trouble) => ill(Level::Degraded, trouble.as_str()),
        None if outbox.overflowing => ill(Level::Degraded, "too many events wait for the broker; the oldest are lost"),
        None => None,
    }
}

/// The board itself.
pub fn machine(heat: &Heat, clock: ClockState) -> Option<Ill> {
    match clock {
        ClockState::BeforeUs => {
            let why = "the clock is wrong, it stands before the making of affectd, so messages are dated wrong; \
                       give this device a time server or a clock with a battery";
            ill(Level::Degraded, why)
        }
        ClockState::NotSet => {
            let why = "no time server has answered since the start, so messages may be dated wrong; \
                       see to the network and to timedatectl";
            ill(Level::Degraded, why)
        }
        ClockState::Good if heat.is_hot() => {
            let temperature = heat.temperature.map(|celsius| format!(" at {celsius:.0} °C")).unwrap_or_default();
            let why = format!("the board is too hot{temperature}; give it air or a heat sink");
            Some(Ill { level: Level::Degraded, why, figures: true })
        }
        ClockState::Good => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    /// A stage that works since second 10 and did something last at that time.
    fn working(worked: u64, beat: u64) -> Reading {
        let standing = Standing::Working { since: at(10_000) };
        Reading { standing, worked_at: at(worked), beat: at(beat), ..Reading::default() }
    }

    fn says(ill: Option<Ill>, level: Level, words: &str) {
        let ill = ill.unwrap_or_else(|| panic!("nothing is said of {words:?}"));
        assert!(ill.level == level && ill.why.contains(words), "{ill:?}");
    }

    #[test]
    fn whatever_befalls_the_camera_is_said_within_five_seconds() {
        let now = at(25_000);
        assert_eq!(camera(&working(24_900, 24_900), now), None);
        says(camera(&working(21_000, 24_900), now), Level::Failed, "no frames");
        says(camera(&working(21_000, 21_000), now), Level::Failed, "driver does not answer");
        let away = Reading { trouble: Some("/dev/video0 is gone".into()), ..working(24_000, 24_900) };
        says(camera(&away, now), Level::Failed, "/dev/video0 is gone");
        // It has only just been started.
        assert_eq!(camera(&working(0, 0), at(12_000)), None);
        says(camera(&working(0, 0), at(14_000)), Level::Failed, "driver");
    }

    #[test]
    fn a_thread_that_died_is_told_of_until_the_next_has_done_something() {
        let resting = |failed, hung| Standing::Resting { why: "it panicked: oh".into(), failed, hung };
        let stage = |standing| Reading { standing, restarts: 1, ..working(9_000, 9_000) };
        let now = at(10_500);
        says(faces(&stage(resting(false, false)), None, now), Level::Degraded, "it panicked: oh");
        says(faces(&stage(resting(true, false)), None, now), Level::Failed, "once a minute");
        says(faces(&stage(resting(true, true)), None, now), Level::Failed, "restart affectd");
        let again = stage(Standing::Working { since: at(10_000) });
        says(faces(&again, None, now), Level::Degraded, "not done anything yet");
        assert_eq!(faces(&Reading { beat: at(10_400), ..again }, None, now), None);
    }

    #[test]
    fn frames_that_cannot_be_read_degrade_and_then_fail() {
        let failing = |worked| Reading { trouble: Some("NaN".into()), failing: 3, ..working(worked, 24_900) };
        says(faces(&failing(24_000), None, at(25_000)), Level::Degraded, "cannot be read: NaN");
        says(faces(&failing(21_000), None, at(25_000)), Level::Failed, "cannot be read: NaN");
        says(faces(&working(21_000, 21_000), None, at(25_000)), Level::Failed, "come to an end");
        assert_eq!(faces(&working(0, 24_900), None, at(25_000)), None, "there may be nothing to read");
    }

    #[test]
    fn of_one_thread_it_is_told_which_part_hangs() {
        let (now, read) = (at(25_000), working(21_000, 21_000));
        let behind = working(20_900, 20_900);
        assert_eq!(microphone(&read, &behind, now), None);
        says(voice(&behind, &read, now), Level::Failed, "come to an end");
        let ahead = working(21_000, 21_001);
        says(microphone(&read, &ahead, now), Level::Failed, "driver");
        assert_eq!(voice(&ahead, &read, now), None);
    }

    #[test]
    fn a_muted_microphone_is_no_failed_one() {
        let quiet = Reading { quiet: true, ..working(24_900, 24_900) };
        says(microphone(&quiet, &working(24_900, 24_950), at(25_000)), Level::Degraded, "digital silence");
    }

    #[test]
    fn a_broker_that_is_away_is_told_with_the_reason() {
        assert_eq!(mqtt(&Link::Online, at(9_000)), None);
        assert_eq!(mqtt(&Link::Connecting(at(0)), at(3_000)), None);
        says(mqtt(&Link::Connecting(at(0)), at(5_000)), Level::Failed, "not answered");
        says(mqtt(&Link::Spare("published to the spare".into()), at(0)), Level::Degraded, "the spare");
        says(mqtt(&Link::Away("nobody listens".into()), at(0)), Level::Failed, "nobody listens");
    }

    #[test]
    fn events_that_wait_in_memory_against_their_orders_are_told() {
        let well = OutboxStanding { waiting: 400, lost: 7, ..OutboxStanding::default() };
        assert_eq!(outbox(&well), None, "memory is where they wait when nothing else is configured");
        let overflowing = OutboxStanding { overflowing: true, ..well };
        says(outbox(&overflowing), Level::Degraded, "oldest are lost");
        let full = OutboxStanding { trouble: Some("the disk is full".to_owned()), ..overflowing };
        says(outbox(&full), Level::Degraded, "the disk is full");
    }

    #[test]
    fn a_clock_that_cannot_be_right_and_heat_are_told() {
        let cool = Heat::default();
        says(machine(&cool, ClockState::BeforeUs), Level::Degraded, "clock is wrong");
        says(machine(&cool, ClockState::NotSet), Level::Degraded, "time server");
        assert_eq!(machine(&cool, ClockState::Good), None);
        let hot = Heat { temperature: Some(86.2), margin: Some(-1.2), throttled: false };
        says(machine(&hot, ClockState::Good), Level::Degraded, "86 °C");
    }
}
