//! "Did you mean": the known name that a mistyped one resembles most.

/// The candidate nearest to `typed`, when it is near enough to be what was meant: at most a third of the
/// longer word differs.
pub(super) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A distance costs the product of the lengths; nothing we know is longer than this.
    const LONGEST: usize = 64;
    if typed.chars().count() > LONGEST {
        return None;
    }
    let near = |candidate: &str| {
        let longer = typed.chars().count().max(candidate.chars().count());
        let distance = distance(typed, candidate);
        (distance * 3 <= longer).then_some(distance)
    };
    candidates.into_iter().filter_map(|c| Some((near(c)?, c))).min_by_key(|(distance, _)| *distance).map(|(_, c)| c)
}

/// Levenshtein's distance, in which swapping two neighbours counts as one change.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 3] = ["min_size", "max_yaw", "min_sharpness"];

    #[test]
    fn a_slip_of_the_finger_finds_what_was_meant() {
        for typed in ["min_sise", "minsize", "mni_size", "min-size"] {
            assert_eq!(nearest(typed, KEYS), Some("min_size"), "{typed}");
        }
    }

    #[test]
    fn a_different_word_finds_nothing() {
        assert_eq!(nearest("colour", KEYS), None);
        assert_eq!(nearest("", KEYS), None);
        assert_eq!(nearest(&"min_size".repeat(1000), KEYS), None);
    }

    #[test]
    fn swapping_two_neighbours_is_one_change() {
        assert_eq!(distance("leave", "laeve"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
