//! Which camera it is, whatever number the system gives it.
//!
//! Cameras that are plugged in again may come back under another `/dev/videoN`, and another camera may come under
//! theirs. So a camera is remembered by what it says of itself, and taken for another never: two of the same make,
//! often with the same serial number, are told apart by where they are plugged in.

use super::devices::{Device, NodeKind};

/// What a camera is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    name: String,
    bus: String,
    index: u32,
    /// The serial number, if no other camera had the same when this one was met.
    serial: Option<String>,
}

impl Identity {
    /// Remembers a camera, one among all of the machine.
    pub fn of(camera: &Device, all: &[Device]) -> Self {
        let twin =
            |other: &Device| other.bus != camera.bus && other.name == camera.name && other.serial == camera.serial;
        let shared = all.iter().any(twin);
        Self {
            name: camera.name.clone(),
            bus: camera.bus.clone(),
            index: camera.index,
            serial: camera.serial.clone().filter(|_| !shared),
        }
    }

    /// The camera was found at this place.
    pub fn moved_to(&mut self, found: &Device) {
        self.bus.clone_from(&found.bus);
    }

    /// Whether a device is this camera: of its name, and in its place or with its own serial number.
    pub fn is(&self, device: &Device) -> bool {
        device.kind == NodeKind::Capture
            && device.name == self.name
            && device.index == self.index
            && (device.bus == self.bus || self.serial.is_some() && device.serial == self.serial)
    }

    /// This camera among others: the one in its place before one with its serial number.
    pub fn find(&self, devices: &[Device]) -> Option<Device> {
        let mut found = devices.iter().filter(|device| self.is(device));
        let first = found.next()?;
        let in_place = found.find(|device| device.bus == self.bus && first.bus != self.bus);
        Some(in_place.unwrap_or(first).clone())
    }
}

impl std::fmt::Display for Identity {
    /// As `HD Webcam at usb-0000:00:14.0-1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.name, self.bus)
    }
}

#[cfg(test)]
mod tests {
    use super::super::devices::Access;
    use super::*;

    fn camera(number: u32, name: &str, bus: &str, serial: Option<&str>) -> Device {
        Device {
            node: format!("/dev/video{number}").into(),
            name: name.into(),
            driver: "uvcvideo".into(),
            bus: bus.into(),
            serial: serial.map(str::to_owned),
            index: 0,
            links: Vec::new(),
            kind: NodeKind::Capture,
            access: Access::Usable,
        }
    }

    #[test]
    fn a_camera_is_found_under_another_number() {
        let identity = Identity::of(&camera(0, "Webcam", "usb-1", None), &[]);
        let (other, back) = (camera(0, "Loopback", "platform:l", None), camera(3, "Webcam", "usb-1", None));
        assert_eq!(identity.find(&[other.clone(), back.clone()]), Some(back));
        assert_eq!(identity.find(&[other]), None);
    }

    #[test]
    fn a_serial_number_of_its_own_finds_a_camera_in_another_socket() {
        let first = camera(0, "Webcam", "usb-1", Some("A7"));
        let other = camera(2, "Webcam", "usb-2", Some("B8"));
        let identity = Identity::of(&first, &[first.clone(), other.clone()]);
        let moved = camera(0, "Webcam", "usb-9", Some("A7"));
        assert_eq!(identity.find(&[other, moved.clone()]), Some(moved));
    }

    #[test]
    fn twins_are_told_apart_by_their_sockets() {
        for serial in [None, Some("0001")] {
            let (left, right) = (camera(0, "Webcam", "usb-1", serial), camera(2, "Webcam", "usb-2", serial));
            let identity = Identity::of(&left, &[left.clone(), right.clone()]);
            assert_eq!(identity.find(std::slice::from_ref(&right)), None, "{serial:?}");
            let back = camera(4, "Webcam", "usb-1", serial);
            assert_eq!(identity.find(&[right, back.clone()]), Some(back));
        }
    }

    #[test]
    fn the_place_counts_more_than_a_serial_number_that_came_twice_later() {
        let identity = Identity::of(&camera(0, "Webcam", "usb-2", Some("0001")), &[]);
        let (new, back) = (camera(0, "Webcam", "usb-1", Some("0001")), camera(1, "Webcam", "usb-2", Some("0001")));
        assert_eq!(identity.find(&[new, back.clone()]), Some(back));
    }

    #[test]
    fn the_nodes_of_one_camera_are_not_mixed_up() {
        let depth = camera(0, "Depth", "usb-1", Some("A7"));
        let colour = Device { index: 2, ..camera(2, "Depth", "usb-1", Some("A7")) };
        let identity = Identity::of(&colour, &[depth.clone(), colour.clone()]);
        assert_eq!(identity.serial.as_deref(), Some("A7"));
        assert!(!identity.is(&depth));
        assert!(!identity.is(&Device { kind: NodeKind::Metadata, ..colour.clone() }));
        assert!(identity.is(&colour));
    }
}
