//! What holds for every event of every sequence of frames.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::affect::Estimate;
use crate::face::MAX_FACES;
use crate::smooth::testing::{any_estimate, ms, smoothed};

/// Checks the life of every event against the promises.
#[derive(Default)]
struct Ledger {
    ids: HashSet<Uuid>,
    live: HashMap<Uuid, Event>,
    messages: usize,
}

impl Ledger {
    fn enter(&mut self, event: Event) {
        self.messages += 1;
        assert!(event.started_at <= event.at, "{event:?}");
        assert!((0.0..=1.0).contains(&event.peak), "{event:?}");
        assert_eq!(event.stage == Stage::End, event.ended_at.is_some(), "{event:?}");
        if event.stage == Stage::New {
            assert!(self.ids.insert(event.id), "an id twice: {event:?}");
            assert!(!self.live.values().any(|live| same_thing(live, &event)), "two at once: {event:?}");
        } else {
            let before = self.live.remove(&event.id).expect("a step of an event that is not going on");
            assert!(same_thing(&before, &event) && before.started_at == event.started_at, "{before:?} {event:?}");
            assert!(before.at <= event.at && before.peak <= event.peak, "{before:?} {event:?}");
        }
        match event.ended_at {
            Some(ended_at) => assert!(event.started_at <= ended_at && ended_at <= event.at, "{event:?}"),
            None => assert!(self.live.insert(event.id, event).is_none()),
        }
    }
}

fn same_thing(a: &Event, b: &Event) -> bool {
    (a.subject, a.kind, &a.label) == (b.subject, b.kind, &b.label)
}

fn ids() -> impl FnMut(Monotonic) -> Uuid {
    let mut last = 0;
    move |_| {
        last += 1;
        Uuid::from_u128(last)
    }
}

/// The time since the last frame, in milliseconds, and who is in view with what.
type Frame = (i64, Vec<(u64, Estimate)>);

fn any_frames(steps: impl Strategy<Value = i64>, tracks: u64) -> impl Strategy<Value = Vec<Frame>> {
    let faces = prop::collection::vec((0..tracks, any_estimate()), 0..5);
    prop::collection::vec((steps, faces), 1..60)
}

/// Everything switched on, and so impatient that much happens.
fn eager() -> EventSettings {
    let mut settings = EventSettings::default();
    settings.compound.enabled = true;
    for rule in [&mut settings.expression, &mut settings.action_unit, &mut settings.valence, &mut settings.arousal] {
        rule.dwell = Duration::from_millis(40);
    }
    settings.presence.seen_for = Duration::ZERO;
    settings
}

proptest! {
    /// Time may jump in both directions and by any length, and more faces may come than there is room for.
    #[test]
    fn every_event_begins_once_ends_once_and_its_steps_are_in_order(
        frames in any_frames(prop_oneof![9 => -3000_i64..3000, 1 => any::<i64>()], 2 * MAX_FACES as u64),
        impatient in any::<bool>(),
    ) {
        let settings = if impatient { eager() } else { EventSettings::default() };
        let (mut machine, mut ledger, mut now) = (EventMachine::new(settings, ids()), Ledger::default(), 10_000_i64);
        for (step, faces) in frames {
            now = now.saturating_add(step).max(0);
            let faces: Vec<_> = faces.into_iter().map(|(track, estimate)| smoothed(track, estimate)).collect();
            machine.update(ms(now as u64), &faces, &mut |event| ledger.enter(event));
        }
        machine.finish(ms(now as u64), &mut |event| ledger.enter(event));
        prop_assert!(ledger.live.is_empty());
    }

    #[test]
    fn one_face_begins_no_more_than_one_event_of_a_group_per_dwell(frames in any_frames(1_i64..120, 1)) {
        let settings = EventSettings::default();
        let mut machine = EventMachine::new(settings, ids());
        let (mut now, mut begun) = (0, HashMap::<Kind, usize>::new());
        for (step, faces) in &frames {
            now += *step as u64;
            let face: Vec<_> = faces.iter().take(1).map(|&(track, estimate)| smoothed(track, estimate)).collect();
            machine.update(ms(now), &face, &mut |event| {
                *begun.entry(event.kind).or_default() += usize::from(event.stage == Stage::New);
            });
        }
        let most = now as usize / 300;
        for kind in [Kind::Expression, Kind::Valence, Kind::Arousal] {
            prop_assert!(begun.get(&kind).copied().unwrap_or(0) <= most);
        }
        prop_assert!(begun.get(&Kind::ActionUnit).copied().unwrap_or(0) <= 12 * most);
    }

    #[test]
    fn the_order_of_the_faces_in_a_frame_changes_nothing_but_the_order_of_the_messages(
        frames in prop::collection::vec(prop::collection::vec(any_estimate(), 4), 1..40),
    ) {
        let run = |reversed: bool| {
            let (mut machine, mut told) = (EventMachine::new(eager(), ids()), Vec::new());
            for (n, estimates) in (0..).zip(&frames) {
                let faces = (0..).zip(estimates).map(|(track, &estimate)| smoothed(track, estimate));
                let mut faces: Vec<_> = faces.collect();
                if reversed {
                    faces.reverse();
                }
                machine.update(ms(n * 50), &faces, &mut |event| {
                    told.push(format!("{:?}", Event { id: Uuid::nil(), ..event }));
                });
            }
            told.sort();
            told
        };
        prop_assert_eq!(run(false), run(true));
    }
}

#[test]
fn the_ledger_sees_much_happen() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut machine, mut ledger, mut now) = (EventMachine::new(eager(), ids()), Ledger::default(), 0);
    for _ in 0..20 {
        let frames = any_frames(20_i64..100, 4).new_tree(&mut runner).unwrap().current();
        for (step, faces) in frames {
            now += step as u64;
            let faces: Vec<_> = faces.into_iter().map(|(track, estimate)| smoothed(track, estimate)).collect();
            machine.update(ms(now), &faces, &mut |event| ledger.enter(event));
        }
    }
    assert!(ledger.messages > 200, "{}", ledger.messages);
}
