//! `replay --write`: every face of every frame, and every window of the voice, into a file.
//!
//! What is published is let out at a limited rate, and dropped without a broker; here is all of it.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::error;

use super::super::lines::{Form, Line, Lines, Origin};
use crate::capture::Address;
use crate::clock::{Clock, Monotonic};
use crate::outlet::Witness;
use crate::publish::{FaceState, Identity, VoiceState, Wall};

/// Writes what it is shown. The file is complete when this is dropped.
pub struct States {
    path: PathBuf,
    lines: Lines<BufWriter<File>>,
    source: String,
    identity: Identity,
    clock: Arc<dyn Clock>,
    wall: Wall,
    started: Monotonic,
    failed: bool,
}

impl States {
    /// Starts a new file; one that is there is replaced. Times in it count from `started`. Packs that take over later are not
    /// named: the lines say `identity`'s.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(
        path: &Path,
        form: Form,
        source: &Address,
        identity: Identity,
        clock: Arc<dyn Clock>,
        started: Monotonic,
    ) -> io::Result<Self> {
        let lines = Lines::new(BufWriter::new(File::create(path)?), form)?;
        let (wall, source) = (Wall::default(), source.to_string());
        Ok(Self { path: path.to_owned(), lines, source, identity, clock, wall, started, failed: false })
    }

    /// What was captured at `at`.
    fn origin<'a>(
        source: &'a str,
        at: Monotonic,
        started: Monotonic,
        wall: &mut Wall,
        clock: &dyn Clock,
    ) -> Origin<'a> {
        Origin { source, time: Some(at.since(started).as_secs_f32()), captured_at: Some(wall.of(at, clock)) }
    }

    /// Said once: what follows an error is missing as well.
    fn check(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            error!(path = %self.path.display(), %error, "Faces could not be written; the file is incomplete.");
        }
    }
}

impl Witness for States {
    fn face(&mut self, face: &FaceState) {
        let origin = Self::origin(&self.source, face.captured_at, self.started, &mut self.wall, &*self.clock);
        let written = self.lines.write(&Line::of_face(origin, face), &self.identity);
        self.check(written);
    }

    fn voice(&mut self, voice: &VoiceState) {
        let Some(pack) = self.identity.pack_of("voice") else { return };
        let origin = Self::origin(&self.source, voice.captured_at, self.started, &mut self.wall, &*self.clock);
        let written = self.lines.write_voice(origin, voice, &self.identity, pack);
        self.check(written);
    }
}

impl Drop for States {
    fn drop(&mut self) {
        let finished = self.lines.finish();
        self.check(finished);
    }
}
