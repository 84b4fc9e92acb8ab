//! Reading between pixels: linear interpolation.

use super::planes::Plane;
use super::tone::LUMA;
use crate::geometry::Similarity;

/// Something that has a value, luma or another channel, at every whole position.
pub(super) trait Texture {
    /// The value at column `x` of row `y`, both within the texture.
    fn texel(&self, x: usize, y: usize) -> f32;
}

/// The bytes of one channel of a plane, `STEP` apart.
pub(super) struct Bytes<'a, const STEP: usize> {
    /// From the channel's first on.
    bytes: &'a [u8],
    pitch: usize,
}

impl<'a, const STEP: usize> Bytes<'a, STEP> {
    /// The channel that begins `offset` bytes into each row.
    pub fn of(plane: &Plane<'a>, offset: usize) -> Self {
        let (bytes, pitch) = plane.bytes_from(offset);
        Self { bytes, pitch }
    }
}

impl<const STEP: usize> Texture for Bytes<'_, STEP> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        f32::from(self.bytes[y * self.pitch + x * STEP])
    }
}

/// The luma of the red, green and blue bytes of a plane.
pub(super) struct Rgb<'a>(pub &'a Plane<'a>);

impl Texture for Rgb<'_> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        self.0.row(y)[3 * x..].iter().zip(LUMA).map(|(&value, share)| f32::from(value) * share).sum()
    }
}

/// Values that were computed: rows of `width`.
pub(super) struct Grid<'a> {
    pub values: &'a [f32],
    pub width: usize,
}

impl Texture for Grid<'_> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }
}

/// The way from an output's pixels to those of a texture: (x, y) ↦ (xx·x + xy·y + x0, yx·x + yy·y + y0).
#[derive(Debug, Clone, Copy)]
pub(super) struct Onto {
    xx: f32,
    xy: f32,
    x0: f32,
    yx: f32,
    yy: f32,
    y0: f32,
}

impl Onto {
    /// A texture of the frame's own pixels.
    pub fn frame(to_frame: &Similarity) -> Self {
        let Similarity { a, b, tx, ty } = *to_frame;
        Self { xx: a, xy: -b, x0: tx, yx: b, yy: a, y0: ty }
    }

    /// A texture with `across` samples a pixel of the frame horizontally, and `down` vertically.
    pub fn samples(to_frame: &Similarity, across: f64, down: f64) -> Self {
        let Self { xx, xy, x0, yx, yy, y0 } = Self::frame(to_frame);
        let (across, down) = (across as f32, down as f32);
        Self { xx: xx * across, xy: xy * across, x0: x0 * across, yx: yx * down, yy: yy * down, y0: y0 * down }
    }
}

/// Fills rows of `width` outputs: the centre of each is looked up where `onto` takes it. Beyond the
/// texture (`columns` × `rows`, at least one each) its edge goes on.
pub(super) fn sample<T: Texture>(
    texture: &T,
    (columns, rows): (usize, usize),
    onto: &Onto,
    width: usize,
    out: &mut [f32],
) {
    let Onto { xx, xy, x0, yx, yy, y0 } = *onto;
    let (right, bottom) = (columns - 1, rows - 1);
    for (y, line) in out.chunks_exact_mut(width.max(1)).enumerate() {
        let y = y as f32 + 0.5;
        // Texels lie at whole positions, half a pixel before where their centres are.
        let (from_x, from_y) = (x0 + xy * y - 0.5, y0 + yy * y - 0.5);
        for (x, out) in line.iter_mut().enumerate() {
            let x = x as f32 + 0.5;
            let (left, next, along) = between(from_x + xx * x, right);
            let (upper, lower, down) = between(from_y + yx * x, bottom);
            let above = mix(texture.texel(left, upper), texture.texel(next, upper), along);
            let below = mix(texture.texel(left, lower), texture.texel(next, lower), along);
            *out = mix(above, below, down);
        }
    }
}

/// The whole positions around a position, held within 0 to `last`, and how far it is from the first.
fn between(position: f32, last: usize) -> (usize, usize, f32) {
    // Unlike `clamp`, `max` makes a number even of what is not one.
    let position = position.max(0.0).min(last as f32);
    // No texture is near 2³¹ long, and the narrower conversion is the cheaper one.
    let first = position as i32 as usize;
    (first, (first + 1).min(last), position - first as f32)
}

fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}
