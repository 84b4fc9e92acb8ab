//! What must not leave has no way to: the compiler refuses these tests when a type of a frame, of sound or of an
//! embedding learns to be serialised.

use std::time::Duration;

use serde::Serialize;

use crate::capture::{Frame, Sound};
use crate::clock::Monotonic;
use crate::picture::{Picture, PixelFormat, Range};
use crate::sequence::{VoiceRow, ring::Ring};
use crate::voice::{Embedding, VoiceReading};

/// Marks the types that have a serialised form.
struct Serialised;

/// Known once of each type, and a second time of those with a serialised form: which of the two is meant is then
/// ambiguous, and does not compile.
trait HasNoSerialisedForm<Kind> {
    fn is_so() {}
}

impl<T: ?Sized> HasNoSerialisedForm<()> for T {}
impl<T: ?Sized + Serialize> HasNoSerialisedForm<Serialised> for T {}

#[test]
fn frames_sound_and_embeddings_have_no_serialised_form() {
    <Frame as HasNoSerialisedForm<_>>::is_so();
    <Picture as HasNoSerialisedForm<_>>::is_so();
    <Sound as HasNoSerialisedForm<_>>::is_so();
    <Embedding as HasNoSerialisedForm<_>>::is_so();
    <VoiceReading as HasNoSerialisedForm<_>>::is_so();
    <VoiceRow<'_> as HasNoSerialisedForm<_>>::is_so();
    <Ring<()> as HasNoSerialisedForm<_>>::is_so();
}

#[test]
fn what_a_log_could_print_of_them_tells_their_form_and_not_what_is_in_them() {
    let mut frame = Frame::default();
    frame.picture.reset(PixelFormat::Grey, Range::Full, 16, 4).unwrap().fill(173);
    let sound = Sound { samples: vec![0.173; 320], captured_at: Monotonic::new(Duration::from_secs(1)) };
    let embedding = Embedding::of(&[0.173; 64]).unwrap();
    let text = format!("{frame:?} {frame:#?} {sound:?} {sound:#?} {embedding:?} {embedding:#?}");
    assert!(!text.contains("173"), "{text}");
    assert!(text.contains("16x4") && text.contains("320") && text.contains("64 numbers"), "{text}");
}
