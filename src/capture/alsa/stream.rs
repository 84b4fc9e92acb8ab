//! Sound out of a device, whatever it does: waits, reads, recovers, and gives up when it must.
//!
//! | what the device does | what happens |
//! |---|---|
//! | overrun (`EPIPE`), or stopped by others (`EBADFD`) | made ready and started again; counted; the stamps show the gap |
//! | suspended (`ESTRPIPE`) | resumed, else made ready and started again |
//! | breaks again and again without any sound between | given up |
//! | gives nothing for long, and no error | given up: opened anew it may work |
//! | says that there is sound, and gives none | asked again after a pause, so that nothing spins |
//! | gives sound faster than time passes | read no faster than time passes |
//! | is unplugged (`ENODEV`), or anything else | given up |
//!
//! No read takes longer than its time, and none allocates once the buffers are as large as a period.

use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tracing::{debug, warn};

use super::device::Device;
use super::hardware::Hardware;
use super::timeline::Timeline;
use crate::capture::{Read, Sound};
use crate::clock::{Clock, Monotonic};

/// A device that gives nothing for so long has stalled; one with long periods may take four of them.
const STALL: Duration = Duration::from_secs(2);

/// How often in a row a device is started again without giving sound.
const TRIES: u32 = 20;

/// The pause before a device that had nothing, or had to be started again, is asked again: half a usual period.
const BREATH: Duration = Duration::from_millis(10);

/// How much later than now sound may end. A device that is read late gives several periods at once, but none that
/// was not captured yet.
const AHEAD: Duration = Duration::from_millis(40);

/// The time between two warnings of lost sound.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Why a device was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The system's error.
    Errno(i32),
    /// It gave nothing for that long.
    Stalled(Duration),
}

/// How often sound was lost.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    count: u64,
    warned: Option<Monotonic>,
}

/// A device at work.
pub(super) struct Stream<D> {
    device: D,
    hardware: Hardware,
    clock: Arc<dyn Clock>,
    timeline: Timeline,
    stall: Duration,
    bytes: Box<[u8]>,
    /// How long the device was waited for in vain since sound came last. The time in which nobody waited does not
    /// count: a program that stood still finds a device that overran, and none that stalled.
    silent: Duration,
    /// How often the device was started again since sound came last.
    tries: u32,
    losses: Losses,
}

impl<D: Device> Stream<D> {
    /// A device that is configured so, and was started.
    pub(super) fn new(device: D, hardware: Hardware, clock: Arc<dyn Clock>) -> Self {
        let timeline = Timeline::new(hardware.rate, hardware.period);
        let stall = STALL.max(timeline.lasting(hardware.period) * 4);
        let bytes = vec![0; hardware.period_bytes()].into();
        let losses = Losses::default();
        Self { device, hardware, clock, timeline, stall, bytes, silent: Duration::ZERO, tries: 0, losses }
    }

    /// How the device is configured.
    pub(super) fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// How often sound was lost since the device was opened.
    pub(super) fn losses(&self) -> u64 {
        self.losses.count
    }

    /// Reads what has come, at most a period of it, waiting no longer than `timeout`.
    ///
    /// # Errors
    /// When the device must be given up.
    pub(super) fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, Fault> {
        let deadline = self.clock.now() + timeout;
        loop {
            let begun = self.clock.now();
            let left = deadline.since(begun);
            let early = self.timeline.ahead(begun).saturating_sub(AHEAD);
            if early > left {
                self.device.pause(left);
                return Ok(Read::TimedOut);
            }
            self.device.pause(early);
            let outcome = self.step(sound, left - early);
            let now = self.clock.now();
            self.silent += now.since(begun).min(left + BREATH);
            match outcome {
                Ok(true) => {
                    (self.silent, self.tries) = (Duration::ZERO, 0);
                    return Ok(Read::Filled);
                }
                Ok(false) => {}
                Err(error) => self.recover(error.errno())?,
            }
            if self.silent > self.stall {
                return Err(Fault::Stalled(self.silent));
            }
            if now >= deadline {
                return Ok(Read::TimedOut);
            }
            if now.since(begun) < BREATH {
                let breath = BREATH.min(deadline.since(now));
                self.device.pause(breath);
                self.silent += breath;
            }
        }
    }

    /// Waits, and reads what has come; whether anything has.
    fn step(&mut self, sound: &mut Sound, timeout: Duration) -> alsa::Result<bool> {
        if !self.device.wait(timeout)? {
            return Ok(false);
        }
        // The next sample was taken as long ago as there are samples waiting.
        let waiting = self.device.waiting()?;
        let measured = self.clock.now() - Duration::from_secs(1) * waiting / self.hardware.rate;
        let read = self.device.read(&mut self.bytes)?;
        let Hardware { encoding, channels, .. } = self.hardware;
        let came = (read * channels * encoding.width()).min(self.bytes.len());
        encoding.mix(&self.bytes[..came], channels, &mut sound.samples);
        if sound.samples.is_empty() {
            return Ok(false);
        }
        sound.captured_at = self.timeline.stamp(measured, sound.samples.len());
        Ok(true)
    }

    /// Gets the device going again, if that error can be got over.
    fn recover(&mut self, errno: i32) -> Result<(), Fault> {
        super::quieten();
        match Errno::from_raw_os_error(errno) {
            Errno::AGAIN | Errno::INTR => Ok(()),
            Errno::STRPIPE => match self.device.resume() {
                // The system is not awake yet.
                Err(error) if error.errno() == Errno::AGAIN.raw_os_error() => Ok(()),
                Ok(()) => {
                    self.lost("it was suspended");
                    Ok(())
                }
                Err(_) => self.restart("it was suspended", errno),
            },
            Errno::PIPE => self.restart("it was read too late", errno),
            Errno::BADFD => self.restart("it was stopped", errno),
            _ => Err(Fault::Errno(errno)),
        }
    }

    fn restart(&mut self, why: &'static str, errno: i32) -> Result<(), Fault> {
        self.tries += 1;
        if self.tries > TRIES {
            return Err(Fault::Errno(errno));
        }
        self.lost(why);
        self.device.restart().map_err(|error| Fault::Errno(error.errno()))
    }

    fn lost(&mut self, why: &'static str) {
        self.timeline.lose();
        self.silent = Duration::ZERO;
        self.losses.count += 1;
        let (now, losses) = (self.clock.now(), self.losses.count);
        if self.losses.warned.is_none_or(|warned| now.since(warned) >= WARN_EVERY) {
            self.losses.warned = Some(now);
            warn!(why, losses, "The microphone goes on; some sound was lost.");
        } else {
            debug!(why, losses, "The microphone goes on; some sound was lost.");
        }
    }
}

#[cfg(test)]
mod tests;
