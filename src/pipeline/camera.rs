//! The thread "camera": frames from the source into the mailbox, no more than the pace allows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::lock;
use super::pace;
use super::supply::{Lack, Supply};
use super::{PATIENCE, REST, Vitals};
use crate::capture::mailbox::Mailbox;
use crate::capture::{Frame, Read, VideoSource};
use crate::clock::Clock;
use crate::privacy::Gate;
use crate::supervise::{Lease, Left};

/// What outlives the thread.
pub(super) struct Camera {
    pub sources: Supply<Box<dyn VideoSource>>,
    pub gate: Gate,
    pub frames: Arc<Mailbox<Frame>>,
    pub vitals: Arc<Vitals>,
    pub clock: Arc<dyn Clock>,
    pub stop: Arc<AtomicBool>,
    /// Why there will be no more frames, when that is a fault.
    pub error: Mutex<Option<String>>,
}

impl Camera {
    /// Reads until the source has ended or fails for good.
    pub fn work(&self, lease: &Lease) -> Left {
        let mut source = match self.sources.next() {
            Ok(source) => source,
            Err(Lack::Now(why)) => return Left::Again(why),
            Err(Lack::ForGood) => return self.ended(Some("the thread \"camera\" died".into())),
        };
        let sender = self.frames.sender();
        let (mut frame, mut paced, pulse) = (Frame::default(), pace::Gate::default(), &self.vitals.camera);
        let mut damaged = 0;
        while !self.stop.load(Ordering::Relaxed) {
            if !self.gate.is_open() {
                source.release();
                if !lease.holds() {
                    return Left::Done;
                }
                pulse.rests(self.clock.now());
                thread::park_timeout(REST);
                continue;
            }
            let read = source.read(&mut frame, PATIENCE);
            if !lease.holds() {
                return Left::Done;
            }
            let now = self.clock.now();
            let all = source.damaged();
            pulse.damaged(all - std::mem::replace(&mut damaged, all));
            match read {
                Ok(Read::Filled) => {
                    pulse.worked(now, Duration::ZERO);
                    if paced.lets(frame.captured_at, &self.vitals.pace) {
                        sender.put(&mut frame);
                    } else {
                        pulse.lost();
                    }
                }
                Ok(Read::TimedOut) => pulse.beat(now),
                Ok(Read::Ended) => return self.ended(None),
                Err(error) => return self.ended(Some(error.to_string())),
            }
        }
        Left::Done
    }

    fn ended(&self, error: Option<String>) -> Left {
        *lock(&self.error) = error;
        self.frames.close();
        Left::Done
    }
}
