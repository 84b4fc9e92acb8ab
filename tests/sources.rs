//! Clips, sound and photos as users have them, whole and broken, read with the real ffmpeg.
//!
//! Everything is made here, by ffmpeg's test sources, so the expectations are known.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use affectd::capture::{Address, CaptureError, Frame, Read, Sound, SoundSource, VideoSource, open_sound, open_video};
use affectd::clock::{Stopwatch, SystemClock};
use affectd::geometry::{Rect, Size};
use affectd::picture::letterbox::Letterboxer;
use affectd::picture::{Normalise, Picture, PixelFormat, Range};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);

/// A directory with a file that ffmpeg made.
fn made(name: &str, arguments: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split_whitespace()).arg(&path);
    let done = ffmpeg.output().expect("ffmpeg is installed: apt-get install ffmpeg");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (dir, path)
}

fn written(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn video(path: &Path) -> Result<Box<dyn VideoSource>, CaptureError> {
    open_video(&Address::File(path.into()), Arc::new(SystemClock))
}

fn sound(path: &Path) -> Result<Box<dyn SoundSource>, CaptureError> {
    open_sound(&Address::File(path.into()), Arc::new(SystemClock))
}

/// All frames to the end, or to a failure.
fn frames(source: &mut dyn VideoSource) -> Result<Vec<Frame>, CaptureError> {
    let mut frames = Vec::new();
    loop {
        let mut frame = Frame::default();
        match source.read(&mut frame, LONG)? {
            Read::Filled => frames.push(frame),
            Read::Ended => return Ok(frames),
            Read::TimedOut => panic!("a frame took a minute"),
        }
    }
}

fn samples(source: &mut dyn SoundSource) -> Vec<f32> {
    let (mut samples, mut sound) = (Vec::new(), Sound::default());
    while source.read(&mut sound, LONG).unwrap() == Read::Filled {
        assert_eq!(sound.captured_at.since_zero().as_millis() as usize, samples.len() * 1000 / 16_000);
        samples.extend_from_slice(&sound.samples);
    }
    samples
}

/// The reason why a file is refused when it is opened, which names it.
fn refusal(path: &Path) -> String {
    let message = video(path).err().unwrap().to_string();
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    message
}

/// The mean red, green and blue of a picture.
fn mean(picture: &Picture) -> [f32; 3] {
    let (side, norm) = (8, Normalise { scale: 1.0, offset: 0.0 });
    let square = picture.width().min(picture.height()) as f32;
    let mut out = vec![0.0; 3 * side * side];
    Letterboxer::default().letterbox(picture, Rect::new(0.0, 0.0, square, square), Size::square(side), norm, &mut out);
    [0, 1, 2]
        .map(|channel| out.chunks_exact(side * side).nth(channel).unwrap().iter().sum::<f32>() / (side * side) as f32)
}

fn near(found: [f32; 3], expected: [f32; 3]) -> bool {
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 6.0)
}

#[test]
fn a_clip_gives_its_frames_in_clip_time_and_ends() {
    let (_dir, path) = made("clip.mp4", "-f lavfi -i testsrc=s=96x64:r=25:d=1.2 -pix_fmt yuv420p");
    let mut clip = video(&path).unwrap();
    assert_eq!((clip.frame_rate(), clip.frames_hint()), (Some(25.0), Some(30)));
    let frames = frames(&mut *clip).unwrap();
    assert_eq!(frames.len(), 30);
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!((frame.number, frame.captured_at.since_zero()), (i as u64, Duration::from_millis(40) * i as u32));
        assert_eq!((frame.picture.width(), frame.picture.height()), (96, 64));
        assert_eq!((frame.picture.format(), frame.picture.range()), (PixelFormat::I420, Range::Limited));
    }
    assert_ne!(frames[0].picture, frames[29].picture);
    assert_eq!(clip.read(&mut Frame::default(), LONG).unwrap(), Read::Ended);
}

#[test]
fn colours_survive_whatever_the_clip_keeps_them_in() {
    let colour = [200.0, 80.0, 40.0];
    for (name, how) in [
        ("limited.mkv", "-pix_fmt yuv420p -c:v ffv1"),
        ("full.mkv", "-pix_fmt yuvj420p -c:v mjpeg -q:v 1"),
        ("full-planes.mkv", "-pix_fmt yuv444p -c:v ffv1"),
        ("ten-bits.mkv", "-pix_fmt yuv420p10le -c:v ffv1"),
        ("rgb.mkv", "-pix_fmt bgr0 -c:v ffv1"),
        ("odd.mkv", "-vf crop=41:31 -pix_fmt yuv420p -c:v ffv1"),
    ] {
        let (_dir, path) = made(name, &format!("-f lavfi -i color=0xc85028:s=48x48:r=5:d=0.4 {how}"));
        let frames = frames(&mut *video(&path).unwrap()).unwrap();
        assert_eq!(frames.len(), 2, "{name}");
        assert!(near(mean(&frames[1].picture), colour), "{name}: {:?}", mean(&frames[1].picture));
    }
}

#[test]
fn a_clip_in_full_range_is_not_converted() {
    let (_dir, path) = made("full.avi", "-f lavfi -i testsrc=s=32x32:r=5:d=0.2 -pix_fmt yuvj420p -c:v mjpeg");
    let frames = frames(&mut *video(&path).unwrap()).unwrap();
    assert_eq!((frames[0].picture.format(), frames[0].picture.range()), (PixelFormat::I420, Range::Full));
}

#[test]
fn a_grey_clip_stays_grey() {
    let (_dir, path) = made("grey.mkv", "-f lavfi -i color=gray:s=32x32:r=5:d=0.2 -pix_fmt gray -c:v ffv1");
    let frames = frames(&mut *video(&path).unwrap()).unwrap();
    assert_eq!(frames[0].picture.format(), PixelFormat::Grey);
    assert!(near(mean(&frames[0].picture), [128.0; 3]), "{:?}", mean(&frames[0].picture));
}

#[test]
fn a_black_clip_is_black() {
    let (_dir, path) = made("black.mp4", "-f lavfi -i color=black:s=64x48:r=10:d=1 -pix_fmt yuv420p");
    let frames = frames(&mut *video(&path).unwrap()).unwrap();
    assert_eq!(frames.len(), 10);
    assert!(frames.iter().all(|frame| near(mean(&frame.picture), [0.0; 3])));
}

#[test]
fn a_clip_that_says_it_is_turned_comes_upright() {
    let (dir, path) = made("lying.mp4", "-f lavfi -i testsrc=s=64x48:r=5:d=0.4 -pix_fmt yuv420p");
    let turned = dir.path().join("turned.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-i"]).arg(&path).args(["-c", "copy", "-metadata:s:v", "rotate=90"]);
    assert!(ffmpeg.arg(&turned).status().unwrap().success());
    let frames = frames(&mut *video(&turned).unwrap()).unwrap();
    assert_eq!((frames[0].picture.width(), frames[0].picture.height()), (48, 64));
}

#[test]
fn frames_of_one_pixel_and_of_8k_come_whole() {
    let (_dir, path) =
        made("dot.mkv", "-f lavfi -i color=0xc85028:s=16x16:r=5:d=0.2 -vf scale=1:1 -pix_fmt yuv420p -c:v ffv1");
    let dot = frames(&mut *video(&path).unwrap()).unwrap();
    assert_eq!((dot[0].picture.width(), dot[0].picture.height()), (1, 1));
    assert!(near(mean(&dot[0].picture), [200.0, 80.0, 40.0]), "{:?}", mean(&dot[0].picture));

    let (_dir, path) =
        made("8k.mkv", "-f lavfi -i testsrc2=s=7680x4320:r=1:d=1 -pix_fmt yuv420p -c:v mjpeg -strict -1");
    let large = frames(&mut *video(&path).unwrap()).unwrap();
    assert_eq!(large.len(), 1);
    assert_eq!((large[0].picture.width(), large[0].picture.height()), (7680, 4320));
}

#[test]
fn a_clip_of_a_high_rate_is_thinned_out_in_time() {
    let (_dir, path) = made(
        "fast.mov",
        "-f lavfi -i testsrc=s=64x48:r=120:d=1 -pix_fmt yuv420p -c:v libx265 -x265-params log-level=error -tag:v hvc1",
    );
    let mut clip = video(&path).unwrap();
    assert_eq!(clip.frame_rate(), Some(60.0));
    let frames = frames(&mut *clip).unwrap();
    assert_eq!(frames.len(), 60);
    let end = frames[59].captured_at.since_zero().as_secs_f64();
    assert!((end - 59.0 / 60.0).abs() < 1e-6, "{end}");
}

#[test]
fn a_name_that_looks_like_an_option_or_a_protocol_is_a_name() {
    let (dir, path) = made("clip.mkv", "-f lavfi -i testsrc=s=32x32:r=5:d=0.4 -c:v ffv1");
    for name in ["-i.mkv", "http:x.mkv", "a b 'c'.mkv", "%03d.mkv"] {
        let renamed = dir.path().join(name);
        std::fs::copy(&path, &renamed).unwrap();
        assert_eq!(frames(&mut *video(&renamed).unwrap()).unwrap().len(), 2, "{name}");
    }
}

#[test]
fn a_missing_or_empty_file_and_a_directory_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = refusal(&dir.path().join("missing.mp4"));
    assert!(missing.contains("No such file") && missing.contains("check the path"), "{missing}");
    assert!(refusal(dir.path()).contains("it is a directory"));
    let (_dir, path) = written("empty.mp4", &[]);
    assert!(refusal(&path).contains("it is empty; copy or record it again"));
}

#[test]
fn a_corrupt_clip_is_refused_with_ffmpegs_reason() {
    let noise: Vec<u8> = (0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (_dir, path) = written("noise.mp4", &noise);
    let message = refusal(&path);
    assert!(message.contains("Invalid data") || message.contains("moov atom not found"), "{message}");
    assert!(message.contains("check that it plays elsewhere"), "{message}");
}

#[test]
fn a_clip_cut_short_gives_what_there_is_or_says_why_not() {
    let source = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -pix_fmt yuv420p";
    // An mp4 file has its index at the end: half of it is nothing.
    let (_dir, whole) = made("whole.mp4", source);
    let bytes = std::fs::read(&whole).unwrap();
    let (_dir, half) = written("half.mp4", &bytes[..bytes.len() / 2]);
    assert!(refusal(&half).contains("moov atom not found"));
    // A transport stream can be read from anywhere to anywhere.
    let (_dir, whole) = made("whole.ts", source);
    let bytes = std::fs::read(&whole).unwrap();
    let (_dir, half) = written("half.ts", &bytes[..bytes.len() / 2]);
    let frames = frames(&mut *video(&half).unwrap()).unwrap();
    assert!((20..80).contains(&frames.len()), "{}", frames.len());
}

#[test]
fn a_file_without_video_is_refused() {
    let (_dir, path) = made("tone.wav", "-f lavfi -i sine=d=0.2");
    assert!(refusal(&path).contains("it has no video"));
}

#[test]
fn a_read_takes_no_longer_than_told_and_goes_on_where_it_was() {
    let (_dir, path) = made("clip.mkv", "-f lavfi -i testsrc=s=640x480:r=25:d=2 -pix_fmt yuv420p -c:v ffv1");
    let whole = frames(&mut *video(&path).unwrap()).unwrap();
    let mut clip = video(&path).unwrap();
    let (mut impatient, mut timeouts) = (Vec::new(), 0);
    let begun = Stopwatch::start();
    loop {
        // Another buffer each time, as when frames go round through a mailbox.
        let mut frame = Frame::default();
        match clip.read(&mut frame, Duration::ZERO).unwrap() {
            Read::Filled => impatient.push(frame),
            Read::TimedOut => timeouts += 1,
            Read::Ended => break,
        }
        assert!(begun.elapsed() < LONG, "the clip does not end");
    }
    assert!(timeouts > 0);
    assert!(whole.iter().map(|frame| &frame.picture).eq(impatient.iter().map(|frame| &frame.picture)));
}

#[test]
fn reading_on_allocates_nothing() {
    let (_dir, path) = made("clip.mp4", "-f lavfi -i testsrc=s=160x120:r=25:d=2 -pix_fmt yuv420p");
    let mut clip = video(&path).unwrap();
    let mut frame = Frame::default();
    // Two buffers go round.
    for _ in 0..2 {
        clip.read(&mut frame, LONG).unwrap();
    }
    let allocated = allocation_counter::measure(|| {
        for _ in 0..40 {
            assert_eq!(clip.read(&mut frame, LONG).unwrap(), Read::Filled);
        }
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn dropping_a_clip_in_its_midst_ends_ffmpeg() {
    let (_dir, path) = made("clip.mp4", "-f lavfi -i testsrc=s=320x240:r=25:d=4 -pix_fmt yuv420p");
    let mut clip = video(&path).unwrap();
    assert_eq!(clip.read(&mut Frame::default(), LONG).unwrap(), Read::Filled);
    assert_eq!(readers(&path).len(), 1);
    drop(clip);
    assert!(readers(&path).is_empty());
}

#[test]
fn a_clip_whose_ffmpeg_dies_fails_and_does_not_just_end() {
    let (_dir, path) = made("clip.mp4", "-f lavfi -i testsrc=s=320x240:r=25:d=4 -pix_fmt yuv420p");
    let mut clip = video(&path).unwrap();
    assert_eq!(clip.read(&mut Frame::default(), LONG).unwrap(), Read::Filled);
    for process in readers(&path) {
        assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
    }
    let message = frames(&mut *clip).unwrap_err().to_string();
    assert!(message.contains("clip.mp4 failed: ") && message.contains("signal: 9"), "{message}");
}

/// The processes that were started with this file as an argument.
fn readers(path: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(path.to_str().unwrap())
        })
        .map(|process| process.file_name().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_sound_of_a_clip_is_one_channel_of_16_khz() {
    let (_dir, path) = made(
        "talk.mkv",
        "-f lavfi -i testsrc=s=32x32:r=5:d=1.05 -f lavfi -i sine=f=440:r=44100:d=1.05 -ac 2 -c:v ffv1 -c:a pcm_s16le",
    );
    let mut source = sound(&path).unwrap();
    assert_eq!(source.sample_rate(), 16_000);
    let samples = samples(&mut *source);
    assert!((16_700..=16_900).contains(&samples.len()), "{}", samples.len());
    let rises = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((458..=466).contains(&rises), "{rises} waves in 1.05 s of 440 Hz");
    assert_eq!(source.read(&mut Sound::default(), LONG).unwrap(), Read::Ended);
}

#[test]
fn a_clip_without_sound_says_so() {
    let (_dir, path) = made("silent.mkv", "-f lavfi -i testsrc=s=32x32:r=5:d=0.4 -c:v ffv1");
    let message = sound(&path).err().unwrap().to_string();
    assert!(message.contains("silent.mkv cannot be opened: it has no sound"), "{message}");
}

#[test]
fn a_photo_is_a_clip_of_one_frame() {
    let (_dir, path) = made("photo.PNG", "-f lavfi -i color=0xc85028:s=40x30 -frames:v 1 -c:v png -f image2");
    let mut photo = video(&path).unwrap();
    assert_eq!(photo.frames_hint(), Some(1));
    let frames = frames(&mut *photo).unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].picture.format(), PixelFormat::Rgb24);
    assert!(near(mean(&frames[0].picture), [200.0, 80.0, 40.0]));
}

#[test]
fn a_photo_that_is_none_is_refused() {
    let (_dir, path) = written("empty.jpg", &[]);
    assert!(refusal(&path).contains("is empty; copy or take the photo again"));
    let (_dir, path) = written("text.jpg", b"this is no photo");
    assert!(refusal(&path).contains("convert it to JPEG or PNG"));
}

#[test]
fn a_source_of_the_other_kind_is_refused() {
    let camera: Address = "v4l:/dev/video0".parse().unwrap();
    let microphone: Address = "alsa:default".parse().unwrap();
    let clock = Arc::new(SystemClock);
    let message = open_sound(&camera, clock.clone()).err().unwrap().to_string();
    assert!(message.contains("it is a camera; give a microphone or a clip"), "{message}");
    let message = open_video(&microphone, clock).err().unwrap().to_string();
    assert!(message.contains("it is a microphone; give a camera or a clip"), "{message}");
}
