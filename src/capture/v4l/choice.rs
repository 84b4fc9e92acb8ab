//! Which of a camera's formats and sizes to ask for.
//!
//! Enough pixels and enough frames a second, for as little work as possible: each shortfall and all work are reckoned as
//! a loss, and the least loss is taken.
//!
//! What a frame costs was measured on 1280x720 pixels (`cargo bench --bench picture`, and
//! `docs/decisions/0020-cameras.md`, which tells on what): taking it out of the driver's buffer, which for MJPEG is
//! decoding it, and sampling it for the detector.

use std::fmt;

use super::super::address::{CameraAddress, CameraFormat};
use super::offers::{Format, Offer};

/// The size that is enough when none is asked for: a face across a room has enough pixels.
const SIZE: (u32, u32) = (1280, 720);

/// The frames a second that are asked for when nobody says how many.
const FPS: u32 = 30;

/// Frames a second that are enough when nobody says how many: cinema and television.
const ENOUGH: f32 = 24.0;

/// Pictures of more pixels than this are told to be costly.
pub(super) const LARGE: u64 = 1920 * 1080;

/// How often faces are looked for in a whole picture, in a second.
const DETECTIONS: f32 = 5.0;

/// The loss of a core's whole time. So weighed, small boards being slower than where was measured, 1920x1080 MJPEG is
/// better than 640x480 of any format, and 3840x2160 MJPEG is not.
const CORE: f32 = 4.0;

/// The loss of half the frames; half the pixels lose ln 2. Faces are followed from frame to frame.
const HALF_THE_RATE: f32 = 1.4;

/// The loss of all colour: half of what is known of a face's bounds.
const NO_COLOUR: f32 = 0.5;

/// What to ask a camera for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub format: CameraFormat,
    /// The width and height, in pixels.
    pub size: (u32, u32),
    /// The most frames a second, when the driver says.
    pub fps: Option<f32>,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{}", self.format.name(), self.size.0, self.size.1)
    }
}

/// The frames a second to ask for.
pub(super) fn fps(wanted: &CameraAddress) -> u32 {
    wanted.fps.unwrap_or(FPS)
}

/// All that serves, the best first; of what was asked for, nothing else will do.
///
/// # Errors
/// What the camera does not have, and what it has instead.
pub(super) fn rank(offers: &[Offer], wanted: &CameraAddress) -> Result<Vec<Choice>, String> {
    let size = wanted.size.unwrap_or(SIZE);
    let choice = |offer: &Offer| match offer.format {
        Format::Read(format) => Some(Choice { format, size: offer.sizes.nearest(size), fps: offer.fps }),
        Format::Unread(_) => None,
    };
    let asked = |choice: &Choice| {
        wanted.format.is_none_or(|format| format == choice.format) && wanted.size.is_none_or(|size| size == choice.size)
    };
    let mut choices: Vec<Choice> = offers.iter().filter_map(choice).filter(asked).collect();
    if choices.is_empty() {
        return Err(refusal(offers, wanted));
    }
    choices.sort_by(|a, b| loss(a, wanted).total_cmp(&loss(b, wanted)));
    Ok(choices)
}

/// What is lost by a choice; 0 would be the best.
fn loss(choice: &Choice, wanted: &CameraAddress) -> f32 {
    let most = fps(wanted) as f32;
    let given = choice.fps.map_or(most, |offered| offered.clamp(0.01, most));
    // Rates of television are a little below their names.
    let enough = wanted.fps.map_or(ENOUGH, |fps| fps as f32 * 0.95);
    let pixels = (choice.size.0 as f32 * choice.size.1 as f32).max(1.0);
    let share = pixels / (SIZE.0 as f32 * SIZE.1 as f32);
    let (unpacking, sampling) = millis(choice.format);
    let busy = share * (unpacking * given + sampling * DETECTIONS) / 1000.0;
    let too_slow = (enough / given).log2().max(0.0) * HALF_THE_RATE;
    let too_small = -share.ln().min(0.0);
    let no_colour = if choice.format == CameraFormat::Grey { NO_COLOUR } else { 0.0 };
    too_slow + too_small + no_colour + busy * CORE
}

/// Milliseconds of one core for 1280x720 pixels: taking a frame out of the driver's buffer, and sampling it for the
/// detector. Measured, see above.
fn millis(format: CameraFormat) -> (f32, f32) {
    match format {
        CameraFormat::Mjpeg => (2.2, 0.45),
        CameraFormat::Yuyv => (0.11, 0.36),
        CameraFormat::Nv12 => (0.07, 0.33),
        CameraFormat::Grey => (0.03, 0.13),
        CameraFormat::Rgb24 => (0.18, 0.45),
    }
}

fn refusal(offers: &[Offer], wanted: &CameraAddress) -> String {
    let list = |offers: &mut dyn Iterator<Item = &Offer>| {
        let mut offered: Vec<String> = offers.map(|Offer { format, sizes, .. }| format!("{format} {sizes}")).collect();
        offered.dedup();
        offered.join(", ")
    };
    let mut readable = offers.iter().filter(|offer| matches!(offer.format, Format::Read(_))).peekable();
    if offers.is_empty() {
        return "it offers no picture".into();
    }
    if readable.peek().is_none() {
        return format!("it offers no picture in a format that is read, but {}", list(&mut offers.iter()));
    }
    let format = wanted.format.map(|format| format!(" {}", format.name())).unwrap_or_default();
    let size = wanted.size.map(|(width, height)| format!(" {width}x{height}")).unwrap_or_default();
    format!("it does not offer{format}{size}, but {}", list(&mut readable))
}

#[cfg(test)]
mod tests {
    use super::super::super::address::CameraPlace;
    use super::super::offers::Sizes;
    use super::*;

    fn any() -> CameraAddress {
        CameraAddress::new(CameraPlace::Node("/dev/video0".into()))
    }

    fn offer(format: CameraFormat, width: u32, height: u32, fps: f32) -> Offer {
        Offer { format: Format::Read(format), sizes: Sizes::One((width, height)), fps: Some(fps) }
    }

    fn best(offers: &[Offer], wanted: &CameraAddress) -> String {
        rank(offers, wanted).map_or_else(|reason| reason, |choices| choices[0].to_string())
    }

    /// What USB 2 cameras offer: raw pictures are slow when they are large.
    fn webcam() -> [Offer; 5] {
        [
            offer(CameraFormat::Yuyv, 640, 480, 30.0),
            offer(CameraFormat::Yuyv, 1280, 720, 10.0),
            offer(CameraFormat::Mjpeg, 640, 480, 30.0),
            offer(CameraFormat::Mjpeg, 1280, 720, 29.97),
            offer(CameraFormat::Mjpeg, 1920, 1080, 30.0),
        ]
    }

    #[test]
    fn by_itself_it_takes_enough_pixels_in_whatever_format_is_fast_enough() {
        assert_eq!(best(&webcam(), &any()), "mjpeg 1280x720");
        let slow = CameraAddress { fps: Some(10), ..any() };
        assert_eq!(best(&webcam(), &slow), "yuyv 1280x720");
    }

    #[test]
    fn of_what_is_fast_enough_and_large_enough_the_cheapest_is_taken() {
        use CameraFormat::{Mjpeg, Nv12, Yuyv};
        let usb3 = [offer(Mjpeg, 1280, 720, 60.0), offer(Yuyv, 1280, 720, 30.0), offer(Nv12, 1280, 720, 30.0)];
        assert_eq!(best(&usb3, &any()), "nv12 1280x720");
        let large = [offer(Mjpeg, 1280, 720, 30.0), offer(Nv12, 1920, 1080, 30.0)];
        assert_eq!(best(&large, &any()), "nv12 1920x1080");
        let sizes = [offer(Yuyv, 1920, 1080, 30.0), offer(Yuyv, 1280, 720, 30.0)];
        assert_eq!(best(&sizes, &any()), "yuyv 1280x720");
    }

    #[test]
    fn decoding_large_pictures_is_weighed_against_few_pixels() {
        use CameraFormat::{Mjpeg, Yuyv};
        let small = offer(Yuyv, 640, 480, 30.0);
        assert_eq!(best(&[small.clone(), offer(Mjpeg, 1920, 1080, 30.0)], &any()), "mjpeg 1920x1080");
        assert_eq!(best(&[small, offer(Mjpeg, 3840, 2160, 30.0)], &any()), "yuyv 640x480");
        assert_eq!(best(&[offer(Mjpeg, 3840, 2160, 30.0)], &any()), "mjpeg 3840x2160");
    }

    #[test]
    fn what_was_asked_for_is_taken_even_when_it_is_slow() {
        let wanted = CameraAddress { size: Some((1280, 720)), format: Some(CameraFormat::Yuyv), ..any() };
        assert_eq!(best(&webcam(), &wanted), "yuyv 1280x720");
        let wanted = CameraAddress { size: Some((640, 480)), ..any() };
        assert_eq!(best(&webcam(), &wanted), "yuyv 640x480");
    }

    #[test]
    fn colour_is_preferred_and_an_unknown_rate_is_believed() {
        let offers = [offer(CameraFormat::Grey, 1280, 720, 60.0), offer(CameraFormat::Mjpeg, 1280, 720, 30.0)];
        assert_eq!(best(&offers, &any()), "mjpeg 1280x720");
        let silent = [Offer { fps: None, ..offers[1].clone() }, offer(CameraFormat::Yuyv, 1280, 720, 5.0)];
        assert_eq!(best(&silent, &any()), "mjpeg 1280x720");
    }

    #[test]
    fn a_camera_of_one_frame_a_second_is_taken_when_there_is_nothing_else() {
        let card = [offer(CameraFormat::Yuyv, 1920, 1080, 1.0)];
        assert_eq!(best(&card, &any()), "yuyv 1920x1080");
        let both = [card[0].clone(), offer(CameraFormat::Yuyv, 640, 480, 25.0)];
        assert_eq!(best(&both, &any()), "yuyv 640x480");
    }

    #[test]
    fn a_range_of_sizes_is_asked_for_the_usual_one() {
        let sizes = Sizes::Range { least: (64, 64), most: (3280, 2464), step: (2, 2) };
        let sensor = [Offer { format: Format::Read(CameraFormat::Nv12), sizes, fps: None }];
        assert_eq!(best(&sensor, &any()), "nv12 1280x720");
        assert_eq!(best(&sensor, &CameraAddress { size: Some((640, 400)), ..any() }), "nv12 640x400");
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let wanted = CameraAddress { size: Some((320, 240)), format: Some(CameraFormat::Nv12), ..any() };
        let reason = rank(&webcam()[..2], &wanted).unwrap_err();
        assert_eq!(reason, "it does not offer nv12 320x240, but yuyv 640x480, yuyv 1280x720");
        assert!(rank(&[], &any()).unwrap_err().contains("no picture"));
        let h264 = [Offer { format: Format::Unread("H264".into()), ..webcam()[0].clone() }];
        let reason = rank(&h264, &any()).unwrap_err();
        assert_eq!(reason, "it offers no picture in a format that is read, but H264 640x480");
    }
}
