//! Means, variances and covariance of two rows of numbers, in one pass and addable.
//!
//! Sums of products would lose digits where values lie close together; these are kept about the running means,
//! after Welford for one more pair and after Chan, Golub and LeVeque for two sums ("Algorithms for Computing the
//! Sample Variance", The American Statistician 37, 1983).

/// What is known of pairs (annotated, said).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: [f64; 2],
    /// Sums of squared distances from the means.
    squares: [f64; 2],
    /// The sum of products of both distances.
    product: f64,
}

impl Moments {
    /// Adds a pair of finite numbers.
    pub fn add(&mut self, annotated: f64, said: f64) {
        self.merge(&Self { count: 1, mean: [annotated, said], ..Self::default() });
    }

    /// Adds all pairs of another.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let count = self.count + other.count;
        let share = other.count as f64 / count as f64;
        let apart = [other.mean[0] - self.mean[0], other.mean[1] - self.mean[1]];
        let weight = self.count as f64 * share;
        for (i, apart) in apart.into_iter().enumerate() {
            self.squares[i] += other.squares[i] + apart * apart * weight;
            self.mean[i] += apart * share;
        }
        self.product += other.product + apart[0] * apart[1] * weight;
        self.count = count;
    }

    /// How many pairs there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Lin's concordance, −1 to 1, with population statistics: 2·s_xy / (s_x² + s_y² + (x̄ − ȳ)²). `None`
    /// without a pair; 0 when both rows are the same number throughout, where it is not defined.
    pub fn ccc(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let apart = self.mean[0] - self.mean[1];
        let spread = self.squares[0] + self.squares[1] + self.count as f64 * apart * apart;
        Some(if spread > 0.0 { (2.0 * self.product / spread).clamp(-1.0, 1.0) } else { 0.0 })
    }

    /// As if the mean of what is annotated had been said throughout.
    pub fn constant(&self) -> Self {
        let [mean, _] = self.mean;
        Self { count: self.count, mean: [mean, mean], squares: [self.squares[0], 0.0], product: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pairs: &[(f64, f64)]) -> Moments {
        let mut moments = Moments::default();
        pairs.iter().for_each(|&(x, y)| moments.add(x, y));
        moments
    }

    #[test]
    fn a_case_worked_by_hand() {
        // Means 0.5 and 0.25, variances 0.25 and 0.0625, covariance 0.125: 0.25 / (0.3125 + 0.0625).
        let ccc = of(&[(0.0, 0.0), (1.0, 0.5)]).ccc().unwrap();
        assert!((ccc - 2.0 / 3.0).abs() < 1e-15, "{ccc}");
    }

    #[test]
    fn a_row_agrees_with_itself_and_disagrees_with_its_opposite() {
        let row = [-0.9, 0.1, 0.2, 0.6];
        assert_eq!(of(&row.map(|x| (x, x))).ccc(), Some(1.0));
        assert!(of(&row.map(|x| (x, -x))).ccc().unwrap() < -0.9);
    }

    #[test]
    fn a_right_shape_in_the_wrong_place_or_size_is_marked_down() {
        let row = [-0.4, -0.1, 0.2, 0.3];
        assert!(of(&row.map(|x| (x, x + 0.5))).ccc().unwrap() < 0.5);
        assert!(of(&row.map(|x| (x, 0.2 * x))).ccc().unwrap() < 0.5);
    }

    #[test]
    fn constant_rows_score_nothing_and_no_row_has_no_score() {
        assert_eq!(of(&[]).ccc(), None);
        assert_eq!(of(&[(0.3, 0.3), (0.3, 0.3)]).ccc(), Some(0.0));
        assert_eq!(of(&[(0.1, 0.3), (0.7, 0.3)]).ccc(), Some(0.0));
        assert_eq!(of(&[(0.1, 0.9), (0.7, -0.3)]).constant().ccc(), Some(0.0));
    }

    proptest! {
        #[test]
        fn two_halves_added_are_the_whole(
            pairs in prop::collection::vec((-1.0_f64..=1.0, -1.0_f64..=1.0), 1..60),
            at in any::<prop::sample::Index>(),
        ) {
            let (first, second) = pairs.split_at(at.index(pairs.len()));
            let mut merged = of(first);
            merged.merge(&of(second));
            let (merged, whole) = (merged.ccc().unwrap(), of(&pairs).ccc().unwrap());
            prop_assert!((merged - whole).abs() < 1e-9, "{} {}", merged, whole);
            prop_assert!((-1.0..=1.0).contains(&whole));
        }
    }
}
