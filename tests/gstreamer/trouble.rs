//! Pipelines that are none, end, hang, or fall silent.

use std::fs::OpenOptions;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use affectd::capture::{CaptureError, Frame, Read};
use affectd::clock::{Clock, SystemClock};
use rustix::time::{ClockId, clock_gettime};

use crate::pipes::{PATIENCE, Sender, complaint, next, open, settled, try_open};
use crate::support::SOON;

#[test]
fn a_text_that_is_no_pipeline_is_refused_with_the_remedy() {
    for (line, reason, remedy) in [
        ("nvarguscamerasrc ! nvvidconv", "no element \"nvarguscamerasrc\"", "nvidia-l4t-gstreamer"),
        ("videotestsrc ! avdec_nonsense", "no element \"avdec_nonsense\"", "apt-get install gstreamer1.0-libav"),
        ("videotestsrc patern=ball", "no property \"patern\"", "gst-inspect-1.0"),
        ("videotestsrc pattern=nonsense", "could not set property \"pattern\"", "gst-inspect-1.0"),
        ("videotestsrc ! fakesink", "could not link fakesink", "without a sink"),
        ("videotestsrc !", "syntax error", "gst-launch-1.0"),
        ("videotestsrc ! 'video/x-raw", "", "; "),
        ("filesrc location=/no/such/clip.mp4 ! decodebin", "No such file", "is there and may be read"),
        ("v4l2src device=/dev/no-such-camera", "Cannot identify device", "is there and may be read"),
    ] {
        let error = try_open(line).err().unwrap();
        assert!(matches!(error, CaptureError::Open { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.starts_with("gst:") && message.contains(reason) && message.contains(remedy), "{message}");
    }
}

#[test]
fn a_live_stream_that_ends_has_failed_and_a_clip_has_ended() {
    let mut frame = Frame::default();
    for (line, ends) in [("videotestsrc num-buffers=3", true), ("videotestsrc is-live=true num-buffers=3", false)] {
        let mut source = open(line);
        let end = loop {
            match settled(&mut *source, &mut frame) {
                Ok(Read::Filled) => {}
                other => break other,
            }
        };
        match end {
            Ok(end) => assert!(ends && end == Read::Ended, "{line}"),
            Err(error) => assert!(!ends && error.to_string().contains("the stream has ended"), "{line}: {error}"),
        }
    }
    assert!(complaint("videotestsrc num-buffers=0").contains("it ended without a picture"));
}

#[test]
fn an_element_that_fails_while_it_plays_is_named() {
    let mut source = open("videotestsrc is-live=true ! identity name=culprit error-after=4");
    let mut frame = Frame::default();
    let error = loop {
        match settled(&mut *source, &mut frame) {
            Ok(read) => assert_eq!(read, Read::Filled),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains(" failed: culprit: "), "{error}");
    // It has failed for good, and says so at once.
    assert!(source.read(&mut frame, PATIENCE).is_err());
}

#[test]
fn a_camera_that_falls_silent_times_out_and_then_has_failed_without_work_meanwhile() {
    let sender = Sender::new();
    let mut source = open(&sender.line());
    sender.send(&[77; Sender::FRAME]);
    assert!(next(&mut *source).picture.data().iter().all(|&luma| luma == 77));
    let (silent, worked) = (SystemClock.now(), clock_gettime(ClockId::ThreadCPUTime));
    let mut frame = Frame::default();
    let mut longest = Duration::ZERO;
    let error = loop {
        let begun = SystemClock.now();
        match source.read(&mut frame, PATIENCE) {
            Ok(read) => assert_eq!(read, Read::TimedOut),
            Err(error) => break error.to_string(),
        }
        longest = longest.max(SystemClock.now().since(begun));
    };
    let (silence, worked) = (SystemClock.now().since(silent), clock_gettime(ClockId::ThreadCPUTime) - worked);
    assert!(error.contains("it gave no picture for 5 s; check the camera"), "{error}");
    assert!((4..9).contains(&silence.as_secs()), "{silence:?}");
    assert!(longest < 5 * PATIENCE, "a read took {longest:?}");
    assert!(worked.tv_sec == 0 && worked.tv_nsec < 500_000_000, "{worked:?}");
}

#[test]
fn damaged_frames_are_left_out_and_whole_ones_go_on() {
    let sender = Sender::new();
    let mut source = open(&sender.line());
    sender.send(&[1; Sender::FRAME]);
    assert_eq!(next(&mut *source).number, 0);
    sender.send(&[2; Sender::FRAME / 2]);
    assert_eq!(source.read(&mut Frame::default(), PATIENCE).unwrap(), Read::TimedOut);
    sender.send(&[3; Sender::FRAME]);
    let frame = next(&mut *source);
    assert_eq!((frame.number, frame.picture.data()[0]), (1, 3));
}

#[test]
fn what_is_dropped_is_closed() {
    let sender = Sender::new();
    let mut source = open(&sender.line());
    sender.send(&[1; Sender::FRAME]);
    next(&mut *source);
    assert!(UdpSocket::bind(("127.0.0.1", sender.port)).is_err(), "the pipeline has it");
    drop(source);
    assert!(UdpSocket::bind(("127.0.0.1", sender.port)).is_ok());
}

#[test]
fn a_source_that_hangs_while_it_opens_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Opening it waits until someone writes.
    let begun = SystemClock.now();
    let message = complaint(&format!("filesrc location={} ! decodebin", fifo.display()));
    assert!(message.contains("it does not start within 3 s"), "{message}");
    assert!(SystemClock.now().since(begun) < SOON);
    // Now it can go on, and end.
    drop(OpenOptions::new().write(true).open(&fifo).unwrap());
}
