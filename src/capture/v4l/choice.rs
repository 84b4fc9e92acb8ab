//! Which of a camera's formats and sizes to ask for.

use super::super::address::{CameraAddress, CameraFormat};
use super::offers::{Format, Offer};

/// The size that is taken when none is asked for, or the nearest to it: a face across a room has enough
/// pixels, and it can be decoded on one core.
const SIZE: (u32, u32) = (1280, 720);

/// The frames a second that are taken when none are asked for.
const FPS: u32 = 30;

/// What to ask a camera for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub format: CameraFormat,
    /// The width and height, in pixels.
    pub size: (u32, u32),
    /// The most frames a second, when the driver says.
    pub fps: Option<f32>,
}

/// The frames a second to ask for.
pub(super) fn fps(wanted: &CameraAddress) -> u32 {
    wanted.fps.unwrap_or(FPS)
}

/// Takes the offer that serves best: what was asked for exactly, then fast enough, then near the usual
/// size, then cheap to decode.
///
/// # Errors
/// What the camera does not have, and what it has instead.
pub(super) fn choose(offers: &[Offer], wanted: &CameraAddress) -> Result<Choice, String> {
    let asked = |offer: &&Choice| {
        wanted.format.is_none_or(|format| format == offer.format) && wanted.size.is_none_or(|size| size == offer.size)
    };
    let fps = fps(wanted) as f32;
    let readable = readable(offers, wanted.size.unwrap_or(SIZE));
    let best = readable.iter().filter(asked).min_by(|a, b| {
        // Rates of television are a little below their names.
        let slow = |offer: &Choice| offer.fps.map_or(0.0, |offered| (fps * 0.95 - offered).max(0.0));
        let costs = (effort(a.format), effort(b.format));
        slow(a).total_cmp(&slow(b)).then(distance(a.size).total_cmp(&distance(b.size))).then(costs.0.cmp(&costs.1))
    });
    best.copied().ok_or_else(|| refusal(offers, wanted))
}

/// What can be read, in the sizes nearest to what is wanted.
fn readable(offers: &[Offer], size: (u32, u32)) -> Vec<Choice> {
    let choice = |offer: &Offer| match offer.format {
        Format::Read(format) => Some(Choice { format, size: offer.sizes.nearest(size), fps: offer.fps }),
        Format::Unread(_) => None,
    };
    offers.iter().filter_map(choice).collect()
}

/// How far a size is from the usual one: 0 when they have as many pixels, 1 at e times as many.
fn distance((width, height): (u32, u32)) -> f32 {
    let pixels = |width: u32, height: u32| width as f32 * height as f32;
    (pixels(width, height) / pixels(SIZE.0, SIZE.1)).ln().abs()
}

/// The order of formats: those that come as they are used, the one to decode, the one without colour.
fn effort(format: CameraFormat) -> u8 {
    match format {
        CameraFormat::Nv12 | CameraFormat::Yuyv | CameraFormat::Rgb24 => 0,
        CameraFormat::Mjpeg => 1,
        CameraFormat::Grey => 2,
    }
}

fn refusal(offers: &[Offer], wanted: &CameraAddress) -> String {
    if offers.is_empty() {
        return "it offers no picture in a format that is read".into();
    }
    let format = wanted.format.map(|format| format!(" {}", format.name())).unwrap_or_default();
    let size = wanted.size.map(|(width, height)| format!(" {width}x{height}")).unwrap_or_default();
    let mut offered: Vec<String> =
        offers.iter().map(|Offer { format, sizes, .. }| format!("{format} {sizes}")).collect();
    offered.dedup();
    format!("it does not offer{format}{size}, but {}", offered.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::offers::Sizes;
    use super::*;

    fn chosen(offer: &Offer) -> Result<Choice, String> {
        let Format::Read(format) = offer.format else { return Err(offer.format.to_string()) };
        Ok(Choice { format, size: offer.sizes.largest(), fps: offer.fps })
    }

    fn any() -> CameraAddress {
        CameraAddress { device: "/dev/video0".into(), size: None, fps: None, format: None }
    }

    fn offer(format: CameraFormat, width: u32, height: u32, fps: f32) -> Offer {
        Offer { format: Format::Read(format), sizes: Sizes::One((width, height)), fps: Some(fps) }
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
    fn by_itself_it_takes_the_usual_size_in_whatever_format_is_fast_enough() {
        assert_eq!(choose(&webcam(), &any()), chosen(&webcam()[3]));
        let slow = CameraAddress { fps: Some(10), ..any() };
        assert_eq!(choose(&webcam(), &slow), chosen(&webcam()[1]));
    }

    #[test]
    fn what_was_asked_for_is_taken_even_when_it_is_slow() {
        let wanted = CameraAddress { size: Some((1280, 720)), format: Some(CameraFormat::Yuyv), ..any() };
        assert_eq!(choose(&webcam(), &wanted), chosen(&webcam()[1]));
        let wanted = CameraAddress { size: Some((640, 480)), ..any() };
        assert_eq!(choose(&webcam(), &wanted), chosen(&webcam()[0]));
    }

    #[test]
    fn colour_is_preferred_and_an_unknown_rate_is_believed() {
        let offers = [offer(CameraFormat::Grey, 1280, 720, 60.0), offer(CameraFormat::Mjpeg, 1280, 720, 30.0)];
        assert_eq!(choose(&offers, &any()), chosen(&offers[1]));
        let silent = [Offer { fps: None, ..offers[1].clone() }, offer(CameraFormat::Yuyv, 1280, 720, 5.0)];
        assert_eq!(choose(&silent, &any()), chosen(&silent[0]));
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let wanted = CameraAddress { size: Some((320, 240)), format: Some(CameraFormat::Nv12), ..any() };
        let reason = choose(&webcam()[..2], &wanted).unwrap_err();
        assert_eq!(reason, "it does not offer nv12 320x240, but yuyv 640x480, yuyv 1280x720");
        assert!(choose(&[], &any()).unwrap_err().contains("no picture"));
    }
}
