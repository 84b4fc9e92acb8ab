//! What looks at the stages while they work: judges how they are, tells the broker and the service manager, and slows
//! the frames down when the board is hot or slow. Runs on the supervisor's thread.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tracing::{info, warn};

use crate::board;
use crate::clock::{Clock, Monotonic};
use crate::config::Limits;
use crate::health::Pulse;
use crate::health::governor::{Governor, Slowed};
use crate::health::judge::{Findings, Judge, is_progress};
use crate::health::machine::{self, ClockState, Heat, TIME_SYNC, Thermometers};
use crate::health::stages::Link;
use crate::pipeline::Vitals;
use crate::publish::{Connection, PublishHandle};
use crate::supervise::systemd::Systemd;

/// How often the stages are judged.
const OFTEN: Duration = Duration::from_millis(250);
/// How often the board is looked at.
const SELDOM: Duration = Duration::from_secs(2);
/// The I/O runtime shows a sign of life every second; without one for so long it makes no progress.
const STUCK: Duration = Duration::from_secs(5);

/// The service manager, whom two threads tell something.
pub type Manager = Arc<Mutex<Systemd>>;

/// The service manager, to tell it something.
pub fn tell(manager: &Manager) -> MutexGuard<'_, Systemd> {
    // What it was told it was told; nothing is half done.
    manager.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The board's thermometers, as the configuration wants them read.
pub fn thermometers(limits: &Limits) -> Thermometers {
    let zones = board::here().map(|board| board.thermal_zones).unwrap_or_default();
    Thermometers::new(&limits.thermal, limits.temperature, zones)
}

/// Everything that is looked at, and who is told.
pub struct Watch {
    vitals: Arc<Vitals>,
    io: Arc<Pulse>,
    connection: Receiver<Connection>,
    publish: PublishHandle,
    manager: Manager,
    clock: Arc<dyn Clock>,
    judge: Judge,
    started: Monotonic,
    governor: Governor,
    thermometers: Thermometers,
    looked: Option<Monotonic>,
    looked_at_board: Option<Monotonic>,
    board: (Heat, ClockState),
    slowed: Option<Slowed>,
}

impl Watch {
    /// Begins to look at `vitals`, the connection, and `io`, the pulse of the I/O runtime.
    pub fn new(
        vitals: Arc<Vitals>,
        io: Arc<Pulse>,
        connection: Receiver<Connection>,
        publish: PublishHandle,
        manager: Manager,
        limits: &Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let started = clock.now();
        Self {
            vitals,
            io,
            connection,
            publish,
            manager,
            clock,
            judge: Judge::new(started),
            started,
            governor: Governor::new(limits.frame_rate),
            thermometers: thermometers(limits),
            looked: None,
            looked_at_board: None,
            board: (Heat::default(), ClockState::Good),
            slowed: None,
        }
    }

    /// Looks at everything, when it is time.
    pub fn look(&mut self, now: Monotonic) {
        if !is_due(&mut self.looked, now, OFTEN) {
            return;
        }
        if is_due(&mut self.looked_at_board, now, SELDOM) {
            let clock = machine::clock(self.clock.wall(now), Path::new(TIME_SYNC));
            self.board = (self.thermometers.read(), clock);
        }
        let found = self.find();
        self.judge.examine(now, &found, || self.vitals.faces.spread.take());
        if let Some(health) = self.judge.due(now, &found) {
            tell(&self.manager).status(&health.line());
            self.publish.health(health);
        }
        self.govern(now);
        let io_lives = now.since(self.io.last_sign().max(self.started)) <= STUCK;
        if io_lives && is_progress(&found.camera, &found.faces, now) {
            tell(&self.manager).progress(now);
        }
    }

    fn find(&self) -> Findings {
        let Vitals { camera, faces, microphone, voice, packs, .. } = &*self.vitals;
        let link = match &*self.connection.borrow() {
            Connection::Connecting => Link::Connecting(self.started),
            Connection::Online => Link::Online,
            Connection::OnSpare { broker, trouble } => {
                Link::Spare(format!("published to the spare broker {broker}: {trouble}"))
            }
            Connection::Away(trouble) => Link::Away(trouble.to_string()),
            Connection::Ended => Link::Away("publishing has ended".to_owned()),
        };
        let (heat, clock) = self.board;
        Findings {
            camera: camera.read(),
            microphone: microphone.read(),
            faces: faces.read(),
            voice: voice.read(),
            packs: packs.read(),
            link,
            outbox: self.publish.outbox(),
            slowed: self.slowed,
            heat,
            clock,
        }
    }

    fn govern(&mut self, now: Monotonic) {
        let slowed = self.governor.decide(now, self.judge.load(self.board.0));
        match (&self.slowed, &slowed) {
            (None, Some(slowed)) => warn!("Fewer frames are read; {slowed}."),
            (Some(_), None) => info!("All frames are read again."),
            _ => {}
        }
        if slowed != self.slowed {
            self.vitals.pace.set(slowed.map(|slowed| slowed.fps));
            self.slowed = slowed;
        }
    }
}

/// Whether it is time again, and notes that it was.
fn is_due(last: &mut Option<Monotonic>, now: Monotonic, every: Duration) -> bool {
    let due = last.is_none_or(|last| now.since(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}
