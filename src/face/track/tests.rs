//! What is promised about tracks, by example and by chance.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::testing::{face, score};
use super::*;

const SIDE: f32 = 100.0;

fn settings() -> TrackSettings {
    TrackSettings { trust_score: score(0.5), sure_score: score(0.8), keep_for: Duration::from_millis(700) }
}

fn sure(x: f32, y: f32) -> Detection {
    face(x, y, SIDE, 0.9)
}

/// The moment `frame` frames after the start.
fn moment(frame: u32, fps: u32) -> Monotonic {
    Monotonic::new(Duration::from_secs(5) + Duration::from_secs(1) * frame / fps)
}

fn step(tracker: &mut Tracker, at: Monotonic, detections: &[Detection]) -> Vec<u64> {
    tracker.advance(at);
    tracker.associate(detections, 0.0);
    believed(tracker)
}

fn believed(tracker: &Tracker) -> Vec<u64> {
    tracker.tracks().iter().filter(|track| track.is_believed()).map(|track| track.id().0).collect()
}

/// The wish of the first track.
fn wish(tracker: &Tracker) -> Option<Wish> {
    tracker.tracks().first().and_then(Track::wish)
}

#[test]
fn a_doubtful_face_is_believed_once_a_close_look_found_it() {
    let mut tracker = Tracker::new(settings());
    let doubtful = face(100.0, 100.0, SIDE, 0.3);
    assert_eq!(step(&mut tracker, moment(0, 30), &[doubtful, sure(400.0, 100.0)]), [2]);
    assert_eq!(wish(&tracker), Some(Wish::Judge));
    tracker.judge(TrackId(1), Some(&sure(101.0, 100.0)));
    assert_eq!(believed(&tracker), [1, 2]);
    assert_eq!(wish(&tracker), None);
}

#[test]
fn what_a_close_look_denied_is_not_reported_and_asked_about_once_a_second() {
    let mut tracker = Tracker::new(settings());
    let poster = [face(100.0, 100.0, SIDE, 0.7)];
    let mut asked = 0;
    for frame in 0..95 {
        assert!(step(&mut tracker, moment(frame, 30), &poster).is_empty());
        if wish(&tracker).is_some() {
            asked += 1;
            tracker.judge(TrackId(1), None);
        }
    }
    assert_eq!(asked, 4);
}

#[test]
fn what_flickers_once_is_never_reported() {
    let mut tracker = Tracker::new(settings());
    for frame in 0..20 {
        let flicker = [face(50.0 + 200.0 * (frame % 5) as f32, 100.0, SIDE, 0.7)];
        assert!(step(&mut tracker, moment(frame, 30), if frame % 2 == 0 { &flicker } else { &[] }).is_empty());
    }
}

#[test]
fn a_face_that_is_weakly_detected_for_a_second_is_doubted_and_two_denials_end_the_belief() {
    let mut tracker = Tracker::new(settings());
    step(&mut tracker, moment(0, 10), &[sure(100.0, 100.0)]);
    let weak = [face(100.0, 100.0, SIDE, 0.3)];
    for frame in 1..10 {
        assert_eq!(step(&mut tracker, moment(frame, 10), &weak), [1]);
        assert_eq!(wish(&tracker), None);
    }
    step(&mut tracker, moment(10, 10), &weak);
    assert_eq!(wish(&tracker), Some(Wish::Judge));
    tracker.judge(TrackId(1), None);
    assert_eq!(believed(&tracker), [1]);
    step(&mut tracker, moment(12, 10), &weak);
    assert_eq!(wish(&tracker), Some(Wish::Judge));
    tracker.judge(TrackId(1), None);
    assert!(believed(&tracker).is_empty());
}

#[test]
fn a_close_look_that_finds_the_neighbour_denies() {
    let mut tracker = Tracker::new(settings());
    let ghost = face(150.0, 100.0, SIDE, 0.3);
    step(&mut tracker, moment(0, 30), &[sure(100.0, 100.0), ghost]);
    tracker.judge(TrackId(2), Some(&sure(100.0, 100.0)));
    assert_eq!(believed(&tracker), [1]);
}

#[test]
fn a_small_face_is_placed_by_close_looks_and_coarse_detections_do_not_move_it() {
    let mut tracker = Tracker::new(settings());
    let exact = sure(100.0, 100.0);
    tracker.advance(moment(0, 30));
    tracker.associate(&[sure(108.0, 95.0)], 150.0);
    assert_eq!(wish(&tracker), Some(Wish::Refine));
    tracker.judge(TrackId(1), Some(&exact));
    assert_eq!(tracker.tracks()[0].rect(), exact.rect);
    let mut refined = 0;
    for frame in 1..=30 {
        tracker.advance(moment(frame, 30));
        tracker.follow(TrackId(1), exact.rect, &exact.landmarks);
        tracker.associate(&[sure(92.0, 104.0)], 150.0);
        assert_eq!(tracker.tracks()[0].rect(), exact.rect);
        if wish(&tracker) == Some(Wish::Refine) {
            refined += 1;
            tracker.judge(TrackId(1), Some(&exact));
        }
    }
    assert_eq!(refined, 2);
}

#[test]
fn a_small_face_that_is_no_longer_followed_goes_where_it_is_detected() {
    let mut tracker = Tracker::new(settings());
    tracker.advance(moment(0, 30));
    tracker.associate(&[sure(100.0, 100.0)], 150.0);
    tracker.judge(TrackId(1), Some(&sure(100.0, 100.0)));
    tracker.advance(moment(1, 30));
    let moved = sure(130.0, 100.0);
    tracker.associate(&[moved], 150.0);
    assert_eq!(tracker.tracks()[0].rect(), moved.rect);
}

#[test]
fn a_face_that_jumps_across_the_picture_is_somebody_else() {
    let mut tracker = Tracker::new(settings());
    step(&mut tracker, moment(0, 30), &[sure(100.0, 100.0)]);
    step(&mut tracker, moment(1, 30), &[sure(500.0, 100.0)]);
    let there: Vec<_> = tracker.tracks().iter().filter(|track| !track.is_missed()).map(|track| track.id().0).collect();
    assert_eq!(there, [2]);
}

#[test]
fn a_much_smaller_face_in_the_same_place_is_somebody_else() {
    let mut tracker = Tracker::new(settings());
    step(&mut tracker, moment(0, 30), &[sure(100.0, 100.0)]);
    let ids = step(&mut tracker, moment(1, 30), &[face(100.0, 100.0, 30.0, 0.9)]);
    assert_eq!(ids, [1, 2]);
}

#[test]
fn one_face_found_twice_is_one_track() {
    let mut tracker = Tracker::new(settings());
    let inner = face(110.0, 105.0, SIDE / 2.0, 0.9);
    for frame in 0..5 {
        assert_eq!(step(&mut tracker, moment(frame, 30), &[inner, sure(100.0, 100.0)]), [1]);
    }
}

#[test]
fn who_was_away_too_long_comes_back_as_somebody_else() {
    let mut tracker = Tracker::new(settings());
    step(&mut tracker, moment(0, 10), &[sure(100.0, 100.0)]);
    for frame in 1..=8 {
        step(&mut tracker, moment(frame, 10), &[]);
    }
    assert_eq!(step(&mut tracker, moment(9, 10), &[sure(100.0, 100.0)]), [2]);
}

#[test]
fn a_slow_camera_keeps_its_faces() {
    let mut tracker = Tracker::new(settings());
    for second in 0..10 {
        assert_eq!(step(&mut tracker, moment(second, 1), &[sure(100.0, 100.0)]), [1]);
    }
}

#[test]
fn time_that_stands_still_or_runs_backwards_harms_nobody() {
    let mut tracker = Tracker::new(settings());
    for at in [900, 900, 100, 0, 33, 66, 66] {
        let ids = step(&mut tracker, Monotonic::new(Duration::from_millis(at)), &[sure(100.0, 100.0)]);
        assert_eq!(ids, [1]);
        assert!((tracker.tracks()[0].rect().centre().x - 100.0).abs() < 1e-3);
    }
    step(&mut tracker, Monotonic::new(Duration::MAX), &[]);
    assert!(tracker.tracks().is_empty());
}

#[test]
fn a_face_without_room_is_counted_and_one_that_left_makes_room() {
    let mut tracker = Tracker::new(settings());
    let crowd: Vec<_> = (0..MAX_FACES as u32 + 3).map(|i| sure(200.0 * i as f32, 100.0)).collect();
    tracker.advance(moment(0, 30));
    assert_eq!(tracker.associate(&crowd, 0.0), 3);
    tracker.advance(moment(1, 30));
    assert_eq!(tracker.associate(&crowd[3..], 0.0), 0);
    assert_eq!(tracker.tracks().iter().filter(|track| !track.is_missed()).count(), MAX_FACES);
}

#[test]
fn a_followed_face_is_where_it_was_followed_to_and_a_detection_pulls_it_half_way() {
    let mut tracker = Tracker::new(settings());
    step(&mut tracker, moment(0, 30), &[sure(100.0, 100.0)]);
    tracker.advance(moment(1, 30));
    let moved = sure(110.0, 100.0);
    tracker.follow(TrackId(1), moved.rect, &moved.landmarks);
    assert_eq!((tracker.tracks()[0].rect(), tracker.tracks()[0].evidence()), (moved.rect, Evidence::Followed));
    tracker.associate(&[sure(114.0, 100.0)], 0.0);
    let track = tracker.tracks()[0];
    assert!((track.rect().centre().x - 112.0).abs() < 1e-3);
    assert!((track.landmarks().nose.x - 112.0).abs() < 1e-3);
    assert_eq!(track.evidence(), Evidence::Detected);
}

#[test]
fn what_is_no_face_at_all_is_ignored() {
    let mut tracker = Tracker::new(settings());
    let bad = [f32::NAN, f32::INFINITY, 1e30, 0.0, -5.0].map(|side| face(100.0, 100.0, side, 0.9));
    tracker.advance(moment(0, 30));
    assert_eq!(tracker.associate(&bad, 0.0), 0);
    assert!(tracker.tracks().is_empty());
    step(&mut tracker, moment(1, 30), &[sure(100.0, 100.0)]);
    tracker.advance(moment(2, 30));
    tracker.follow(TrackId(1), bad[0].rect, &bad[0].landmarks);
    assert_eq!(tracker.tracks()[0].evidence(), Evidence::Expected);
}

/// Some faces, each here or not, anywhere in a picture, over some frames of any length.
fn scenes() -> impl Strategy<Value = Vec<(u64, Vec<Detection>)>> {
    let one = (0.0_f32..1000.0, 0.0_f32..1000.0, 20.0_f32..300.0, 0.3_f32..1.0)
        .prop_map(|(x, y, side, score)| face(x, y, side, score));
    prop::collection::vec((0_u64..400, prop::collection::vec(one, 0..MAX_FACES + 4)), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_number_is_ever_given_twice(scenes in scenes()) {
        let mut tracker = Tracker::new(settings());
        let (mut at, mut alive, mut gone) = (0, BTreeSet::new(), BTreeSet::new());
        for (wait, detections) in scenes {
            at += wait;
            step(&mut tracker, Monotonic::new(Duration::from_millis(at)), &detections);
            let ids: Vec<_> = tracker.tracks().iter().map(Track::id).collect();
            let now: BTreeSet<_> = ids.iter().copied().collect();
            prop_assert_eq!(now.len(), ids.len());
            prop_assert!(now.is_disjoint(&gone), "{:?} came back", now.intersection(&gone));
            gone.extend(alive.difference(&now).copied());
            alive = now;
        }
    }

    #[test]
    fn the_order_of_detections_does_not_matter(scenes in scenes(), turn in 0_usize..40) {
        let (mut one, mut other) = (Tracker::new(settings()), Tracker::new(settings()));
        let mut at = 0;
        for (wait, detections) in scenes {
            at += wait;
            let mut turned: Vec<_> = detections.into_iter().take(MAX_FACES).collect();
            step(&mut one, Monotonic::new(Duration::from_millis(at)), &turned);
            let by = turn % turned.len().max(1);
            turned.rotate_left(by);
            turned.reverse();
            step(&mut other, Monotonic::new(Duration::from_millis(at)), &turned);
            let seen = |tracker: &Tracker| tracker.tracks().iter().map(|t| (t.id(), t.rect())).collect::<Vec<_>>();
            prop_assert_eq!(seen(&one), seen(&other));
        }
    }

    #[test]
    fn two_who_pass_each_other_at_a_distance_keep_their_numbers(
        fps in 5_u32..=120, speed in 10.0_f32..150.0, apart in 1.3_f32..3.0, tremble in 0.0_f32..4.0
    ) {
        let mut tracker = Tracker::new(settings());
        for frame in 0..fps * 4 {
            let (way, shake) = (speed * frame as f32 / fps as f32, tremble * (frame as f32 * 2.4).sin());
            let (left, right) = (sure(100.0 + way, 200.0 + shake), sure(500.0 - way, 200.0 + apart * SIDE - shake));
            prop_assert_eq!(step(&mut tracker, moment(frame, fps), &[right, left]), vec![1, 2]);
            let [first, second] = tracker.tracks() else { panic!("two are there") };
            prop_assert!(first.rect().iou(&left.rect) > 0.9 && second.rect().iou(&right.rect) > 0.9);
        }
    }

    #[test]
    fn half_a_second_without_a_detection_is_bridged(fps in 5_u32..=120, speed in -60.0_f32..60.0) {
        let mut tracker = Tracker::new(settings());
        let hidden = fps * 2..fps * 2 + fps.div_ceil(2);
        for frame in 0..fps * 4 {
            let seen = [sure(500.0 + speed * frame as f32 / fps as f32, 200.0)];
            let ids = step(&mut tracker, moment(frame, fps), if hidden.contains(&frame) { &[] } else { &seen });
            prop_assert_eq!(ids, vec![1]);
        }
    }

    #[test]
    fn everything_stays_finite(scenes in scenes()) {
        let mut tracker = Tracker::new(settings());
        let mut at = 0;
        for (wait, detections) in scenes {
            at += wait;
            step(&mut tracker, Monotonic::new(Duration::from_millis(at)), &detections);
            prop_assert!(tracker.tracks().iter().all(|track| is_sound(&track.rect(), track.landmarks())));
        }
    }
}
