//! The latest readings of one face, or of the voice: a ring of fixed size, in the order of time.
//!
//! Readings come when they come; a sequence asks for those nearest to moments that are evenly spaced. So no more is
//! kept than such a question can tell apart, and the ring need not be larger for a faster camera.

use std::time::Duration;

use crate::clock::Monotonic;

/// How far back a ring reaches, and how closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Readings this far back can still be asked for.
    pub span: Duration,
    /// Readings closer together than this are not all kept; the newest always is. Not zero.
    pub spacing: Duration,
    /// Numbers in an embedding.
    pub size: usize,
}

impl Reach {
    fn capacity(&self) -> usize {
        // The first and the newest, and one more that is about to fall out.
        self.span.as_nanos().div_ceil(self.spacing.as_nanos().max(1)) as usize + 3
    }
}

/// Readings with the time they were captured at, what else is known of each, and their embeddings.
#[derive(Clone)]
pub struct Ring<T> {
    reach: Reach,
    times: Box<[(Monotonic, T)]>,
    embeddings: Box<[f32]>,
    /// The place of the oldest.
    head: usize,
    len: usize,
    /// When the first of all came.
    began: Monotonic,
}

impl<T: Copy + Default> Ring<T> {
    /// An empty ring; all the room that it will ever need is taken now.
    pub fn new(reach: Reach) -> Self {
        let capacity = reach.capacity();
        Self {
            reach,
            times: vec![(Monotonic::default(), T::default()); capacity].into_boxed_slice(),
            embeddings: vec![0.0; capacity * reach.size].into_boxed_slice(),
            head: 0,
            len: 0,
            began: Monotonic::default(),
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// When the first reading came, which need not be kept any more.
    pub fn began(&self) -> Monotonic {
        self.began
    }

    /// Takes in a reading. One of the same time takes the place of the former; if time ran backwards, all that was
    /// before is forgotten. An embedding that is too short is filled up with zeros, and of one that is too long the
    /// end is left out.
    pub fn push(&mut self, at: Monotonic, what: T, embedding: &[f32]) {
        if self.newest().is_some_and(|newest| at < newest) {
            self.clear();
        }
        if self.len == 0 {
            self.began = at;
        }
        let place = match self.replaces_newest(at) {
            true => self.len - 1,
            false if self.len == self.times.len() => {
                self.head = (self.head + 1) % self.times.len();
                self.len - 1
            }
            false => {
                self.len += 1;
                self.len - 1
            }
        };
        let slot = self.slot(place);
        self.times[slot] = (at, what);
        let size = self.reach.size;
        let (given, rest) = self.embeddings[slot * size..][..size].split_at_mut(size.min(embedding.len()));
        given.copy_from_slice(&embedding[..given.len()]);
        rest.fill(0.0);
    }

    /// The time of the newest.
    pub fn newest(&self) -> Option<Monotonic> {
        self.len.checked_sub(1).map(|last| self.at(last))
    }

    /// The reading nearest to a moment, the older of two that are as near.
    pub fn nearest(&self, at: Monotonic) -> Option<Reading<'_, T>> {
        let later = self.first_after(at);
        let (before, after) = (later.checked_sub(1), (later < self.len).then_some(later));
        let far = |i: usize| self.at(i).since(at).max(at.since(self.at(i)));
        let place = match (before, after) {
            (Some(before), Some(after)) if far(after) < far(before) => after,
            (Some(before), _) => before,
            (None, after) => after?,
        };
        Some(self.reading(place))
    }

    /// The newest reading of that moment or before.
    pub fn last_until(&self, at: Monotonic) -> Option<Reading<'_, T>> {
        self.first_after(at).checked_sub(1).map(|place| self.reading(place))
    }

    /// Whether a reading of that time takes the place of the newest, which is too close to the one before.
    fn replaces_newest(&self, at: Monotonic) -> bool {
        match self.len {
            0 => false,
            1 => self.at(0) == at,
            len => {
                let newest = self.at(len - 1);
                newest == at || newest.since(self.at(len - 2)) < self.reach.spacing
            }
        }
    }

    /// How many readings are of that moment or before: the place of the first one after it.
    fn first_after(&self, at: Monotonic) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            if self.at(middle) <= at { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn slot(&self, place: usize) -> usize {
        (self.head + place) % self.times.len()
    }

    fn at(&self, place: usize) -> Monotonic {
        self.times[self.slot(place)].0
    }

    fn reading(&self, place: usize) -> Reading<'_, T> {
        let slot = self.slot(place);
        let (at, what) = self.times[slot];
        Reading { at, what, embedding: &self.embeddings[slot * self.reach.size..][..self.reach.size] }
    }
}

/// One reading.
#[derive(Clone, Copy, PartialEq)]
pub struct Reading<'a, T> {
    /// When it was captured.
    pub at: Monotonic,
    /// What else is known of it.
    pub what: T,
    /// Its embedding.
    pub embedding: &'a [f32],
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smooth::testing::ms;

    const REACH: Reach = Reach { span: Duration::from_millis(900), spacing: Duration::from_millis(50), size: 1 };

    fn ring(times: &[u64]) -> Ring<u64> {
        let mut ring = Ring::new(REACH);
        times.iter().for_each(|&at| ring.push(ms(at), at, &[at as f32]));
        ring
    }

    fn nearest(ring: &Ring<u64>, at: u64) -> Option<u64> {
        ring.nearest(ms(at)).map(|reading| {
            assert_eq!((reading.at, reading.embedding), (ms(reading.what), &[reading.what as f32][..]));
            reading.what
        })
    }

    #[test]
    fn the_nearest_reading_is_found_between_and_beyond_them() {
        let ring = ring(&[100, 200, 400]);
        assert_eq!(
            [0, 149, 150, 151, 299, 350, 9000].map(|at| nearest(&ring, at).unwrap()),
            [100, 100, 100, 200, 200, 400, 400]
        );
        assert_eq!(ring.last_until(ms(399)).unwrap().what, 200);
        assert!(ring.last_until(ms(99)).is_none());
        assert!(super::Ring::<u64>::new(REACH).nearest(ms(0)).is_none());
    }

    #[test]
    fn a_reading_of_the_same_time_takes_the_place_of_the_former() {
        let mut ring = ring(&[100, 200]);
        ring.push(ms(200), 7, &[0.5]);
        assert_eq!((ring.len(), ring.nearest(ms(200)).unwrap().embedding), (2, &[0.5][..]));
    }

    #[test]
    fn time_that_runs_backwards_begins_anew() {
        let ring = ring(&[100, 200, 150]);
        assert_eq!((ring.len(), ring.began(), nearest(&ring, 0)), (1, ms(150), Some(150)));
    }

    #[test]
    fn an_embedding_of_another_length_does_no_harm() {
        let mut ring = Ring::new(Reach { size: 2, ..REACH });
        ring.push(ms(0), (), &[1.0]);
        ring.push(ms(100), (), &[2.0, 3.0, 4.0]);
        assert_eq!(ring.nearest(ms(0)).unwrap().embedding, [1.0, 0.0]);
        assert_eq!(ring.nearest(ms(100)).unwrap().embedding, [2.0, 3.0]);
    }

    proptest! {
        /// However readings come, one is found about as near to any moment of the span as there was one.
        #[test]
        fn what_is_left_out_is_never_missed(
            gaps in prop::collection::vec(prop_oneof![1_u64..20, 30_u64..130, Just(0_u64), 400_u64..2000], 1..200),
            back in 0_u64..900,
        ) {
            let times: Vec<u64> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            let ring = ring(&times);
            let newest = *times.last().unwrap();
            prop_assert_eq!(ring.newest(), Some(ms(newest)));
            let asked = newest.saturating_sub(back);
            let far = |found: u64| found.abs_diff(asked);
            let best = times.iter().map(|&at| far(at)).min().unwrap();
            let found = nearest(&ring, asked).unwrap();
            prop_assert!(far(found) <= best + 50, "{} for {}, of {:?}", found, asked, times);
        }
    }
}
