//! Photos and clips, made by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::astronaut;
use super::sound::{speech, wav};

/// The astronaut through a filter, as one photo.
pub fn photo(dir: &Path, name: &str, filter: &str) -> PathBuf {
    let to = dir.join(name);
    let from = astronaut();
    ffmpeg(&["-i", from.to_str().unwrap(), "-vf", filter, "-frames:v", "1", "-update", "1"], &to);
    to
}

/// A clip from an lavfi source, through a filter.
pub fn clip(dir: &Path, name: &str, source: &str, filter: &str) -> PathBuf {
    let to = dir.join(name);
    ffmpeg(&["-f", "lavfi", "-i", source, "-vf", filter, "-pix_fmt", "yuv420p"], &to);
    to
}

/// A clip of the astronaut: `seconds` at 15 frames a second, through a filter.
pub fn astronaut_clip(dir: &Path, name: &str, seconds: f32, filter: &str) -> PathBuf {
    let to = dir.join(name);
    let (from, seconds) = (astronaut(), seconds.to_string());
    let still = ["-loop", "1", "-framerate", "15", "-i", from.to_str().unwrap()];
    ffmpeg(&[&still[..], &["-t", &seconds, "-vf", filter, "-pix_fmt", "yuv420p"]].concat(), &to);
    to
}

/// The same clip so many times over: long, and made in no time.
pub fn looped(clip: &Path, name: &str, times: u32) -> PathBuf {
    let to = clip.with_file_name(name);
    ffmpeg(&["-stream_loop", &times.to_string(), "-i", clip.to_str().unwrap(), "-c", "copy"], &to);
    to
}

/// A face that speaks for `seconds`, and is silent for the second and a half after.
pub fn talking_clip(dir: &Path, seconds: f32) -> PathBuf {
    let face = astronaut_clip(dir, "face.mp4", seconds + 1.5, "scale=640:640");
    let mut sound = speech(seconds);
    sound.extend([0.0; 24_000]);
    let (sound, to) = (wav(dir, "sound.wav", 16_000, 1, &sound), dir.join("talking.mkv"));
    let (face, sound) = (face.to_str().unwrap(), sound.to_str().unwrap());
    ffmpeg(&["-i", face, "-i", sound, "-c:v", "copy", "-c:a", "pcm_s16le"], &to);
    to
}

fn ffmpeg(arguments: &[&str], to: &Path) {
    let made = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(to).output();
    let made = made.expect("ffmpeg is missing: apt-get install ffmpeg");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
