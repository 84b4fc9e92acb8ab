//! What is in the pictures, whatever their format, size and rows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use affectd::capture::{self, Address, Frame, Read};
use affectd::clock::SystemClock;
use affectd::picture::{Picture, PixelFormat, Range};

use crate::pipes::{first, next, open, settled};

/// The brightness of the seven bars of a test picture, in their middles.
fn bars(picture: &Picture) -> Vec<u32> {
    let brightness = |at: usize| match picture.format() {
        PixelFormat::Rgb24 => {
            [299, 587, 114].iter().zip(&picture.data()[3 * at..]).map(|(w, &c)| w * u32::from(c)).sum()
        }
        _ => u32::from(picture.data()[at]),
    };
    (0..7).map(|bar| brightness((2 * bar + 1) * picture.width() as usize / 14)).collect()
}

/// A clip of one second without any loss, so that all decoders must agree to the byte.
fn lossless(dir: &Path, source: &str, format: &str) -> PathBuf {
    let clip = dir.join("lossless.mkv");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", source])
        .args(["-pix_fmt", format, "-c:v", "ffv1"])
        .arg(&clip)
        .status();
    assert!(made.unwrap().success());
    clip
}

#[test]
fn a_colour_is_that_colour() {
    let red = "videotestsrc pattern=solid-color foreground-color=0xffff0000 ! video/x-raw,width=64,height=48";
    let picture = first(&format!("{red},format=NV12"));
    assert_eq!((picture.width(), picture.height(), picture.format()), (64, 48, PixelFormat::Nv12));
    let (luma, chroma) = picture.data().split_at(64 * 48);
    // Red of BT.601 in limited range.
    assert!(luma.iter().all(|luma| luma.abs_diff(81) <= 1), "{luma:?}");
    assert!(chroma.chunks(2).all(|uv| uv[0].abs_diff(90) <= 1 && uv[1].abs_diff(240) <= 1), "{chroma:?}");
    let rgb = first(&format!("{red},format=RGB"));
    assert_eq!((rgb.format(), rgb.range()), (PixelFormat::Rgb24, Range::Full));
    assert!(rgb.data().chunks(3).all(|pixel| pixel == [255, 0, 0]));
}

#[test]
fn the_bars_of_a_test_picture_darken_from_left_to_right() {
    for format in ["I420", "NV12", "GRAY8"] {
        let picture = first(&format!("videotestsrc ! video/x-raw,format={format},width=322,height=240"));
        let bars = bars(&picture);
        assert!(bars.is_sorted_by(|left, right| left > right), "{format}: {bars:?}");
    }
}

#[test]
fn every_format_of_an_odd_size_is_the_picture_that_ffmpeg_decodes() {
    let dir = tempfile::tempdir().unwrap();
    let clip = lossless(dir.path(), "testsrc=size=101x75:rate=15:duration=1", "yuv420p");
    let expected = {
        let mut source = capture::open_video(&Address::File(clip.clone()), Arc::new(SystemClock)).unwrap();
        next(&mut *source).picture
    };
    assert_eq!((expected.width(), expected.height(), expected.format()), (101, 75, PixelFormat::I420));
    let decoded = format!("filesrc location={} ! matroskademux ! avdec_ffv1", clip.display());
    let as_given = first(&decoded);
    assert_eq!(as_given, expected);
    let converted = |format| first(&format!("{decoded} ! videoconvert ! video/x-raw,format={format}"));

    let (luma, chroma) = expected.data().split_at(101 * 75);
    let (blue, red) = chroma.split_at(51 * 38);
    let nv12 = converted("NV12");
    assert_eq!(nv12.format(), PixelFormat::Nv12);
    assert_eq!(&nv12.data()[..101 * 75], luma);
    let interleaved: Vec<u8> = blue.iter().zip(red).flat_map(|(&blue, &red)| [blue, red]).collect();
    assert_eq!(&nv12.data()[101 * 75..], interleaved);

    let yuyv = converted("YUY2");
    assert_eq!(yuyv.format(), PixelFormat::Yuyv);
    for (row, luma) in yuyv.data().chunks(4 * 51).zip(luma.chunks(101)) {
        let own: Vec<u8> = row.iter().step_by(2).take(101).copied().collect();
        assert_eq!(own, luma);
    }

    let grey = converted("GRAY8");
    assert_eq!((grey.format(), expected.range()), (PixelFormat::Grey, Range::Limited));
    assert_eq!(grey.data(), luma);
}

#[test]
fn pictures_of_no_format_of_ours_are_converted() {
    let dir = tempfile::tempdir().unwrap();
    let clip = lossless(dir.path(), "smptebars=size=322x240:rate=15:duration=1", "yuv444p");
    // The first cannot be linked, the second is found out while it plays.
    for line in [
        "videotestsrc ! video/x-raw,format=BGRx,width=322,height=240".to_owned(),
        format!("filesrc location={} ! decodebin", clip.display()),
    ] {
        let picture = first(&line);
        assert_eq!((picture.width(), picture.height()), (322, 240));
        let bars = bars(&picture);
        assert!(bars.is_sorted_by(|left, right| left > right), "{line}: {bars:?}");
    }
}

#[test]
fn a_new_size_and_format_take_over_while_it_plays() {
    let line = "videotestsrc num-buffers=5 ! video/x-raw,format=I420,width=64,height=48 ! both. \
                videotestsrc num-buffers=5 ! video/x-raw,format=YUY2,width=101,height=75 ! both. concat name=both";
    let mut source = open(line);
    let mut seen = Vec::new();
    let mut frame = Frame::default();
    while settled(&mut *source, &mut frame).unwrap() == Read::Filled {
        seen.push((frame.picture.format(), frame.picture.width(), frame.picture.height()));
    }
    seen.dedup();
    assert_eq!(seen, [(PixelFormat::I420, 64, 48), (PixelFormat::Yuyv, 101, 75)]);
}
