//! What the face path costs besides its models, a face or a frame at a time.

use std::hint::black_box;
use std::time::Duration;

use affectd::affect::Confidence;
use affectd::clock::Monotonic;
use affectd::face::blazeface::Decoder;
use affectd::face::follow::Follower;
use affectd::face::track::Tracker;
use affectd::face::{Detection, FaceSettings, Landmarks, MAX_FACES, TrackId};
use affectd::geometry::{Point, Rect, Size};
use affectd::model::Layout;
use affectd::picture::letterbox::Letterbox;
use affectd::picture::{Picture, PixelFormat, Range};
use criterion::{Criterion, criterion_group, criterion_main};

/// The largest input of the detector, that of a square picture.
const INPUT: Size = Size::square(192);
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

fn face(x: f32, y: f32, side: f32) -> Detection {
    let at = |dx: f32, dy: f32| Point::new(x + dx * side, y + dy * side);
    let landmarks = Landmarks {
        right_eye: at(-0.2, -0.2),
        left_eye: at(0.2, -0.2),
        nose: at(0.0, 0.05),
        mouth: at(0.0, 0.25),
        right_ear: at(-0.45, -0.1),
        left_ear: at(0.45, -0.1),
    };
    let rect = Rect::new(x - side / 2.0, y - side / 2.0, side, side);
    Detection { rect, score: Confidence::MAX, landmarks }
}

/// A grey picture with detail everywhere, moved to the right by `shift` pixels.
fn picture(shift: f32) -> Picture {
    let mut picture = Picture::default();
    let Ok(bytes) = picture.reset(PixelFormat::Grey, Range::Full, WIDTH, HEIGHT) else { return picture };
    for (i, byte) in bytes.iter_mut().enumerate() {
        let (x, y) = ((i as u32 % WIDTH) as f32 - shift, (i as u32 / WIDTH) as f32);
        let wave = (x * 0.05).sin() + (y * 0.06).sin() + (0.03 * (x + y)).cos() * (x * 0.021).sin();
        *byte = (128.0 + 40.0 * wave) as u8;
    }
    picture
}

/// A network's output with `faces` of three anchors each, none over another.
fn output(faces: usize) -> (Vec<f32>, Vec<f32>) {
    let anchors = Layout::FullRange.anchors(INPUT);
    let (mut numbers, mut logits) = (vec![0.0; anchors * 16], vec![-9.0; anchors]);
    for n in 0..faces {
        let first = (n / 12) * 2 * 48 + (n % 12) * 4;
        for anchor in first..first + 3 {
            logits[anchor] = 2.0;
            numbers[anchor * 16 + 2..][..2].fill(8.0);
        }
    }
    (numbers, logits)
}

fn costs(criterion: &mut Criterion) {
    let settings = FaceSettings::default();
    let whole = Letterbox { scale: 0.15, pad_x: 0.0, pad_y: 42.0, origin: Point::default() };
    for faces in [1, 200] {
        let (numbers, logits) = output(faces);
        let mut decoder = Decoder::new(Layout::FullRange, INPUT);
        criterion.bench_function(&format!("decode a look with {faces} faces"), |b| {
            b.iter(|| black_box(decoder.decode(&numbers, &logits, settings.doubt_score, &whole).is_ok()));
        });
    }
    for faces in [4, MAX_FACES] {
        let crowd: Vec<_> = (0..faces).map(|i| face(i as f32 * 60.0, (i % 5) as f32 * 90.0, 80.0)).collect();
        let mut tracker = Tracker::new(settings.tracks(Confidence::MIN));
        let mut frame = 0;
        criterion.bench_function(&format!("advance and associate {faces} faces"), |b| {
            b.iter(|| {
                frame += 1;
                tracker.advance(Monotonic::new(Duration::from_millis(33) * frame));
                black_box(tracker.associate(&crowd, 0.0))
            });
        });
    }
    let (before, after) = (picture(0.0), picture(4.0));
    for side in [80.0, 160.0, 320.0] {
        let (seen, mut follower) = (face(640.0, 360.0, side), Follower::default());
        criterion.bench_function(&format!("keep a face of {side} pixels"), |b| {
            b.iter(|| follower.keep(&before, TrackId(1), seen.rect, &seen.landmarks));
        });
        criterion.bench_function(&format!("follow a face of {side} pixels"), |b| {
            b.iter(|| black_box(follower.follow(&after, TrackId(1), seen.rect.centre())));
        });
    }
}

criterion_group!(benches, costs);
criterion_main!(benches);
