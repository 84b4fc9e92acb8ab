//! An aligned face, or a whole picture, as a model's grey input.

use super::bilinear::{Bytes, Grid, Rgb, sample};
use super::planes::{Plane, luma_plane};
use super::resample::{Place, Resampler, Window};
use super::tone::{LUMA, Tone};
use super::{Normalise, Picture, PixelFormat};
use crate::geometry::Similarity;

/// Shrinking by more than this would alias: an interpolation reads only the two nearest pixels.
const SHARP: f32 = 2.0;

/// Shrinking by more than this is held here: any frame is a single cell by then.
const FLAT: f32 = 1e9;

/// Makes grey inputs; keeps its buffers.
#[derive(Debug, Default)]
pub struct Warper {
    luma: LumaResampler,
    reduced: Vec<f32>,
}

impl Warper {
    /// Fills `out` (one plane, `height` rows of `width`) with what `to_frame` points at: the output
    /// pixel with its centre at (x + ½, y + ½) shows the frame at `to_frame` of that point.
    ///
    /// Interpolated linearly; shrunk by more than 2 the frame is area-averaged first, so nothing aliases.
    /// Beyond the frame its edge goes on.
    ///
    /// # Panics
    /// When `out` has not `width` · `height` numbers.
    pub fn warp_grey(
        &mut self,
        picture: &Picture,
        to_frame: &Similarity,
        width: usize,
        height: usize,
        norm: Normalise,
        out: &mut [f32],
    ) {
        assert_eq!(out.len(), width * height, "a warp fills one plane of {width} x {height}");
        let plane = luma_plane(picture);
        let shrink = to_frame.scale();
        if shrink > SHARP {
            let cells = Cells::covering(picture, to_frame, width, height, shrink.min(FLAT).floor());
            // Never more than this, however large the face: it is made once.
            self.reduced.reserve(Cells::most(width, height).saturating_sub(self.reduced.len()));
            self.reduced.resize(cells.window.columns * cells.window.rows, 0.0);
            self.luma.resample(&plane, &cells.window, &mut self.reduced);
            let grid = Grid { values: &self.reduced, width: cells.window.columns };
            sample(&grid, (cells.window.columns, cells.window.rows), &cells.inward(to_frame), width, out);
        } else {
            let size = (picture.width as usize, picture.height as usize);
            match picture.format {
                PixelFormat::Grey | PixelFormat::I420 | PixelFormat::Nv12 => {
                    sample(&Bytes::<1>(&plane), size, to_frame, width, out);
                }
                PixelFormat::Yuyv => sample(&Bytes::<2>(&plane), size, to_frame, width, out),
                PixelFormat::Ycbcr24 => sample(&Bytes::<3>(&plane), size, to_frame, width, out),
                PixelFormat::Rgb24 => sample(&Rgb(&plane), size, to_frame, width, out),
            }
        }
        Tone::of(picture, norm).finish(out);
    }

    /// Fills `out` (one plane, `height` rows of `width`) with the whole picture, stretched to fit:
    /// interpolated linearly where that enlarges, area-averaged where it shrinks.
    ///
    /// # Panics
    /// When `out` has not `width` · `height` numbers.
    pub fn resize_grey(&mut self, picture: &Picture, width: usize, height: usize, norm: Normalise, out: &mut [f32]) {
        assert_eq!(out.len(), width * height, "a resize fills one plane of {width} x {height}");
        let window = Window {
            x: 0.0,
            y: 0.0,
            step_x: f64::from(picture.width) / width as f64,
            step_y: f64::from(picture.height) / height as f64,
            columns: width,
            rows: height,
        };
        self.luma.resample(&luma_plane(picture), &window, out);
        Tone::of(picture, norm).finish(out);
    }
}

/// The part of a frame that a warp shows, cut into square cells of a whole number of pixels.
///
/// Cells are counted from the frame's corner, so that a face that moves by less does not flicker.
struct Cells {
    window: Window,
}

impl Cells {
    /// Cells of `size` pixels that cover what `to_frame` shows, and one more all around.
    fn covering(picture: &Picture, to_frame: &Similarity, width: usize, height: usize, size: f32) -> Self {
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
    fn most(width: usize, height: usize) -> usize {
        let side = (width as f64).hypot(height as f64) * 1.5 + 4.0;
        (side * side) as usize
    }

    /// The same transform, into the cells.
    fn inward(&self, to_frame: &Similarity) -> Similarity {
        let Similarity { a, b, tx, ty } = *to_frame;
        let (x, y, size) = (self.window.x as f32, self.window.y as f32, self.window.step_x as f32);
        Similarity { a: a / size, b: b / size, tx: (tx - x) / size, ty: (ty - y) / size }
    }
}

/// Resamples luma; keeps its buffers.
#[derive(Debug, Default)]
struct LumaResampler {
    resampler: Resampler,
    channels: Vec<f32>,
}

impl LumaResampler {
    /// Samples the luma of a plane, which holds either luma or red, green and blue.
    fn resample(&mut self, plane: &Plane<'_>, window: &Window, out: &mut [f32]) {
        let place = Place { first: 0, pitch: window.columns, channel: out.len() };
        if plane.channels.len() == 1 {
            self.resampler.resample(plane, window, out, place);
            return;
        }
        self.channels.resize(3 * out.len(), 0.0);
        self.resampler.resample(plane, window, &mut self.channels, place);
        let (red, others) = self.channels.split_at(out.len());
        let (green, blue) = others.split_at(out.len());
        for (((out, red), green), blue) in out.iter_mut().zip(red).zip(green).zip(blue) {
            *out = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{FORMATS, paint, ycbcr};
    use super::super::{PixelFormat, Range};
    use super::*;
    use crate::geometry::Point;

    const AS_IS: Normalise = Normalise { scale: 1.0, offset: 0.0 };

    fn warped(picture: &Picture, to_frame: &Similarity, (width, height): (usize, usize)) -> Vec<f32> {
        let mut out = vec![f32::NAN; width * height];
        Warper::default().warp_grey(picture, to_frame, width, height, AS_IS, &mut out);
        out
    }

    fn resized(picture: &Picture, (width, height): (usize, usize)) -> Vec<f32> {
        let mut out = vec![f32::NAN; width * height];
        Warper::default().resize_grey(picture, width, height, AS_IS, &mut out);
        out
    }

    fn grey(width: u32, bytes: &[u8]) -> Picture {
        let mut picture = Picture::default();
        let height = bytes.len() as u32 / width;
        picture.reset(PixelFormat::Grey, Range::Full, width, height).unwrap().copy_from_slice(bytes);
        picture
    }

    fn slopes(x: f64, y: f64) -> [f64; 3] {
        [30.0 + 0.6 * x + 0.1 * y, 40.0 + 0.5 * x - 0.1 * y, 60.0 - 0.1 * x + 0.5 * y]
    }

    fn turned(scale: f32, degrees: f32, tx: f32, ty: f32) -> Similarity {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Similarity { a: scale * cos, b: scale * sin, tx, ty }
    }

    #[test]
    fn the_identity_copies() {
        let picture = grey(3, &[1, 2, 3, 40, 50, 60]);
        assert_eq!(warped(&picture, &Similarity::IDENTITY, (3, 2)), [1.0, 2.0, 3.0, 40.0, 50.0, 60.0]);
    }

    #[test]
    fn a_quarter_turn_turns() {
        // Output x runs down the frame, output y to its left.
        let picture = grey(3, &[1, 2, 3, 40, 50, 60]);
        let quarter = Similarity { a: 0.0, b: 1.0, tx: 3.0, ty: 0.0 };
        assert_eq!(warped(&picture, &quarter, (2, 3)), [3.0, 60.0, 2.0, 50.0, 1.0, 40.0]);
    }

    #[test]
    fn slopes_come_out_where_the_transform_says_at_any_scale() {
        for format in FORMATS {
            for range in [Range::Full, Range::Limited] {
                let picture = paint(format, range, (240, 200), slopes);
                for (scale, shift) in [(0.4, 100.0), (1.0, 80.0), (1.9, 70.0), (2.1, 70.0), (3.7, 55.0), (5.2, 50.0)] {
                    let to_frame = turned(scale, 17.0, shift, shift - 30.0);
                    let out = warped(&picture, &to_frame, (16, 20));
                    for (i, &value) in out.iter().enumerate() {
                        let at = to_frame.apply(Point::new((i % 16) as f32 + 0.5, (i / 16) as f32 + 0.5));
                        let expected = ycbcr(slopes(at.x.into(), at.y.into()))[0];
                        let error = (f64::from(value) - expected).abs();
                        // Half a pixel aside would be off by about a quarter of a level a unit of scale.
                        assert!(error < 0.9, "{format:?} {range:?} {scale} at {i}: {value} for {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pattern_finer_than_the_output_becomes_its_mean() {
        let board = |x: f64, y: f64| [if (x.floor() + y.floor()) % 2.0 == 0.0 { 0.0 } else { 200.0 }; 3];
        for format in FORMATS {
            let picture = paint(format, Range::Full, (128, 128), board);
            for scale in [2.2, 4.0, 6.5] {
                let centre = 64.0 - scale * 8.0;
                for value in warped(&picture, &turned(scale, 0.0, centre, centre), (16, 16)) {
                    assert!((value - 100.0).abs() < 12.0, "{format:?} {scale}: {value}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_frame_its_edge_goes_on() {
        let picture = grey(8, &[10, 10, 10, 10, 200, 200, 200, 200]);
        let left = warped(&picture, &turned(1.0, 0.0, -50.0, -50.0), (3, 3));
        let right = warped(&picture, &turned(4.0, 0.0, 50.0, 50.0), (3, 3));
        assert_eq!((left, right), (vec![10.0; 9], vec![200.0; 9]));
    }

    #[test]
    fn a_transform_that_is_not_finite_still_gives_numbers() {
        let picture = grey(2, &[10, 200, 10, 200]);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for to_frame in [
                Similarity { a: bad, ..Similarity::IDENTITY },
                Similarity { tx: bad, ..Similarity::IDENTITY },
                Similarity { a: 9.0, ty: bad, ..Similarity::IDENTITY },
            ] {
                let out = warped(&picture, &to_frame, (3, 3));
                assert!(out.iter().all(|value| (10.0..=200.0).contains(value)), "{to_frame:?}: {out:?}");
            }
        }
    }

    #[test]
    fn resizing_interpolates_when_it_enlarges_and_averages_when_it_shrinks() {
        assert_eq!(resized(&grey(2, &[0, 100]), (4, 1)), [0.0, 25.0, 75.0, 100.0]);
        assert_eq!(resized(&grey(4, &[0, 50, 100, 200]), (2, 1)), [25.0, 150.0]);
        assert_eq!(resized(&grey(2, &[0, 100, 50, 250]), (1, 1)), [100.0]);
    }

    #[test]
    fn resizing_keeps_luma_in_every_format() {
        for format in FORMATS {
            for range in [Range::Full, Range::Limited] {
                let picture = paint(format, range, (33, 17), |_, _| [210.0, 100.0, 20.0]);
                for value in resized(&picture, (8, 8)) {
                    assert!((f64::from(value) - ycbcr([210.0, 100.0, 20.0])[0]).abs() < 1.0, "{format:?} {value}");
                }
            }
        }
    }

    #[test]
    fn luma_below_black_and_above_white_is_held() {
        let mut picture = Picture::default();
        picture.reset(PixelFormat::Grey, Range::Limited, 2, 1).unwrap().copy_from_slice(&[3, 250]);
        assert_eq!(resized(&picture, (2, 1)), [0.0, 255.0]);
    }

    #[test]
    fn nothing_is_allocated_after_the_first_time() {
        let mut warper = Warper::default();
        let mut out = vec![0.0; 32 * 32];
        for format in FORMATS {
            let picture = paint(format, Range::Limited, (160, 90), slopes);
            let mut all = || {
                warper.warp_grey(&picture, &turned(0.9, 9.0, 40.0, 30.0), 32, 32, AS_IS, &mut out);
                warper.warp_grey(&picture, &turned(3.1, 9.0, 40.0, 30.0), 32, 32, AS_IS, &mut out);
                warper.resize_grey(&picture, 32, 32, AS_IS, &mut out);
            };
            all();
            assert_eq!(allocation_counter::measure(all).count_total, 0, "{format:?}");
        }
    }

    proptest! {
        #[test]
        fn every_transform_gives_numbers_in_range(
            format in prop::sample::select(&FORMATS[..]),
            size in (1..40u32, 1..40u32),
            scale in prop_oneof![0.0..1e-6f32, 0.0..4.0f32, 0.0..1e4f32, 0.0..3e38f32],
            degrees in 0.0..360.0f32,
            shift in prop_oneof![-50.0..50.0f32, -1e6..1e6f32, -3e38..3e38f32],
            out in (0..20usize, 0..20usize),
        ) {
            let noise = |x: f64, y: f64| [x * 977.0 % 256.0, y * 613.0 % 256.0, x * y * 331.0 % 256.0];
            let picture = paint(format, Range::Limited, size, noise);
            for value in warped(&picture, &turned(scale, degrees, shift, -shift), out) {
                prop_assert!((0.0..=255.0).contains(&value));
            }
            for value in resized(&picture, out) {
                prop_assert!((0.0..=255.0).contains(&value));
            }
        }
    }
}
