//! Where the chain ends: states and events are handed to the door of [`privacy`](crate::privacy), and recorded when
//! asked.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::error;

use crate::affect::Label;
use crate::capture::Frame;
use crate::clock::Clock;
use crate::events::Event;
use crate::fuse::{Fused, Together};
use crate::pipeline::Sink;
use crate::privacy::Door;
use crate::publish::payload::{EventPayload, EventTimes};
use crate::publish::{Answer, DeviceId, FaceState, FusedState, SceneState, VoiceState, Wall};
use crate::scene::Scene;
use crate::smooth::{Judged, Smoothed, SmoothedVoice};

/// Hands everything to the door, which knows what of it may leave.
pub struct Outlet {
    door: Door,
    recorder: Option<Recorder>,
}

impl Outlet {
    /// An outlet through that door, which also records when there is a recorder.
    pub fn new(door: Door, recorder: Option<Recorder>) -> Self {
        Self { door, recorder }
    }
}

impl Sink for Outlet {
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], scene: &Scene) {
        for face in faces {
            self.door.face(with_voice(face_state(frame, face), scene.together.as_ref()));
        }
        self.door.scene(SceneState {
            captured_at: frame.captured_at,
            faces: scene.faces,
            valence: scene.valence,
            arousal: scene.arousal,
            expression: scene.expression.map(answer),
            speaker: scene.together.and_then(|together| together.speaker),
            fused: scene.together.and_then(|together| together.fused).as_ref().map(fused_state),
        });
    }

    fn voice(&mut self, voice: &SmoothedVoice) {
        self.door.voice(voice_state(voice));
    }

    fn event(&mut self, event: &Event) {
        let Self { door, recorder } = self;
        door.event(event, |event| recorder.iter_mut().for_each(|recorder| recorder.write(event)));
    }

    fn muted(&mut self) {
        self.door.take_back();
    }
}

/// A face as it is published.
pub fn face_state(frame: &Frame, face: &Smoothed) -> FaceState {
    FaceState {
        track: face.track,
        frame: frame.number,
        captured_at: frame.captured_at,
        rect: face.rect,
        quality: face.quality,
        estimate: face.estimate,
        expression: (!face.estimate.expressions.is_empty()).then(|| answer(face.expression)),
        compound: face.compound.map(answer),
        confidence: face.confidence,
        behind: face.behind,
        speaking: None,
        fused: None,
    }
}

/// A voice as it is published.
pub fn voice_state(voice: &SmoothedVoice) -> VoiceState {
    VoiceState {
        captured_at: voice.captured_at,
        span: voice.span,
        activity: voice.activity,
        quality: voice.quality,
        estimate: voice.estimate,
        expression: (!voice.estimate.expressions.is_empty()).then(|| answer(voice.expression)),
        confidence: voice.confidence,
    }
}

/// A face with what is told of the voice: whether it is this one's, and what both give together.
fn with_voice(state: FaceState, together: Option<&Together>) -> FaceState {
    let Some(Together { speaker, fused }) = together else { return state };
    let speaking = *speaker == Some(state.track);
    FaceState { speaking: Some(speaking), fused: fused.as_ref().filter(|_| speaking).map(fused_state), ..state }
}

fn fused_state(fused: &Fused) -> FusedState {
    FusedState {
        valence: fused.valence,
        arousal: fused.arousal,
        expressions: fused.expressions,
        expression: (!fused.expressions.is_empty()).then(|| answer(fused.expression)),
        voice_share: fused.voice_share,
        conflict: fused.conflict,
    }
}

/// A judgement as it is published.
pub fn answer<L: Label>(judged: Judged<L>) -> Answer<L> {
    match judged {
        Judged::Known(label, confidence) => Answer { label: Some(label), confidence },
        Judged::Unknown(confidence) => Answer { label: None, confidence },
    }
}

/// Writes every event as it is produced, before any queue: one JSON object a line, as published.
///
/// What the broker delivered can be held against it.
pub struct Recorder {
    path: PathBuf,
    file: File,
    device: DeviceId,
    clock: Arc<dyn Clock>,
    wall: Wall,
    failed: bool,
}

impl Recorder {
    /// Starts a new file; one that is there is replaced.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, device: DeviceId, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let file = File::create(path)?;
        Ok(Self { path: path.to_owned(), file, device, clock, wall: Wall::default(), failed: false })
    }

    fn write(&mut self, event: &Event) {
        let times = EventTimes::of(event, |at| self.wall.of(at, &*self.clock));
        let line = EventPayload::of(event, times, false, &self.device).map_err(io::Error::other).and_then(|payload| {
            let mut line = serde_json::to_vec(&payload)?;
            line.push(b'\n');
            // One write a line: a reader, or a power cut, finds whole lines.
            self.file.write_all(&line)
        });
        if let Err(error) = line
            && !std::mem::replace(&mut self.failed, true)
        {
            error!(path = %self.path.display(), %error, "Event could not be recorded; the recording is incomplete.");
        }
    }
}
