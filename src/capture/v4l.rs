//! Cameras, by way of Video4Linux.
//!
//! ```text
//!  address ─► locate ─► choice ─► open ─► buffers ─► unpack ─► frame
//!               ▲          ▲        ▲                   │
//!           identity    offers   controls         stamp, rhythm, damage
//! ```
//!
//! Frames are taken from the driver's own mapped buffers, always the newest, and carry the driver's stamp. A camera
//! that fails, or gives nothing for a while, is an error; an [`Opener`] opens it anew and finds it under whatever
//! number it has come back.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use self::buffers::{Buffers, passes};
use self::controls::Controls;
use self::damage::Damage;
use self::devices::devices;
use self::identity::Identity;
use self::locate::locate;
use self::rhythm::Rhythm;
use self::stamp::Stamps;
use self::unpack::{Layout, unpack};
use super::address::{CameraAddress, CameraPlace};
use super::{CaptureError, Frame, Read, VideoSource};
use crate::clock::Clock;
use crate::picture::jpeg;

mod buffers;
mod choice;
pub mod controls;
mod damage;
pub mod devices;
mod guard;
pub mod holders;
mod identity;
mod locate;
pub mod offers;
mod open;
mod rhythm;
mod stamp;
pub mod unpack;

/// How long to wait when a device says that a frame waits, and then has none: so that it never keeps a core busy.
const NOTHING_AFTER_ALL: Duration = Duration::from_millis(5);

/// Opens a camera, and later the same one again. Clones know the same camera.
#[derive(Clone)]
pub struct Opener {
    address: CameraAddress,
    controls: Controls,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Option<Identity>>>,
}

impl Opener {
    /// Opens nothing yet. Stamps are the driver's, or, where it gives none, `clock`'s.
    pub fn new(address: CameraAddress, controls: Controls, clock: Arc<dyn Clock>) -> Self {
        Self { address, controls, clock, known: Arc::default() }
    }

    /// Opens the camera and starts it. From the first time on only this camera is taken, under whatever number it is.
    ///
    /// # Errors
    /// When it is not there, it is in use, or it cannot deliver what is asked of it.
    pub fn open(&self) -> Result<Camera, CaptureError> {
        let source_name = format!("v4l:{}", self.address.place);
        // Not held while devices are asked: one of them may hang, and with it this thread.
        let known = self.known().clone();
        let found = locate(&self.address.place, known.as_ref()).map_err(|missing| CaptureError::Open {
            source_name: source_name.clone(),
            reason: missing.reason,
            remedy: missing.remedy,
        })?;
        let started = open::start(&found, &self.address, &self.controls, &source_name)?;
        let now = match known {
            Some(mut known) => {
                known.moved_to(&found);
                known
            }
            None => Identity::of(&found, &devices()),
        };
        *self.known() = Some(now);
        Ok(Camera {
            buffers: started.buffers,
            source_name,
            layout: started.layout,
            rate: started.rate,
            decoder: jpeg::Decoder::default(),
            stamps: Stamps::default(),
            started: Instant::now(),
            rhythm: Rhythm::new(started.rate),
            damage: Damage::default(),
            clock: self.clock.clone(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Option<Identity>> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Where a camera is now: its node under `/dev`.
///
/// # Errors
/// When it is not there, or gives no pictures.
pub fn node_of(place: &CameraPlace) -> Result<std::path::PathBuf, CaptureError> {
    let source_name = format!("v4l:{place}");
    let missing =
        |missing: locate::Missing| CaptureError::Open { source_name, reason: missing.reason, remedy: missing.remedy };
    locate(place, None).map(|found| found.node).map_err(missing)
}

/// A camera that is streaming.
pub struct Camera {
    buffers: Buffers,
    source_name: String,
    layout: Layout,
    rate: Option<f32>,
    decoder: jpeg::Decoder,
    stamps: Stamps,
    started: Instant,
    rhythm: Rhythm,
    damage: Damage,
    clock: Arc<dyn Clock>,
}

impl Camera {
    /// Opens a camera as it is and starts it.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub fn open(address: &CameraAddress, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        Opener::new(address.clone(), Controls::default(), clock).open()
    }

    /// Takes the newest frame that waits; false when it turns out to be of no use.
    fn take(&mut self, frame: &mut Frame) -> Result<bool, CaptureError> {
        let Self { buffers, layout, decoder, stamps, clock, .. } = self;
        let taken = buffers.newest(|bytes, about| {
            unpack(layout, bytes, about, decoder, &mut frame.picture)?;
            frame.number = stamps.number(about);
            frame.captured_at = stamps.time(about, clock.now());
            Ok::<(), String>(())
        });
        let now = self.started.elapsed();
        match taken {
            Ok(whole) => {
                if let Some(rate) = self.rhythm.beat(now) {
                    warn!(source = self.source_name, rate, promised = self.rate, "The camera is slow; is it dark?");
                }
                match whole {
                    Ok(()) => self.damage.none(),
                    Err(reason) => {
                        self.damage
                            .add(&self.source_name, &reason, now)
                            .map_err(|reason| self.damaged_through(reason))?;
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Err(error) if passes(&error) => {
                thread::sleep(NOTHING_AFTER_ALL);
                Ok(false)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&self, error: &std::io::Error) -> CaptureError {
        let remedy = open::remedy(error).into();
        CaptureError::Failed { source_name: self.source_name.clone(), reason: error.to_string(), remedy }
    }

    fn stalled(&self) -> CaptureError {
        CaptureError::Failed {
            source_name: self.source_name.clone(),
            reason: format!("it gave no frame for {:.1} s", self.rhythm.limit().as_secs_f32()),
            remedy: "it is started anew; if that does not help, plug it in again".into(),
        }
    }

    fn damaged_through(&self, reason: String) -> CaptureError {
        let remedy = "check the cable, and whether the USB bus is overloaded".into();
        CaptureError::Failed { source_name: self.source_name.clone(), reason, remedy }
    }
}

impl VideoSource for Camera {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let patience = self.rhythm.patience(self.started.elapsed());
            match self.buffers.wait(left.min(patience)) {
                Ok(true) => {
                    if self.take(frame)? {
                        return Ok(Read::Filled);
                    }
                }
                Ok(false) => {}
                Err(error) if passes(&error) => {}
                Err(error) => return Err(self.failed(&error)),
            }
            // After having looked: whoever did not ask for long finds frames waiting.
            if self.rhythm.patience(self.started.elapsed()).is_zero() {
                return Err(self.stalled());
            }
            if left.is_zero() {
                return Ok(Read::TimedOut);
            }
        }
    }

    fn frame_rate(&self) -> Option<f32> {
        self.rate
    }

    fn damaged(&self) -> u64 {
        self.damage.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn open(node: &std::path::Path) -> String {
        let address = CameraAddress::new(CameraPlace::Node(node.into()));
        Camera::open(&address, Arc::new(SystemClock)).err().unwrap().to_string()
    }

    #[test]
    fn what_is_no_camera_is_named_with_a_remedy() {
        let missing = open("/dev/no-such-camera".as_ref());
        assert!(missing.starts_with("v4l:/dev/no-such-camera cannot be opened: No such file"), "{missing}");
        assert!(missing.contains("plug it in; this machine has"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(open(file.path()).contains("Inappropriate ioctl"), "{}", open(file.path()));
        let address = CameraAddress::new(CameraPlace::Name("no such camera".into()));
        let nameless = Camera::open(&address, Arc::new(SystemClock)).err().unwrap().to_string();
        assert!(nameless.contains("there is no camera named \"no such camera\""), "{nameless}");
    }
}
