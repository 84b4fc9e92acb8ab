//! Where the chain ends: states and events are handed to the door of [`privacy`](crate::privacy), and recorded when
//! asked.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tracing::error;

use crate::affect::Label;
use crate::capture::Frame;
use crate::events::Event;
use crate::fuse::{Fused, Together};
use crate::pipeline::Sink;
use crate::privacy::Door;
use crate::publish::payload::{EventPayload, EventTimes};
use crate::publish::{Answer, DeviceId, FaceState, FusedState, SceneState, VoiceState};
use crate::scene::Scene;
use crate::smooth::{Judged, Smoothed, SmoothedVoice};

/// Is shown every state that may be told, before some are left out for the sake of their rate. Runs on the frames' thread:
/// it must not block.
pub trait Witness: Send {
    /// A face in a frame.
    fn face(&mut self, face: &FaceState);

    /// The voice in a window of sound.
    fn voice(&mut self, voice: &VoiceState);
}

/// Hands everything to the door, which knows what of it may leave.
pub struct Outlet {
    door: Door,
    recorder: Option<Recorder>,
    witness: Option<Box<dyn Witness>>,
}

impl Outlet {
    /// An outlet through that door, which also records when there is a recorder.
    pub fn new(door: Door, recorder: Option<Recorder>) -> Self {
        Self { door, recorder, witness: None }
    }

    /// The same, with somebody who is shown the states.
    pub fn with_witness(self, witness: Option<Box<dyn Witness>>) -> Self {
        Self { witness, ..self }
    }
}

impl Sink for Outlet {
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], scene: &Scene) {
        for face in faces {
            let state = with_voice(face_state(frame, face), scene.together.as_ref());
            self.door.face(state, |face| self.witness.iter_mut().for_each(|witness| witness.face(face)));
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
        self.door.voice(voice_state(voice), |voice| self.witness.iter_mut().for_each(|witness| witness.voice(voice)));
    }

    fn event(&mut self, event: &Event) {
        let Self { door, recorder, .. } = self;
        door.event(event, |event, times| recorder.iter_mut().for_each(|recorder| recorder.write(event, times)));
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

/// Writes every event as it is produced, before the outbox: one JSON object a line, as published.
///
/// What the broker delivered can be held against it.
pub struct Recorder {
    path: PathBuf,
    file: File,
    device: DeviceId,
    failed: bool,
}

impl Recorder {
    /// Starts a new file; one that is there is replaced.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, device: DeviceId) -> io::Result<Self> {
        Ok(Self::to(File::create(path)?, path, device))
    }

    /// Goes on with a file, or starts one: for a daemon that may be killed and started again.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub fn append(path: &Path, device: DeviceId) -> io::Result<Self> {
        let mut file = File::options().read(true).append(true).create(true).open(path)?;
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                // A power cut may have torn the last line; the next one is its own all the same.
                file.write_all(b"\n")?;
            }
        }
        Ok(Self::to(file, path, device))
    }

    fn to(file: File, path: &Path, device: DeviceId) -> Self {
        Self { path: path.to_owned(), file, device, failed: false }
    }

    fn write(&mut self, event: &Event, times: EventTimes) {
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
