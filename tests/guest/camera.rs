//! Cameras of real drivers: every format, cables that are pulled, numbers that change, silence, damage.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use affectd::capture::v4l::controls::{Controls, Tuned};
use affectd::capture::v4l::devices::{Access, Device, NodeKind, devices};
use affectd::capture::v4l::holders::holders;
use affectd::capture::v4l::offers::{Format, offers_of};
use affectd::capture::v4l::{Camera, Opener};
use affectd::capture::{Address, CaptureError, Frame, Read, VideoSource};
use affectd::clock::{Clock, SystemClock};
use affectd::picture::{Picture, PixelFormat};

use super::support::SOON;
use super::support::media::clip;
use super::vm::{LoopbackWriter, Module, Running, plug_vivid, run, unplug_vivid, wait_until};

/// What the bars of television look like: eight, each darker than the one to its left.
const BARS: &str = "pal75bars=size=640x360:rate=15:duration=2";

fn opener(address: &str) -> Opener {
    let Ok(Address::V4l(camera)) = address.parse() else { panic!("{address} is no camera") };
    Opener::new(camera, Controls::default(), Arc::new(SystemClock))
}

/// Reads so many frames, each after the other and of the bars.
fn frames(camera: &mut Camera, count: usize) -> Vec<Frame> {
    let deadline = SystemClock.now() + SOON;
    let mut frames: Vec<Frame> = Vec::new();
    let mut frame = Frame::default();
    while frames.len() < count {
        assert!(SystemClock.now() < deadline, "only {} frames came", frames.len());
        if camera.read(&mut frame, Duration::from_secs(1)).unwrap() == Read::Filled {
            assert!(frame.captured_at <= SystemClock.now());
            if let Some(last) = frames.last() {
                assert!(frame.number > last.number && frame.captured_at > last.captured_at);
            }
            assert_bars(&frame.picture);
            frames.push(frame.clone());
        }
    }
    frames
}

/// Reads until the camera fails.
fn failure(camera: &mut Camera) -> CaptureError {
    let (deadline, mut frame) = (SystemClock.now() + SOON, Frame::default());
    while SystemClock.now() < deadline {
        if let Err(error) = camera.read(&mut frame, Duration::from_millis(500)) {
            return error;
        }
    }
    panic!("the camera did not fail");
}

/// Opens it as soon as it can be opened.
fn reopened(opener: &mut Opener) -> Camera {
    let mut camera = None;
    wait_until("the camera is back", || {
        camera = opener.open().ok();
        camera.is_some()
    });
    camera.unwrap()
}

/// The brightness at a place, 0 to 255.
fn luma(picture: &Picture, x: usize, y: usize) -> f32 {
    let (data, width) = (picture.data(), picture.width() as usize);
    let at = |i: usize| f32::from(data[i]);
    match picture.format() {
        PixelFormat::Grey | PixelFormat::I420 | PixelFormat::Nv12 => at(y * width + x),
        PixelFormat::Yuyv => at(2 * (y * width.next_multiple_of(2) + x)),
        PixelFormat::Ycbcr24 => at(3 * (y * width + x)),
        PixelFormat::Rgb24 => {
            let pixel = 3 * (y * width + x);
            0.299 * at(pixel) + 0.587 * at(pixel + 1) + 0.114 * at(pixel + 2)
        }
    }
}

fn assert_bars(picture: &Picture) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let bars: Vec<f32> = (0..8).map(|bar| luma(picture, width * (2 * bar + 1) / 16, height * 3 / 4)).collect();
    assert!(bars.windows(2).all(|pair| pair[0] > pair[1] + 5.0), "{:?}: {bars:?}", picture.format());
}

fn the(kind: NodeKind) -> Device {
    devices().into_iter().find(|device| device.kind == kind).unwrap_or_else(|| panic!("no {kind:?}: {:?}", devices()))
}

#[test]
fn every_format_gives_the_picture() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    for (format, expected) in [
        ("yuyv", PixelFormat::Yuyv),
        ("nv12", PixelFormat::Nv12),
        ("grey", PixelFormat::Grey),
        ("rgb24", PixelFormat::Rgb24),
    ] {
        let mut camera = opener(&format!("v4l:/dev/video0?size=640x360&fps=15&format={format}")).open().unwrap();
        for Frame { picture, .. } in frames(&mut camera, 5) {
            assert_eq!((picture.format(), picture.width(), picture.height()), (expected, 640, 360));
        }
        assert_eq!((camera.frame_rate(), camera.damaged()), (Some(15.0), 0));
    }
}

#[test]
fn by_itself_a_camera_is_read_in_a_size_with_enough_frames() {
    let _vivid = Module::vivid(320, 180, "YUYV");
    let mut camera = opener("v4l:/dev/video0").open().unwrap();
    let picture = frames(&mut camera, 2).remove(0).picture;
    assert!(picture.width() >= 640 && camera.frame_rate().unwrap() >= 12.0, "{}", picture.width());
}

#[test]
fn a_camera_is_listed_and_found_by_its_name_and_where_it_is() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let camera = the(NodeKind::Capture);
    assert_eq!((camera.node.as_path(), &camera.access), (Path::new("/dev/video0"), &Access::Usable));
    assert_eq!(
        (camera.name.as_str(), camera.driver.as_str(), camera.bus.as_str()),
        ("vivid", "vivid", "platform:vivid-000")
    );
    let offers = offers_of(&camera.node).unwrap();
    assert!(offers.iter().any(|offer| matches!(offer.format, Format::Unread(_))), "{offers:?}");
    assert!(offers.iter().any(|offer| offer.sizes.largest() == (640, 360) && offer.fps.is_some()), "{offers:?}");
    for address in ["v4l:name=VIVID?size=640x360", "v4l:platform:vivid-000?size=640x360"] {
        frames(&mut opener(address).open().unwrap(), 2);
    }
    let missing = opener("v4l:name=webcam").open().err().unwrap().to_string();
    assert!(missing.contains("this machine has /dev/video0 (vivid, platform:vivid-000)"), "{missing}");
}

#[test]
fn a_camera_that_is_pulled_out_fails_and_comes_back() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut opener = opener("v4l:/dev/video0?size=640x360&fps=15");
    let mut camera = opener.open().unwrap();
    for _ in 0..2 {
        frames(&mut camera, 3);
        unplug_vivid();
        let failed = failure(&mut camera).to_string();
        assert!(failed.contains("plug it in again"), "{failed}");
        drop(camera);
        let away = opener.open().err().unwrap().to_string();
        assert!(away.contains("this machine has no camera now"), "{away}");
        plug_vivid();
        camera = reopened(&mut opener);
    }
    frames(&mut camera, 3);
}

#[test]
fn a_camera_is_found_under_another_number_and_no_other_is_taken_for_it() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut opener = opener("v4l:/dev/video0?size=640x360&fps=15");
    let mut camera = opener.open().unwrap();
    frames(&mut camera, 2);
    unplug_vivid();
    failure(&mut camera);
    drop(camera);
    let _other = Module::loopback(0, "other");
    let mixed_up = opener.open().err().unwrap().to_string();
    assert!(mixed_up.contains("vivid at platform:vivid-000 is away, and /dev/video0 (other"), "{mixed_up}");
    plug_vivid();
    frames(&mut reopened(&mut opener), 3);
    assert!(devices().iter().any(|device| device.name == "vivid" && device.node != Path::new("/dev/video0")));
}

#[test]
fn a_camera_that_is_gone_while_it_is_open_fails_and_comes_back() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut opener = opener("v4l:/dev/video0?size=640x360&fps=15");
    let mut camera = opener.open().unwrap();
    frames(&mut camera, 2);
    run("v4l2-ctl", &["-d", "/dev/video0", "-c", "disconnect=1"]);
    assert!(failure(&mut camera).to_string().contains("No such device"));
    assert!(opener.open().is_err());
    // To vivid, it is plugged in again when the last program has let go of it.
    drop(camera);
    frames(&mut reopened(&mut opener), 2);
}

#[test]
fn a_clip_that_is_fed_comes_through_raw_and_as_jpegs_and_silence_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, jpegs) = (clip(dir.path(), "bars.mp4", BARS, "null"), dir.path().join("bars.avi"));
    let arguments = ["-v", "error", "-i", raw.to_str().unwrap(), "-c:v", "mjpeg", "-q:v", "4"];
    run("ffmpeg", &[&arguments[..], &["-pix_fmt", "yuvj422p", jpegs.to_str().unwrap()]].concat());
    let _loopback = Module::loopback(10, "looped");
    let mut opener = opener("v4l:/dev/video10");
    for (clip, as_it_is, format) in [(&raw, false, PixelFormat::Yuyv), (&jpegs, true, PixelFormat::Ycbcr24)] {
        let feeder = Running::feeder(clip, 10, as_it_is);
        let mut camera = reopened(&mut opener);
        assert_eq!(frames(&mut camera, 5)[4].picture.format(), format);
        feeder.signal("STOP");
        let silent = failure(&mut camera).to_string();
        assert!(silent.contains("it gave no frame for"), "{silent}");
        drop(camera);
        feeder.signal("CONT");
        frames(&mut reopened(&mut opener), 2);
    }
}

#[test]
fn damaged_jpegs_are_counted_and_left_out_and_nothing_else_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let photo = dir.path().join("bars.jpg");
    let arguments = ["-v", "error", "-f", "lavfi", "-i", BARS, "-frames:v", "1", "-q:v", "4", "-pix_fmt", "yuvj422p"];
    run("ffmpeg", &[&arguments[..], &[photo.to_str().unwrap()]].concat());
    let whole = fs::read(photo).unwrap();
    let _loopback = Module::loopback(10, "looped");
    let writer = LoopbackWriter::open(10, 640, 360, "MJPG");
    let only_damaged = Arc::new(AtomicBool::new(false));
    let garbage: Vec<u8> = (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let padded = [&whole[..], &[0; 700]].concat();
    let told = only_damaged.clone();
    let _writing = writer.keep_writing(move |i| match (i % 5, told.load(Ordering::Relaxed)) {
        (0, _) => whole[..whole.len() / 2].to_vec(),
        (1, _) => garbage.clone(),
        (2, _) => whole[whole.len() / 3..].to_vec(),
        (_, true) => whole[..whole.len() * 9 / 10].to_vec(),
        (3, false) => padded.clone(),
        (_, false) => whole.clone(),
    });
    let mut camera = reopened(&mut opener("v4l:/dev/video10"));
    frames(&mut camera, 20);
    assert!(camera.damaged() > 0);
    only_damaged.store(true, Ordering::Relaxed);
    let failed = failure(&mut camera).to_string();
    assert!(failed.contains("30 frames in a row are damaged"), "{failed}");
}

#[test]
fn a_camera_that_another_program_uses_says_which_and_is_taken_when_it_is_free() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut opener = opener("v4l:/dev/video0?size=640x360&fps=15");
    let other =
        Running::start(Command::new("v4l2-ctl").args(["-d", "/dev/video0", "--stream-mmap", "--stream-to=/dev/null"]));
    wait_until("the other program streams", || opener.open().is_err());
    let busy = opener.open().err().unwrap().to_string();
    assert!(busy.contains(&format!("v4l2-ctl (process {})", other.id())), "{busy}");
    assert_eq!(holders("/dev/video0".as_ref()).len(), 1);
    drop(other);
    frames(&mut reopened(&mut opener), 2);
}

#[test]
fn beside_a_node_of_metadata_the_camera_is_taken() {
    let _vivid = Module::load("vivid", &["n_devs=1", "node_types=0x20001", "input_types=0x00", "num_inputs=1"]);
    wait_until("both nodes are there", || devices().len() == 2);
    let metadata = the(NodeKind::Metadata);
    let mut camera = opener(&format!("v4l:{}?size=640x360", metadata.node.display())).open().unwrap();
    frames(&mut camera, 2);
}

#[test]
fn one_frame_a_second_is_enough_to_be_alive() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut camera = opener("v4l:/dev/video0?size=640x360&fps=1").open().unwrap();
    assert_eq!(camera.frame_rate(), Some(1.0));
    let frames = frames(&mut camera, 5);
    let span = frames[4].captured_at.since(frames[0].captured_at);
    assert!(span >= Duration::from_millis(3500), "{span:?}");
}

#[test]
fn a_camera_of_four_thousand_pixels_across_is_read() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut camera = opener("v4l:/dev/video0?size=3840x2160&fps=1&format=nv12").open().unwrap();
    assert_eq!(frames(&mut camera, 2)[1].picture.width(), 3840);
}

#[test]
fn controls_are_set_at_each_opening() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let Ok(Address::V4l(address)) = "v4l:/dev/video0?size=640x360".parse() else { panic!() };
    let controls = Controls { gain: Some(Tuned::To(77)), exposure: Some(Tuned::Auto), ..Controls::default() };
    let opener = Opener::new(address, controls, Arc::new(SystemClock));
    let read = |name: &str| run("v4l2-ctl", &["-d", "/dev/video0", "-C", name]).trim().to_owned();
    for _ in 0..2 {
        // That vivid has no exposure is told, and hinders nothing.
        frames(&mut opener.open().unwrap(), 2);
        assert_eq!((read("gain"), read("gain_automatic")), ("gain: 77".into(), "gain_automatic: 0".into()));
        run("v4l2-ctl", &["-d", "/dev/video0", "-c", "gain_automatic=1"]);
    }
}

#[test]
fn nothing_is_left_open_however_often_a_camera_is_opened() {
    let _vivid = Module::vivid(640, 360, "YUYV");
    let mut opener = opener("v4l:/dev/video0?size=640x360&fps=30");
    let open_files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let mapped = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("/dev/video")).count()
    };
    frames(&mut opener.open().unwrap(), 1);
    let (files, maps) = (open_files(), mapped());
    for round in 0..12 {
        let mut camera = opener.open().unwrap();
        frames(&mut camera, 1);
        if round % 4 == 0 {
            unplug_vivid();
            failure(&mut camera);
            plug_vivid();
            drop(camera);
            drop(reopened(&mut opener));
        }
    }
    assert_eq!((open_files(), mapped()), (files, maps));
    assert_eq!(maps, 0);
}

#[test]
fn a_card_without_a_list_of_sizes_is_read_in_the_size_it_has() {
    // An input of television that cannot scale lists no sizes.
    let card = ["n_devs=1", "node_types=0x1", "input_types=0x02", "num_inputs=1", "ccs_cap_mode=0"];
    let _vivid = Module::load("vivid", &card);
    wait_until("its node is there", || PathBuf::from("/dev/video0").exists());
    let mut camera = opener("v4l:/dev/video0?format=yuyv").open().unwrap();
    let mut frame = Frame::default();
    wait_until("a frame comes", || camera.read(&mut frame, Duration::from_secs(1)).unwrap() == Read::Filled);
    assert!(frame.picture.width() >= 640, "{}", frame.picture.width());
}
