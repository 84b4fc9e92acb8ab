//! Which cameras there are, and what they offer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Case, Finding};
use crate::capture::Address;
use crate::capture::v4l::devices::{Access, Device, NodeKind, devices};
use crate::capture::v4l::offers::{Format, Offer, offers_of};

/// So many formats that are not read are named; test devices have dozens.
const NAMED: usize = 4;

/// Lists them; none at all fails where one is configured.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let devices = devices();
    let mut found: Vec<_> = devices.iter().filter(|device| gives_pictures(device)).map(camera).collect();
    if found.is_empty() {
        found.push(none(matches!(case.config.video, Address::V4l(_))));
    }
    let others: Vec<_> = devices.iter().filter(|device| !gives_pictures(device)).map(other).collect();
    if !others.is_empty() {
        found.push(Finding::good("camera", format!("not cameras: {}", others.join(", "))));
    }
    found
}

/// A node that is a camera, or may be one: it cannot be opened to be asked.
fn gives_pictures(device: &Device) -> bool {
    let told = matches!(device.kind, NodeKind::Capture | NodeKind::Multiplanar);
    told || device.access != Access::Usable
}

fn none(configured: bool) -> Finding {
    let says = "there is no camera: no /dev/video* that gives pictures";
    match configured {
        true => Finding::wrong(
            "camera",
            says,
            "plug one in, try another cable and port, and see `dmesg`; boards/README.md tells of CSI cameras",
        ),
        false => Finding::skipped("camera", format!("{says}; none is configured")),
    }
}

fn camera(device: &Device) -> Finding {
    let node = device.node.display();
    let name = [&*device.name, &*device.driver, &*device.bus];
    let name = name.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
    match (&device.access, device.kind) {
        (Access::Denied, _) => {
            let remedy = "sudo usermod --append --groups video $USER, then log in anew";
            Finding::warning("camera", format!("{node} ({name}) may not be opened by this user"), remedy)
        }
        (Access::Busy, _) => {
            let remedy = format!("stop the program that has it: `fuser -v {node}`");
            Finding::warning("camera", format!("{node} ({name}) is held by another program"), remedy)
        }
        (Access::Failed(why), _) => Finding::warning(
            "camera",
            format!("{node} ({name}) cannot be asked: {why}"),
            "plug it in anew, and see `dmesg`",
        ),
        (Access::Usable, NodeKind::Multiplanar) => Finding::warning(
            "camera",
            format!("{node} ({name}) gives pictures in several planes, which affectd does not read by itself"),
            "reach it through GStreamer or libcamera: see the board's page in boards",
        ),
        (Access::Usable, _) => offered(&format!("{node} ({name})"), offers_of(&device.node)),
    }
}

/// What a camera offers; one that offers nothing that affectd reads is a warning.
fn offered(camera: &str, offers: io::Result<Vec<Offer>>) -> Finding {
    let offers = match offers {
        Ok(offers) => offers,
        Err(error) => {
            return Finding::warning(
                "camera",
                format!("{camera} cannot be asked: {error}"),
                "plug it in anew, and see `dmesg`",
            );
        }
    };
    let says = format!("{camera}: {}", summary(&offers));
    if offers.iter().any(|offer| matches!(offer.format, Format::Read(_))) {
        return Finding::good("camera", says);
    }
    let remedy = "affectd reads mjpeg, yuyv, nv12, grey and rgb24: use another camera, or reach it through GStreamer";
    Finding::warning("camera", says, remedy)
}

/// Each format that affectd reads, with its largest size, the rate there, and how many sizes there are; of the others
/// a few names.
fn summary(offers: &[Offer]) -> String {
    let (mut read, mut unread) = (BTreeMap::<String, Vec<&Offer>>::new(), BTreeSet::new());
    for offer in offers {
        match &offer.format {
            Format::Read(format) => read.entry(format.name().to_owned()).or_default().push(offer),
            Format::Unread(letters) => drop(unread.insert(letters.trim())),
        }
    }
    let area = |offer: &&&Offer| {
        let (width, height) = offer.sizes.largest();
        u64::from(width) * u64::from(height)
    };
    let told = read.iter().filter_map(|(format, offers)| {
        let largest = offers.iter().max_by_key(area)?;
        let rate = largest.fps.map(|fps| format!(" at {fps:.0} a second")).unwrap_or_default();
        let more = match offers.len() {
            1 => String::new(),
            n => format!(" and {} smaller", n - 1),
        };
        Some(format!("{format} {}{rate}{more}", largest.sizes))
    });
    let mut told: Vec<_> = told.collect();
    if !unread.is_empty() {
        let names = unread.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if unread.len() > NAMED { format!(" and {} more", unread.len() - NAMED) } else { String::new() };
        told.push(format!("not read: {names}{more}"));
    }
    if told.is_empty() { "it offers nothing".to_owned() } else { told.join("; ") }
}

fn other(device: &Device) -> String {
    let what = match device.kind {
        NodeKind::Metadata => "tells about pictures",
        NodeKind::Output => "takes pictures",
        NodeKind::Capture | NodeKind::Multiplanar | NodeKind::Other => "a codec or the like",
    };
    format!("{} ({what})", device.node.display())
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;
    use crate::capture::address::CameraFormat;
    use crate::capture::v4l::offers::Sizes;

    fn device(kind: NodeKind, access: Access) -> Device {
        Device {
            node: "/dev/video2".into(),
            name: "HD Webcam".to_owned(),
            driver: "uvcvideo".to_owned(),
            bus: String::new(),
            serial: None,
            index: 0,
            links: Vec::new(),
            kind,
            access,
        }
    }

    fn offer(format: Format, width: u32, height: u32, fps: f32) -> Offer {
        Offer { format, sizes: Sizes::One((width, height)), fps: Some(fps) }
    }

    #[test]
    fn what_a_camera_offers_is_told_by_format() {
        let mjpeg = Format::Read(CameraFormat::Mjpeg);
        let offers = vec![
            offer(mjpeg.clone(), 640, 480, 30.0),
            offer(mjpeg, 1920, 1080, 30.0),
            offer(Format::Unread("H264".to_owned()), 1920, 1080, 30.0),
        ];
        let finding = offered("/dev/video0 (HD Webcam)", Ok(offers));
        assert_eq!(finding.grade, Grade::Good);
        let says = "/dev/video0 (HD Webcam): mjpeg 1920x1080 at 30 a second and 1 smaller; not read: H264";
        assert_eq!(finding.says, says);
    }

    #[test]
    fn a_camera_that_gives_nothing_that_is_read_is_a_warning() {
        for offers in [vec![offer(Format::Unread("H264".to_owned()), 1920, 1080, 30.0)], vec![]] {
            let finding = offered("/dev/video0", Ok(offers));
            assert_eq!(finding.grade, Grade::Warning, "{finding:?}");
        }
    }

    #[test]
    fn a_camera_that_cannot_be_opened_says_what_to_do() {
        for (access, remedy) in [
            (Access::Denied, "usermod"),
            (Access::Busy, "fuser -v /dev/video2"),
            (Access::Failed("No such device".to_owned()), "dmesg"),
        ] {
            let finding = camera(&device(NodeKind::Other, access));
            assert_eq!(finding.grade, Grade::Warning);
            assert!(finding.remedy.as_ref().unwrap().contains(remedy), "{finding:?}");
        }
    }

    #[test]
    fn what_is_beside_a_camera_is_not_taken_for_one() {
        assert!(!gives_pictures(&device(NodeKind::Metadata, Access::Usable)));
        assert!(gives_pictures(&device(NodeKind::Multiplanar, Access::Usable)));
        assert_eq!(other(&device(NodeKind::Metadata, Access::Usable)), "/dev/video2 (tells about pictures)");
    }

    #[test]
    fn no_camera_fails_only_where_one_is_configured() {
        assert_eq!(none(true).grade, Grade::Wrong);
        assert_eq!(none(false).grade, Grade::Skipped);
    }
}
