//! Every format, at any scale, against pictures painted from a formula.

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

/// Red, green and blue of each output.
fn warped_rgb(picture: &Picture, to_frame: &Similarity, (width, height): (usize, usize)) -> Vec<[f64; 3]> {
    let mut out = vec![f32::NAN; 3 * width * height];
    Warper::default().warp_rgb(picture, to_frame, width, height, AS_IS, &mut out);
    by_pixel(&out)
}

fn resized_rgb(picture: &Picture, (width, height): (usize, usize)) -> Vec<[f64; 3]> {
    let mut out = vec![f32::NAN; 3 * width * height];
    Warper::default().resize_rgb(picture, width, height, AS_IS, &mut out);
    by_pixel(&out)
}

fn by_pixel(planes: &[f32]) -> Vec<[f64; 3]> {
    let area = planes.len() / 3;
    (0..area).map(|i| [0, 1, 2].map(|channel| f64::from(planes[channel * area + i]))).collect()
}

/// What a format can show of a colour.
fn shown(format: PixelFormat, rgb: [f64; 3]) -> [f64; 3] {
    if format == PixelFormat::Grey { [ycbcr(rgb)[0]; 3] } else { rgb }
}

fn worst(found: [f64; 3], expected: [f64; 3]) -> f64 {
    found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, f64::max)
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

/// Each channel changes in its own way, and stays within what can be shown.
fn colours(x: f64, y: f64) -> [f64; 3] {
    [40.0 + 0.8 * x + 0.1 * y, 200.0 + 0.1 * x - 0.6 * y, 70.0 - 0.1 * x + 0.6 * y]
}

/// The worst difference of any channel from [`colours`], seen `shift` pixels aside.
fn colour_error(picture: &Picture, format: PixelFormat, scale: f32, shift: f64) -> f64 {
    let to_frame = turned(scale, 17.0, 55.0, 40.0);
    let out = warped_rgb(picture, &to_frame, (16, 20));
    let off = out.iter().enumerate().map(|(i, &found)| {
        let at = to_frame.apply(Point::new((i % 16) as f32 + 0.5, (i / 16) as f32 + 0.5));
        worst(found, shown(format, colours(f64::from(at.x) + shift, at.y.into())))
    });
    off.fold(0.0, f64::max)
}

#[test]
fn colours_come_out_where_the_transform_says_at_any_scale() {
    for format in FORMATS {
        for range in [Range::Full, Range::Limited] {
            let picture = paint(format, range, (240, 200), colours);
            for scale in [0.4, 1.0, 1.9, 2.1, 3.7, 5.2] {
                let exact = colour_error(&picture, format, scale, 0.0);
                assert!(exact < 2.6, "{format:?} {range:?} {scale}: {exact}");
                for shift in [-6.0, 6.0] {
                    let aside = colour_error(&picture, format, scale, shift);
                    assert!(aside > exact + 0.5, "{format:?} {scale} would not notice {shift}: {aside} for {exact}");
                }
            }
        }
    }
}

#[test]
fn red_green_and_blue_have_their_planes_in_every_format() {
    let orange = [210.0, 100.0, 20.0];
    for format in FORMATS {
        for range in [Range::Full, Range::Limited] {
            let picture = paint(format, range, (33, 17), |_, _| orange);
            let warps = [0.5, 3.0].map(|scale| warped_rgb(&picture, &turned(scale, 5.0, 4.0, 2.0), (9, 5)));
            for found in warps.into_iter().flatten().chain(resized_rgb(&picture, (8, 40))) {
                assert!(worst(found, shown(format, orange)) < 2.6, "{format:?} {range:?}: {found:?}");
            }
        }
    }
}

#[test]
fn a_grey_picture_gives_three_planes_of_what_grey_gives() {
    let picture = grey(3, &[1, 2, 3, 40, 50, 60, 70, 80, 90]);
    for scale in [0.7, 2.5] {
        let (to_frame, size) = (turned(scale, 9.0, 0.3, 0.2), (4, 2));
        let expected: Vec<_> = warped(&picture, &to_frame, size).into_iter().map(|v| [f64::from(v); 3]).collect();
        assert_eq!(warped_rgb(&picture, &to_frame, size), expected);
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
        let mut colours = vec![0.0; 3 * 32 * 32];
        let mut all = || {
            warper.warp_rgb(&picture, &turned(0.9, 9.0, 40.0, 30.0), 32, 32, AS_IS, &mut colours);
            warper.warp_rgb(&picture, &turned(3.1, 9.0, 40.0, 30.0), 32, 32, AS_IS, &mut colours);
            warper.resize_rgb(&picture, 32, 32, AS_IS, &mut colours);
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
        let to_frame = turned(scale, degrees, shift, -shift);
        for pixel in warped_rgb(&picture, &to_frame, out).into_iter().chain(resized_rgb(&picture, out)) {
            prop_assert!(pixel.iter().all(|value| (0.0..=255.0).contains(value)));
        }
    }
}
