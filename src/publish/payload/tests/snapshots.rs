//! The payloads as they go out, field by field.

use super::{payloads, samples};
use crate::events::Event;
use crate::face::Quality;
use crate::geometry::Rect;
use crate::publish::FaceState;
use crate::publish::payload::{EventPayload, FaceLine, NotFinite, Status};

#[test]
fn every_payload_is_as_it_was() {
    for (name, _, payload) in payloads() {
        insta::assert_snapshot!(name, payload);
    }
}

#[test]
fn a_line_of_infer_is_led_by_its_source() {
    let identity = samples::identity();
    let line = FaceLine::of(&samples::face_state(), None, &identity).unwrap().from_source("a.jpg");
    let text = serde_json::to_string(&line).unwrap();
    assert!(text.starts_with(r#"{"source":"a.jpg","schema":1,"device":"kiosk-7","face":12,"#), "{text}");
}

#[test]
fn the_status_is_one_bare_word() {
    assert_eq!([Status::Online, Status::Stopped, Status::Offline].map(Status::word), ["online", "stopped", "offline"]);
}

#[test]
fn a_number_that_is_not_finite_is_not_published() {
    let identity = samples::identity();
    for bad in [f32::NAN, f32::INFINITY] {
        let rect = Rect::new(0.0, bad, 1.0, 1.0);
        let state = FaceState { rect, ..samples::face_state() };
        assert_eq!(FaceLine::of(&state, None, &identity), Err(NotFinite { field: "box" }));

        let quality = Quality { yaw: bad, ..samples::face_state().quality };
        let state = FaceState { quality, ..samples::face_state() };
        assert_eq!(FaceLine::of(&state, None, &identity), Err(NotFinite { field: "quality" }));

        let event = Event { peak: bad, ..samples::event() };
        let payload = EventPayload::of(&event, samples::times(), false, &identity.device);
        assert_eq!(payload, Err(NotFinite { field: "peak" }));
    }
}
