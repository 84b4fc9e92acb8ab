//! What sampling a 720p frame costs, in every format: a detector's input, an aligned face, an MJPEG frame.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use affectd::capture::address::CameraFormat;
use affectd::capture::v4l::unpack::{Layout, unpack};
use affectd::geometry::{Rect, Similarity, Size};
use affectd::picture::letterbox::Letterboxer;
use affectd::picture::warp::Warper;
use affectd::picture::{Normalise, Picture, PixelFormat, Range, jpeg};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use v4l::buffer::Metadata;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
const NORM: Normalise = Normalise { scale: 2.0 / 255.0, offset: -1.0 };
const FORMATS: [PixelFormat; 6] = [
    PixelFormat::I420,
    PixelFormat::Nv12,
    PixelFormat::Yuyv,
    PixelFormat::Ycbcr24,
    PixelFormat::Rgb24,
    PixelFormat::Grey,
];

/// Waves of a few pixels, so that nothing is constant.
fn waves(i: usize) -> u8 {
    let (x, y) = (i % WIDTH as usize, i / WIDTH as usize);
    (128.0 + 60.0 * (x as f32 / 9.0).sin() + 60.0 * (y as f32 / 7.0).cos()) as u8
}

fn frame(format: PixelFormat) -> Picture {
    let mut picture = Picture::default();
    let bytes = picture.reset(format, Range::Limited, WIDTH, HEIGHT).unwrap();
    bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = waves(i));
    picture
}

fn letterbox(c: &mut Criterion) {
    let mut group = c.benchmark_group("letterbox 720p to 192");
    let (region, mut out) = (Rect::new(0.0, 0.0, WIDTH as f32, HEIGHT as f32), vec![0.0; 3 * 192 * 192]);
    for format in FORMATS {
        let (picture, mut letterboxer) = (frame(format), Letterboxer::default());
        group.bench_function(BenchmarkId::from_parameter(format!("{format:?}")), |b| {
            b.iter(|| black_box(letterboxer.letterbox(&picture, region, Size::square(192), NORM, &mut out)));
        });
    }
}

fn warp(c: &mut Criterion) {
    let mut group = c.benchmark_group("warp a turned face to 64");
    let (picture, mut warper, mut out) = (frame(PixelFormat::I420), Warper::default(), vec![0.0; 64 * 64]);
    for size in [50.0_f32, 120.0, 200.0, 320.0, 600.0] {
        let (sin, cos) = 0.15_f32.sin_cos();
        let scale = size / 64.0;
        let to_frame = Similarity { a: scale * cos, b: scale * sin, tx: 400.0, ty: 60.0 };
        group.bench_function(BenchmarkId::from_parameter(format!("{size} pixels")), |b| {
            b.iter(|| warper.warp_grey(black_box(&picture), &to_frame, 64, 64, NORM, &mut out));
        });
    }
}

fn warp_rgb(c: &mut Criterion) {
    let mut group = c.benchmark_group("warp a turned face of 200 pixels to 192 in colour");
    let (sin, cos) = 0.15_f32.sin_cos();
    let to_frame = Similarity { a: 1.5 * cos, b: 1.5 * sin, tx: 400.0, ty: 60.0 };
    for format in FORMATS {
        let (picture, mut warper, mut out) = (frame(format), Warper::default(), vec![0.0; 3 * 192 * 192]);
        group.bench_function(BenchmarkId::from_parameter(format!("{format:?}")), |b| {
            b.iter(|| warper.warp_rgb(black_box(&picture), &to_frame, 192, 192, NORM, &mut out));
        });
    }
}

fn resize(c: &mut Criterion) {
    let (picture, mut warper, mut out) = (frame(PixelFormat::I420), Warper::default(), vec![0.0; 64 * 64]);
    c.bench_function("resize 720p to 64", |b| {
        b.iter(|| warper.resize_grey(black_box(&picture), 64, 64, NORM, &mut out));
    });
}

fn take(c: &mut Criterion) {
    let mut group = c.benchmark_group("take a 720p frame out of the driver's buffer");
    for (format, bytes) in
        [(CameraFormat::Yuyv, 2.0), (CameraFormat::Nv12, 1.5), (CameraFormat::Grey, 1.0), (CameraFormat::Rgb24, 3.0)]
    {
        let buffer: Vec<u8> = (0..((WIDTH * HEIGHT) as f32 * bytes) as usize).map(waves).collect();
        let layout = Layout { format, range: Range::Limited, width: WIDTH, height: HEIGHT, stride: 0 };
        let (about, mut decoder, mut picture) = (Metadata::default(), jpeg::Decoder::default(), Picture::default());
        group.bench_function(BenchmarkId::from_parameter(format.name()), |b| {
            b.iter(|| unpack(&layout, black_box(&buffer), &about, &mut decoder, &mut picture).unwrap());
        });
    }
}

fn mjpeg(c: &mut Criterion) {
    let pixels: Vec<u8> = (0..(WIDTH * HEIGHT) as usize).flat_map(|i| [waves(i), waves(i + 5), 90]).collect();
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 85);
    encoder.write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
    let (mut decoder, mut picture) = (jpeg::Decoder::default(), Picture::default());
    c.bench_function("decode a 720p JPEG frame", |b| {
        b.iter(|| decoder.decode(black_box(&bytes), &mut picture).unwrap());
    });
}

criterion_group!(benches, letterbox, warp, warp_rgb, resize, take, mjpeg);
criterion_main!(benches);
