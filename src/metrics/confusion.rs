//! One of several classes: who was taken for whom.

/// Counts of frames by annotated class and by what was said of them: one of `N` classes, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confusion<const N: usize> {
    /// Rows: annotated; columns: said.
    counts: [[u64; N]; N],
    /// Annotated, and said to be none of the classes, or nothing said.
    unanswered: [u64; N],
}

impl<const N: usize> Default for Confusion<N> {
    fn default() -> Self {
        Self { counts: [[0; N]; N], unanswered: [0; N] }
    }
}

/// How one class fares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassFigures {
    /// Frames annotated so.
    pub annotated: u64,
    /// Frames said to be so, of those that are annotated at all.
    pub said: u64,
    /// Of the frames said to be so, the share that is; 0 when none was said.
    pub precision: f64,
    /// Of the frames that are so, the share that was said; 0 when none is.
    pub recall: f64,
    /// The harmonic mean of both; 0 when the class is neither annotated nor said.
    pub f1: f64,
}

impl<const N: usize> Confusion<N> {
    /// Adds a frame. What lies outside of the classes is passed over as annotation and is no answer as
    /// prediction.
    pub fn add(&mut self, annotated: usize, said: Option<usize>) {
        if annotated < N {
            match said.filter(|&said| said < N) {
                Some(said) => self.counts[annotated][said] += 1,
                None => self.unanswered[annotated] += 1,
            }
        }
    }

    /// Adds all frames of another.
    pub fn merge(&mut self, other: &Self) {
        for i in 0..N {
            self.unanswered[i] += other.unanswered[i];
            for j in 0..N {
                self.counts[i][j] += other.counts[i][j];
            }
        }
    }

    /// How many frames there are.
    pub fn count(&self) -> u64 {
        (0..N).map(|class| self.annotated(class)).sum()
    }

    /// How many of them have no answer.
    pub fn unanswered(&self) -> u64 {
        self.unanswered.iter().sum()
    }

    /// How often what is annotated as `annotated` was said to be `said`.
    pub fn at(&self, annotated: usize, said: usize) -> u64 {
        self.counts[annotated][said]
    }

    /// Frames of a class.
    pub fn annotated(&self, class: usize) -> u64 {
        self.counts[class].iter().sum::<u64>() + self.unanswered[class]
    }

    fn said(&self, class: usize) -> u64 {
        self.counts.iter().map(|row| row[class]).sum()
    }

    /// The frames of the first `classes` classes only; to say one of the others is then no answer.
    pub fn first(&self, classes: usize) -> Self {
        let mut kept = Self::default();
        for i in 0..classes.min(N) {
            kept.unanswered[i] = self.unanswered[i];
            for j in 0..N {
                let to = if j < classes { &mut kept.counts[i][j] } else { &mut kept.unanswered[i] };
                *to += self.counts[i][j];
            }
        }
        kept
    }

    /// How one class fares.
    pub fn class(&self, class: usize) -> ClassFigures {
        let (right, annotated, said) = (self.counts[class][class], self.annotated(class), self.said(class));
        ClassFigures {
            annotated,
            said,
            precision: share(right, said),
            recall: share(right, annotated),
            f1: share(2 * right, annotated + said),
        }
    }

    /// The mean F1 of the first `classes` classes. One that is neither annotated nor said counts as 0, as
    /// scikit-learn reckons when it is given the labels. `None` without a frame.
    pub fn macro_f1(&self, classes: usize) -> Option<f64> {
        let classes = classes.min(N);
        let sum: f64 = (0..classes).map(|class| self.class(class).f1).sum();
        (self.count() > 0 && classes > 0).then(|| sum / classes as f64)
    }

    /// The mean F1 of the classes that are annotated or said at all, as scikit-learn reckons without being given
    /// the labels. `None` without a frame.
    pub fn macro_f1_present(&self) -> Option<f64> {
        let present: Vec<f64> =
            (0..N).map(|class| self.class(class)).filter(|c| c.annotated + c.said > 0).map(|c| c.f1).collect();
        (!present.is_empty()).then(|| present.iter().sum::<f64>() / present.len() as f64)
    }

    /// The share of frames of which the right class was said. `None` without a frame.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = (0..N).map(|class| self.counts[class][class]).sum();
        (self.count() > 0).then(|| share(right, self.count()))
    }

    /// The class that is annotated most often, the first of several; `None` without a frame.
    pub fn most_frequent(&self) -> Option<usize> {
        (0..N).rev().max_by_key(|&class| self.annotated(class)).filter(|_| self.count() > 0)
    }

    /// As if `class` had been said throughout.
    pub fn constant(&self, class: usize) -> Self {
        let mut constant = Self::default();
        for annotated in 0..N {
            constant.counts[annotated][class] = self.annotated(annotated);
        }
        constant
    }
}

/// A part of a whole; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(usize, Option<usize>)]) -> Confusion<8> {
        let mut confusion = Confusion::default();
        pairs.iter().for_each(|&(annotated, said)| confusion.add(annotated, said));
        confusion
    }

    #[test]
    fn a_case_worked_by_hand() {
        // Class 0: two of three found, one more said. Class 1: one of two found, one more said.
        let confusion = of(&[(0, Some(0)), (0, Some(0)), (0, Some(1)), (1, Some(1)), (1, Some(0))]);
        let class = confusion.class(0);
        assert_eq!((class.precision, class.recall), (2.0 / 3.0, 2.0 / 3.0));
        assert_eq!(confusion.class(1).f1, 0.5);
        assert_eq!(confusion.accuracy(), Some(0.6));
        assert!((confusion.macro_f1_present().unwrap() - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_class_that_nobody_annotates_or_says_counts_as_zero_among_the_named_ones() {
        let confusion = of(&[(0, Some(0)), (4, Some(4))]);
        assert_eq!(confusion.macro_f1(8), Some(0.25));
        assert_eq!(confusion.macro_f1_present(), Some(1.0));
    }

    #[test]
    fn no_answer_is_a_wrong_answer_and_not_a_frame_less() {
        let confusion = of(&[(2, Some(2)), (2, None), (2, Some(99))]);
        assert_eq!((confusion.count(), confusion.unanswered()), (3, 2));
        assert_eq!(confusion.accuracy(), Some(1.0 / 3.0));
        assert_eq!(confusion.class(2).f1, 0.5);
        assert_eq!(confusion.class(2).precision, 1.0);
    }

    #[test]
    fn under_the_rules_of_seven_classes_other_is_not_annotated_and_no_answer() {
        let seven = of(&[(7, Some(7)), (7, Some(0)), (0, Some(7)), (0, Some(0))]).first(7);
        assert_eq!((seven.count(), seven.unanswered()), (2, 1));
        assert_eq!(seven.class(0).f1, 2.0 / 3.0);
    }

    #[test]
    fn the_most_frequent_class_is_the_first_of_equals_and_said_throughout_finds_itself_only() {
        let confusion = of(&[(3, None), (3, Some(1)), (1, Some(1)), (5, Some(1)), (5, Some(1))]);
        assert_eq!(confusion.most_frequent(), Some(3));
        let constant = confusion.constant(3);
        assert_eq!((constant.accuracy(), constant.unanswered()), (Some(0.4), 0));
        assert_eq!((constant.class(3).recall, constant.class(5).f1), (1.0, 0.0));
    }

    #[test]
    fn without_a_frame_there_is_no_figure() {
        let none = of(&[(8, Some(0))]);
        assert_eq!((none.macro_f1(8), none.macro_f1_present(), none.accuracy()), (None, None, None));
        assert_eq!(none.most_frequent(), None);
    }
}
