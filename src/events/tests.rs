//! What becomes an event, and when.

use std::time::Duration;

use super::*;
use crate::affect::{ActionUnit, Compound, Estimate, Expression, Label, Probability};
use crate::face::MAX_FACES;
use crate::smooth::testing::{estimate, ms, observed, p, smoothed};
use crate::smooth::{Judged, SmoothSettings, Smoothed, Smoother};

/// A machine whose ids are 1, 2, 3 …
fn machine(settings: EventSettings) -> EventMachine<impl FnMut(Monotonic) -> Uuid> {
    assert_eq!(settings.check(), Ok(()));
    let mut last = 0;
    EventMachine::new(settings, move |_| {
        last += 1;
        Uuid::from_u128(last)
    })
}

/// Settings that tell of one kind alone.
fn only(kind: Kind) -> EventSettings {
    let mut settings = EventSettings::default();
    settings.presence.enabled = kind == Kind::Presence;
    settings.expression.enabled = kind == Kind::Expression;
    settings.compound.enabled = kind == Kind::Compound;
    settings.action_unit.enabled = kind == Kind::ActionUnit;
    settings.valence.enabled = kind == Kind::Valence;
    settings.arousal.enabled = kind == Kind::Arousal;
    settings.voice.enabled = kind == Kind::Voice;
    settings
}

/// Runs one face through the machine at ten frames a second, ends it, and gives the events.
fn run(settings: EventSettings, frames: &[Option<Estimate>]) -> Vec<Event> {
    let mut machine = machine(settings);
    let mut told = Vec::new();
    for (at, frame) in (0..).step_by(100).zip(frames) {
        let face = frame.map(|estimate| smoothed(1, estimate));
        machine.update(ms(at), face.as_slice(), &mut |event| told.push(event));
    }
    machine.finish(ms(100 * frames.len() as u64), &mut |event| told.push(event));
    told
}

/// An event in short: stage, label, when told, since when, until when; in milliseconds.
fn brief(event: &Event) -> (Stage, &str, u64, u64, Option<u64>) {
    let millis = |at: Monotonic| at.since_zero().as_millis() as u64;
    (event.stage, &event.label, millis(event.at), millis(event.started_at), event.ended_at.map(millis))
}

fn briefs(events: &[Event]) -> Vec<(Stage, &str, u64, u64, Option<u64>)> {
    events.iter().map(brief).collect()
}

fn frames(parts: &[(usize, Estimate)]) -> Vec<Option<Estimate>> {
    parts.iter().flat_map(|&(count, estimate)| std::iter::repeat_n(Some(estimate), count)).collect()
}

fn showing(label: Expression, probability: f32) -> Estimate {
    estimate(label, probability, 0.0, 0.0)
}

fn at_rest() -> Estimate {
    showing(Expression::Neutral, 0.9)
}

#[test]
fn a_smile_is_one_event_dated_from_its_first_frame_to_the_first_without_it() {
    let smile = frames(&[(10, at_rest()), (10, showing(Expression::Happiness, 0.8)), (10, at_rest())]);
    let told = run(only(Kind::Expression), &smile);
    let expected = [(Stage::New, "happiness", 1300, 1000, None), (Stage::End, "happiness", 2300, 1000, Some(2000))];
    assert_eq!(briefs(&told), expected);
    assert_eq!((told[0].id, told[0].peak, told[0].subject), (told[1].id, 0.8, Subject::Face(crate::face::TrackId(1))));
}

#[test]
fn a_change_of_expression_ends_one_event_and_then_begins_another() {
    let change = frames(&[(10, showing(Expression::Surprise, 0.8)), (10, showing(Expression::Happiness, 0.8))]);
    let expected = [
        (Stage::New, "surprise", 300, 0, None),
        (Stage::End, "surprise", 1300, 0, Some(1000)),
        (Stage::New, "happiness", 1300, 1000, None),
        (Stage::End, "happiness", 2000, 1000, Some(1900)),
    ];
    assert_eq!(briefs(&run(only(Kind::Expression), &change)), expected);
}

#[test]
fn a_neutral_or_unsure_face_makes_no_expression_event() {
    let dull = frames(&[(20, at_rest()), (20, showing(Expression::Fear, 0.45)), (20, showing(Expression::Fear, 0.2))]);
    assert_eq!(run(only(Kind::Expression), &dull), []);
}

#[test]
fn an_expression_that_weakens_goes_on_until_it_falls_below_the_lower_threshold() {
    let weak = frames(&[(10, showing(Expression::Anger, 0.6)), (30, showing(Expression::Anger, 0.38)), (5, at_rest())]);
    let told = run(only(Kind::Expression), &weak);
    assert_eq!(brief(told.last().unwrap()), (Stage::End, "anger", 4300, 0, Some(4000)));
}

#[test]
fn valence_and_arousal_have_two_sides_that_follow_one_another() {
    let swing = |value| estimate(Expression::Neutral, 0.9, value, 0.0);
    let told = run(only(Kind::Valence), &frames(&[(5, swing(0.6)), (5, swing(-0.5)), (5, swing(0.0))]));
    let expected = [
        (Stage::New, "positive", 300, 0, None),
        (Stage::End, "positive", 800, 0, Some(500)),
        (Stage::New, "negative", 800, 500, None),
        (Stage::End, "negative", 1300, 500, Some(1000)),
    ];
    assert_eq!(briefs(&told), expected);
    assert_eq!(told[2].peak, 0.5);

    let excited = frames(&[
        (5, estimate(Expression::Neutral, 0.9, 0.0, 0.7)),
        (5, estimate(Expression::Neutral, 0.9, 0.0, -0.7)),
    ]);
    let labels: Vec<_> = run(only(Kind::Arousal), &excited).into_iter().map(|event| event.label).collect();
    assert_eq!(labels, ["high", "high", "low", "low"]);
}

#[test]
fn action_units_come_and_go_independently() {
    let mut both = at_rest();
    both.action_units.set(ActionUnit::Au6, p(0.9));
    let one = both;
    both.action_units.set(ActionUnit::Au12, p(0.8));
    let told = run(only(Kind::ActionUnit), &frames(&[(5, both), (5, one)]));
    let expected = [
        (Stage::New, "AU6", 300, 0, None),
        (Stage::New, "AU12", 300, 0, None),
        (Stage::End, "AU12", 800, 0, Some(500)),
        (Stage::End, "AU6", 1000, 0, Some(900)),
    ];
    assert_eq!(briefs(&told), expected);
}

#[test]
fn compound_expressions_are_told_when_asked_for() {
    let label = Compound::HappilySurprised;
    let mut estimate = at_rest();
    estimate.compounds.set(label, p(0.7));
    let face = Smoothed { compound: Some(Judged::Known(label, p(0.7))), ..smoothed(1, estimate) };
    let tell = |settings| {
        let (mut machine, mut told) = (machine(settings), Vec::new());
        for at in [0, 200, 400] {
            machine.update(ms(at), &[face], &mut |event| told.push(event));
        }
        told
    };
    assert_eq!(briefs(&tell(only(Kind::Compound))), [(Stage::New, "happily surprised", 400, 0, None)]);
    assert!(tell(EventSettings::default()).iter().all(|event| event.kind == Kind::Presence));
}

#[test]
fn what_is_estimated_begins_and_ends_at_the_moment_that_the_estimate_is_of() {
    let behind = Duration::from_millis(400);
    let mut settings = only(Kind::Expression);
    settings.presence.enabled = true;
    let (mut machine, mut told) = (machine(settings), Vec::new());
    for at in (0..3000).step_by(100) {
        // Angry from 500 to 1500: seen so 400 ms later.
        let angry = (900..1900).contains(&at);
        let face = smoothed(1, showing(if angry { Expression::Anger } else { Expression::Neutral }, 0.9));
        let behind = behind.min(Duration::from_millis(at));
        machine.update(ms(at), &[Smoothed { behind, ..face }], &mut |event| told.push(event));
    }
    machine.finish(ms(3000), &mut |event| told.push(event));
    let expected = [
        (Stage::New, "present", 300, 0, None),
        (Stage::New, "anger", 800, 500, None),
        (Stage::End, "anger", 1800, 500, Some(1500)),
        (Stage::End, "present", 3000, 0, Some(2900)),
    ];
    assert_eq!(briefs(&told), expected);
}

#[test]
fn a_face_that_flashes_up_makes_no_event_at_all() {
    let flash = [frames(&[(3, showing(Expression::Anger, 1.0))]), vec![None; 20]].concat();
    assert_eq!(run(EventSettings::default(), &flash), []);
}

#[test]
fn presence_outlives_a_short_gap_and_ends_when_the_face_was_last_seen() {
    let gaps = [frames(&[(5, at_rest())]), vec![None; 8], frames(&[(5, at_rest())]), vec![None; 12]].concat();
    let expected = [(Stage::New, "present", 300, 0, None), (Stage::End, "present", 2700, 0, Some(1700))];
    assert_eq!(briefs(&run(only(Kind::Presence), &gaps)), expected);
}

#[test]
fn what_a_face_showed_ends_when_it_was_last_seen_and_before_its_presence() {
    let leaving = [frames(&[(10, showing(Expression::Happiness, 0.9))]), vec![None; 15]].concat();
    let told = run(EventSettings::default(), &leaving);
    let expected = [
        (Stage::New, "present", 300, 0, None),
        (Stage::New, "happiness", 300, 0, None),
        (Stage::End, "happiness", 1900, 0, Some(900)),
        (Stage::End, "present", 1900, 0, Some(900)),
    ];
    assert_eq!(briefs(&told), expected);
}

#[test]
fn what_had_faded_before_the_face_left_ended_when_it_faded() {
    let fading = [frames(&[(10, showing(Expression::Happiness, 0.9)), (2, at_rest())]), vec![None; 12]].concat();
    let told = run(only(Kind::Expression), &fading);
    assert_eq!(brief(&told[1]), (Stage::End, "happiness", 2100, 0, Some(1000)));
}

#[test]
fn nothing_is_told_of_a_face_before_its_presence_but_then_from_its_first_frame_on() {
    let mut settings = EventSettings::default();
    settings.presence.seen_for = Duration::from_secs(1);
    let told = run(settings, &frames(&[(12, showing(Expression::Happiness, 0.9))]));
    let begun = [(Stage::New, "present", 1000, 0, None), (Stage::New, "happiness", 1000, 0, None)];
    assert_eq!(briefs(&told[..2]), begun);
}

#[test]
fn a_face_that_can_no_longer_be_read_ends_its_affect_but_stays_present() {
    let hidden = frames(&[(10, estimate(Expression::Happiness, 0.9, 0.6, 0.5)), (10, Estimate::default())]);
    let told = run(EventSettings::default(), &hidden);
    let ends: Vec<_> = told.iter().filter(|event| event.stage == Stage::End).map(brief).collect();
    let expected = [
        (Stage::End, "happiness", 1300, 0, Some(1000)),
        (Stage::End, "positive", 1300, 0, Some(1000)),
        (Stage::End, "high", 1300, 0, Some(1000)),
        (Stage::End, "present", 2000, 0, Some(1900)),
    ];
    assert_eq!(ends, expected);
}

#[test]
fn a_kind_that_is_switched_off_is_not_told_and_the_others_are() {
    let lively = frames(&[(10, estimate(Expression::Happiness, 0.9, 0.6, 0.5))]);
    for kind in [Kind::Presence, Kind::Expression, Kind::Valence, Kind::Arousal] {
        let told = run(only(kind), &lively);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|event| event.kind == kind));
    }
}

#[test]
fn a_rising_peak_is_told_but_no_more_often_than_allowed() {
    let rising: Vec<_> = (0..30).map(|n| Some(showing(Expression::Fear, 0.55 + 0.014 * n as f32))).collect();
    let told = run(only(Kind::Expression), &rising);
    assert!(told.windows(2).all(|pair| pair[0].peak <= pair[1].peak));
    let updates: Vec<_> = told.iter().filter(|event| event.stage == Stage::Update).collect();
    assert_eq!(updates.len(), 3, "0.1 each, from 0.59 to 0.956");

    let jumps: Vec<_> = (0..30).map(|n| Some(showing(Expression::Fear, 0.55 + 0.11 * (n / 4).min(4) as f32))).collect();
    let told = run(only(Kind::Expression), &jumps);
    let gap = EventSettings::default().update_gap;
    assert!(told.len() > 3 && told[..told.len() - 1].windows(2).all(|pair| pair[1].at.since(pair[0].at) >= gap));
}

#[test]
fn an_event_that_lasts_is_told_again_now_and_then() {
    let told = run(only(Kind::Presence), &frames(&[(350, at_rest())]));
    let updates: Vec<_> =
        told.iter().filter(|event| event.stage == Stage::Update).map(|event| brief(event).2).collect();
    assert_eq!(updates, [10_300, 20_300, 30_300]);
}

#[test]
fn labels_that_alternate_every_frame_begin_no_series_of_events_at_any_rate() {
    for fps in [5, 15, 30, 60] {
        let (mut smoother, mut machine) = (Smoother::new(SmoothSettings::default()), machine(only(Kind::Expression)));
        let mut begun = 0;
        for n in 0..60 * fps {
            let label = if n % 2 == 0 { Expression::Happiness } else { Expression::Anger };
            let at = Monotonic::new(Duration::from_secs(n) / fps as u32);
            let face = smoother.update(at, &observed(1, Some(showing(label, 1.0))));
            machine.update(at, &[face], &mut |event| begun += u32::from(event.stage == Stage::New));
        }
        // The first frame is all the filter knows for a while, so its label may last long enough for one.
        assert!(begun <= 1, "{begun} events at {fps} frames a second");
    }
}

#[test]
fn finishing_ends_everything_once() {
    let mut machine = machine(EventSettings::default());
    let face = smoothed(1, estimate(Expression::Happiness, 0.9, 0.6, 0.5));
    let (mut begun, mut ended) = (0, 0);
    for at in [0, 200, 400] {
        machine.update(ms(at), &[face], &mut |_| begun += 1);
    }
    machine.finish(ms(500), &mut |event| ended += usize::from(event.stage == Stage::End));
    assert_eq!((begun, ended), (4, 4));
    machine.finish(ms(600), &mut |event| panic!("{event:?}"));
}

#[test]
fn time_that_runs_back_a_little_stands_still_and_time_that_runs_back_far_begins_anew() {
    let mut machine = machine(only(Kind::Presence));
    let face = smoothed(1, at_rest());
    let mut told = Vec::new();
    for at in [60_000, 60_400, 60_100, 60_500, 1_000, 1_400] {
        machine.update(ms(at), &[face], &mut |event| told.push(event));
    }
    let expected = [
        (Stage::New, "present", 60_400, 60_000, None),
        (Stage::End, "present", 60_500, 60_000, Some(60_500)),
        (Stage::New, "present", 1_400, 1_000, None),
    ];
    assert_eq!(briefs(&told), expected);
}

#[test]
fn when_all_places_are_taken_a_face_out_of_view_makes_room_and_one_too_many_is_counted() {
    let mut machine = machine(only(Kind::Presence));
    let crowd: Vec<_> = (0..MAX_FACES as u64).map(|track| smoothed(track, at_rest())).collect();
    let newcomer = smoothed(99, at_rest());
    let mut told = Vec::new();
    for at in [0, 400] {
        machine.update(ms(at), &crowd, &mut |event| told.push(event));
    }
    assert_eq!(told.len(), MAX_FACES);
    machine.update(ms(500), &[crowd.as_slice(), &[newcomer]].concat(), &mut |event| panic!("{event:?}"));
    assert_eq!(machine.counts(), Counts { passed_over: 1, cut_short: 0 });

    told.clear();
    machine.update(ms(600), &[newcomer], &mut |event| told.push(event));
    assert_eq!(briefs(&told), [(Stage::End, "present", 600, 0, Some(500))]);
    assert_eq!(machine.counts(), Counts { passed_over: 1, cut_short: 1 });
}

#[test]
fn thousands_of_short_lived_faces_need_no_memory() {
    let mut machine = machine(EventSettings::default());
    let mut told = 0_u64;
    let spent = allocation_counter::measure(|| {
        for n in 0..5_000 {
            let label = Expression::ALL[n as usize / 20 % 8];
            let pair = [smoothed(n / 20, showing(label, 0.9)), smoothed(1_000_000 + n, at_rest())];
            machine.update(ms(n * 33), &pair, &mut |event| told += u64::from(event.peak > 0.0));
        }
        machine.finish(ms(5_000 * 33), &mut |_| told += 1);
    });
    assert_eq!(spent.count_total, 0);
    assert!(told > 900, "{told}");
}

#[test]
fn a_probability_of_zero_is_not_a_claim() {
    let mut none = at_rest();
    for &unit in ActionUnit::ALL {
        none.action_units.set(unit, Probability::MIN);
    }
    assert_eq!(run(only(Kind::ActionUnit), &frames(&[(10, none)])), []);
}

/// Tells a machine every 100 ms how much was voice, then ends it.
fn hear(settings: EventSettings, shares: &[f32]) -> Vec<Event> {
    let (mut machine, mut told) = (machine(settings), Vec::new());
    for (at, &share) in (0..).step_by(100).zip(shares) {
        machine.hear(ms(at), Confidence::new(share).unwrap(), &mut |event| told.push(event));
    }
    machine.finish(ms(0), &mut |event| told.push(event));
    told
}

#[test]
fn a_voice_begins_when_it_lasts_and_ends_only_after_a_second_of_silence() {
    let mut shares = vec![0.0; 5];
    shares.extend([0.9; 20]);
    // A breath, a few more words, and the end.
    shares.extend([0.1; 6]);
    shares.extend([0.8; 5]);
    shares.extend([0.0; 15]);
    let events = hear(EventSettings::default(), &shares);
    assert!(events.iter().all(|event| event.kind == Kind::Voice && event.subject == Subject::Scene));
    assert_eq!(
        briefs(&events),
        [(Stage::New, "speaking", 800, 500, None), (Stage::End, "speaking", 4600, 500, Some(3600))]
    );
}

#[test]
fn a_short_sound_is_no_voice_and_none_is_told_when_the_kind_is_off() {
    assert_eq!(hear(EventSettings::default(), &[0.0, 0.9, 0.9, 0.0, 0.0, 0.0]), []);
    assert_eq!(hear(only(Kind::Presence), &[0.9; 20]), []);
}

#[test]
fn faces_and_voices_do_not_hold_each_other_up() {
    let (mut machine, mut told) = (machine(EventSettings::default()), Vec::new());
    for at in (0..3000).step_by(100) {
        machine.update(ms(at), &[smoothed(1, Estimate::default())], &mut |event| told.push(event));
        // The sound is a second behind the frames.
        machine.hear(ms(at) - Duration::from_secs(1), Confidence::MAX, &mut |event| told.push(event));
    }
    machine.finish(ms(3000), &mut |event| told.push(event));
    let kinds = |stage| told.iter().filter(|event| event.stage == stage).map(|event| event.kind).collect::<Vec<_>>();
    assert_eq!(kinds(Stage::New), [Kind::Presence, Kind::Voice]);
    let mut ended = kinds(Stage::End);
    ended.sort_by_key(|kind| *kind == Kind::Voice);
    assert_eq!(ended, [Kind::Presence, Kind::Voice]);
}
