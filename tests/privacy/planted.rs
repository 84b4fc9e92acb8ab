//! The finder finds: what is planted in a log or a message, in whatever form.

use std::fs;
use std::time::Duration;

use affectd::capture::{self, Address, Frame, Read, Sound};
use affectd::clock::SystemClock;

use crate::pattern::Clip;
use crate::support::program::astronaut;

/// What stands around a leak.
const BEFORE: &str = r#"2026-11-22T00:10:01.123456Z TRACE affectd::pipeline: frame=1042 latency=21.4 "#;
const AFTER: &str = r#" {"schema":1,"device":"kiosk-7","valence":0.31,"action_units":{"AU12":0.93,"AU25":0.7}}"#;

fn planted(leak: &[u8]) -> Vec<u8> {
    [BEFORE.as_bytes(), leak, AFTER.as_bytes()].concat()
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let six = |bits: u32, at: u32| alphabet[(bits >> at & 63) as usize] as char;
    let threes =
        bytes.chunks_exact(3).map(|three| u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]));
    threes.flat_map(|bits| [six(bits, 18), six(bits, 12), six(bits, 6), six(bits, 0)]).collect()
}

const FILES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn every_way_to_write_some_pixels_or_samples_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 4);
    let finder = clip.finder();
    let (row, samples) = (&clip.row()[..30], &clip.samples()[..30]);
    let whole: Vec<_> = samples.iter().map(|sample| (sample * 32_768.0) as i16).collect();
    let whole_bytes: Vec<u8> = whole.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let float_bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let unit: Vec<_> = row.iter().map(|luma| f32::from(*luma) / 255.0).collect();
    let both: Vec<_> = row.iter().map(|luma| f32::from(*luma) / 127.5 - 1.0).collect();
    let mut leaks: Vec<(&str, Vec<u8>)> = vec![
        ("pixels", row.to_vec()),
        ("samples", whole_bytes.clone()),
        ("samples as floats", float_bytes.clone()),
        ("hexadecimal", hex(row).into()),
        ("capitals", hex(row).to_uppercase().into()),
        ("hexadecimal sound", hex(&float_bytes).into()),
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
    let dir = tempfile::tempdir().unwrap();
    let finder = Clip::make(dir.path(), 4).finder();
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
