//! From what the user wrote to the node that gives the pictures, now.

use std::fs;
use std::path::Path;

use tracing::info;

use super::devices::{Access, Device, NodeKind, System, device, devices};
use super::identity::Identity;
use crate::capture::address::CameraPlace;

/// Why there is no such camera now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// What is so.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Finds the camera: `known` is the one that was found before, which no other may replace.
///
/// # Errors
/// When it is away, cannot be told from others, or gives no pictures.
pub(super) fn locate(place: &CameraPlace, known: Option<&Identity>) -> Result<Device, Missing> {
    match place {
        CameraPlace::Node(node) => at_node(node, known),
        CameraPlace::Name(name) => {
            one_of(&devices(), known, &format!("named {name:?}"), |camera| is_named(camera, name))
        }
        CameraPlace::Bus(bus) => one_of(&devices(), known, &format!("at {bus}"), |camera| camera.bus == *bus),
    }
}

fn at_node(node: &Path, known: Option<&Identity>) -> Result<Device, Missing> {
    // A link leads to whatever the system says it does; only a number may come to mean another camera.
    let known = known.filter(|_| is_number(node));
    let there = device(fs::canonicalize(node).unwrap_or_else(|_| node.into()));
    let Some(known) = known else { return pictures(there) };
    if known.is(&there) {
        return Ok(there);
    }
    match known.find(&devices()) {
        Some(found) => {
            info!(camera = %known, node = %found.node.display(), "The camera has come back under another number.");
            Ok(found)
        }
        None if there.kind == NodeKind::Capture => Err(Missing {
            reason: format!("{known} is away, and {there} is another camera"),
            remedy: "plug it in again, or restart affectd to take the other".into(),
        }),
        None => pictures(there),
    }
}

/// A node that gives pictures: this one, or that of the same camera beside it.
fn pictures(there: Device) -> Result<Device, Missing> {
    match (&there.access, there.kind) {
        // Why a node cannot be opened is told by opening it.
        (Access::Denied | Access::Busy, _) | (Access::Usable, NodeKind::Capture) => Ok(there),
        (Access::Failed(reason), _) => {
            let others: Vec<Device> = cameras(&devices()).cloned().collect();
            Err(Missing { reason: reason.clone(), remedy: format!("plug it in; {}", list(&others)) })
        }
        (Access::Usable, NodeKind::Metadata) => match beside(&there) {
            Some(camera) => {
                info!(given = %there.node.display(), taken = %camera, "The node holds no pictures; the one beside it does.");
                Ok(camera)
            }
            None => Err(no_pictures(&there, "it tells about pictures, but holds none")),
        },
        (Access::Usable, NodeKind::Multiplanar) => Err(Missing {
            reason: "its pictures come in several planes, which affectd does not read by itself".into(),
            remedy: format!("read it by way of GStreamer: gst:v4l2src device={}", there.node.display()),
        }),
        (Access::Usable, NodeKind::Output) => Err(no_pictures(&there, "it takes pictures, and gives none now")),
        (Access::Usable, NodeKind::Other) => Err(no_pictures(&there, "it is no camera")),
    }
}

fn no_pictures(there: &Device, reason: &str) -> Missing {
    let others: Vec<Device> = cameras(&devices()).filter(|camera| camera.node != there.node).cloned().collect();
    Missing { reason: reason.into(), remedy: format!("take another; {}", list(&others)) }
}

/// The node with the pictures that a node of the same device tells about.
fn beside(metadata: &Device) -> Option<Device> {
    let parent = System::of(&metadata.node).parent();
    let same = |other: &&Device| match &parent {
        Some(parent) => System::of(&other.node).parent().as_ref() == Some(parent),
        None => other.bus == metadata.bus,
    };
    cameras(&devices()).find(same).cloned()
}

/// The only camera that is meant, or, of several, the one that is known.
fn one_of(
    devices: &[Device],
    known: Option<&Identity>,
    meant: &str,
    is_meant: impl Fn(&Device) -> bool,
) -> Result<Device, Missing> {
    let matching: Vec<Device> = cameras(devices).filter(|camera| is_meant(camera)).cloned().collect();
    match (matching.as_slice(), known.and_then(|known| known.find(&matching))) {
        (_, Some(camera)) => Ok(camera),
        ([camera], None) => Ok(camera.clone()),
        ([], None) => {
            let all: Vec<Device> = cameras(devices).cloned().collect();
            Err(Missing {
                reason: format!("there is no camera {meant}"),
                remedy: format!("plug it in; {}", list(&all)),
            })
        }
        // Several nodes of one device: the first is the picture that everybody takes.
        ([first, rest @ ..], None) if rest.iter().all(|other| other.bus == first.bus && other.name == first.name) => {
            Ok(first.clone())
        }
        (several, None) => Err(Missing {
            reason: format!("there are {} cameras {meant}", several.len()),
            remedy: format!("name one by its node or bus; {}", list(several)),
        }),
    }
}

fn is_named(camera: &Device, name: &str) -> bool {
    camera.name.to_lowercase().contains(&name.to_lowercase())
}

fn is_number(node: &Path) -> bool {
    let number = node.strip_prefix("/dev").ok().and_then(|name| name.to_str()?.strip_prefix("video"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn cameras(devices: &[Device]) -> impl Iterator<Item = &Device> {
    devices.iter().filter(|device| device.kind == NodeKind::Capture)
}

fn list(cameras: &[Device]) -> String {
    if cameras.is_empty() {
        return "this machine has no camera now".into();
    }
    let cameras: Vec<String> = cameras.iter().map(Device::to_string).collect();
    format!("this machine has {}", cameras.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(number: u32, name: &str, bus: &str) -> Device {
        let node = format!("/dev/video{number}").into();
        Device { name: name.into(), bus: bus.into(), kind: NodeKind::Capture, access: Access::Usable, ..device(node) }
    }

    fn named(devices: &[Device], known: Option<&Identity>, name: &str) -> Result<u32, Missing> {
        let found = one_of(devices, known, &format!("named {name:?}"), |camera| is_named(camera, name))?;
        Ok(found.node.to_str().unwrap().strip_prefix("/dev/video").unwrap().parse().unwrap())
    }

    #[test]
    fn a_part_of_the_name_is_enough_when_it_says_which() {
        let devices = [camera(0, "HD Webcam C270", "usb-1"), camera(2, "BRIO", "usb-2")];
        assert_eq!(named(&devices, None, "webcam"), Ok(0));
        assert_eq!(named(&devices, None, "brio"), Ok(2));
        let missing = named(&devices, None, "kinect").unwrap_err();
        assert_eq!(missing.reason, "there is no camera named \"kinect\"");
        assert!(missing.remedy.contains("/dev/video0 (HD Webcam C270, usb-1) and /dev/video2"), "{missing:?}");
        assert!(named(&[], None, "brio").unwrap_err().remedy.contains("no camera now"));
    }

    #[test]
    fn of_twins_only_the_known_one_is_taken() {
        let twins = [camera(0, "Webcam", "usb-1"), camera(2, "Webcam", "usb-2")];
        assert!(named(&twins, None, "webcam").unwrap_err().remedy.contains("usb-1) and /dev/video2"));
        let known = Identity::of(&twins[1], &twins);
        assert_eq!(named(&twins, Some(&known), "webcam"), Ok(2));
    }

    #[test]
    fn of_the_nodes_of_one_camera_the_first_is_taken() {
        let nodes = [camera(0, "Webcam", "usb-1"), Device { index: 2, ..camera(2, "Webcam", "usb-1") }];
        assert_eq!(named(&nodes, None, "webcam"), Ok(0));
    }

    #[test]
    fn metadata_without_a_camera_outputs_and_others_are_refused_with_the_reason() {
        let node = |kind| pictures(Device { kind, ..camera(9999, "Thing", "platform:thing") });
        assert!(node(NodeKind::Metadata).unwrap_err().reason.contains("about pictures"));
        assert!(node(NodeKind::Output).unwrap_err().reason.contains("takes pictures"));
        assert!(node(NodeKind::Other).unwrap_err().reason.contains("no camera"));
        assert!(node(NodeKind::Multiplanar).unwrap_err().remedy.contains("gst:v4l2src device=/dev/video9999"));
        assert!(node(NodeKind::Capture).is_ok());
    }

    #[test]
    fn only_numbers_may_come_to_mean_another_camera() {
        assert!(is_number("/dev/video12".as_ref()));
        for link in ["/dev/v4l/by-id/usb-1", "/dev/webcam", "/dev/video", "video0", "/tmp/video0"] {
            assert!(!is_number(link.as_ref()), "{link}");
        }
    }
}
