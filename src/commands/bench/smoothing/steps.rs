//! Steps of a face from one expression to another, and how much later smoothing shows them.
//!
//! Where it is known when the face changed, those moments are the steps. Elsewhere they are looked for in what
//! is said without smoothing: a label that stood for half a second gives way to another that stands as long.

use std::time::Duration;

use super::known::Known;
use super::trace::Moment;
use crate::affect::Expression;
use crate::clock::Monotonic;

/// How long a label must stand on either side of a step that is looked for.
const STANDS: Duration = Duration::from_millis(500);
/// How long before a known moment, and before the next, is looked at to tell what the step leads from and to.
const LOOK: Duration = Duration::from_secs(1);
/// The share of that time for which the label that a step leads to must stand: else it is nothing to arrive at.
const CLEAR: f32 = 0.8;
/// The least change of valence whose lag is measured.
const LEAST_CHANGE: f32 = 0.2;

/// What a step leads to, as it is said without smoothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When the face changed.
    at: Monotonic,
    /// When it changed again, or the clip ended.
    until: Monotonic,
    /// The new label, when there is one.
    label: Option<Expression>,
    /// Valence before and after, when it changes much.
    valence: Option<(f32, f32)>,
}

/// By how much later something shows, in seconds; less than 0 where it shows earlier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lags {
    /// One for each step that shows with and without smoothing.
    pub added: Vec<f64>,
    /// Steps that show without smoothing only.
    pub missed: u64,
}

impl Lags {
    /// Adds one step: when it shows without smoothing and with it.
    fn add(&mut self, off: Option<Duration>, on: Option<Duration>) {
        match (off, on) {
            (Some(off), Some(on)) => self.added.push(on.as_secs_f64() - off.as_secs_f64()),
            (Some(_), None) => self.missed += 1,
            // Nothing to be late for.
            (None, _) => {}
        }
    }

    /// Adds the steps of another face.
    pub fn extend(&mut self, other: &Self) {
        self.added.extend(&other.added);
        self.missed += other.missed;
    }

    /// The lag of half of the steps at most; the mean of the two in the middle. `None` without a step.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.added.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle)?;
        Some(if sorted.len() % 2 == 1 { *upper } else { (sorted[middle - 1] + upper) / 2.0 })
    }

    /// The lag that nine of ten steps do not exceed, or the longest where more than one in ten is missed; `None`
    /// without a step.
    pub fn nine_in_ten(&self) -> Option<f64> {
        let mut sorted = self.added.clone();
        sorted.sort_by(f64::total_cmp);
        let steps = sorted.len() as u64 + self.missed;
        let place = (steps * 9).div_ceil(10).checked_sub(1)?;
        sorted.get(usize::try_from(place).ok()?).or(sorted.last()).copied()
    }

    /// The longest; `None` without a step.
    pub fn worst(&self) -> Option<f64> {
        self.added.iter().copied().max_by(f64::total_cmp)
    }
}

/// The lags of the label and of valence to a half and to 90 % of its change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lag {
    /// Of the label.
    pub label: Lags,
    /// Of valence to 50 %.
    pub half: Lags,
    /// Of valence to 90 %.
    pub most: Lags,
}

impl Lag {
    /// What smoothing adds: `off` is what is said of a face without it, `on` with it.
    pub fn of(steps: &[Step], off: &[Moment], on: &[Moment]) -> Self {
        let mut lag = Self::default();
        for step in steps {
            if let Some(label) = step.label {
                let shows = |moments| step.first(moments, |moment| said_label(moment) == Some(Some(label)));
                lag.label.add(shows(off), shows(on));
            }
            if let Some((before, after)) = step.valence {
                let reach = |moments, share: f32| {
                    step.first(moments, |moment| {
                        valence(moment).is_some_and(|valence| (valence - before) / (after - before) >= share)
                    })
                };
                lag.half.add(reach(off, 0.5), reach(on, 0.5));
                lag.most.add(reach(off, 0.9), reach(on, 0.9));
            }
        }
        lag
    }

    /// Adds the steps of another face.
    pub fn extend(&mut self, other: &Self) {
        self.label.extend(&other.label);
        self.half.extend(&other.half);
        self.most.extend(&other.most);
    }
}

impl Step {
    /// How long after the step something is so for the first time, if it is before the next one.
    fn first(&self, moments: &[Moment], is_so: impl Fn(&Moment) -> bool) -> Option<Duration> {
        let mut after = moments.iter().filter(|moment| moment.at >= self.at && moment.at < self.until);
        after.find(|moment| is_so(moment)).map(|moment| moment.at.since(self.at))
    }
}

/// The steps of one face; `off` is what is said of it without smoothing.
pub fn steps(off: &[Moment], known: &Known) -> Vec<Step> {
    let Some(last) = off.last() else { return Vec::new() };
    let end = last.at + Duration::from_nanos(1);
    match known {
        Known::Still | Known::Shows(_) => Vec::new(),
        Known::Switches(moments) => {
            let ends = moments.iter().skip(1).copied().chain([end]);
            moments.iter().zip(ends).filter_map(|(&at, until)| known_step(off, at, until)).collect()
        }
        Known::Nothing | Known::Annotated(_) => found_steps(off, end),
    }
}

/// The step at a moment that is known; `None` when what is said does not change.
fn known_step(off: &[Moment], at: Monotonic, until: Monotonic) -> Option<Step> {
    let (before, after) = (before(off, at, LOOK), before(off, until, LOOK));
    let label = most_frequent(after).filter(|&(label, count)| {
        count as f32 >= CLEAR * after.len() as f32 && most_frequent(before).is_some_and(|(old, _)| old != label)
    });
    let label = label.and_then(|(label, _)| label);
    let valence = change_of_valence(before, after);
    (label.is_some() || valence.is_some()).then_some(Step { at, until, label, valence })
}

fn found_steps(off: &[Moment], end: Monotonic) -> Vec<Step> {
    let mut runs: Vec<(Option<Option<Expression>>, Monotonic, Monotonic)> = Vec::new();
    for moment in off {
        let said = said_label(moment);
        match runs.last_mut() {
            Some((label, _, until)) if *label == said => *until = moment.at,
            Some((_, _, until)) => {
                *until = moment.at;
                runs.push((said, moment.at, moment.at));
            }
            None => runs.push((said, moment.at, moment.at)),
        }
    }
    let pairs = runs.windows(2).filter_map(|pair| {
        let &[(old, began, at), (new, _, until)] = pair else { return None };
        let (Some(_), Some(Some(label))) = (old, new) else { return None };
        if at.since(began) < STANDS || until.since(at) < STANDS {
            return None;
        }
        let valence = change_of_valence(before(off, at, STANDS), before(off, at + STANDS, STANDS));
        Some(Step { at, until: until.min(end) + Duration::from_nanos(1), label: Some(label), valence })
    });
    pairs.collect()
}

/// The moments of so long a time before another.
fn before(moments: &[Moment], at: Monotonic, long: Duration) -> &[Moment] {
    let from = moments.partition_point(|moment| moment.at + long < at);
    let until = moments.partition_point(|moment| moment.at < at);
    moments.get(from..until).unwrap_or_default()
}

fn most_frequent(moments: &[Moment]) -> Option<(Option<Expression>, usize)> {
    let count = |label| moments.iter().filter(|moment| said_label(moment) == Some(label)).count();
    moments.iter().filter_map(said_label).map(|label| (label, count(label))).max_by_key(|&(_, count)| count)
}

fn change_of_valence(before: &[Moment], after: &[Moment]) -> Option<(f32, f32)> {
    let mean = |moments: &[Moment]| {
        let (sum, count) =
            moments.iter().filter_map(valence).fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        (count > 0.0).then_some(sum / count)
    };
    mean(before).zip(mean(after)).filter(|(before, after): &(f32, f32)| (after - before).abs() >= LEAST_CHANGE)
}

/// The label, `unknown` included; `None` when nothing is said.
fn said_label(moment: &Moment) -> Option<Option<Expression>> {
    moment.said.map(|said| said.label)
}

fn valence(moment: &Moment) -> Option<f32> {
    moment.said.and_then(|said| said.numbers[0])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{said, tenth};
    use super::*;

    fn near(values: &[f64], expected: &[f64]) {
        assert_eq!(values.len(), expected.len(), "{values:?}");
        assert!(values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-6), "{values:?}");
    }

    #[test]
    fn a_step_is_found_and_its_lags_are_the_frames_that_smoothing_comes_later() {
        let off = said("nnnnnnnnhhhhhhhh", |frame| if frame < 8 { 0.0 } else { 0.6 });
        // 0.1 more with each frame: 0.3 at frame 10, 0.54 at frame 13.
        let on = said("nnnnnnnnnnhhhhhh", |frame| (0.1 * (frame as f32 - 7.0)).clamp(0.0, 0.6));
        let lag = Lag::of(&steps(&off, &Known::Nothing), &off, &on);
        near(&lag.label.added, &[0.2]);
        near(&lag.half.added, &[0.2]);
        near(&lag.most.added, &[0.5]);
    }

    #[test]
    fn a_label_that_does_not_stand_for_half_a_second_makes_no_step_and_a_still_face_none_either() {
        let off = said("nnnnnnnnhhhhnnnnnnnn", |_| 0.0);
        assert_eq!(steps(&off, &Known::Nothing), []);
        let off = said("nnnnnnnnhhhhhhhhnnnnnnnn", |_| 0.0);
        assert_eq!(steps(&off, &Known::Nothing).len(), 2);
        assert_eq!(steps(&off, &Known::Still), []);
    }

    #[test]
    fn at_a_known_moment_both_lags_count_from_it_and_the_difference_is_what_smoothing_adds() {
        let known = Known::Switches(vec![tenth(20)]);
        let off = said(&("n".repeat(20) + "nu" + &"h".repeat(18)), |_| 0.0);
        let on = said(&("n".repeat(20) + "nuuuu" + &"h".repeat(15)), |_| 0.0);
        near(&Lag::of(&steps(&off, &known), &off, &on).label.added, &[0.3]);
        let never = said(&"n".repeat(40), |_| 0.0);
        let lag = Lag::of(&steps(&off, &known), &off, &never);
        assert_eq!((lag.label.added.len(), lag.label.missed), (0, 1));
    }

    #[test]
    fn a_known_moment_after_which_no_label_stands_clearly_has_no_label_to_arrive_at() {
        let known = Known::Switches(vec![tenth(20)]);
        let off = said(&("n".repeat(20) + &"hu".repeat(10)), |_| 0.0);
        assert_eq!(steps(&off, &known), []);
    }

    #[test]
    fn median_and_worst_are_those_of_all_steps() {
        let mut lags = Lags { added: vec![0.3, -0.1], missed: 0 };
        assert!((lags.median().unwrap() - 0.1).abs() < 1e-9);
        lags.extend(&Lags { added: vec![0.2], missed: 1 });
        assert_eq!((lags.median(), lags.worst(), lags.missed), (Some(0.2), Some(0.3), 1));
        assert_eq!((Lags::default().median(), Lags::default().nine_in_ten()), (None, None));
        let twenty = Lags { added: (0..20).map(f64::from).collect(), missed: 0 };
        assert_eq!(twenty.nine_in_ten(), Some(17.0));
        assert_eq!(Lags { missed: 2, ..twenty }.nine_in_ten(), Some(19.0));
    }
}
