//! Finding a small grey patch again in the next picture.
//!
//! Inverse-compositional image alignment (Baker and Matthews 2004, "Lucas-Kanade 20 Years On") with
//! shift, scale and rotation. The patch is compared by its pattern alone: its mean and contrast are
//! divided out, so a change of light does not matter. Samples count within a disc, since a face's
//! corners show the background.

#[cfg(test)]
mod tests;

use crate::geometry::{Point, Similarity};

/// The patch's side, in samples.
const SIDE: usize = 24;
/// How far around the patch's place it is searched for, in samples.
const MARGIN: usize = 4;
/// The side of the window that a patch is taken from and searched in, in samples.
pub const WINDOW: usize = SIDE + 2 * MARGIN;
/// The part of a window's width that the patch takes.
pub const PATCH_SHARE: f32 = SIDE as f32 / WINDOW as f32;

const MIDDLE: f32 = WINDOW as f32 / 2.0;
const RADIUS: f32 = SIDE as f32 / 2.0;

/// Steps of the search; it is nearly always over after half of them.
const MOST_STEPS: usize = 12;
/// A step shorter than this, in samples, ends the search.
const STILL: f32 = 0.03;
/// The search fails when more than this share of the disc leaves the window.
const OUTSIDE: f32 = 0.25;
/// A patch whose luma (0 to 255) deviates by less has nothing to hold on to.
const FLAT: f32 = 2.0;

/// Where the samples of every patch lie, from the middle.
#[derive(Debug)]
pub struct Disc(Vec<Point>);

impl Default for Disc {
    /// The disc within the patch's square.
    fn default() -> Self {
        let places = (0..SIDE * SIDE).map(|i| Point::new((i % SIDE) as f32, (i / SIDE) as f32));
        let centred = places.map(|p| Point::new(p.x + 0.5 - RADIUS, p.y + 0.5 - RADIUS));
        Self(centred.filter(|p| p.x.hypot(p.y) <= RADIUS).collect())
    }
}

/// A patch that can be found again. Its buffers are made once.
#[derive(Debug)]
pub struct Patch {
    /// The samples, with mean 0 and variance 1; none when nothing could be taken.
    samples: Vec<f32>,
    /// For each sample, how much its error changes scale, rotation and shift.
    steer: Vec<[f32; 4]>,
}

impl Default for Patch {
    /// Nothing was taken yet.
    fn default() -> Self {
        Self { samples: Vec::with_capacity(SIDE * SIDE), steer: Vec::with_capacity(SIDE * SIDE) }
    }
}

/// Where a patch was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// From the patch to the window, both in samples from their middles.
    pub warp: Similarity,
    /// The correlation with the patch, −1 to 1.
    pub likeness: f32,
}

impl Patch {
    /// Takes the middle of a window, [`WINDOW`]² luma values (0 to 255). What is too even to be found
    /// again leaves the patch empty.
    pub fn take(&mut self, disc: &Disc, window: &[f32]) {
        self.samples.clear();
        self.steer.clear();
        if window.len() != WINDOW * WINDOW {
            return;
        }
        self.samples.extend(disc.0.iter().map(|&p| sample(window, p)));
        let Some(contrast) = normalise(&mut self.samples) else {
            self.samples.clear();
            return;
        };
        for p in &disc.0 {
            let slope = |dx: f32, dy: f32| {
                let (ahead, behind) = (Point::new(p.x + dx, p.y + dy), Point::new(p.x - dx, p.y - dy));
                (sample(window, ahead) - sample(window, behind)) / (2.0 * contrast)
            };
            let (gx, gy) = (slope(1.0, 0.0), slope(0.0, 1.0));
            let (x, y) = (p.x / RADIUS, p.y / RADIUS);
            self.steer.push([gx * x + gy * y, gy * x - gx * y, gx, gy]);
        }
        if self.solve().is_none() {
            self.samples.clear();
        }
    }

    /// Turns each sample's descent into its part of the Gauss-Newton step.
    fn solve(&mut self) -> Option<()> {
        let n = self.samples.len() as f32;
        // Light and contrast are free: what they could explain is taken out of every direction.
        for k in 0..4 {
            let mean = self.steer.iter().map(|s| s[k]).sum::<f32>() / n;
            let along = self.steer.iter().zip(&self.samples).map(|(s, t)| s[k] * t).sum::<f32>() / n;
            self.steer.iter_mut().zip(&self.samples).for_each(|(s, t)| s[k] -= mean + along * t);
        }
        let mut normal = [[0.0_f32; 4]; 4];
        for s in &self.steer {
            for (row, a) in normal.iter_mut().zip(s) {
                row.iter_mut().zip(s).for_each(|(sum, b)| *sum += a * b);
            }
        }
        let inverse = inverse(normal)?;
        for s in &mut self.steer {
            *s = inverse.map(|row| row.iter().zip(&*s).map(|(a, b)| a * b).sum());
        }
        Some(())
    }

    /// Searches a window for the patch, from the guess `start`. `None` when there is no patch, the search
    /// leaves the window, or there is nothing but an even surface.
    ///
    /// `scratch` is room for the samples, kept from call to call.
    pub fn find(&self, disc: &Disc, window: &[f32], start: Similarity, scratch: &mut Vec<f32>) -> Option<Found> {
        if self.samples.is_empty() || window.len() != WINDOW * WINDOW {
            return None;
        }
        let mut warp = start;
        for _ in 0..MOST_STEPS {
            self.look(disc, window, &warp, scratch)?;
            let mut step = [0.0_f32; 4];
            for ((seen, wanted), steer) in scratch.iter().zip(&self.samples).zip(&self.steer) {
                step.iter_mut().zip(steer).for_each(|(sum, s)| *sum += s * (seen - wanted));
            }
            let [a, b, tx, ty] = step;
            let change = Similarity { a: 1.0 + a / RADIUS, b: b / RADIUS, tx, ty };
            warp = composed(&warp, &change.inverse()?);
            if step.iter().map(|s| s * s).sum::<f32>() < STILL * STILL {
                break;
            }
        }
        self.look(disc, window, &warp, scratch)?;
        let n = self.samples.len() as f32;
        let likeness = scratch.iter().zip(&self.samples).map(|(a, b)| a * b).sum::<f32>() / n;
        likeness.is_finite().then_some(Found { warp, likeness })
    }

    /// Samples the window where `warp` says.
    fn look(&self, disc: &Disc, window: &[f32], warp: &Similarity, samples: &mut Vec<f32>) -> Option<()> {
        const EDGE: f32 = MIDDLE - 0.5;
        samples.clear();
        let mut outside = 0;
        for &p in &disc.0 {
            let at = warp.apply(p);
            outside += usize::from(!(at.x.abs() <= EDGE && at.y.abs() <= EDGE));
            samples.push(sample(window, at));
        }
        ((outside as f32) <= OUTSIDE * samples.len() as f32).then_some(())?;
        normalise(samples).map(|_| ())
    }
}

/// The window's value at a point, counted in samples from its middle; the edge repeats outside.
fn sample(window: &[f32], p: Point) -> f32 {
    const LAST: f32 = (WINDOW - 1) as f32;
    let (x, y) = ((p.x + MIDDLE - 0.5).clamp(0.0, LAST), (p.y + MIDDLE - 0.5).clamp(0.0, LAST));
    let (column, row) = ((x as usize).min(WINDOW - 2), (y as usize).min(WINDOW - 2));
    let (right, down) = (x - column as f32, y - row as f32);
    let at = row * WINDOW + column;
    let (above, below) = (&window[at..at + 2], &window[at + WINDOW..at + WINDOW + 2]);
    let top = above[0] + right * (above[1] - above[0]);
    let bottom = below[0] + right * (below[1] - below[0]);
    top + down * (bottom - top)
}

/// Gives the samples mean 0 and variance 1 and returns their deviation; `None` when they are too even.
fn normalise(samples: &mut [f32]) -> Option<f32> {
    let n = samples.len() as f32;
    let mean = samples.iter().sum::<f32>() / n;
    let deviation = (samples.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / n).sqrt();
    // Not a number compares false: it is no contrast either.
    (deviation >= FLAT).then(|| samples.iter_mut().for_each(|s| *s = (*s - mean) / deviation))?;
    Some(deviation)
}

/// First `inner`, then `outer`.
fn composed(outer: &Similarity, inner: &Similarity) -> Similarity {
    let shift = outer.apply(Point::new(inner.tx, inner.ty));
    let (a, b) = (outer.a * inner.a - outer.b * inner.b, outer.b * inner.a + outer.a * inner.b);
    Similarity { a, b, tx: shift.x, ty: shift.y }
}

/// The inverse of a symmetric, positive matrix by Gauss and Jordan; `None` when it is nearly singular.
fn inverse(mut m: [[f32; 4]; 4]) -> Option<[[f32; 4]; 4]> {
    let largest = (0..4).map(|i| m[i][i]).fold(0.0, f32::max);
    let mut inverse = [[0.0; 4]; 4];
    (0..4).for_each(|i| inverse[i][i] = 1.0);
    for i in 0..4 {
        let pivot = m[i][i];
        // Not a number compares false as well.
        let holds = pivot > 1e-4 * largest;
        holds.then_some(())?;
        for k in 0..4 {
            m[i][k] /= pivot;
            inverse[i][k] /= pivot;
        }
        for row in (0..4).filter(|&row| row != i) {
            let factor = m[row][i];
            for k in 0..4 {
                m[row][k] -= factor * m[i][k];
                inverse[row][k] -= factor * inverse[i][k];
            }
        }
    }
    Some(inverse)
}
