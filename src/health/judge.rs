//! From readings to health: keeps since when each stage is as it is, and when that is to be told. Pure.

use std::time::Duration;

use super::governor::{Load, Slowed};
use super::machine::{ClockState, Heat};
use super::rate::Rate;
use super::stages::{self, Ill, Link};
use super::{Health, Level, Reading, Stage, StageHealth, Standing, Taken};
use crate::clock::Monotonic;
use crate::publish::OutboxStanding;

/// Health is told so often although nothing changes.
const EVERY: Duration = Duration::from_secs(30);
/// Changes are told no more often than this.
const AT_MOST: Duration = Duration::from_secs(1);
/// Over how long percentiles of latency are taken, at the least.
const LATENCY_SPAN: Duration = Duration::from_secs(10);
/// A stage without a sign of life for so long makes no progress.
const STUCK: Duration = Duration::from_secs(5);

/// What was found at a moment.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The camera's pulse.
    pub camera: Reading,
    /// The microphone's.
    pub microphone: Reading,
    /// That of what reads frames.
    pub faces: Reading,
    /// That of what reads sound.
    pub voice: Reading,
    /// That of what replaces packs.
    pub packs: Reading,
    /// The connection.
    pub link: Link,
    /// The events that wait for it.
    pub outbox: OutboxStanding,
    /// Whether fewer frames are read than come.
    pub slowed: Option<Slowed>,
    /// How hot the board is.
    pub heat: Heat,
    /// Whether its clock can be right.
    pub clock: ClockState,
}

/// What is known of a stage from before.
#[derive(Debug, Clone)]
struct Known {
    ill: Option<Ill>,
    since: Monotonic,
}

/// Judges readings, one after the other.
#[derive(Debug)]
pub struct Judge {
    started: Monotonic,
    known: [Known; Stage::ALL.len()],
    camera: Rate,
    faces: Rate,
    latency: Option<(Duration, Duration)>,
    latency_at: Monotonic,
    told_at: Option<Monotonic>,
    changed: bool,
}

impl Judge {
    /// Begins.
    pub fn new(now: Monotonic) -> Self {
        let known = [const { Known { ill: None, since: Monotonic::new(Duration::ZERO) } }; Stage::ALL.len()];
        let known = known.map(|known| Known { since: now, ..known });
        let (camera, faces) = (Rate::default(), Rate::default());
        let latency_at = now;
        Self { started: now, known, camera, faces, latency: None, latency_at, told_at: None, changed: true }
    }

    /// Takes in what was found. `latencies` gives, and forgets, how long frames took since it was asked last.
    pub fn examine(&mut self, now: Monotonic, found: &Findings, latencies: impl FnOnce() -> Taken) {
        self.camera.update(now, &found.camera);
        self.faces.update(now, &found.faces);
        if now.since(self.latency_at) >= LATENCY_SPAN {
            self.latency_at = now;
            let taken = latencies();
            self.latency = taken.percentile(0.5).zip(taken.percentile(0.99));
        }
        for stage in Stage::ALL {
            let ill = match stage {
                Stage::Camera => stages::camera(&found.camera, now),
                Stage::Microphone => stages::microphone(&found.microphone, &found.voice, now),
                Stage::Faces => stages::faces(&found.faces, found.slowed.as_ref(), now),
                Stage::Voice => stages::voice(&found.voice, &found.microphone, now),
                Stage::Packs => stages::packs(&found.packs),
                Stage::Mqtt => stages::mqtt(&found.link, now),
                Stage::Outbox => stages::outbox(&found.outbox),
                Stage::Machine => stages::machine(&found.heat, found.clock),
            };
            let known = &mut self.known[stage as usize];
            if level(&ill) != level(&known.ill) {
                known.since = now;
            }
            self.changed |= differs(&ill, &known.ill);
            known.ill = ill;
        }
    }

    /// Health, when it is time to tell it: when it has changed, and every so often.
    pub fn due(&mut self, now: Monotonic, found: &Findings) -> Option<Health> {
        let waited = self.told_at.map_or(Duration::MAX, |at| now.since(at));
        let due = waited >= EVERY || (self.changed && waited >= AT_MOST);
        due.then(|| {
            (self.told_at, self.changed) = (Some(now), false);
            self.health(now, found)
        })
    }

    /// What the governor looks at; `None` while no frames come or are read.
    pub fn load(&self, heat: Heat) -> Option<Load> {
        Some(Load { arriving: self.camera.each_second?, takes: self.faces.takes?, heat })
    }

    fn health(&self, now: Monotonic, found: &Findings) -> Health {
        let stages = Stage::ALL.into_iter().filter_map(|stage| {
            let (reading, rate) = match stage {
                Stage::Camera => (Some(&found.camera), self.camera.each_second),
                Stage::Faces => (Some(&found.faces), self.faces.each_second),
                Stage::Microphone => (Some(&found.microphone), None),
                Stage::Voice => (Some(&found.voice), None),
                Stage::Packs => (Some(&found.packs), None),
                Stage::Mqtt | Stage::Outbox | Stage::Machine => (None, None),
            };
            if reading.is_some_and(|reading| reading.standing == Standing::Absent) {
                return None;
            }
            let Known { ill, since } = &self.known[stage as usize];
            Some(StageHealth {
                stage,
                level: level(ill),
                why: ill.as_ref().map_or_else(String::new, |ill| ill.why.clone()),
                since: *since,
                rate,
                dropped: match stage {
                    Stage::Camera | Stage::Voice => reading.map(|reading| reading.lost),
                    Stage::Outbox => Some(found.outbox.lost),
                    _ => None,
                },
                damaged: reading.filter(|_| stage == Stage::Camera).map(|reading| reading.damaged),
                latency: self.latency.filter(|_| stage == Stage::Faces),
                restarts: reading.map_or(0, |reading| reading.restarts),
                waiting: (stage == Stage::Outbox).then_some((found.outbox.waiting, found.outbox.place)),
            })
        });
        let Heat { temperature, throttled, .. } = found.heat;
        Health { at: now, started: self.started, stages: stages.collect(), temperature, throttled }
    }
}

fn level(ill: &Option<Ill>) -> Level {
    ill.as_ref().map_or(Level::Ok, |ill| ill.level)
}

/// Whether something else is wrong than before; that a figure changed does not count.
fn differs(now: &Option<Ill>, before: &Option<Ill>) -> bool {
    match (now, before) {
        (Some(now), Some(before)) if now.figures && before.figures => {
            let words = |ill: &Ill| ill.why.replace(|c: char| c.is_ascii_digit(), "");
            now.level != before.level || words(now) != words(before)
        }
        _ => now != before,
    }
}

/// Whether the stages that everything depends on make progress. A thread that waits for its camera does, and so does
/// one that rests after a death; one that hangs does not, nor does one that follows it, until it has done something.
pub fn is_progress(camera: &Reading, faces: &Reading, now: Monotonic) -> bool {
    [camera, faces].into_iter().all(|reading| match &reading.standing {
        Standing::Resting { hung, .. } => !hung,
        Standing::Working { since } if reading.restarts == 0 && now.since(*since) <= STUCK => true,
        Standing::Working { .. } => reading.preparing || now.since(reading.beat) <= STUCK,
        Standing::Absent | Standing::Done => true,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Spread;
    use super::super::governor::Reason;
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    fn working(now: Monotonic) -> Reading {
        let works = now.since_zero().as_millis() as u64 / 50;
        let standing = Standing::Working { since: at(0) };
        Reading { standing, works, worked_at: now, beat: now, ..Reading::default() }
    }

    fn found(now: Monotonic) -> Findings {
        Findings {
            camera: working(now),
            microphone: Reading::default(),
            faces: working(now),
            voice: Reading::default(),
            packs: working(now),
            link: Link::Online,
            outbox: OutboxStanding::default(),
            slowed: None,
            heat: Heat::default(),
            clock: ClockState::Good,
        }
    }

    /// What is told, and when, while findings come four times a second.
    fn told(seconds: u64, find: impl Fn(Monotonic) -> Findings) -> Vec<(u64, Health)> {
        let (mut judge, spread) = (Judge::new(at(0)), Spread::default());
        let times = (0..seconds * 4).map(|n| n * 250);
        times
            .filter_map(|ms| {
                let findings = find(at(ms));
                spread.add(Duration::from_millis(20));
                judge.examine(at(ms), &findings, || spread.take());
                judge.due(at(ms), &findings).map(|health| (ms, health))
            })
            .collect()
    }

    #[test]
    fn while_all_is_well_that_is_told_at_the_start_and_every_so_often() {
        let told = told(70, found);
        assert_eq!(told.iter().map(|(ms, _)| *ms).collect::<Vec<_>>(), [0, 30_000, 60_000]);
        let health = &told[1].1;
        assert_eq!((health.level(), health.line().as_str()), (Level::Ok, "All is well, reading 20 frames a second"));
        assert!(health.of(Stage::Microphone).is_none(), "there is none");
        let faces = health.of(Stage::Faces).unwrap();
        assert!(faces.rate == Some(20.0) && faces.latency.is_some() && faces.since == at(0), "{faces:?}");
    }

    #[test]
    fn a_change_is_told_within_five_seconds_and_once() {
        let pulled = |now: Monotonic| {
            let last = now.min(at(10_000));
            let camera = Reading { worked_at: last, ..working(now) };
            let camera = if now >= at(20_000) { working(now) } else { camera };
            Findings { camera, ..found(now) }
        };
        let told = told(29, pulled);
        let [_, (lost, failed), (back, well)] = &told[..] else { panic!("{told:#?}") };
        assert!((10_000..15_000).contains(lost) && (20_000..=21_000).contains(back), "{lost}, {back}");
        assert_eq!((failed.of(Stage::Camera).unwrap().level, well.level()), (Level::Failed, Level::Ok));
        assert_eq!(failed.of(Stage::Camera).unwrap().since, at(*lost));
        assert!(failed.line().starts_with("camera failed: it is open and gives no frames"), "{}", failed.line());
    }

    #[test]
    fn what_changes_all_the_time_is_told_once_a_second_at_most_and_figures_do_not_count() {
        let flapping = |now: Monotonic| {
            let trouble = (now.since_zero().as_millis() / 250).is_multiple_of(2).then(|| "loose".into());
            Findings { camera: Reading { trouble, ..working(now) }, ..found(now) }
        };
        assert!(told(10, flapping).len() <= 10);
        let warming = |now: Monotonic| {
            let fps = 20.0 - now.since_zero().as_secs_f32() / 10.0;
            Findings { slowed: Some(Slowed { fps, reason: Reason::Hot(Some(86.0)) }), ..found(now) }
        };
        assert_eq!(told(29, warming).len(), 1);
        let slow_at_last = |now: Monotonic| {
            let hot = Reason::Hot(Some(86.0));
            let reason = if now < at(10_000) { hot } else { Reason::Behind(Duration::from_millis(90)) };
            Findings { slowed: Some(Slowed { fps: 9.0, reason }), ..found(now) }
        };
        assert_eq!(told(29, slow_at_last).len(), 2);
    }

    #[test]
    fn a_line_is_one_line_whatever_a_driver_says() {
        let trouble = Some("first\nREADY=1\u{7}".into());
        let told =
            told(1, |now| Findings { camera: Reading { trouble: trouble.clone(), ..working(now) }, ..found(now) });
        assert!(!told[0].1.line().contains(char::is_control));
    }

    #[test]
    fn to_wait_or_to_rest_is_progress_and_to_hang_is_not() {
        let (now, well) = (at(60_000), working(at(59_000)));
        let progress = |faces: &Reading| is_progress(&well, faces, now);
        assert!(progress(&well));
        let waiting = Reading { worked_at: at(0), ..well.clone() };
        assert!(is_progress(&waiting, &well, now), "a camera that is away");
        assert!(!progress(&Reading { beat: at(50_000), ..well.clone() }));
        let resting = |hung| Standing::Resting { why: "why".into(), failed: true, hung };
        assert!(progress(&Reading { standing: resting(false), ..well.clone() }));
        assert!(!progress(&Reading { standing: resting(true), ..well.clone() }));
        let follows = Standing::Working { since: at(59_500) };
        let follower = Reading { standing: follows, restarts: 1, beat: at(40_000), ..well.clone() };
        assert!(!progress(&follower), "it has done nothing yet");
        assert!(progress(&Reading { beat: at(59_900), ..follower }));
    }
}
