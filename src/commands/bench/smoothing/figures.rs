//! How restless what is said of a face is, and how often it is right.

use std::time::Duration;

use super::known::Known;
use super::trace::{Moment, Said};
use crate::clock::Monotonic;

/// Frames farther apart than this do not follow one another: the face was out of view.
const GAP: Duration = Duration::from_millis(500);
/// So long after it is known to have changed a face is not taken to rest: what is said then is the way to the new
/// expression, which [`super::steps`] judges.
const SETTLES: Duration = Duration::from_millis(500);

/// What was counted over one face or several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// The time over which frames followed one another.
    pub watched: Duration,
    /// Label changes in it; `unknown` is a label.
    pub changes: u64,
    /// How much of that time the face is known to rest.
    pub at_rest: Duration,
    /// Label changes in it that are none of the face's.
    pub flips: u64,
    /// Absolute differences between successive frames of valence, arousal and the label's probability, added up …
    pub moved: [f64; 3],
    /// … and how many they are.
    pub moves: [u64; 3],
    /// Frames whose expression is known and of which something is said …
    pub annotated: u64,
    /// … and those where it is said right.
    pub right: u64,
}

impl Figures {
    /// Counts over what was said of one face.
    pub fn of(moments: &[Moment], known: &Known) -> Self {
        let mut figures = Self::default();
        let (mut stretch, mut settled_at) = (None, Monotonic::default());
        for moment in moments {
            let label = known.label(moment.frame);
            if let (Some(label), Some(said)) = (label, moment.said) {
                figures.annotated += 1;
                figures.right += u64::from(said.label == Some(label));
            }
        }
        for pair in moments.windows(2) {
            let took = pair[1].at.since(pair[0].at);
            let (Some(before), Some(after)) = (pair[0].said, pair[1].said) else { continue };
            if took > GAP {
                continue;
            }
            let changed = before.label != after.label;
            figures.watched += took;
            figures.changes += u64::from(changed);
            figures.add_moves(&before, &after);
            let now = known.stretch(pair[1].frame, pair[1].at);
            if stretch.replace(now).is_some_and(|before| before != now) {
                settled_at = pair[1].at + SETTLES;
            }
            if now.is_some() && pair[1].at >= settled_at {
                figures.at_rest += took;
                figures.flips += u64::from(changed);
            }
        }
        figures
    }

    fn add_moves(&mut self, before: &Said, after: &Said) {
        for (i, (before, after)) in before.numbers.iter().zip(after.numbers).enumerate() {
            if let Some((before, after)) = before.zip(after) {
                self.moved[i] += f64::from((after - before).abs());
                self.moves[i] += 1;
            }
        }
    }

    /// Both together.
    pub fn plus(mut self, other: &Self) -> Self {
        self.watched += other.watched;
        self.changes += other.changes;
        self.at_rest += other.at_rest;
        self.flips += other.flips;
        for i in 0..3 {
            self.moved[i] += other.moved[i];
            self.moves[i] += other.moves[i];
        }
        self.annotated += other.annotated;
        self.right += other.right;
        self
    }

    /// Label changes a second; `None` when nothing was watched.
    pub fn changes_per_second(&self) -> Option<f64> {
        share(self.changes as f64, self.watched.as_secs_f64())
    }

    /// Flips a second at rest; `None` when the face is not known to rest.
    pub fn flips_per_second(&self) -> Option<f64> {
        share(self.flips as f64, self.at_rest.as_secs_f64())
    }

    /// The mean absolute difference from frame to frame of valence, arousal and the label's probability.
    pub fn jitter(&self) -> [Option<f64>; 3] {
        [0, 1, 2].map(|i| share(self.moved[i], self.moves[i] as f64))
    }

    /// The share of annotated frames that are said right.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.right as f64, self.annotated as f64)
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{said, tenth};
    use super::*;
    use crate::affect::Expression;

    fn flat(letters: &str) -> Vec<Moment> {
        said(letters, |_| 0.0)
    }

    #[test]
    fn changes_are_counted_with_unknown_as_a_label_and_on_a_still_face_each_is_a_flip() {
        let figures = Figures::of(&flat("nnnhhnnuunn"), &Known::Still);
        assert_eq!((figures.changes, figures.flips), (4, 4));
        assert_eq!(figures.changes_per_second(), Some(4.0));
        assert_eq!(figures.flips_per_second(), Some(4.0));
    }

    #[test]
    fn nothing_is_known_of_flips_where_nothing_is_known_of_the_face() {
        let figures = Figures::of(&flat("nnnhhnnuun"), &Known::Nothing);
        assert_eq!((figures.changes, figures.flips, figures.flips_per_second()), (4, 0, None));
    }

    #[test]
    fn on_the_way_to_a_new_expression_changes_are_no_flips_until_half_a_second_has_passed() {
        // The face changes at frame 4; frame 9 is the first that counts again.
        let known = Known::Switches(vec![tenth(4)]);
        let figures = Figures::of(&flat("nhnnnuhuhhnh"), &known);
        assert_eq!((figures.changes, figures.flips), (8, 4));
        assert_eq!(figures.at_rest, Duration::from_millis(600));
    }

    #[test]
    fn a_face_that_is_not_seen_for_a_while_changes_no_label_meanwhile() {
        let mut moments = flat("nnhh");
        moments[2..].iter_mut().for_each(|moment| moment.at = moment.at + Duration::from_secs(5));
        let figures = Figures::of(&moments, &Known::Still);
        assert_eq!((figures.changes, figures.watched), (0, Duration::from_millis(200)));
        assert_eq!(Figures::of(&flat("nn-hh"), &Known::Still).changes, 0);
    }

    #[test]
    fn jitter_is_the_mean_absolute_difference_of_successive_frames() {
        let figures = Figures::of(&said("nnnnn", |frame| [0.0, 0.3, 0.1, 0.1, 0.2][frame as usize]), &Known::Nothing);
        let [valence, arousal, probability] = figures.jitter();
        assert!((valence.unwrap() - 0.15).abs() < 1e-6);
        assert_eq!((arousal, probability), (None, Some(0.0)));
    }

    #[test]
    fn accuracy_counts_unknown_as_wrong_and_frames_without_a_word_not_at_all() {
        let figures = Figures::of(&flat("hhhnu-"), &Known::Shows(Expression::Happiness));
        assert_eq!((figures.right, figures.annotated, figures.accuracy()), (3, 5, Some(0.6)));
        let (rest, smile) = (Some(Expression::Neutral), Some(Expression::Happiness));
        let annotated = Known::Annotated(vec![rest, None, smile, smile]);
        assert_eq!(Figures::of(&flat("nnnhh"), &annotated).accuracy(), Some(2.0 / 3.0));
    }
}
