//! The configured camera at work: do frames come, how many a second, is there light and detail, is there a face?
//!
//! Frames are looked at in memory and forgotten.

use std::sync::Arc;
use std::time::Duration;

use super::sound::failed;
use super::{Case, Finding};
use crate::capture::paced::Speed;
use crate::capture::{self, Address, CaptureError, Frame, Read};
use crate::clock::{Clock, Monotonic, SystemClock};
use crate::commands::check::count;
use crate::commands::setup;
use crate::face::FacePath;
use crate::face::quality::{Crop, brightness, sharpness};
use crate::geometry::{Rect, Size};
use crate::picture::letterbox::Letterboxer;
use crate::picture::{Normalise, Picture};

/// How long the first frame may take: some cameras think for seconds when they are opened.
const FIRST: Duration = Duration::from_secs(6);
/// How long frames are taken from then on; exposure has settled by its end.
const TAKE: Duration = Duration::from_secs(2);
/// Fewer frames a second than this are too few to follow a face.
const FEW: f64 = 5.0;
/// Mean luma below and above which there is nothing to see; 0 is black, 1 white.
const LIGHT: std::ops::RangeInclusive<f32> = 0.04..=0.96;
/// The side of the middle in which detail is looked for, in pixels of the camera.
const MIDDLE: u32 = 256;
/// The longer side of the picture in which light is measured, in pixels.
const SMALL: usize = 64;

/// What came of the camera.
#[derive(Debug, Default)]
struct Taken {
    frames: u64,
    first: Option<(u64, Monotonic)>,
    last: Frame,
    ended: bool,
}

impl Taken {
    /// Frames a second by their stamps; `None` of less than three.
    fn rate(&self) -> Option<f64> {
        let (_, first) = self.first.filter(|_| self.frames > 2)?;
        let seconds = self.last.captured_at.since(first).as_secs_f64();
        (seconds > 0.0).then(|| (self.frames - 1) as f64 / seconds)
    }

    /// Frames that the source lost, by their numbers.
    fn lost(&self) -> u64 {
        self.first.map_or(0, |(first, _)| (self.last.number + 1).saturating_sub(first + self.frames))
    }
}

/// Takes frames from the configured source for two seconds.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let address = &case.config.video;
    let taken = capture::open_live(address, Speed::NORMAL, Arc::new(SystemClock))
        .and_then(|mut source| take(|frame, timeout| source.read(frame, timeout)));
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => return vec![failed("picture", &error)],
    };
    let is_camera = !matches!(address, Address::File(_));
    let mut found = vec![frames(&address.to_string(), &taken, is_camera)];
    if taken.frames > 0 {
        found.push(light(&taken.last.picture));
        case.see(taken.last.picture);
    }
    found
}

fn take(mut read: impl FnMut(&mut Frame, Duration) -> Result<Read, CaptureError>) -> Result<Taken, CaptureError> {
    let mut taken = Taken::default();
    let mut deadline = SystemClock.now() + FIRST;
    loop {
        let left = deadline.since(SystemClock.now());
        if left.is_zero() {
            return Ok(taken);
        }
        match read(&mut taken.last, left)? {
            Read::Filled => {
                if taken.frames == 0 {
                    deadline = SystemClock.now() + TAKE;
                    taken.first = Some((taken.last.number, taken.last.captured_at));
                }
                taken.frames += 1;
            }
            Read::TimedOut => {}
            Read::Ended => return Ok(Taken { ended: true, ..taken }),
        }
    }
}

fn frames(address: &str, taken: &Taken, is_camera: bool) -> Finding {
    if taken.frames == 0 {
        let says = format!("{address} can be opened, and no frame came in {} s", FIRST.as_secs());
        let remedy = match is_camera {
            true => "plug it in anew, into a port of its own; ask for less: ?size=640x480&format=mjpeg; see `dmesg`",
            false => "give a file with pictures in it",
        };
        return Finding::wrong("picture", says, remedy);
    }
    let picture = &taken.last.picture;
    let frames = count(usize::try_from(taken.frames).unwrap_or(usize::MAX), "frame");
    let count = format!("{address}: {frames} of {}x{}", picture.width(), picture.height());
    let rate = taken.rate().filter(|_| is_camera);
    let Some(rate) = rate else {
        return match is_camera && !taken.ended {
            true => few(format!("{count} in {} s", TAKE.as_secs())),
            false => Finding::good("picture", count),
        };
    };
    let lost = match taken.lost() {
        0 => String::new(),
        lost => format!(", {lost} lost on the way"),
    };
    let says = format!("{count}, {rate:.1} a second{lost}");
    if rate < FEW { few(says) } else { Finding::good("picture", says) }
}

fn few(says: String) -> Finding {
    let remedy = "more light (in the dark a camera exposes for longer); ask for a smaller size or for mjpeg: \
                  ?size=640x480&format=mjpeg; another port or cable";
    Finding::warning("picture", says, remedy)
}

/// Whether there is anything to see.
fn light(picture: &Picture) -> Finding {
    let (light, detail) = (mean_light(picture), detail(picture));
    let says = format!("brightness {light:.2}, sharpness {detail:.2}");
    let warn = |what: &str, remedy: &str| Finding::warning("picture", format!("{says}: {what}"), remedy);
    if light < *LIGHT.start() {
        warn("almost black", "take the cap off, open the shutter, switch on a light")
    } else if light > *LIGHT.end() {
        warn("almost white", "turn it away from the window or the lamp; see to its exposure")
    } else if detail == 0.0 {
        warn("the middle shows nothing at all", "take the cap off, clean the lens, turn it to something")
    } else {
        Finding::good("picture", says)
    }
}

/// The mean luma, 0 to 1.
fn mean_light(picture: &Picture) -> f32 {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let scale = SMALL as f32 / width.max(height);
    let side = |length: f32| ((length * scale).round() as usize).max(1);
    let size = Size { width: side(width), height: side(height) };
    let values = green(picture, Rect::new(0.0, 0.0, width, height), size);
    brightness(Crop { values: &values, width: size.width, norm: AS_THEY_ARE })
}

/// How fine the detail in the middle is, pixel by pixel: 0 none, 1 as fine as can be.
fn detail(picture: &Picture) -> f32 {
    let side = MIDDLE.min(picture.width()).min(picture.height());
    let size = Size { width: side as usize, height: side as usize };
    let corner = |length: u32| ((length - side) / 2) as f32;
    let region = Rect::new(corner(picture.width()), corner(picture.height()), side as f32, side as f32);
    let values = green(picture, region, size);
    sharpness(Crop { values: &values, width: size.width, norm: AS_THEY_ARE })
}

const AS_THEY_ARE: Normalise = Normalise { scale: 1.0, offset: 0.0 };

/// A region's green, which is most of its luma.
fn green(picture: &Picture, region: Rect, size: Size) -> Vec<f32> {
    let mut planes = vec![0.0; 3 * size.area()];
    Letterboxer::default().letterbox(picture, region, size, AS_THEY_ARE, &mut planes);
    planes.drain(..size.area());
    planes.truncate(size.area());
    planes
}

/// Whether there is a face in the last picture, and whether it would be read. A look of its own: where models are slow
/// to open, what is known of the camera is told before.
pub(super) fn face(case: &Case) -> Vec<Finding> {
    let Some(picture) = case.seen() else {
        return vec![Finding::skipped("face", "there is no picture to look for one in")];
    };
    vec![match largest_face(case, &picture) {
        Err(error) => Finding::skipped("face", format!("was not looked for: {error:#}")),
        Ok(None) => Finding::good("face", "none in view; stand before the camera and ask again"),
        Ok(Some((faces, quality))) => {
            let says = format!(
                "{} in view, the largest {:.0} pixels high or wide, sharpness {:.2}, brightness {:.2}, turned {:.0}°",
                count(faces, "face"),
                quality.size,
                quality.sharpness,
                quality.brightness,
                quality.yaw.abs(),
            );
            match quality.usable {
                true => Finding::good("face", format!("{says}: read")),
                false => Finding::warning(
                    "face",
                    format!("{says}: not good enough to be read"),
                    "come nearer, face the camera, give more even light, set the focus; [face] has the limits",
                ),
            }
        }
    }]
}

fn largest_face(case: &Case, picture: &Picture) -> anyhow::Result<Option<(usize, crate::face::Quality)>> {
    let config = &case.config;
    let registry = setup::registry(config, None)?;
    let engines = setup::engines_present(config);
    let (detector, _) = setup::open_detector(&setup::pack(&registry, config, &config.models.detector)?, &engines)?;
    let (reader, _) = setup::open_face(&setup::pack(&registry, config, &config.models.face)?, &engines)?;
    let mut path = FacePath::of(detector, reader, config.face.clone());
    let seen = path.observe_photo(picture, Monotonic::default(), &mut ())?;
    Ok(seen.first().map(|largest| (seen.len(), largest.quality)))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;
    use crate::picture::{PixelFormat, Range};

    fn picture(width: u32, height: u32, grey: impl Fn(u32, u32) -> u8) -> Picture {
        let mut picture = Picture::default();
        let data = picture.reset(PixelFormat::Grey, Range::Full, width, height).unwrap();
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        for (value, (x, y)) in data.iter_mut().zip(pixels) {
            *value = grey(x, y);
        }
        picture
    }

    fn taken(frames: u64, millis: u64, last: u64) -> Taken {
        let at = |millis| Monotonic::new(Duration::from_millis(1000 + millis));
        let last = Frame { picture: picture(640, 480, |_, _| 90), number: last, captured_at: at(millis) };
        Taken { frames, first: Some((0, at(0))), last, ended: false }
    }

    #[test]
    fn the_rate_is_that_of_the_stamps_and_what_was_lost_is_counted() {
        let finding = frames("v4l:/dev/video0", &taken(55, 1966, 59), true);
        assert_eq!(finding.says, "v4l:/dev/video0: 55 frames of 640x480, 27.5 a second, 5 lost on the way");
        assert_eq!(finding.grade, Grade::Good);
    }

    #[test]
    fn a_capture_card_that_gives_a_frame_a_second_is_a_warning() {
        for slow in [taken(2, 1000, 1), taken(3, 2000, 2)] {
            assert_eq!(frames("v4l:/dev/video0", &slow, true).grade, Grade::Warning);
        }
        let file = frames("file:face.jpg", &Taken { ended: true, ..taken(1, 0, 0) }, false);
        assert_eq!((file.grade, &*file.says), (Grade::Good, "file:face.jpg: 1 frame of 640x480"));
    }

    #[test]
    fn no_frame_at_all_fails() {
        let finding = frames("v4l:/dev/video0", &Taken::default(), true);
        assert_eq!(finding.grade, Grade::Wrong);
        assert!(finding.says.contains("no frame came in 6 s"), "{finding:?}");
    }

    #[test]
    fn a_source_that_fails_or_ends_is_not_waited_for() {
        let mut left = 3;
        let taken = take(|frame, _| {
            left -= 1;
            frame.captured_at = Monotonic::new(Duration::from_millis(100 * (3 - left)));
            Ok(if left == 0 { Read::Ended } else { Read::Filled })
        });
        assert!(matches!(taken, Ok(Taken { frames: 2, ended: true, .. })), "{taken:?}");
    }

    #[test]
    fn a_covered_lens_and_a_blinded_camera_are_told_apart() {
        let checks = |x: u32, y: u32| if (x / 3 + y / 3).is_multiple_of(2) { 40 } else { 200 };
        for (pixels, grade, says) in [
            (picture(640, 480, |_, _| 2), Grade::Warning, "almost black"),
            (picture(640, 480, |_, _| 254), Grade::Warning, "almost white"),
            (picture(640, 480, |_, _| 128), Grade::Warning, "nothing at all"),
            (picture(641, 481, checks), Grade::Good, "brightness 0.4"),
            (picture(5, 3, checks), Grade::Good, "brightness"),
        ] {
            let finding = light(&pixels);
            assert_eq!(finding.grade, grade, "{finding:?}");
            assert!(finding.says.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn blurred_detail_is_less_detail() {
        let stripes = |wide: f32| {
            picture(300, 300, move |x, _| (128.0 + 100.0 * (x as f32 * std::f32::consts::TAU / wide).sin()) as u8)
        };
        let [coarse, fine] = [40.0, 4.0].map(|wide| detail(&stripes(wide)));
        assert!(coarse < 0.1 && fine > 0.3, "{coarse} {fine}");
    }
}
