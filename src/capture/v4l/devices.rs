//! Which cameras this machine has.
//!
//! A camera often has several nodes under `/dev`, of which one gives pictures; codecs and other devices have some, too.
//! What a node is, only its driver knows, so each is opened for a moment; nothing is set or started.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use v4l::Device as Opened;
use v4l::capability::{Capabilities, Flags};

use super::guard::guarded;

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// It gives pictures.
    Capture,
    /// It gives pictures in several planes, as the camera interfaces of some boards do, which GStreamer can read.
    Multiplanar,
    /// It tells about the pictures of the node beside it.
    Metadata,
    /// It takes pictures: a screen, or a loopback that nothing is fed to yet.
    Output,
    /// A codec, a radio, or something that would not tell.
    Other,
}

/// Whether a node can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It can. Another program may stream from it all the same: see [`super::holders::holders`].
    Usable,
    /// This user may not.
    Denied,
    /// Another program has it and its driver lets one in only.
    Busy,
    /// The system refuses for another reason, which this is.
    Failed(String),
}

/// A node of a camera, or of what may be taken for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The node, as `/dev/video0`.
    pub node: PathBuf,
    /// What the maker calls it.
    pub name: String,
    /// The driver, as `uvcvideo`. Empty when it is not known.
    pub driver: String,
    /// Where it is plugged in, as `usb-0000:00:14.0-1`. Empty when it is not known.
    pub bus: String,
    /// The serial number, of USB cameras that have one. Many have the same.
    pub serial: Option<String>,
    /// Which of its device's nodes it is, from 0 on.
    pub index: u32,
    /// The links to it in `/dev/v4l/by-id` and `/dev/v4l/by-path`.
    pub links: Vec<PathBuf>,
    /// What it is for.
    pub kind: NodeKind,
    /// Whether it can be opened.
    pub access: Access,
}

impl fmt::Display for Device {
    /// As `/dev/video0 (HD Webcam, usb-0000:00:14.0-1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.node.display(), self.name, self.bus)
    }
}

/// Every video node of this machine, in the order of their numbers.
pub fn devices() -> Vec<Device> {
    let mut numbered: Vec<(u32, PathBuf)> = entries("/dev".as_ref())
        .filter_map(|node| Some((node.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?, node)))
        .collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, node)| device(node)).collect()
}

/// One node.
pub(super) fn device(node: PathBuf) -> Device {
    let told = Opened::with_path(&node).and_then(|opened| guarded("itself", || opened.query_caps()));
    let system = System::of(&node);
    let name = || system.attribute("name").unwrap_or_default();
    let (name, driver, bus, kind, access) = match told {
        Ok(caps) => {
            let kind = kind(&caps);
            (caps.card, caps.driver, caps.bus, kind, Access::Usable)
        }
        Err(error) => (name(), system.driver(), String::new(), NodeKind::Other, access(&error)),
    };
    let (serial, index) = (system.serial(), system.index());
    Device { name, driver, bus, serial, index, links: links(&node), kind, access, node }
}

fn kind(caps: &Capabilities) -> NodeKind {
    let has = |flags| caps.capabilities.intersects(flags);
    if has(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        NodeKind::Other
    } else if has(Flags::VIDEO_CAPTURE) {
        NodeKind::Capture
    } else if has(Flags::VIDEO_CAPTURE_MPLANE) {
        NodeKind::Multiplanar
    } else if has(Flags::META_CAPTURE) {
        NodeKind::Metadata
    } else if has(Flags::VIDEO_OUTPUT | Flags::VIDEO_OUTPUT_MPLANE | Flags::VIDEO_OUTPUT_OVERLAY) {
        NodeKind::Output
    } else {
        NodeKind::Other
    }
}

fn access(error: &io::Error) -> Access {
    match error.kind() {
        ErrorKind::PermissionDenied => Access::Denied,
        ErrorKind::ResourceBusy => Access::Busy,
        _ => Access::Failed(error.to_string()),
    }
}

/// The links of udev that lead to a node.
fn links(node: &Path) -> Vec<PathBuf> {
    let mut links: Vec<PathBuf> = ["/dev/v4l/by-id", "/dev/v4l/by-path"]
        .into_iter()
        .flat_map(|folder| entries(folder.as_ref()))
        .filter(|link| fs::canonicalize(link).is_ok_and(|leads_to| leads_to == node))
        .collect();
    links.sort_unstable();
    links
}

/// The paths in a folder; none when there is no such folder.
pub(super) fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// What the kernel tells of a node without opening it.
pub(super) struct System(PathBuf);

impl System {
    pub fn of(node: &Path) -> Self {
        Self(Path::new("/sys/class/video4linux").join(node.file_name().unwrap_or_default()))
    }

    /// The device behind the node, which all its nodes share: for USB, the interface.
    pub fn parent(&self) -> Option<PathBuf> {
        fs::canonicalize(self.0.join("device")).ok()
    }

    fn attribute(&self, name: &str) -> Option<String> {
        text(&self.0.join(name))
    }

    fn driver(&self) -> String {
        let link = fs::canonicalize(self.0.join("device/driver")).ok();
        link.and_then(|driver| Some(driver.file_name()?.to_str()?.to_owned())).unwrap_or_default()
    }

    fn index(&self) -> u32 {
        self.attribute("index").and_then(|index| index.parse().ok()).unwrap_or_default()
    }

    /// The serial number of the USB device that the interface belongs to.
    fn serial(&self) -> Option<String> {
        text(&self.parent()?.parent()?.join("serial"))
    }
}

/// What a file of the kernel's says; some cameras' names are no UTF-8.
fn text(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn with(capabilities: Flags) -> NodeKind {
        let (driver, card, bus) = (String::new(), String::new(), String::new());
        kind(&Capabilities { driver, card, bus, version: (6, 1, 0), capabilities })
    }

    #[test]
    fn a_node_is_what_its_driver_can_do() {
        let usual = Flags::STREAMING | Flags::EXT_PIX_FORMAT;
        assert_eq!(with(usual | Flags::VIDEO_CAPTURE), NodeKind::Capture);
        assert_eq!(with(usual | Flags::VIDEO_CAPTURE | Flags::VIDEO_OUTPUT), NodeKind::Capture);
        assert_eq!(with(usual | Flags::VIDEO_CAPTURE_MPLANE), NodeKind::Multiplanar);
        assert_eq!(with(usual | Flags::META_CAPTURE), NodeKind::Metadata);
        assert_eq!(with(usual | Flags::VIDEO_OUTPUT), NodeKind::Output);
        assert_eq!(with(usual | Flags::VIDEO_M2M_MPLANE | Flags::VIDEO_CAPTURE_MPLANE), NodeKind::Other);
        assert_eq!(with(Flags::RADIO), NodeKind::Other);
    }

    #[test]
    fn a_node_that_cannot_be_opened_says_why() {
        assert_eq!(access(&Errno::ACCESS.into()), Access::Denied);
        assert_eq!(access(&Errno::PERM.into()), Access::Denied);
        assert_eq!(access(&Errno::BUSY.into()), Access::Busy);
        let missing = device("/dev/no-such-camera".into());
        assert!(matches!(&missing.access, Access::Failed(why) if why.contains("No such file")), "{missing:?}");
        assert_eq!((missing.kind, missing.name.as_str(), missing.serial), (NodeKind::Other, "", None));
    }

    #[test]
    fn what_is_no_video_device_is_told_from_a_camera() {
        let null = device("/dev/null".into());
        assert!(matches!(null.access, Access::Failed(_)), "{null:?}");
    }
}
