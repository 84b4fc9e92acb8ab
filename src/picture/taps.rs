//! Along one axis: which samples make each output, and with what weight.
//!
//! Shrinking takes the area average (each output is the mean of the samples it covers, those at the
//! ends in part); enlarging interpolates linearly between the two nearest. Weights are whole 256ths
//! that sum to exactly 256, so that 256 rows of bytes add up within 16 bits and a constant stays itself.

use std::ops::Range;

/// What the weights of one output sum to.
pub(super) const WHOLE: u16 = 256;

/// Weights are kept in blocks of so many, the rest zero: a dot product without a remainder is fast.
pub(super) const BLOCK: usize = 8;

/// The samples of one output.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    len: u32,
}

/// The weights of a line of outputs. Its buffers are kept from one layout to the next.
#[derive(Debug, Default)]
pub(super) struct Taps {
    spans: Vec<Span>,
    /// `blocks` blocks for each output.
    weights: Vec<[u16; BLOCK]>,
    blocks: usize,
}

impl Taps {
    /// Lays out `count` outputs over a line of `samples` (at least one): output i covers
    /// `start + i·step .. start + (i + 1)·step`. Beyond its ends the line goes on as its outermost samples.
    pub fn lay_out(&mut self, start: f64, step: f64, count: usize, samples: usize) {
        let most = (step.ceil() as usize).saturating_add(1).min(samples);
        self.blocks = most.div_ceil(BLOCK);
        self.weights.clear();
        // Room for any step over this line, so that it is made once and not again for each larger face.
        let room = count.next_power_of_two();
        self.weights.reserve((count * self.blocks).max(samples.div_ceil(BLOCK) + 2 * room));
        self.weights.resize(count * self.blocks, [0; BLOCK]);
        self.spans.clear();
        self.spans.reserve(room);
        let outputs = self.weights.chunks_exact_mut(self.blocks);
        self.spans.extend(outputs.enumerate().map(|(i, weights)| {
            let (weights, from) = (weights.as_flattened_mut(), start + i as f64 * step);
            if step > 1.0 {
                average(from, from + step, samples, weights)
            } else {
                interpolate(from + step / 2.0 - 0.5, samples, weights)
            }
        }));
    }

    /// All samples that any output needs.
    pub fn reach(&self) -> Range<usize> {
        let first = self.spans.first().map_or(0, |span| span.first as usize);
        let end = self.spans.last().map_or(0, |span| (span.first + span.len) as usize);
        first..end
    }

    /// For each output its first sample and the weights from there on.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u16])> {
        self.outputs().map(|(span, blocks)| (span.first as usize, &blocks.as_flattened()[..span.len as usize]))
    }

    /// The same in whole blocks: the last one's weights go on with zeros.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &[[u16; BLOCK]])> {
        self.outputs().map(|(span, blocks)| (span.first as usize, &blocks[..(span.len as usize).div_ceil(BLOCK)]))
    }

    fn outputs(&self) -> impl Iterator<Item = (&Span, &[[u16; BLOCK]])> {
        self.spans.iter().zip(self.weights.chunks_exact(self.blocks.max(1)))
    }
}

/// The weights of an area average.
fn average(from: f64, to: f64, samples: usize, weights: &mut [u16]) -> Span {
    let (last, from, to) = ((samples - 1) as f64, from.max(0.0), to.min(samples as f64));
    let first = from.min(last) as u32;
    if to <= from {
        // Wholly outside: the sample next to it.
        weights[0] = WHOLE;
        return Span { first, len: 1 };
    }
    let (mut given, mut len) = (0, 0);
    for (weight, end) in weights.iter_mut().zip(first + 1..) {
        // Rounding the running total rather than each weight keeps the sum exact.
        let reached = f64::from(end).min(to);
        let total = ((reached - from) / (to - from) * f64::from(WHOLE)).round() as u16;
        *weight = total - given;
        given = total;
        len += 1;
        if reached >= to {
            break;
        }
    }
    Span { first, len }
}

/// The weights of a linear interpolation at `position`, where sample i lies at i.
fn interpolate(position: f64, samples: usize, weights: &mut [u16]) -> Span {
    let position = position.clamp(0.0, (samples - 1) as f64);
    let second = (position.fract() * f64::from(WHOLE)).round() as u16;
    weights[0] = WHOLE - second;
    if second > 0 {
        weights[1] = second;
    }
    Span { first: position as u32, len: if second > 0 { 2 } else { 1 } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn laid_out(start: f64, step: f64, count: usize, samples: usize) -> Vec<(usize, Vec<u16>)> {
        let mut taps = Taps::default();
        taps.lay_out(start, step, count, samples);
        taps.iter().map(|(first, weights)| (first, weights.to_vec())).collect()
    }

    #[test]
    fn shrinking_weighs_samples_by_the_length_they_share() {
        assert_eq!(laid_out(0.0, 2.5, 2, 5), [(0, vec![102, 103, 51]), (2, vec![51, 103, 102])]);
    }

    #[test]
    fn enlarging_interpolates_between_sample_centres() {
        assert_eq!(laid_out(0.0, 0.5, 4, 2), [(0, vec![256]), (0, vec![192, 64]), (0, vec![64, 192]), (1, vec![256]),]);
    }

    #[test]
    fn a_step_of_one_copies() {
        assert_eq!(laid_out(1.0, 1.0, 2, 4), [(1, vec![256]), (2, vec![256])]);
    }

    #[test]
    fn beyond_the_ends_the_outermost_samples_go_on() {
        assert_eq!(laid_out(-9.0, 3.0, 1, 4), [(0, vec![256])]);
        assert_eq!(laid_out(20.0, 3.0, 1, 4), [(3, vec![256])]);
        assert_eq!(laid_out(20.0, 0.5, 1, 4), [(3, vec![256])]);
    }

    proptest! {
        #[test]
        fn weights_always_sum_to_the_whole_and_stay_on_the_line(
            start in -1e9..1e9f64, step in 1e-6..1e9f64, count in 0..40usize, samples in 1..3000usize,
        ) {
            let mut taps = Taps::default();
            taps.lay_out(start, step, count, samples);
            prop_assert_eq!(taps.iter().count(), count);
            for (first, weights) in taps.iter() {
                prop_assert_eq!(weights.iter().sum::<u16>(), WHOLE);
                prop_assert!(first + weights.len() <= samples);
            }
            prop_assert!(taps.reach().end <= samples);
        }
    }
}
