//! When pictures come, which of them, and the time that they carry.

use std::thread::sleep;
use std::time::Duration;

use affectd::capture::{Frame, Read};
use affectd::clock::{Clock, SystemClock};

use crate::pipes::{next, open, settled};
use crate::support::media;

const LIVE: &str = "videotestsrc is-live=true ! video/x-raw,format=GRAY8,width=64,height=48,framerate=50/1";

#[test]
fn a_slow_reader_gets_the_newest() {
    let mut source = open(LIVE);
    let before = next(&mut *source);
    sleep(Duration::from_secs(2));
    let after = next(&mut *source);
    let age = SystemClock.now().since(after.captured_at);
    assert!(age < Duration::from_secs(1), "it is {age:?} old");
    assert!(after.captured_at.since(before.captured_at) > Duration::from_secs(1));
    assert_eq!(after.number, before.number + 1);
}

#[test]
fn a_picture_that_was_held_up_is_dated_when_it_was_taken() {
    let held_up = format!("{LIVE} ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 min-threshold-time=");
    let mut source = open(&format!("{held_up}1500000000"));
    let frame = next(&mut *source);
    let age = SystemClock.now().since(frame.captured_at);
    assert!(age > Duration::from_millis(1400) && age < Duration::from_secs(10), "{age:?}");
}

#[test]
fn a_camera_tells_its_rate_once_it_gave_a_picture() {
    let mut source = open(LIVE);
    next(&mut *source);
    assert_eq!(source.frame_rate(), Some(50.0));
}

#[test]
fn a_clip_plays_at_its_own_pace_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let clip = media::clip(dir.path(), "clip.mp4", "testsrc2=size=160x120:rate=15:duration=2", "null");
    let begun = SystemClock.now();
    let mut source = open(&format!("filesrc location={} ! decodebin", clip.display()));
    let (mut frame, mut frames) = (Frame::default(), 0);
    while settled(&mut *source, &mut frame).unwrap() == Read::Filled {
        frames += 1;
    }
    let taken = SystemClock.now().since(begun);
    // All of them, unless the machine was busy; the last is shown 29 fifteenths of a second after the first.
    assert!((15..=30).contains(&frames), "{frames}");
    assert!(taken > Duration::from_millis(1800), "{taken:?}");
    assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::Ended);
}
