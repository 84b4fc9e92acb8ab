//! Reading between pixels: linear interpolation along a similarity transform.

use super::planes::Plane;
use super::tone::LUMA;
use crate::geometry::Similarity;

/// Something that has a luma at every whole position.
pub(super) trait Texture {
    /// The luma at column `x` of row `y`, both within the texture.
    fn texel(&self, x: usize, y: usize) -> f32;
}

/// The bytes of a plane, `STEP` apart.
pub(super) struct Bytes<'a, const STEP: usize>(pub &'a Plane<'a>);

impl<const STEP: usize> Texture for Bytes<'_, STEP> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        f32::from(self.0.byte(x * STEP, y))
    }
}

/// The red, green and blue bytes of a plane.
pub(super) struct Rgb<'a>(pub &'a Plane<'a>);

impl Texture for Rgb<'_> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        self.0.row(y)[3 * x..].iter().zip(LUMA).map(|(&value, share)| f32::from(value) * share).sum()
    }
}

/// Luma that was computed: rows of `width`.
pub(super) struct Grid<'a> {
    pub values: &'a [f32],
    pub width: usize,
}

impl Texture for Grid<'_> {
    fn texel(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }
}

/// Fills rows of `width` outputs: the centre of each is looked up where `to_texture` takes it. Beyond the
/// texture (`columns` × `rows`, at least one each) its edge goes on.
pub(super) fn sample<T: Texture>(
    texture: &T,
    (columns, rows): (usize, usize),
    to_texture: &Similarity,
    width: usize,
    out: &mut [f32],
) {
    let Similarity { a, b, tx, ty } = *to_texture;
    let (right, bottom) = (columns - 1, rows - 1);
    for (y, line) in out.chunks_exact_mut(width.max(1)).enumerate() {
        let y = y as f32 + 0.5;
        // Texels lie at whole positions, half a pixel before where their centres are.
        let (from_x, from_y) = (tx - b * y - 0.5, ty + a * y - 0.5);
        for (x, out) in line.iter_mut().enumerate() {
            let x = x as f32 + 0.5;
            let (left, next, along) = between(from_x + a * x, right);
            let (upper, lower, down) = between(from_y + b * x, bottom);
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
