//! Who is who: the cheapest pairing of tracks and detections.
//!
//! The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987), on arrays of fixed
//! size. Leaving a row alone costs [`ALONE`], so a pair that is dearer is never made.

use crate::face::MAX_FACES;

/// What it costs to leave a row without a partner. Pairs cost from 0 to below this.
pub const ALONE: f32 = 1.0;

/// What a pair costs that cannot be: dearer than [`ALONE`], which is always to be had.
const NEVER: f32 = 2.0 * ALONE;

/// Real columns, one "alone" for each row, and place 0, which stands for "none yet".
const PLACES: usize = 2 * MAX_FACES + 1;

/// The partner of each row, for `rows` and `columns` (each at most [`MAX_FACES`]) and the cost of a pair.
///
/// A cost that is not below [`ALONE`], or not a number, means that the two cannot be the same.
pub fn assign(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f32) -> [Option<usize>; MAX_FACES] {
    let (rows, columns) = (rows.min(MAX_FACES), columns.min(MAX_FACES));
    // Besides the real columns there is one for each row that means "alone".
    let priced = |row: usize, column: usize| match column {
        column if column >= columns => ALONE,
        column => Some(cost(row, column)).filter(|&cost| cost < ALONE).unwrap_or(NEVER),
    };
    let all = columns + rows;
    let (mut row_price, mut column_price) = ([0.0_f32; PLACES], [0.0_f32; PLACES]);
    // Which row (counted from 1) a column (counted from 1) belongs to; 0: to none.
    let mut owner = [0_usize; PLACES];
    for row in 1..=rows {
        let mut reached_from = [0_usize; PLACES];
        let mut slack = [f32::INFINITY; PLACES];
        let mut seen = [false; PLACES];
        let mut column = 0;
        owner[0] = row;
        // Grow the tree of tight pairs until a free column is reached.
        loop {
            seen[column] = true;
            let from = owner[column];
            let (mut least, mut next) = (f32::INFINITY, 0);
            for other in 1..=all {
                if seen[other] {
                    continue;
                }
                let reduced = priced(from - 1, other - 1) - row_price[from] - column_price[other];
                if reduced < slack[other] {
                    (slack[other], reached_from[other]) = (reduced, column);
                }
                if slack[other] < least {
                    (least, next) = (slack[other], other);
                }
            }
            for other in 0..=all {
                if seen[other] {
                    row_price[owner[other]] += least;
                    column_price[other] -= least;
                } else {
                    slack[other] -= least;
                }
            }
            column = next;
            if owner[column] == 0 {
                break;
            }
        }
        // Turn the path round: each column on it goes to the row before.
        while column != 0 {
            let before = reached_from[column];
            owner[column] = owner[before];
            column = before;
        }
    }
    let mut partner = [None; MAX_FACES];
    for column in 1..=columns {
        if owner[column] != 0 {
            partner[owner[column] - 1] = Some(column - 1);
        }
    }
    partner
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(costs: &[Vec<f32>], partner: &[Option<usize>]) -> f32 {
        costs.iter().zip(partner).map(|(row, partner)| partner.map_or(ALONE, |column| row[column])).sum()
    }

    /// The cheapest total of all pairings, by trying each.
    fn cheapest(costs: &[Vec<f32>], taken: u32) -> f32 {
        let Some((row, rest)) = costs.split_first() else { return 0.0 };
        let alone = ALONE + cheapest(rest, taken);
        let free = (0..row.len()).filter(|column| taken & (1 << column) == 0 && row[*column] < ALONE);
        free.map(|column| row[column] + cheapest(rest, taken | (1 << column))).fold(alone, f32::min)
    }

    proptest! {
        #[test]
        fn no_other_pairing_is_cheaper(
            costs in (1_usize..6).prop_flat_map(|columns| prop::collection::vec(prop::collection::vec(0.0_f32..1.5, columns), 0..6))
        ) {
            let columns = costs.first().map_or(0, Vec::len);
            let partner = assign(costs.len(), columns, |row, column| costs[row][column]);
            let mut used: Vec<usize> = partner.iter().copied().flatten().collect();
            prop_assert!((total(&costs, &partner) - cheapest(&costs, 0)).abs() < 1e-4);
            used.sort_unstable();
            prop_assert!(used.is_sorted_by(|a, b| a < b), "{used:?}");
        }
    }

    #[test]
    fn the_sum_counts_and_not_the_nearest_first() {
        let costs = [[0.1, 0.2], [0.15, 0.9]];
        let partner = assign(2, 2, |row, column| costs[row][column]);
        assert_eq!(&partner[..2], [Some(1), Some(0)]);
    }

    #[test]
    fn what_cannot_be_stays_alone() {
        assert_eq!(assign(1, 2, |_, _| ALONE), [None; MAX_FACES]);
        assert_eq!(assign(2, 2, |_, _| f32::NAN), [None; MAX_FACES]);
        assert_eq!(assign(0, 3, |_, _| 0.0), [None; MAX_FACES]);
    }

    #[test]
    fn a_full_house_is_paired() {
        let partner = assign(MAX_FACES, MAX_FACES, |row, column| if row + column == MAX_FACES - 1 { 0.1 } else { 0.5 });
        assert!(partner.iter().enumerate().all(|(row, column)| *column == Some(MAX_FACES - 1 - row)));
    }
}
