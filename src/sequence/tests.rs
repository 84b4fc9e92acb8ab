//! Sequences on readings as a camera gives them: irregular, with gaps, of faces that come and go.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::affect::{Estimate, Expression, Valence};
use crate::face::{MAX_FACES, TrackId, Witness};
use crate::model::{Heads, ModelError, Predicts, SequenceSpec, Source, Window};
use crate::smooth::testing::{estimate, ms};

const ROWS: usize = 5;
const ONE: TrackId = TrackId(1);
const TOLERANCE: Tolerance = Tolerance { face: Duration::from_millis(100), voice: Duration::from_secs(2) };

/// A model that gives the mean of its first column as valence, and remembers what it was given.
struct Recorder {
    spec: SequenceSpec,
    input: Vec<f32>,
    read: Vec<Vec<f32>>,
}

impl WindowModel for Recorder {
    fn spec(&self) -> &SequenceSpec {
        &self.spec
    }

    fn input_mut(&mut self) -> &mut [f32] {
        &mut self.input
    }

    fn estimate(&mut self) -> Result<Estimate, ModelError> {
        self.read.push(self.input.clone());
        let rows = self.input.chunks_exact(self.spec.window.columns);
        let mean = rows.map(|row| row[0]).sum::<f32>() / ROWS as f32;
        Ok(Estimate { valence: Valence::new(mean), ..Estimate::default() })
    }
}

/// Five rows, one each 100 ms, of faces with two numbers and, if asked for, of voices with one.
fn model(predicts: Predicts, voice: bool) -> Recorder {
    let source = |pack: &str, size| Source { pack: pack.to_owned(), version: "0.1.0".to_owned(), size };
    let columns = if voice { 5 } else { 3 };
    let (step, hop) = (Duration::from_millis(100), Duration::from_millis(200));
    let spec = SequenceSpec {
        window: Window { rows: ROWS, columns, step, hop },
        predicts,
        face: Some(source("face", 2)),
        voice: voice.then(|| source("voice", 1)),
        heads: Heads::default(),
    };
    Recorder { spec, input: vec![f32::NAN; ROWS * columns], read: Vec::new() }
}

fn sequencer(predicts: Predicts, voice: bool) -> Sequencer<Recorder> {
    Sequencer::new(vec![(model(predicts, voice), 1.0)], 0.0, TOLERANCE)
}

/// A reading whose embedding tells its time.
fn read(sequencer: &mut Sequencer<Recorder>, id: TrackId, at: u64) -> Option<Sequenced> {
    let own = estimate(Expression::Happiness, 0.8, 0.9, 0.1);
    sequencer.read(id, ms(at), &own, Some(&[at as f32 / 1000.0, 7.0]));
    sequencer.estimate(id, ms(at)).unwrap()
}

/// The windows that were read: for each row the time that its embedding tells, `None` where it is masked.
fn windows(sequencer: &Sequencer<Recorder>) -> Vec<Vec<Option<u64>>> {
    let time = |row: &[f32]| match row[2] {
        1.0 => {
            assert_eq!(row[1], 7.0);
            Some((row[0] * 1000.0).round() as u64)
        }
        _ => {
            assert_eq!(row[..3], [0.0; 3]);
            None
        }
    };
    let model = sequencer.model();
    let columns = model.spec.window.columns;
    model.read.iter().map(|input| input.chunks_exact(columns).map(time).collect()).collect()
}

#[test]
fn before_the_first_reading_its_row_is_repeated() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    read(&mut sequencer, ONE, 1000);
    read(&mut sequencer, ONE, 1200);
    let edge = Some(1000);
    assert_eq!(windows(&sequencer), [vec![edge; 5], vec![edge, edge, edge, edge, Some(1200)]]);
}

#[test]
fn a_window_is_read_each_hop_and_stands_in_between() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    let given: Vec<_> = (0..12).map(|k| read(&mut sequencer, ONE, 1000 + 50 * k).unwrap()).collect();
    assert_eq!(sequencer.model().read.len(), 3, "one each 200 ms of 550 ms");
    assert_eq!(given[3], given[0]);
    assert_eq!((given[4].moment, given[8].moment), (ms(1200), ms(1400)));
    // Frames that come a little early are no reason to wait for the next one.
    assert_eq!(read(&mut sequencer, ONE, 1590).unwrap().moment, ms(1590));
}

#[test]
fn a_gap_is_masked_and_readings_are_taken_at_the_nearest_time() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    for at in [1000, 1090, 1180, 1270, 1350, 1850] {
        read(&mut sequencer, ONE, at);
    }
    let last = windows(&sequencer).pop().unwrap();
    assert_eq!(last, [Some(1350), None, None, Some(1850), Some(1850)], "rows at 1450, 1550, … 1850");
    let near = windows(&sequencer).swap_remove(1);
    assert_eq!(near[3..], [Some(1090), Some(1180)], "the row at 1080 takes the reading at 1090");
}

#[test]
fn the_row_in_the_middle_is_estimated_for_its_own_moment_with_what_the_face_model_said_of_it() {
    let mut sequencer = Sequencer::new(vec![(model(Predicts::Middle, false), 3.0)], 1.0, TOLERANCE);
    for k in 0..9 {
        let at = 1000 + 100 * k;
        let own = estimate(Expression::Happiness, 0.2 + k as f32 / 20.0, -1.0, k as f32 / 10.0);
        sequencer.read(ONE, ms(at), &own, Some(&[0.4, 7.0]));
        let Sequenced { estimate, moment } = sequencer.estimate(ONE, ms(at)).unwrap().unwrap();
        if k % 2 == 1 {
            continue;
        }
        let of = k.saturating_sub(2);
        assert_eq!(moment, ms(1000 + 100 * of), "never before the first reading");
        let happy = estimate.expressions.get(Expression::Happiness).unwrap().get();
        assert!((happy - 0.2 - of as f32 / 20.0).abs() < 1e-6, "{k}: {happy}");
        // Three parts of 0.4 from the window, one part of −1 from the face model.
        assert!((estimate.valence.unwrap().get() - (3.0 * 0.4 - 1.0) / 4.0).abs() < 1e-6, "{k}: {estimate:?}");
    }
}

#[test]
fn what_the_sequence_does_not_give_is_the_face_models() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    let given = read(&mut sequencer, ONE, 500).unwrap().estimate;
    assert_eq!(given.valence, Valence::new(0.5), "the sequence's, not 0.9");
    assert_eq!(given.expressions, estimate(Expression::Happiness, 0.8, 0.0, 0.0).expressions);
    assert!(given.arousal.is_some() && !given.action_units.is_empty());
}

#[test]
fn a_clock_that_jumps_back_and_a_reading_that_comes_twice_do_no_harm() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    for at in [1000, 1200, 1200, 1400] {
        read(&mut sequencer, ONE, at);
    }
    assert_eq!(windows(&sequencer).pop().unwrap(), [1000, 1000, 1200, 1200, 1400].map(Some));
    let back = read(&mut sequencer, ONE, 300).unwrap();
    assert_eq!((back.moment, windows(&sequencer).pop().unwrap()), (ms(300), vec![Some(300); 5]));
}

#[test]
fn faces_do_not_mix_and_who_comes_after_another_begins_anew() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    read(&mut sequencer, ONE, 1000);
    read(&mut sequencer, TrackId(2), 1100);
    assert_eq!(windows(&sequencer)[1], [Some(1100); 5]);
    assert_eq!(sequencer.estimate(ONE, ms(1100)).unwrap(), None, "not read in this frame");
    assert_eq!(sequencer.estimate(TrackId(9), ms(1100)).unwrap(), None, "nobody");

    sequencer.keep(|id| id == ONE);
    assert_eq!(sequencer.faces(), 1);
    read(&mut sequencer, TrackId(3), 1200);
    assert_eq!(windows(&sequencer)[2], [Some(1200); 5]);
    sequencer.reset();
    assert_eq!(sequencer.faces(), 0);
}

#[test]
fn a_face_too_many_takes_the_place_of_the_one_not_read_for_longest() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    for id in 0..=MAX_FACES as u64 {
        read(&mut sequencer, TrackId(id), 1000 + id);
    }
    assert_eq!(sequencer.faces(), MAX_FACES);
    assert_eq!(sequencer.estimate(TrackId(0), ms(1000)).unwrap(), None);
}

#[test]
fn a_voice_stands_from_when_it_was_heard_and_not_for_ever_and_is_masked_otherwise() {
    let mut sequencer = sequencer(Predicts::Newest, true);
    let heard = |sequencer: &Sequencer<Recorder>| -> Vec<Option<f32>> {
        let input = sequencer.model().read.last().unwrap();
        input.chunks_exact(5).map(|row| (row[4] == 1.0).then_some(row[3])).collect()
    };
    for k in 0..5 {
        read(&mut sequencer, ONE, 1000 + 100 * k);
    }
    assert_eq!(heard(&sequencer), [None; 5], "nothing was heard");
    sequencer.hear(VoiceRow { at: ms(1500), embedding: &[0.25] });
    read(&mut sequencer, ONE, 1600);
    assert_eq!(heard(&sequencer), [None, None, None, Some(0.25), Some(0.25)]);
    sequencer.hear(VoiceRow { at: ms(1700), embedding: &[0.5] });
    for k in 0..30 {
        read(&mut sequencer, ONE, 1800 + 100 * k);
    }
    let rows = heard(&sequencer);
    assert_eq!(rows, [None; 5], "two seconds are over");
}

#[test]
fn without_an_embedding_there_is_nothing_to_read() {
    let mut sequencer = sequencer(Predicts::Newest, false);
    sequencer.read(ONE, ms(1000), &Estimate::default(), None);
    assert_eq!(sequencer.estimate(ONE, ms(1000)).unwrap(), None);
}

#[test]
fn in_the_steady_state_nothing_is_allocated() {
    let mut sequencer = Sequencer::new(vec![(Silent(model(Predicts::Middle, true)), 1.0)], 1.0, TOLERANCE);
    let own = estimate(Expression::Happiness, 0.8, 0.9, 0.1);
    let mut step = |k: u64| {
        let at = ms(1000 + 33 * k);
        sequencer.hear(VoiceRow { at, embedding: &[0.1] });
        sequencer.read(TrackId(k / 40), at, &own, Some(&[0.1, 0.2]));
        sequencer.estimate(TrackId(k / 40), at).unwrap();
        sequencer.keep(|id| id.0 == k / 40);
    };
    (0..50).for_each(&mut step);
    let counted = allocation_counter::measure(|| (50..500).for_each(&mut step));
    assert_eq!(counted.count_total, 0);
}

/// A model that does not remember, so that all allocations are ours.
struct Silent(Recorder);

impl WindowModel for Silent {
    fn spec(&self) -> &SequenceSpec {
        self.0.spec()
    }

    fn input_mut(&mut self) -> &mut [f32] {
        self.0.input_mut()
    }

    fn estimate(&mut self) -> Result<Estimate, ModelError> {
        Ok(Estimate::default())
    }
}

proptest! {
    /// Whatever the frame times, gaps and jumps: every row is masked or a reading near its moment, the newest is there,
    /// and time does not run backwards within a window.
    #[test]
    fn every_row_is_a_reading_near_its_moment_or_masked(
        gaps in prop::collection::vec(prop_oneof![8 => 1_i64..140, 2 => 140_i64..1500, 1 => Just(0_i64), 1 => -900_i64..0], 1..80),
    ) {
        let mut sequencer = sequencer(Predicts::Newest, false);
        let mut at = 10_000_i64;
        let (mut began, mut seen) = (None, 0);
        for gap in gaps {
            at += gap;
            if gap < 0 { began = None; }
            let began = *began.get_or_insert(at as u64);
            let now = at as u64;
            read(&mut sequencer, ONE, now);
            let windows = windows(&sequencer);
            if windows.len() == seen { continue; }
            seen = windows.len();
            let rows = &windows[seen - 1];
            prop_assert_eq!(rows[4], Some(now));
            let known: Vec<u64> = rows.iter().flatten().copied().collect();
            prop_assert!(known.is_sorted(), "{:?}", rows);
            for (k, row) in rows.iter().enumerate() {
                let moment = now.saturating_sub(100 * (4 - k as u64)).max(began);
                prop_assert!(row.is_none_or(|row| row.abs_diff(moment) <= 100), "{:?} at {}", rows, now);
            }
        }
    }
}
