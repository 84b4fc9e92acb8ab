//! Microphones on a real kernel sound card: `snd-aloop`, which gives on one side what a program plays on the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use affectd::capture::alsa::{Microphone, MicrophoneAccess, microphones};
use affectd::capture::reopen::Reopening;
use affectd::capture::{CaptureError, Read, Sound, SoundSource};
use affectd::clock::{Clock, Monotonic, SystemClock};

use super::vm::{Module, Running, wait_until};

/// The side that is listened to, whatever the number of the card.
const HEARD: &str = "hw:Loopback,1,0";
const SOON: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_millis(200);

/// Where the card is unplugged from and plugged in to.
const DRIVER: &str = "/sys/bus/platform/drivers/snd_aloop";

fn loopback() -> Module {
    let module = Module::load("snd-aloop", &[]);
    wait_until("the card is there", || Path::new("/proc/asound/Loopback/pcm1c").exists());
    module
}

fn open(device: &str) -> Result<Microphone, CaptureError> {
    Microphone::open(device, Arc::new(SystemClock))
}

/// Reads until something is so.
fn read_until(what: &str, source: &mut dyn SoundSource, is_so: impl Fn(Read, &dyn SoundSource) -> bool) {
    let (mut sound, begun) = (Sound::default(), SystemClock.now());
    while !is_so(source.read(&mut sound, PATIENCE).unwrap(), source) {
        assert!(SystemClock.now().since(begun) < SOON, "not in time: {what}");
    }
}

/// White noise that never holds a zero, as 16-bit samples.
fn noise(samples: usize) -> Vec<i16> {
    let mut state = 7_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 18) as i16 - 8_192) | 1
    };
    (0..samples).map(next).collect()
}

/// Plays raw sound into the other side, once or over and over.
fn play(dir: &Path, bytes: &[u8], format: &str, rate: u32, channels: u32) -> Running {
    let path: PathBuf = dir.join("played.raw");
    fs::write(&path, bytes).unwrap();
    let mut command = Command::new("aplay");
    command.args(["-q", "-t", "raw", "-D", "hw:Loopback,0,0", "-f", format, "--buffer-time=1000000"]);
    Running::start(command.args(["-r", &rate.to_string(), "-c", &channels.to_string()]).arg(path))
}

/// Reads until so many samples in a row are none of silence, or it has taken too long; gives them, with the time of
/// the first.
fn hear(microphone: &mut dyn SoundSource, wanted: usize) -> (Vec<f32>, Monotonic) {
    let (mut sound, mut heard, begun) = (Sound::default(), Vec::new(), SystemClock.now());
    let mut first = begun;
    while heard.len() < wanted {
        assert!(SystemClock.now().since(begun) < SOON, "heard {} samples of {wanted}", heard.len());
        if microphone.read(&mut sound, PATIENCE).unwrap() == Read::Filled {
            for (i, &sample) in sound.samples.iter().enumerate() {
                match sample == 0.0 {
                    true => heard.clear(),
                    false => {
                        if heard.is_empty() {
                            let offset = Duration::from_secs_f64(i as f64 / f64::from(microphone.sample_rate()));
                            first = sound.captured_at + offset;
                        }
                        heard.push(sample);
                    }
                }
            }
        }
    }
    heard.truncate(wanted);
    (heard, first)
}

/// Whether that was heard as it was played, from its beginning on or from a later sample.
fn assert_is_part(heard: &[f32], played: &[i16]) {
    let played: Vec<f32> = played.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let begin = played.windows(8).position(|part| part == &heard[..8]).expect("other sound than was played");
    assert_eq!(&played[begin..begin + heard.len()], heard);
}

#[test]
fn what_is_played_is_heard_sample_for_sample_and_where_it_was_in_time() {
    let (dir, _card) = (tempfile::tempdir().unwrap(), loopback());
    let mut microphone = open(HEARD).unwrap();
    assert_eq!(microphone.sample_rate(), 16_000);
    let (played, before) = (noise(32_000), SystemClock.now());
    let bytes: Vec<u8> = played.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let _player = play(dir.path(), &bytes, "S16_LE", 16_000, 1);
    let (heard, first) = hear(&mut microphone, 16_000);
    assert_is_part(&heard, &played);
    assert!(first > before && SystemClock.now().since(first) > Duration::from_millis(900), "{first:?}");
}

#[test]
fn a_card_that_gives_44100_hz_in_two_channels_of_32_bits_is_heard_as_it_is() {
    let (dir, _card) = (tempfile::tempdir().unwrap(), loopback());
    let played = noise(44_100 * 12);
    let bytes: Vec<u8> =
        played.iter().flat_map(|&sample| [i32::from(sample) << 16; 2]).flat_map(i32::to_le_bytes).collect();
    // While it plays, the card has nothing else to give.
    let _player = play(dir.path(), &bytes, "S32_LE", 44_100, 2);
    wait_until("it plays", || {
        fs::read_to_string("/proc/asound/Loopback/pcm0p/sub0/status").is_ok_and(|status| status.contains("RUNNING"))
    });
    let mut microphone = open(HEARD).unwrap();
    assert_eq!(microphone.sample_rate(), 44_100);
    let (heard, _) = hear(&mut microphone, 22_050);
    assert_is_part(&heard, &played);
}

#[test]
fn a_microphone_that_is_unplugged_says_so_at_once_and_is_found_again_under_another_number() {
    let (dir, _card) = (tempfile::tempdir().unwrap(), loopback());
    let number = fs::read_link("/proc/asound/Loopback").unwrap();
    let number: u32 = number.to_str().unwrap().trim_start_matches("card").parse().unwrap();
    let device = format!("hw:{number},1,0");
    let mut source = Reopening::<_, dyn SoundSource>::sound({
        let device = device.clone();
        move || Ok(Box::new(open(&device)?) as Box<dyn SoundSource>)
    });
    read_until("sound comes", &mut source, |read, _| read == Read::Filled);

    // In a thread of its own: the driver waits until nobody holds the card any more.
    let pulled = std::thread::spawn(|| fs::write(format!("{DRIVER}/unbind"), "snd_aloop.0").unwrap());
    read_until("the loss is seen", &mut source, |read, _| read == Read::TimedOut);
    pulled.join().unwrap();

    // Another card takes its number.
    let _other = Module::load("snd-dummy", &[&format!("index={number}"), "id=Other"]);
    fs::write(format!("{DRIVER}/bind"), "snd_aloop.0").unwrap();
    wait_until("the card is back", || Path::new("/proc/asound/Loopback/pcm1c").exists());
    assert_ne!(fs::read_link("/proc/asound/Loopback").unwrap(), PathBuf::from(format!("card{number}")));
    read_until("sound comes again", &mut source, |read, _| read == Read::Filled);
    let played = noise(32_000);
    let bytes: Vec<u8> = played.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let _player = play(dir.path(), &bytes, "S16_LE", 16_000, 1);
    let (heard, _) = hear(&mut source, 8_000);
    assert_is_part(&heard, &played);
}

#[test]
fn an_overrun_is_recovered_from_counted_and_seen_in_the_stamps() {
    let _card = loopback();
    let mut microphone = open(HEARD).unwrap();
    let mut sound = Sound::default();
    for _ in 0..10 {
        assert_eq!(microphone.read(&mut sound, SOON).unwrap(), Read::Filled);
    }
    let end = sound.captured_at + Duration::from_millis(20);
    // Nobody reads for far longer than the buffer lasts.
    std::thread::sleep(Duration::from_secs(3));
    let before = SystemClock.now();
    assert_eq!(microphone.read(&mut sound, SOON).unwrap(), Read::Filled);
    assert_eq!(microphone.losses(), 1);
    let lost = sound.captured_at.since(end);
    assert!(lost > Duration::from_millis(2_500), "{lost:?}");
    assert!(before.since(sound.captured_at) < Duration::from_millis(200), "{:?}", before.since(sound.captured_at));
    for _ in 0..10 {
        let end = sound.captured_at + Duration::from_millis(20);
        assert_eq!(microphone.read(&mut sound, SOON).unwrap(), Read::Filled);
        let jump = sound.captured_at.since(end) + end.since(sound.captured_at);
        assert!(jump < Duration::from_millis(5), "{jump:?}");
    }
    assert_eq!(microphone.losses(), 1);
}

#[test]
fn a_microphone_that_another_program_holds_names_it() {
    let _card = loopback();
    let mut command = Command::new("arecord");
    let holder = Running::start(command.args(["-q", "-D", HEARD, "-f", "S16_LE", "-r", "16000", "/dev/null"]));
    let held =
        || fs::read_to_string("/proc/asound/Loopback/pcm1c/sub0/status").is_ok_and(|status| status.contains("RUNNING"));
    wait_until("it is held", held);
    let message = open(HEARD).err().unwrap().to_string();
    let who = format!("arecord (process {})", holder.id());
    assert!(message.contains("busy") && message.contains(&who), "{message}");
    drop(holder);
    wait_until("it is free", || open(HEARD).is_ok());
}

#[test]
fn microphones_are_listed_with_what_they_offer_and_what_is_switched_off() {
    let (_card, _dummy) = (loopback(), Module::load("snd-dummy", &[]));
    let all = microphones();
    let one = all.iter().find(|one| one.device == "plughw:CARD=Loopback,DEV=1").unwrap_or_else(|| panic!("{all:?}"));
    assert_eq!((one.card.as_str(), one.name.as_str()), ("Loopback", "Loopback"));
    let MicrophoneAccess::Free(offer) = &one.access else { panic!("{one:?}") };
    assert!(offer.rates.contains(&16_000) && offer.rates.contains(&48_000), "{offer:?}");
    assert!(offer.formats.contains(&"S16_LE") && offer.channels.contains(&2), "{offer:?}");
    let dummy = all.iter().find(|one| one.card == "Dummy").unwrap_or_else(|| panic!("{all:?}"));
    assert!(!dummy.switched_off.is_empty(), "{dummy:?}");
    for one in &all {
        open(&one.device).unwrap();
    }
}

#[test]
fn a_microphone_that_is_switched_off_is_quiet() {
    let _dummy = Module::load("snd-dummy", &[]);
    let mut microphone = open("hw:Dummy,0").unwrap();
    assert!(!microphone.quiet());
    read_until("it is known to be quiet", &mut microphone, |_, microphone| microphone.quiet());
}
