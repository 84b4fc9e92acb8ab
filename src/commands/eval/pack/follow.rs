//! One person in a clip: which face is theirs, what was read of it, and the three ways of answering.

use std::time::Duration;

use super::answer;
use crate::affect::{Confidence, Estimate};
use crate::annotation::Row;
use crate::cli::WithoutFace;
use crate::clock::Monotonic;
use crate::face::Observation;
use crate::smooth::offline::{self, Reading};
use crate::smooth::{Smoothed, Smoother};

/// Whom the annotations of a clip are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// The one whose face is largest.
    Largest,
    /// The one on the left of the picture.
    Left,
    /// The one on the right of the picture.
    Right,
}

impl Person {
    /// By the names of annotations: `VIDEO_left`, `VIDEO_right`; a `VIDEO` beside one of them is about the other
    /// one.
    pub fn of(video: &str, has: impl Fn(&str) -> bool) -> Self {
        if video.ends_with("_left") {
            Self::Left
        } else if video.ends_with("_right") {
            Self::Right
        } else if has(&format!("{video}_right")) {
            Self::Left
        } else if has(&format!("{video}_left")) {
            Self::Right
        } else {
            Self::Largest
        }
    }

    /// Their face among those that could be read in a picture of this width. Of two people the two largest faces
    /// are looked at; a single face is theirs when it is on their half of the picture.
    fn choose(self, faces: &[Smoothed], width: f32) -> Option<&Smoothed> {
        let read = || faces.iter().filter(|face| is_read(&face.estimate));
        let size = |face: &Smoothed| face.rect.width * face.rect.height;
        let largest = read().max_by(|a, b| size(a).total_cmp(&size(b)))?;
        let others = read().filter(|face| face.track != largest.track);
        let second = others.max_by(|a, b| size(a).total_cmp(&size(b)));
        let x = |face: &Smoothed| face.rect.centre().x;
        match (self, second) {
            (Self::Largest, _) => Some(largest),
            (Self::Left, Some(second)) => Some(if x(largest) <= x(second) { largest } else { second }),
            (Self::Right, Some(second)) => Some(if x(largest) > x(second) { largest } else { second }),
            (Self::Left, None) => (x(largest) < width / 2.0).then_some(largest),
            (Self::Right, None) => (x(largest) >= width / 2.0).then_some(largest),
        }
    }
}

/// The names of the ways of answering, in the order of [`Follow::ways`].
pub const WAYS: [&str; 3] = ["raw", "causal", "offline"];

/// The one that the daemon would give.
pub const CAUSAL: usize = 1;

/// What was seen of one person so far.
pub struct Follow {
    person: Person,
    classes: usize,
    smoother: Smoother,
    readings: Vec<Reading>,
    causal: Vec<Row>,
    last: Option<Observation>,
}

impl Follow {
    /// Begins; nothing was seen. Answers are among the first `classes` expressions.
    pub fn new(person: Person, classes: usize, smoother: Smoother) -> Self {
        Self { person, classes, smoother, readings: Vec::new(), causal: Vec::new(), last: None }
    }

    /// Takes in the unsmoothed faces of one frame in a picture of this width.
    pub fn frame(&mut self, at: Monotonic, faces: &[Smoothed], width: f32) {
        let face = self.person.choose(faces, width);
        self.readings.push((at, face.map(|face| (face.track, face.estimate))));
        let observation = face.map(|face| Observation {
            track: face.track,
            rect: face.rect,
            quality: face.quality,
            confidence: face.confidence,
            estimate: Some(face.estimate),
            behind: face.behind,
        });
        // Who is out of sight for a moment keeps what stood, as in the daemon.
        let gone = self.last.map(|last| Observation { confidence: Confidence::MIN, estimate: None, ..last });
        let standing = observation.or(gone).map(|observation| self.smoother.update(at, &observation));
        self.causal.push(standing.map_or_else(Row::default, |standing| {
            answer::row(&standing.estimate, standing.expression.label(), self.classes)
        }));
        self.last = observation.or(self.last);
    }

    /// How many frames there were.
    pub fn frames(&self) -> usize {
        self.readings.len()
    }

    /// In how many of them the face could be read.
    pub fn read(&self) -> usize {
        self.readings.iter().filter(|(_, reading)| reading.is_some()).count()
    }

    /// A row for each frame: unsmoothed, smoothed as in the daemon, smoothed with a view of the future. `hold` is how
    /// long an answer outlives its face in the last one.
    pub fn ways(self, deviation: Duration, hold: Duration, without_face: WithoutFace) -> [Vec<Row>; 3] {
        let of = |estimate: Option<&Estimate>| {
            estimate.map_or_else(Row::default, |estimate| answer::row(estimate, None, self.classes))
        };
        let raw = self.readings.iter().map(|(_, reading)| of(reading.as_ref().map(|(_, estimate)| estimate)));
        let offline = offline::smooth(&self.readings, deviation, hold);
        let offline = offline.iter().map(|estimate| of(estimate.as_ref()));
        let mut ways = [raw.collect(), self.causal.clone(), offline.collect()];
        ways.iter_mut().for_each(|rows: &mut Vec<Row>| answer::fill(rows, without_face));
        ways
    }
}

/// Whether an estimate says anything.
fn is_read(estimate: &Estimate) -> bool {
    *estimate != Estimate::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Expression, Probability, Valence};
    use crate::face::{Quality, TrackId};
    use crate::geometry::Rect;
    use crate::smooth::{Judged, SmoothSettings};

    fn face(track: u64, x: f32, side: f32, valence: Option<f32>) -> Smoothed {
        let mut estimate = Estimate { valence: valence.and_then(Valence::new), ..Estimate::default() };
        if let Some(valence) = valence {
            let happy = Probability::new((valence + 1.0) / 2.0).unwrap();
            let sad = Probability::new((1.0 - valence) / 2.0).unwrap();
            estimate.expressions.set(Expression::Happiness, happy);
            estimate.expressions.set(Expression::Sadness, sad);
        }
        Smoothed {
            track: TrackId(track),
            rect: Rect::new(x, 0.0, side, side),
            quality: Quality { size: side, sharpness: 1.0, yaw: 0.0, brightness: 0.5, usable: true },
            confidence: Confidence::MAX,
            estimate,
            expression: Judged::Unknown(Probability::MIN),
            compound: None,
            behind: Duration::ZERO,
        }
    }

    #[test]
    fn a_video_beside_a_left_or_right_one_is_about_the_other_person() {
        let of = |video, beside: &'static str| Person::of(video, |name| name == beside);
        assert_eq!((of("v_left", "v"), of("v_right", "v")), (Person::Left, Person::Right));
        assert_eq!((of("v", "v_left"), of("v", "v_right")), (Person::Right, Person::Left));
        assert_eq!(of("v", "w_left"), Person::Largest);
    }

    #[test]
    fn of_several_faces_the_right_one_is_chosen() {
        let small = face(3, 0.0, 10.0, Some(0.1));
        let (left, right) = (face(1, 100.0, 50.0, Some(0.1)), face(2, 300.0, 60.0, Some(0.1)));
        let unread = face(4, 0.0, 400.0, None);
        let faces = [small, right, unread, left];
        let track = |person: Person, faces: &[Smoothed]| person.choose(faces, 640.0).map(|face| face.track.0);
        assert_eq!(track(Person::Largest, &faces), Some(2));
        assert_eq!((track(Person::Left, &faces), track(Person::Right, &faces)), (Some(1), Some(2)));
        // Alone, it is whose half of the picture it is in.
        assert_eq!((track(Person::Left, &[left]), track(Person::Right, &[left])), (Some(1), None));
        assert_eq!(track(Person::Largest, &[unread]), None);
    }

    #[test]
    fn raw_follows_at_once_causal_later_and_offline_before() {
        let mut follow = Follow::new(Person::Largest, 8, Smoother::new(SmoothSettings::default()));
        for i in 0..60_u64 {
            let valence = if i < 30 { -0.8 } else { 0.8 };
            let at = Monotonic::new(Duration::from_millis(33 * i));
            follow.frame(at, &[face(1, 0.0, 100.0, Some(valence))], 640.0);
        }
        assert_eq!((follow.frames(), follow.read()), (60, 60));
        let ways = follow.ways(Duration::from_millis(300), Duration::ZERO, WithoutFace::Mark);
        let before = ways.each_ref().map(|rows| rows[29].affect[0].unwrap());
        assert!(before[0] < -0.79 && before[1] < -0.79 && before[2] > -0.5, "{before:?}");
        let turned = ways.map(|rows| rows.iter().position(|row| row.class == Some(4)).unwrap());
        assert!(turned[0] == 30 && turned[1] > 30 && turned[2] == 30, "{turned:?}");
    }

    #[test]
    fn a_face_out_of_sight_is_marked_raw_and_stands_for_a_while_smoothed() {
        let mut follow = Follow::new(Person::Largest, 8, Smoother::new(SmoothSettings::default()));
        for i in 0..60_u64 {
            let faces = [face(1, 0.0, 100.0, Some(0.5))];
            follow.frame(Monotonic::new(Duration::from_millis(33 * i)), if i < 20 { &faces } else { &[] }, 640.0);
        }
        let [raw, causal, offline] =
            follow.ways(Duration::from_millis(100), Duration::from_millis(200), WithoutFace::Mark);
        let last = |rows: &[Row]| rows.iter().rposition(|row| row.class.is_some()).unwrap();
        // 500 ms are fifteen frames of 33 ms, 200 ms are six.
        assert_eq!((last(&raw), last(&causal), last(&offline)), (19, 34, 25));
        assert_eq!(raw[59].affect, [Some(0.5), Some(0.0)]);
    }
}
