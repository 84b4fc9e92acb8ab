//! A region of a frame as a detector's RGB input: scaled to fit, centred, black around.

use std::ops::{Range, RangeInclusive};

use super::planes::planes;
use super::resample::{Place, Resampler, Window};
use super::tone::Tone;
use super::{Normalise, Picture};
use crate::geometry::{Point, Rect, Size};

/// The longer side of a region, in pixels: less is nothing, more lies far beyond any frame.
const USABLE: RangeInclusive<f32> = 1e-3..=1e9;

/// How a region lies in the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// Input pixels a frame pixel, above zero.
    pub scale: f32,
    /// The black margin on the left, in input pixels.
    pub pad_x: f32,
    /// The black margin at the top, in input pixels.
    pub pad_y: f32,
    /// The region's top left corner, in frame pixels.
    pub origin: Point,
}

impl Letterbox {
    /// How a region without extent, or one that is not finite, lies: nowhere, and it is all black.
    const NOWHERE: Self = Self { scale: 1.0, pad_x: 0.0, pad_y: 0.0, origin: Point::new(0.0, 0.0) };

    fn fit(region: Rect, size: Size) -> Option<Self> {
        let (width, height) = (size.width as f32, size.height as f32);
        let finite = [region.x, region.y, region.width, region.height].iter().all(|v| v.is_finite());
        (finite && USABLE.contains(&region.width.max(region.height)) && size.area() > 0).then(|| {
            // A side without extent does not limit the other.
            let scale = (width / region.width.max(0.0)).min(height / region.height.max(0.0));
            let pad = |side: f32, length: f32| (side - length * scale) / 2.0;
            let origin = Point::new(region.x, region.y);
            Self { scale, pad_x: pad(width, region.width), pad_y: pad(height, region.height), origin }
        })
    }

    /// Where a point of the input lies in the frame.
    pub fn to_frame(&self, p: Point) -> Point {
        let along = |origin, pad, p| origin + (p - pad) / self.scale;
        Point::new(along(self.origin.x, self.pad_x, p.x), along(self.origin.y, self.pad_y, p.y))
    }
}

/// Makes letterboxed inputs; keeps its buffers.
#[derive(Debug, Default)]
pub struct Letterboxer {
    resampler: Resampler,
}

impl Letterboxer {
    /// Fills `out` (red, green and blue planes of `size`) with a region of a picture.
    ///
    /// The region may reach beyond the frame: there, and around it, the input is black. A pixel shows
    /// the frame when its centre lies in it. A grey picture gives three equal planes. A region without
    /// extent, or one that is not finite, is all black.
    ///
    /// # Panics
    /// When `out` has not three numbers for each pixel of `size`.
    pub fn letterbox(
        &mut self,
        picture: &Picture,
        region: Rect,
        size: Size,
        norm: Normalise,
        out: &mut [f32],
    ) -> Letterbox {
        let Size { width, height } = size;
        assert_eq!(out.len(), 3 * size.area(), "a letterbox fills three planes of {width} x {height}");
        let Some(fitted) = Letterbox::fit(region, size) else {
            out.fill(norm.offset);
            return Letterbox::NOWHERE;
        };
        let Letterbox { scale, pad_x, pad_y, origin } = fitted;
        let across = Axis { origin: origin.x, length: region.width, frame: picture.width, pad: pad_x, scale };
        let down = Axis { origin: origin.y, length: region.height, frame: picture.height, pad: pad_y, scale };
        let (columns, rows) = (across.inside(width), down.inside(height));
        blacken(out, size, &columns, &rows, norm.offset);
        let window = Window {
            x: across.to_frame(columns.start),
            y: down.to_frame(rows.start),
            step_x: 1.0 / f64::from(scale),
            step_y: 1.0 / f64::from(scale),
            columns: columns.len(),
            rows: rows.len(),
        };
        let place = Place { first: rows.start * width + columns.start, pitch: width, channel: size.area() };
        for plane in planes(picture) {
            self.resampler.resample(&plane, &window, out, place);
        }
        let tone = Tone::of(picture, norm);
        let (first, others) = out.split_at_mut(size.area());
        let (second, third) = others.split_at_mut(size.area());
        for y in rows {
            let row = y * width + columns.start..y * width + columns.end;
            tone.finish_rgb([&mut first[row.clone()], &mut second[row.clone()], &mut third[row]]);
        }
        fitted
    }
}

/// One axis of a letterbox.
struct Axis {
    origin: f32,
    length: f32,
    frame: u32,
    pad: f32,
    scale: f32,
}

impl Axis {
    /// The pixels of an input with `side` of them whose centre lies in the region and in the frame.
    fn inside(&self, side: usize) -> Range<usize> {
        let (origin, frame) = (f64::from(self.origin), f64::from(self.frame));
        let (from, to) = (origin.max(0.0), (origin + f64::from(self.length)).min(frame));
        if from >= to {
            return 0..0;
        }
        let first = |edge: f64| {
            let edge = f64::from(self.pad) + (edge - origin) * f64::from(self.scale);
            (edge - 0.5).ceil().clamp(0.0, side as f64) as usize
        };
        first(from)..first(to)
    }

    /// Where the left or upper edge of a pixel of the input lies in the frame.
    fn to_frame(&self, pixel: usize) -> f64 {
        f64::from(self.origin) + (pixel as f64 - f64::from(self.pad)) / f64::from(self.scale)
    }
}

/// Makes everything black but the rectangle of `columns` and `rows`.
fn blacken(out: &mut [f32], size: Size, columns: &Range<usize>, rows: &Range<usize>, black: f32) {
    for plane in out.chunks_exact_mut(size.area()) {
        for (y, row) in plane.chunks_exact_mut(size.width).enumerate() {
            if rows.contains(&y) {
                row[..columns.start].fill(black);
                row[columns.end..].fill(black);
            } else {
                row.fill(black);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{FORMATS, paint, ycbcr};
    use super::super::{MAX_SIDE, PixelFormat, Range as Luma};
    use super::*;

    const AS_IS: Normalise = Normalise { scale: 1.0, offset: 0.0 };

    fn whole(picture: &Picture) -> Rect {
        Rect::new(0.0, 0.0, picture.width() as f32, picture.height() as f32)
    }

    fn letterboxed(picture: &Picture, region: Rect, side: usize) -> (Letterbox, Vec<f32>) {
        // What was there before must not shine through.
        let mut out = vec![f32::NAN; 3 * side * side];
        let fitted = Letterboxer::default().letterbox(picture, region, Size::square(side), AS_IS, &mut out);
        (fitted, out)
    }

    /// What a format can show of a colour.
    fn shown(format: PixelFormat, rgb: [f64; 3]) -> [f64; 3] {
        if format == PixelFormat::Grey { [ycbcr(rgb)[0]; 3] } else { rgb }
    }

    #[test]
    fn a_constant_colour_stays_itself_in_every_format_and_range() {
        for format in FORMATS {
            for range in [Luma::Limited, Luma::Full] {
                for rgb in [[0.0; 3], [255.0; 3], [128.0; 3], [200.0, 60.0, 30.0], [20.0, 90.0, 220.0]] {
                    let picture = paint(format, range, (37, 21), |_, _| rgb);
                    let region = Rect::new(3.0, 2.0, 16.0, 16.0);
                    for side in [5, 16, 40] {
                        let (_, out) = letterboxed(&picture, region, side);
                        for (plane, expected) in out.chunks_exact(side * side).zip(shown(format, rgb)) {
                            for &value in plane {
                                assert!(
                                    (f64::from(value) - expected).abs() < 2.5,
                                    "{format:?} {range:?} {value} {expected}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    /// A colour that changes along both axes, each channel in its own way.
    fn slopes(x: f64, y: f64) -> [f64; 3] {
        [30.0 + 0.8 * x + 0.3 * y, 120.0 + 0.4 * x - 0.8 * y, 130.0 - 0.6 * x + 0.9 * y]
    }

    /// The largest difference from [`slopes`], seen through the square's own mapping moved by `shift`.
    fn error(format: PixelFormat, side: usize, shift: Point) -> f64 {
        let picture = paint(format, Luma::Full, (200, 120), slopes);
        // The margins keep blocks and their chroma within the frame.
        let (fitted, out) = letterboxed(&picture, Rect::new(9.5, 10.25, 180.0, 100.0), side);
        let mut worst = 0.0_f64;
        for y in 0..side {
            for x in 0..side {
                let at = fitted.to_frame(Point::new(x as f32 + 0.5, y as f32 + 0.5));
                if !(10.25..110.25).contains(&at.y) {
                    continue;
                }
                let rgb = shown(format, slopes(f64::from(at.x + shift.x), f64::from(at.y + shift.y)));
                for (plane, expected) in out.chunks_exact(side * side).zip(rgb) {
                    worst = worst.max((f64::from(plane[y * side + x]) - expected).abs());
                }
            }
        }
        worst
    }

    #[test]
    fn slopes_come_out_where_the_mapping_says_whether_shrunk_or_enlarged() {
        for format in FORMATS {
            for side in [24, 45, 180, 300] {
                let exact = error(format, side, Point::default());
                assert!(exact < 2.0, "{format:?} {side}: {exact}");
                for (x, y) in [(6.0, 0.0), (-6.0, 0.0), (0.0, 6.0), (0.0, -6.0)] {
                    let shift = Point::new(x, y);
                    let shifted = error(format, side, shift);
                    assert!(shifted > exact + 1.0, "{format:?} {side} would not notice {shift:?}: {shifted}");
                }
            }
        }
    }

    #[test]
    fn the_region_is_centred_and_black_is_around_it() {
        let picture = paint(PixelFormat::I420, Luma::Limited, (80, 40), |_, _| [255.0; 3]);
        let (fitted, out) = letterboxed(&picture, whole(&picture), 20);
        assert_eq!(fitted, Letterbox { scale: 0.25, pad_x: 0.0, pad_y: 5.0, origin: Point::default() });
        for (i, &value) in out.iter().enumerate() {
            let expected = if (5..15).contains(&(i / 20 % 20)) { 255.0 } else { 0.0 };
            assert!((value - expected).abs() < 1.0, "{i}: {value}");
        }
    }

    #[test]
    fn a_region_that_reaches_beyond_the_frame_is_black_there() {
        let picture = paint(PixelFormat::Yuyv, Luma::Full, (10, 10), |_, _| [255.0; 3]);
        let (fitted, out) = letterboxed(&picture, Rect::new(-5.0, 5.0, 10.0, 10.0), 10);
        assert_eq!(fitted.to_frame(Point::new(5.0, 0.0)), Point::new(0.0, 5.0));
        for (i, &value) in out.iter().enumerate() {
            let (x, y) = (i % 10, i / 10 % 10);
            assert_eq!(value > 250.0, x >= 5 && y < 5, "{x} {y}: {value}");
        }
    }

    #[test]
    fn an_input_of_the_pictures_own_shape_wastes_nothing() {
        let picture = paint(PixelFormat::I420, Luma::Limited, (80, 40), |_, _| [255.0; 3]);
        let mut out = vec![f32::NAN; 3 * 20 * 12];
        let size = Size { width: 20, height: 12 };
        let fitted = Letterboxer::default().letterbox(&picture, whole(&picture), size, AS_IS, &mut out);
        // As large as in a square of 20, with a row of black instead of five on either side.
        assert_eq!(fitted, Letterbox { scale: 0.25, pad_x: 0.0, pad_y: 1.0, origin: Point::default() });
        for (i, &value) in out.iter().enumerate() {
            let expected = if (1..11).contains(&(i / 20 % 12)) { 255.0 } else { 0.0 };
            assert!((value - expected).abs() < 1.0, "{i}: {value}");
        }
    }

    #[test]
    fn black_is_normalised_too() {
        let norm = Normalise { scale: 2.0 / 255.0, offset: -1.0 };
        let picture = paint(PixelFormat::Grey, Luma::Full, (4, 2), |_, _| [255.0; 3]);
        let mut out = vec![0.0; 3 * 16];
        Letterboxer::default().letterbox(&picture, whole(&picture), Size::square(4), norm, &mut out);
        assert_eq!(out[..4], [-1.0; 4]);
        assert_eq!(out[4..12], [1.0; 8]);
        assert_eq!(out[12..16], [-1.0; 4]);
    }

    #[test]
    fn a_pattern_finer_than_the_output_becomes_its_mean() {
        for format in FORMATS {
            let board = |x: f64, y: f64| [if (x.floor() + y.floor()) % 2.0 == 0.0 { 0.0 } else { 200.0 }; 3];
            let picture = paint(format, Luma::Full, (100, 100), board);
            let (_, out) = letterboxed(&picture, whole(&picture), 15);
            for value in out {
                assert!((value - 100.0).abs() < 4.0, "{format:?}: {value}");
            }
        }
    }

    #[test]
    fn regions_without_extent_or_end_are_black() {
        let picture = paint(PixelFormat::Rgb24, Luma::Full, (8, 8), |_, _| [255.0; 3]);
        for region in [
            Rect::default(),
            Rect::new(0.0, 0.0, -4.0, -4.0),
            Rect::new(100.0, 100.0, 8.0, 8.0),
            Rect::new(f32::NAN, 0.0, 8.0, 8.0),
            Rect::new(0.0, 0.0, f32::INFINITY, 8.0),
        ] {
            let (fitted, out) = letterboxed(&picture, region, 6);
            assert!(out.iter().all(|&value| value == 0.0), "{region:?}");
            assert!(fitted.to_frame(Point::new(3.0, 3.0)).is_finite());
        }
    }

    #[test]
    fn the_smallest_and_the_widest_frames_work() {
        let dot = paint(PixelFormat::I420, Luma::Full, (1, 1), |_, _| [250.0, 10.0, 10.0]);
        let (_, out) = letterboxed(&dot, whole(&dot), 8);
        assert!(out[..64].iter().all(|&red| red > 245.0) && out[64..].iter().all(|&other| other < 15.0));

        let mut wide = Picture::default();
        wide.reset(PixelFormat::Nv12, Luma::Full, MAX_SIDE, 512).unwrap().fill(128);
        let (_, out) = letterboxed(&wide, whole(&wide), 64);
        assert!(out[31 * 64..33 * 64].iter().all(|&value| value == 128.0));
        assert!(out[..31 * 64].iter().all(|&value| value == 0.0));
    }

    #[test]
    fn nothing_is_allocated_after_the_first_time() {
        let mut letterboxer = Letterboxer::default();
        let mut out = vec![0.0; 3 * 48 * 48];
        for format in FORMATS {
            let picture = paint(format, Luma::Limited, (160, 90), slopes);
            letterboxer.letterbox(&picture, whole(&picture), Size::square(48), AS_IS, &mut out);
            let again = allocation_counter::measure(|| {
                letterboxer.letterbox(&picture, whole(&picture), Size::square(48), AS_IS, &mut out);
            });
            assert_eq!(again.count_total, 0, "{format:?}");
        }
    }

    proptest! {
        #[test]
        fn every_region_gives_numbers_in_range(
            format in prop::sample::select(&FORMATS[..]),
            size in (1..40u32, 1..40u32),
            corner in (-1e5..1e5f32, -1e5..1e5f32),
            extent in (prop_oneof![0.0..100.0f32, 0.0..1e9f32], prop_oneof![0.0..100.0f32, 0.0..1e9f32]),
            near in any::<bool>(),
            side in 0..40usize,
        ) {
            let noise = |x: f64, y: f64| [x * 977.0 % 256.0, y * 613.0 % 256.0, x * y * 331.0 % 256.0];
            let picture = paint(format, Luma::Limited, size, noise);
            let (x, y) = if near { (corner.0 / 2e3, corner.1 / 2e3) } else { corner };
            let (fitted, out) = letterboxed(&picture, Rect::new(x, y, extent.0, extent.1), side);
            prop_assert!(out.iter().all(|value| (0.0..=255.0).contains(value)));
            prop_assert!(fitted.to_frame(Point::new(0.0, side as f32)).is_finite());
        }
    }
}
