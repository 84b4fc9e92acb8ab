//! The latest feature frames, as a voice model reads them: the oldest first, each followed by whether it has voice.

use super::level::decibels;
use super::mel::{BANDS, Frame, silence};

/// Numbers in a row: the bands, then 1 where there is voice and 0 where not.
pub const COLUMNS: usize = BANDS + 1;

/// One frame of sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Its features.
    pub frame: Frame,
    /// Whether there is voice in it.
    pub voiced: bool,
    /// How likely that is, 0 to 1.
    pub score: f32,
    /// The mean square of its samples.
    pub power: f32,
    /// Whether its waves are cut off at the end of the range.
    pub clipped: bool,
}

/// What a window holds, in figures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Content {
    /// Rows heard; less than the window has, at the beginning of a sound.
    pub heard: usize,
    /// Rows with voice.
    pub voiced: usize,
    /// Of those with voice the clipped ones.
    pub clipped: usize,
    /// How likely the voice was in the rows that have it, on average; 0 without any.
    pub score: f32,
    /// The level in the rows with voice, else in all, in decibels of the full range.
    pub level: f32,
}

/// A ring of rows.
#[derive(Debug)]
pub struct Window {
    rows: Box<[Row]>,
    next: usize,
    heard: usize,
}

impl Window {
    /// A window of so many rows, one at least, in which nothing was heard.
    pub fn new(rows: usize) -> Self {
        let nothing = Row { frame: silence(), voiced: false, score: 0.0, power: 0.0, clipped: false };
        Self { rows: vec![nothing; rows.max(1)].into(), next: 0, heard: 0 }
    }

    /// Takes a row in the place of the oldest.
    pub fn push(&mut self, row: Row) {
        self.rows[self.next] = row;
        self.next = (self.next + 1) % self.rows.len();
        self.heard = (self.heard + 1).min(self.rows.len());
    }

    /// Says of the latest rows before the newest one that they belong to its voice.
    pub fn begin_earlier(&mut self, rows: usize) {
        let size = self.rows.len();
        for back in 2..2 + rows.min(self.heard.saturating_sub(1)) {
            self.rows[(self.next + size - back) % size].voiced = true;
        }
    }

    /// Whether as many rows were heard as it has.
    pub fn is_full(&self) -> bool {
        self.heard == self.rows.len()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        (self.next, self.heard) = (0, 0);
    }

    /// The rows that were heard, the oldest first.
    fn iter(&self) -> impl Iterator<Item = &Row> {
        let (newer, older) = self.rows.split_at(self.next);
        let (newer, older) = if self.is_full() { (newer, older) } else { (newer, &older[..0]) };
        older.iter().chain(newer)
    }

    /// What it holds.
    pub fn content(&self) -> Content {
        let mut content = Content { heard: self.heard, ..Content::default() };
        let (mut all, mut of_voice) = (0.0, 0.0);
        for row in self.iter() {
            all += row.power;
            if row.voiced {
                content.voiced += 1;
                content.clipped += usize::from(row.clipped);
                content.score += row.score;
                of_voice += row.power;
            }
        }
        if content.voiced > 0 {
            content.score /= content.voiced as f32;
        }
        let (sum, rows) = if content.voiced > 0 { (of_voice, content.voiced) } else { (all, content.heard) };
        content.level = decibels(sum / rows.max(1) as f32);
        content
    }

    /// Fills a model's input, rows × [`COLUMNS`]: what was heard, then silence where the sound was shorter.
    pub fn fill(&self, input: &mut [f32]) {
        let mut rows = input.chunks_exact_mut(COLUMNS);
        // In this order, so that no row of the input is taken when the heard ones are at their end.
        for (row, out) in self.iter().zip(rows.by_ref()) {
            out[..BANDS].copy_from_slice(&row.frame);
            out[BANDS] = f32::from(row.voiced);
        }
        let nothing = silence();
        for out in rows {
            out[..BANDS].copy_from_slice(&nothing);
            out[BANDS] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f32, voiced: bool) -> Row {
        Row { frame: [value; BANDS], voiced, score: if voiced { 0.8 } else { 0.1 }, power: 0.01, clipped: false }
    }

    fn filled(window: &Window) -> Vec<(f32, f32)> {
        let mut input = vec![f32::NAN; window.rows.len() * COLUMNS];
        window.fill(&mut input);
        input.chunks_exact(COLUMNS).map(|row| (row[0], row[BANDS])).collect()
    }

    #[test]
    fn a_full_window_has_the_latest_rows_the_oldest_first() {
        let mut window = Window::new(3);
        for value in 1..=5 {
            window.push(row(value as f32, value == 4));
        }
        assert!(window.is_full());
        assert_eq!(filled(&window), [(3.0, 0.0), (4.0, 1.0), (5.0, 0.0)]);
    }

    #[test]
    fn a_short_sound_is_followed_by_silence_without_voice() {
        let mut window = Window::new(3);
        window.push(row(1.0, true));
        let nothing = (1e-8_f32.ln(), 0.0);
        assert_eq!(filled(&window), [(1.0, 1.0), nothing, nothing]);
        window.reset();
        assert_eq!(filled(&window), [nothing; 3]);
    }

    #[test]
    fn a_voice_may_begin_earlier_than_its_first_row_but_not_before_the_sound() {
        let mut window = Window::new(4);
        window.push(row(1.0, true));
        window.begin_earlier(3);
        assert_eq!(window.content().voiced, 1);
        for value in 2..=6 {
            window.push(row(value as f32, false));
        }
        window.begin_earlier(2);
        assert_eq!(filled(&window), [(3.0, 0.0), (4.0, 1.0), (5.0, 1.0), (6.0, 0.0)]);
    }

    #[test]
    fn voice_is_counted_and_its_level_is_that_of_the_rows_with_voice() {
        let mut window = Window::new(4);
        window.push(Row { power: 1.0, ..row(0.0, false) });
        window.push(row(0.0, true));
        window.push(Row { clipped: true, ..row(0.0, true) });
        let content = window.content();
        assert_eq!((content.heard, content.voiced, content.clipped), (3, 2, 1));
        assert!((content.level + 20.0).abs() < 1e-3 && (content.score - 0.8).abs() < 1e-6);
        let empty = Window::new(4).content();
        assert_eq!((empty.heard, empty.voiced, empty.score, empty.level), (0, 0, 0.0, -120.0));
    }
}
