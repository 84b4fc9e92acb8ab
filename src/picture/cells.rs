//! What a warp that shrinks reads: the frame in squares, each the mean of its pixels.

use super::Picture;
use super::resample::Window;
use crate::geometry::Similarity;

/// The part of a frame that a warp shows, cut into square cells of a whole number of pixels.
///
/// Cells are counted from the frame's corner, so that a face that moves by less does not flicker.
pub(super) struct Cells {
    /// Where they lie in the frame.
    pub window: Window,
}

impl Cells {
    /// Cells of `size` pixels that cover what `to_frame` shows, and one more all around.
    pub fn covering(picture: &Picture, to_frame: &Similarity, width: usize, height: usize, size: f32) -> Self {
        let size = f64::from(size);
        let [a, b, tx, ty] = [to_frame.a, to_frame.b, to_frame.tx, to_frame.ty].map(f64::from);
        let (width, height) = (width as f64, height as f64);
        // From the lowest to the highest corner along one axis, in whole cells of the frame.
        let cells = |shift: f64, along_width: f64, along_height: f64, frame: u32| {
            let lowest = shift + along_width.min(0.0) + along_height.min(0.0);
            let highest = shift + along_width.max(0.0) + along_height.max(0.0);
            let all = (f64::from(frame) / size).ceil();
            let first = ((lowest / size).floor() - 1.0).max(0.0).min(all - 1.0);
            let end = ((highest / size).ceil() + 1.0).max(first + 1.0).min(all);
            (first * size, (end - first) as usize)
        };
        let (x, columns) = cells(tx, a * width, -b * height, picture.width);
        let (y, rows) = cells(ty, b * width, a * height, picture.height);
        Self { window: Window { x, y, step_x: size, step_y: size, columns, rows } }
    }

    /// The greatest number of cells that an output of that size can need: turned by 45 degrees, with a
    /// shrinking just below a whole number, and one more all around.
    pub fn most(width: usize, height: usize) -> usize {
        let side = (width as f64).hypot(height as f64) * 1.5 + 4.0;
        (side * side) as usize
    }

    /// The same transform, into the cells.
    pub fn inward(&self, to_frame: &Similarity) -> Similarity {
        let Similarity { a, b, tx, ty } = *to_frame;
        let (x, y, size) = (self.window.x as f32, self.window.y as f32, self.window.step_x as f32);
        Similarity { a: a / size, b: b / size, tx: (tx - x) / size, ty: (ty - y) / size }
    }
}
