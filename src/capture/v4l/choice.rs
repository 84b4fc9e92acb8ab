//! Which of a camera's formats and sizes to ask for.

use super::super::address::{CameraAddress, CameraFormat};

/// The size that is taken when none is asked for, or the nearest to it: a face across a room has enough
/// pixels, and it can be decoded on one core.
const SIZE: (u32, u32) = (1280, 720);

/// The frames a second that are taken when none are asked for.
const FPS: u32 = 30;

/// Something a camera can deliver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offer {
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

/// The size that is nearest to what is wanted among those from `least` to `most` in steps.
pub(super) fn nearest_size(
    wanted: &CameraAddress,
    least: (u32, u32),
    most: (u32, u32),
    step: (u32, u32),
) -> (u32, u32) {
    let (width, height) = wanted.size.unwrap_or(SIZE);
    let side = |wanted: u32, least: u32, most: u32, step: u32| {
        let wanted = wanted.clamp(least.min(most), most);
        wanted - (wanted - least.min(wanted)) % step.max(1)
    };
    (side(width, least.0, most.0, step.0), side(height, least.1, most.1, step.1))
}

/// Takes the offer that serves best: what was asked for exactly, then fast enough, then near the usual
/// size, then cheap to decode.
///
/// # Errors
/// What the camera does not have, and what it has instead.
pub(super) fn choose(offers: &[Offer], wanted: &CameraAddress) -> Result<Offer, String> {
    let asked = |offer: &&Offer| {
        wanted.format.is_none_or(|format| format == offer.format) && wanted.size.is_none_or(|size| size == offer.size)
    };
    let fps = fps(wanted) as f32;
    let best = offers.iter().filter(asked).min_by(|a, b| {
        // Rates of television are a little below their names.
        let slow = |offer: &Offer| offer.fps.map_or(0.0, |offered| (fps * 0.95 - offered).max(0.0));
        let costs = (effort(a.format), effort(b.format));
        slow(a).total_cmp(&slow(b)).then(distance(a.size).total_cmp(&distance(b.size))).then(costs.0.cmp(&costs.1))
    });
    best.copied().ok_or_else(|| refusal(offers, wanted))
}

/// How far a size is from the usual one: 0 when they have as many pixels, 1 at e times as many.
fn distance((width, height): (u32, u32)) -> f32 {
    let pixels = |width: u32, height: u32| width as f32 * height as f32;
    (pixels(width, height) / pixels(SIZE.0, SIZE.1)).ln().abs()
}

/// The order of formats: those that come as they are used, the one to decode, the one without colour.
fn effort(format: CameraFormat) -> u8 {
    match format {
        CameraFormat::Nv12 | CameraFormat::Yuyv => 0,
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
    let mut offered: Vec<String> = offers
        .iter()
        .map(|Offer { format, size: (width, height), .. }| format!("{} {width}x{height}", format.name()))
        .collect();
    offered.dedup();
    format!("it does not offer{format}{size}, but {}", offered.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any() -> CameraAddress {
        CameraAddress { device: "/dev/video0".into(), size: None, fps: None, format: None }
    }

    fn offer(format: CameraFormat, width: u32, height: u32, fps: f32) -> Offer {
        Offer { format, size: (width, height), fps: Some(fps) }
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
        assert_eq!(choose(&webcam(), &any()), Ok(webcam()[3]));
        let slow = CameraAddress { fps: Some(10), ..any() };
        assert_eq!(choose(&webcam(), &slow), Ok(webcam()[1]));
    }

    #[test]
    fn what_was_asked_for_is_taken_even_when_it_is_slow() {
        let wanted = CameraAddress { size: Some((1280, 720)), format: Some(CameraFormat::Yuyv), ..any() };
        assert_eq!(choose(&webcam(), &wanted), Ok(webcam()[1]));
        let wanted = CameraAddress { size: Some((640, 480)), ..any() };
        assert_eq!(choose(&webcam(), &wanted), Ok(webcam()[0]));
    }

    #[test]
    fn colour_is_preferred_and_an_unknown_rate_is_believed() {
        let offers = [offer(CameraFormat::Grey, 1280, 720, 60.0), offer(CameraFormat::Mjpeg, 1280, 720, 30.0)];
        assert_eq!(choose(&offers, &any()), Ok(offers[1]));
        let silent = [Offer { fps: None, ..offers[1] }, offer(CameraFormat::Yuyv, 1280, 720, 5.0)];
        assert_eq!(choose(&silent, &any()), Ok(silent[0]));
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let wanted = CameraAddress { size: Some((320, 240)), format: Some(CameraFormat::Nv12), ..any() };
        let reason = choose(&webcam()[..2], &wanted).unwrap_err();
        assert_eq!(reason, "it does not offer nv12 320x240, but yuyv 640x480, yuyv 1280x720");
        assert!(choose(&[], &any()).unwrap_err().contains("no picture"));
    }

    #[test]
    fn sizes_in_steps_come_near_what_is_wanted() {
        assert_eq!(nearest_size(&any(), (32, 32), (3280, 2464), (2, 2)), (1280, 720));
        assert_eq!(nearest_size(&any(), (16, 16), (640, 480), (16, 16)), (640, 480));
        let wanted = CameraAddress { size: Some((101, 7)), ..any() };
        assert_eq!(nearest_size(&wanted, (32, 32), (640, 480), (8, 8)), (96, 32));
        assert_eq!(nearest_size(&wanted, (0, 0), (0, 0), (0, 0)), (0, 0));
    }
}
