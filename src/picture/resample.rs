//! The one loop that shrinks or enlarges: rows are added up, then columns are gathered.
//!
//! Adding up whole rows of bytes into 16-bit sums is what nearly all of the time goes into, and it is
//! plain enough for the compiler to vectorise. It does not care how channels interleave; gathering does.

use super::planes::{Channel, Plane};
use super::taps::{BLOCK, Taps, WHOLE};

/// Which part of a frame is sampled, and how finely. In frame pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The left edge of the first output.
    pub x: f64,
    /// The top edge of the first output.
    pub y: f64,
    /// The width of an output.
    pub step_x: f64,
    /// The height of an output.
    pub step_y: f64,
    /// The number of outputs in a row.
    pub columns: usize,
    /// The number of rows of outputs.
    pub rows: usize,
}

/// Where outputs go: output (x, y) of channel c to `first + c·channel + y·pitch + x`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Where the first one goes.
    pub first: usize,
    /// From row to row.
    pub pitch: usize,
    /// From channel to channel.
    pub channel: usize,
}

/// Resamples planes; keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct Resampler {
    rows: Taps,
    columns: [Taps; 3],
    sums: Vec<u16>,
}

impl Resampler {
    /// Samples every channel of a plane, as 0 to 255. Beyond the plane its edge goes on.
    pub fn resample(&mut self, plane: &Plane<'_>, window: &Window, out: &mut [f32], place: Place) {
        if window.columns == 0 || window.rows == 0 {
            return;
        }
        let Self { rows, columns, sums } = self;
        rows.lay_out(window.y * plane.density, window.step_y * plane.density, window.rows, plane.height);
        let (mut left, mut right) = (usize::MAX, 0);
        for (taps, channel) in columns.iter_mut().zip(&plane.channels) {
            let Channel { step, width, density, .. } = *channel;
            taps.lay_out(window.x * density, window.step_x * density, window.columns, width);
            let reach = taps.reach();
            left = left.min(reach.start * step);
            // A dot product reads on to the end of its block, and the weights there are zero.
            right = right.max((reach.end + BLOCK) * step);
        }
        sums.clear();
        // Room for a whole row: however large the region, it is made once.
        sums.reserve(plane.row(0).len() + 4 * BLOCK);
        for (y, (first, weights)) in rows.iter().enumerate() {
            sums.clear();
            sums.resize(right - left, 0);
            for (row, &weight) in weights.iter().enumerate() {
                add_row(sums, &plane.row(first + row)[left..], weight);
            }
            for (taps, channel) in columns.iter().zip(&plane.channels) {
                let start = place.first + channel.index * place.channel + y * place.pitch;
                let out = &mut out[start..][..window.columns];
                match channel.step {
                    1 => gather::<1>(sums, left, channel.offset, taps, out),
                    2 => gather::<2>(sums, left, channel.offset, taps, out),
                    3 => gather::<3>(sums, left, channel.offset, taps, out),
                    _ => gather::<4>(sums, left, channel.offset, taps, out),
                }
            }
        }
    }
}

/// Adds a weighted row. Weights sum to 256 over an output, so a sum is at most 255 · 256.
fn add_row(sums: &mut [u16], row: &[u8], weight: u16) {
    for (sum, &sample) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(u16::from(sample).wrapping_mul(weight));
    }
}

/// Makes each output from the sums it covers; `left` is the row's byte that `sums` begins with.
fn gather<const STEP: usize>(sums: &[u16], left: usize, offset: usize, taps: &Taps, out: &mut [f32]) {
    const UNIT: f32 = 1.0 / (WHOLE as f32 * WHOLE as f32);
    for (out, (first, blocks)) in out.iter_mut().zip(taps.blocks()) {
        let sums = &sums[first * STEP - left + offset..];
        let mut total = 0;
        for (sums, weights) in sums.chunks(BLOCK * STEP).zip(blocks) {
            let sums = &sums[..BLOCK * STEP - STEP + 1];
            total += (0..BLOCK).map(|i| u32::from(sums[i * STEP]) * u32::from(weights[i])).sum::<u32>();
        }
        *out = total as f32 * UNIT;
    }
}
