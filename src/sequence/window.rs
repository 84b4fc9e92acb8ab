//! A window of evenly spaced rows out of readings that came when they came.

use std::time::Duration;

use super::ring::Ring;
use crate::affect::Estimate;
use crate::clock::Monotonic;
use crate::model::{SequenceSpec, Source, Window};

/// How far a reading may be from the moment of a row that it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Of a face, to either side.
    pub face: Duration,
    /// Of a voice, before the row: so long a window of sound stands for what is heard.
    pub voice: Duration,
}

/// How a model wants its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rows {
    window: Window,
    /// From the newest row to the one that is estimated.
    behind: Duration,
    /// Numbers in the embedding of a face, and of a voice, as far as it reads them.
    sizes: [Option<usize>; 2],
}

impl Rows {
    /// The rows that a pack means.
    pub fn of(spec: &SequenceSpec) -> Self {
        let size = |source: &Option<Source>| source.as_ref().map(|source| source.size);
        Self { window: spec.window, behind: spec.behind(), sizes: [size(&spec.face), size(&spec.voice)] }
    }

    /// Fills `input`, 1×rows×columns, with what is known of a face and of the voice up to its newest reading.
    ///
    /// A row is filled by the reading nearest to its moment. Rows before the face's first reading repeat that one.
    /// Where no reading is near enough the row's embedding is 0, and so is the number behind it that tells of it.
    pub fn fill(&self, input: &mut [f32], faces: &Ring<Estimate>, voices: Option<&Ring<()>>, tolerance: Tolerance) {
        let Window { rows, columns, step, .. } = self.window;
        let newest = faces.newest().unwrap_or_default();
        for (k, row) in input.chunks_exact_mut(columns).enumerate() {
            let back = step * (rows - 1).saturating_sub(k) as u32;
            let at = (newest - back).max(faces.began());
            let face = faces.nearest(at).filter(|reading| distance(reading.at, at) <= tolerance.face);
            let voice = voices.and_then(|voices| voices.last_until(at));
            let voice = voice.filter(|reading| at.since(reading.at) <= tolerance.voice);
            let embeddings = [face.map(|reading| reading.embedding), voice.map(|reading| reading.embedding)];
            let mut rest = row;
            for (size, embedding) in self.sizes.into_iter().zip(embeddings) {
                let Some(size) = size else { continue };
                let (part, behind) = rest.split_at_mut(size + 1);
                write(part, embedding);
                rest = behind;
            }
        }
    }

    /// The moment that a window up to the newest reading is estimated for: never before the face's first reading.
    pub fn moment(&self, faces: &Ring<Estimate>) -> Monotonic {
        (faces.newest().unwrap_or_default() - self.behind).max(faces.began())
    }
}

/// Writes an embedding and a 1 behind it, or nothing but zeros.
fn write(part: &mut [f32], embedding: Option<&[f32]>) {
    match (embedding, part.split_last_mut()) {
        (Some(embedding), Some((there, numbers))) if numbers.len() == embedding.len() => {
            numbers.copy_from_slice(embedding);
            *there = 1.0;
        }
        _ => part.fill(0.0),
    }
}

fn distance(a: Monotonic, b: Monotonic) -> Duration {
    a.since(b).max(b.since(a))
}
