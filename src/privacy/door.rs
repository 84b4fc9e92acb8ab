//! Where what was found leaves the pipeline, and the only place where it can: whatever goes to the publisher or into a
//! recording passes here.
//!
//! While the gate is shut nothing begins and no state is told; what was told to have begun is still told to have ended.

use uuid::Uuid;

use super::{Extent, Gate};
use crate::events::{Event, Stage};
use crate::publish::{FaceState, PublishHandle, SceneState, VoiceState};

#[cfg(test)]
mod tests;

/// Events that may be withheld at a time before the list of them grows.
const ROOM: usize = 64;

/// What is let through, and how much of it. Allocates nothing in the steady state.
struct Rules {
    gate: Gate,
    extent: Extent,
    /// Events that began when the gate had just been shut: nobody knows of them, so their end is of no interest.
    withheld: Vec<Uuid>,
}

impl Rules {
    fn new(gate: Gate, extent: Extent) -> Self {
        Self { gate, extent, withheld: Vec::with_capacity(ROOM) }
    }

    fn state<S>(&self, state: S, limited: impl FnOnce(Extent, S) -> S) -> Option<S> {
        self.gate.is_open().then(|| limited(self.extent, state))
    }

    fn lets(&mut self, event: &Event) -> bool {
        if !self.extent.has(event.kind) {
            return false;
        }
        let withheld = self.withheld.iter().position(|id| *id == event.id);
        match (event.stage, withheld) {
            (Stage::End, Some(known)) => {
                self.withheld.swap_remove(known);
                false
            }
            (Stage::End, None) => true,
            (Stage::Update, Some(_)) => false,
            (Stage::Update, None) => self.gate.is_open(),
            (Stage::New, _) => {
                let open = self.gate.is_open();
                if !open {
                    self.withheld.push(event.id);
                }
                open
            }
        }
    }
}

/// The way from the pipeline to the publisher.
pub struct Door {
    publish: PublishHandle,
    rules: Rules,
}

impl Door {
    /// A door to the publisher behind `publish`.
    pub fn new(publish: PublishHandle, gate: Gate, extent: Extent) -> Self {
        Self { publish, rules: Rules::new(gate, extent) }
    }

    /// Tells a face.
    pub fn face(&self, face: FaceState) {
        if let Some(face) = self.rules.state(face, Extent::face) {
            self.publish.try_state(face);
        }
    }

    /// Tells of everyone in view.
    pub fn scene(&self, scene: SceneState) {
        if let Some(scene) = self.rules.state(scene, Extent::scene) {
            self.publish.try_state(scene);
        }
    }

    /// Tells a voice.
    pub fn voice(&self, voice: VoiceState) {
        if let Some(voice) = self.rules.state(voice, Extent::voice) {
            self.publish.try_state(voice);
        }
    }

    /// Tells an event; `first` sees it before, if it is told.
    pub fn event(&mut self, event: &Event, first: impl FnOnce(&Event)) {
        if self.rules.lets(event) {
            first(event);
            self.publish.event(event.clone());
        }
    }

    /// Takes back the states that wait for their turn. For the thread that tells them, once it knows that the gate is
    /// shut: from then on none is published.
    pub fn take_back(&self) {
        self.publish.forget_states();
    }
}
