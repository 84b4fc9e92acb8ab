//! The thread "frames": the newest frame through the chain, what is heard beside it, and other models in between.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::warn;

use super::chain::Chain;
use super::lock;
use super::sound::Ears;
use super::supply::{Lack, Supply};
use super::swap::Swaps;
use super::teller::{Seat, Teller};
use super::wishes::Wishes;
use super::{PATIENCE, REST, Report, Sink, Vitals};
use crate::capture::Frame;
use crate::capture::mailbox::{Mailbox, Taken};
use crate::clock::{Clock, Monotonic, Stopwatch};
use crate::privacy::Gate;
use crate::supervise::{Lease, Left};

/// A chain that fails on so many frames in a row is made anew.
const HOPELESS: u64 = 60;

/// Who was seen so long ago is not in view.
const STALE: Duration = Duration::from_secs(5);

/// A chain that was just opened, and what to announce before its first frame.
pub struct Fresh {
    /// The chain.
    pub chain: Chain,
    /// Runs once the chain is at work.
    pub announce: Option<Box<dyn FnOnce() + Send>>,
}

impl From<Chain> for Fresh {
    fn from(chain: Chain) -> Self {
        Self { chain, announce: None }
    }
}

/// What outlives the thread.
pub(super) struct Frames<S> {
    pub chains: Supply<Fresh>,
    pub gate: Gate,
    pub frames: Arc<Mailbox<Frame>>,
    pub teller: Teller<S>,
    pub swaps: Mutex<Option<Swaps>>,
    pub ears: Mutex<Option<Ears>>,
    pub wishes: Mutex<Option<Wishes>>,
    pub vitals: Arc<Vitals>,
    pub clock: Arc<dyn Clock>,
    pub stop: Arc<AtomicBool>,
    pub report: Mutex<Report>,
}

impl<S: Sink> Frames<S> {
    /// Works until there are no more frames.
    pub fn work(&self, lease: &Lease) -> Left {
        let pulse = &self.vitals.faces;
        pulse.preparing(true);
        let fresh = self.chains.next();
        if !lease.holds() {
            return Left::Done;
        }
        pulse.prepared(self.clock.now());
        let Fresh { mut chain, announce } = match fresh {
            Ok(fresh) => fresh,
            Err(Lack::Now(why)) => return Left::Again(why),
            Err(Lack::ForGood) => {
                lock(&self.report).error = Some("the thread \"frames\" died; this is a bug, please report it".into());
                return Left::Done;
            }
        };
        let (mut seat, next_face) = self.teller.seat(self.clock.now());
        chain.number_faces_from(next_face);
        if let Some(announce) = announce {
            announce();
        }
        self.drive(chain, &mut seat, lease)
    }

    fn drive(&self, mut chain: Chain, seat: &mut Seat<S>, lease: &Lease) -> Left {
        let (receiver, pulse) = (self.frames.receiver(), &self.vitals.faces);
        let mut tally = Tally { report: Report::default(), total: &self.report };
        let (mut frame, mut opening) = (Frame::default(), self.gate.opening());
        while lease.holds() && !self.stop.load(Ordering::Relaxed) {
            self.change_over(&mut chain);
            let former = mem::replace(&mut opening, self.gate.opening());
            if former.is_some() && former != opening {
                // It is shut, or was for a moment while a frame took its time.
                chain.fall_silent(self.clock.now(), seat);
                self.hear_nothing();
            }
            if opening.is_none() {
                self.hear_nothing();
                if receiver.take(&mut frame, REST) == Taken::Closed {
                    break;
                }
                pulse.rests(self.clock.now());
                continue;
            }
            self.listen(&mut chain, seat);
            self.fulfil(&mut chain, frame.captured_at);
            match receiver.take(&mut frame, PATIENCE) {
                // From before the gate was opened, or shut while this waited for it.
                Taken::Fresh if !self.gate.lets(frame.captured_at) => {}
                Taken::Fresh => {
                    self.saw(&frame);
                    let watch = Stopwatch::start();
                    let stepped = chain.step(&frame, seat);
                    if !lease.holds() {
                        break;
                    }
                    let now = self.clock.now();
                    let latency = now.since(frame.captured_at);
                    tally.report.frames += 1;
                    tally.report.latency.add(latency);
                    pulse.spread.add(latency);
                    match stepped {
                        Ok(()) => pulse.worked(now, watch.elapsed()),
                        Err(error) => {
                            tally.report.failed += 1;
                            match pulse.failed(now, &error) {
                                1 => warn!(%error, frame = frame.number, "Frame could not be processed."),
                                HOPELESS.. => return Left::Again(error.to_string()),
                                _ => {}
                            }
                        }
                    }
                }
                Taken::TimedOut => {
                    let now = self.clock.now();
                    chain.blind(now, seat);
                    pulse.beat(now);
                }
                Taken::Closed => break,
            }
        }
        if lease.holds() {
            self.listen(&mut chain, seat);
            chain.finish(frame.captured_at, seat);
        }
        Left::Done
    }

    /// Nobody exchanges models or calibrates any more: whoever waits for that waits no longer.
    pub fn close_exchange(&self) {
        drop(lock(&self.swaps).take());
        drop(lock(&self.wishes).take());
    }

    fn change_over(&self, chain: &mut Chain) {
        if let Some(swaps) = &*lock(&self.swaps) {
            swaps.take(|models| chain.exchange(models));
        }
    }

    /// Does what was wished for; `seen` is when the last frame was taken.
    fn fulfil(&self, chain: &mut Chain, seen: Monotonic) {
        if let Some(wishes) = &*lock(&self.wishes) {
            while let Some(calibration) = wishes.next() {
                // Who was there when the last frame came is not there any more when none has come for long.
                let fresh = self.clock.now().since(seen) < STALE;
                let learning = if fresh { chain.calibrate(seen, calibration.of) } else { Vec::new() };
                (calibration.tell)(learning);
            }
        }
    }

    fn saw(&self, frame: &Frame) {
        if let Some(swaps) = &*lock(&self.swaps) {
            swaps.saw(frame.picture.width(), frame.picture.height());
        }
    }

    /// What was heard is forgotten unread.
    fn hear_nothing(&self) {
        lock(&self.ears).iter_mut().for_each(Ears::forget);
    }

    fn listen(&self, chain: &mut Chain, seat: &mut Seat<S>) {
        if let Some(ears) = &mut *lock(&self.ears) {
            while let Some(told) = ears.next(self.clock.now()) {
                chain.hear(told, seat);
            }
        }
    }
}

/// What one life of the thread came to, added to the total however it ends.
struct Tally<'a> {
    report: Report,
    total: &'a Mutex<Report>,
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        let Report { frames, failed, latency, .. } = mem::take(&mut self.report);
        let mut total = lock(self.total);
        total.frames += frames;
        total.failed += failed;
        total.latency = latency;
    }
}
