//! The finder finds: what is planted in a log or a message, in whatever form.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use affectd::capture::{self, Address, Frame, Read, Sound};
use affectd::clock::{Clock, SystemClock};
use affectd::outlet::{Outlet, Recorder};
use affectd::pipeline::Sink;
use affectd::privacy::{Door, Extent, Gate};
use affectd::publish::{OUTBOX_FILE, OutboxSettings, PublishSettings};

use crate::finder::Finder;
use crate::pattern::Clip;
use crate::support::program::astronaut;
use crate::support::{free_port, harness};
use crate::world::World;

/// What stands around a leak.
const BEFORE: &str = r#"2026-11-22T00:10:01.123456Z TRACE affectd::pipeline: frame=1042 latency=21.4 "#;
const AFTER: &str = r#" {"schema":1,"device":"kiosk-7","valence":0.31,"action_units":{"AU12":0.93,"AU25":0.7}}"#;

/// A clip whose file is gone, and what looks for it: made once, for it takes its time.
static SECRET: LazyLock<(Clip, Finder)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 4);
    let finder = clip.finder();
    (clip, finder)
});

fn planted(leak: &[u8]) -> Vec<u8> {
    [BEFORE.as_bytes(), leak, AFTER.as_bytes()].concat()
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let six = |bits: u32, at: u32| alphabet[(bits >> at & 63) as usize] as char;
    let threes =
        bytes.chunks_exact(3).map(|three| u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]));
    threes.flat_map(|bits| [six(bits, 18), six(bits, 12), six(bits, 6), six(bits, 0)]).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const FILES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn every_way_to_write_some_pixels_or_samples_is_found() {
    let (clip, finder) = &*SECRET;
    let (row, samples) = (&clip.row()[..30], &clip.samples()[..30]);
    let whole: Vec<_> = samples.iter().map(|sample| (sample * 32_768.0) as i16).collect();
    let whole_bytes: Vec<u8> = whole.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let float_bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let unit: Vec<_> = row.iter().map(|luma| f32::from(*luma) / 255.0).collect();
    let both: Vec<_> = row.iter().map(|luma| f32::from(*luma) / 127.5 - 1.0).collect();
    let mut leaks: Vec<(&str, Vec<u8>)> = vec![
        ("pixels", row.to_vec()),
        ("samples", whole_bytes.clone()),
        ("samples as floats", float_bytes.clone()),
        ("hexadecimal", hexadecimal(row).into()),
        ("capitals", hexadecimal(row).to_uppercase().into()),
        ("hexadecimal sound", hexadecimal(&float_bytes).into()),
        ("a list", format!("{row:?}").into()),
        ("a list over lines", format!("{row:#?}").into()),
        ("a list of fractions", format!("{unit:?}").into()),
        ("a list around zero", format!("{both:?}").into()),
        ("a list of sound", format!("{samples:?}").into()),
        ("a list of samples", format!("{whole:?}").into()),
    ];
    // However many bytes stand before it in the same text.
    for before in 0..3 {
        let bytes = [&b"xyz"[..before], row].concat();
        leaks.push(("base64", base64(&bytes, FILES).into()));
        leaks.push(("base64 for addresses", base64(&bytes, ADDRESSES).into()));
        leaks.push(("base64 after a letter", format!("{}{}", &"abc"[..before], base64(row, FILES)).into()));
    }
    for (how, leak) in leaks {
        assert!(!finder.search(&planted(&leak)).is_empty(), "{how} is not found");
    }
    assert_eq!(finder.search(&planted(b"and nothing else")), Vec::<String>::new());
}

#[test]
fn pictures_in_files_and_what_nobody_can_read_are_found_though_they_are_of_something_else() {
    let (_, finder) = &*SECRET;
    let photo = fs::read(astronaut()).unwrap();
    for (how, leak) in [
        ("a photo", &photo[..]),
        ("a photo's beginning", &photo[..20]),
        ("a photo's middle", &photo[photo.len() / 2..][..2000]),
        ("a sound", b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00"),
        ("a PNG", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"),
    ] {
        assert!(!finder.search(&planted(leak)).is_empty(), "{how} is not found");
    }
    let text = base64(&photo[photo.len() / 2..][..600], FILES);
    assert!(!finder.search(&planted(text.as_bytes())).is_empty(), "a photo as text is not found");
}

/// What the daemon has in memory while it reads the clip is what the finder looks for.
#[test]
fn what_the_clip_gives_when_it_is_read_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 4);
    let (finder, address) = (clip.finder(), Address::File(clip.path.clone()));
    let (mut frame, mut sound, clock) = (Frame::default(), Sound::default(), std::sync::Arc::new(SystemClock));
    let mut video = capture::open_video(&address, clock.clone()).unwrap();
    assert_eq!(video.read(&mut frame, Duration::from_secs(60)).unwrap(), Read::Filled);
    assert!(!finder.search(&planted(frame.picture.data())).is_empty());
    let mut microphone = capture::open_sound(&address, clock).unwrap();
    let mut heard = Vec::new();
    while microphone.read(&mut sound, Duration::from_secs(60)).unwrap() == Read::Filled {
        heard.extend(sound.samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }
    let noise = heard.len() * 7 / 8;
    assert!(!finder.search(&heard[noise..][..200]).is_empty());
}

/// The name of a recording.
const RECORDING: &str = "recorded.ndjson";

/// What the daemon leaves in a world when an event with that label happens while the broker is away.
async fn left_behind(label: &str) -> World {
    let world = World::new();
    let outbox = OutboxSettings { dir: Some(world.path("outbox")), ..OutboxSettings::default() };
    let publisher = harness::start(&PublishSettings { outbox, ..harness::settings(free_port()) });
    let recorder = Recorder::create(&world.path(RECORDING), "kiosk-7".parse().unwrap()).unwrap();
    let door = Door::new(publisher.handle(), Gate::open(SystemClock.now()), Extent::Everything);
    let mut outlet = Outlet::new(door, Some(recorder));
    outlet.event(&affectd::events::Event { label: label.try_into().unwrap(), ..harness::event(1) });
    assert_eq!(publisher.stop(Duration::from_millis(300)).await.lost_events, 0, "it is not on the disk");
    world
}

fn names(found: &[(std::path::PathBuf, Vec<String>)]) -> Vec<&Path> {
    let mut names: Vec<_> = found.iter().map(|(path, _)| Path::new(path.file_name().unwrap())).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_carries_is_found_in_the_recording_and_in_the_outbox() {
    let (clip, finder) = &*SECRET;
    assert_eq!(left_behind("happiness").await.leaks(finder), []);
    let samples: Vec<u8> =
        clip.samples()[..8].iter().flat_map(|sample| ((sample * 32_768.0) as i16).to_le_bytes()).collect();
    for (how, label) in [("pixels", base64(&clip.row()[..24], FILES)), ("samples", hexadecimal(&samples))] {
        let found = left_behind(&label).await.leaks(finder);
        assert_eq!(names(&found), [Path::new(OUTBOX_FILE), Path::new(RECORDING)], "{how}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_pixels_are_found_wherever_they_lie_in_the_outbox() {
    let ((clip, finder), world) = (&*SECRET, left_behind("happiness").await);
    let (outbox, leak) = (world.path("outbox").join(OUTBOX_FILE), &clip.row()[..30]);
    let whole = fs::read(&outbox).unwrap();
    // In the header, across two pages, and in a page that nothing refers to.
    for place in [0, 2 * 4096 - 15, whole.len() - leak.len()] {
        let mut bytes = whole.clone();
        bytes[place..][..leak.len()].copy_from_slice(leak);
        fs::write(&outbox, bytes).unwrap();
        let found = world.leaks(finder);
        assert_eq!(names(&found), [Path::new(OUTBOX_FILE)], "{place}: {found:?}");
    }
}
