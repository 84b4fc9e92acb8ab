//! Packs that are replaced on the disk take over while affectd runs, without a gap and without a restart.
//!
//! The thread "packs" looks into the packs' folders from time to time, and when asked. What differs from what
//! is at work is read, checked (signature, sums, licence), run on its golden vectors, opened, and handed to the
//! chain, which puts it in between two frames. Whatever is wrong with it, the former pack goes on.
//!
//! The order in which files are copied does not matter: a pack is whole when every file has the sum that its
//! manifest says, and is tried again until it is. What reads faces, the face pack and what reads its embeddings over a
//! while, goes together and is replaced together: a new face pack waits for the sequence that was trained on it.

mod at_work;
mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{info, warn};

pub use self::at_work::AtWork;
use self::at_work::Change;
use self::watched::{Refusal, Watched};
use super::setup::{self, Packs, ReaderSums, Readers};
use crate::clock::{Clock, Stopwatch, SystemClock};
use crate::health::Pulse;
use crate::model::digest::Sha256Sum;
use crate::pipeline::swap::{Models, Offers};
use crate::publish::{PackInfo, PublishHandle};
use crate::supervise::{Lease, Left, Worker};

/// How long the thread waits before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// Asks the thread "packs" for a look; may be cloned.
#[derive(Clone)]
pub struct Orders(SyncSender<oneshot::Sender<()>>);

impl Orders {
    /// Asks for a look now; whatever it comes to is logged. Resolves when it is over.
    pub fn look(&self) -> oneshot::Receiver<()> {
        let (done, over) = oneshot::channel();
        // When it is full a look is due already, and there is nothing to wait for.
        let _ = self.0.try_send(done);
        over
    }
}

/// The thread that looks every so often, or only when asked, and has new packs take over. Its signs of life are in
/// `pulse`; it ends when `stop` says so.
pub fn worker(
    packs: Arc<Packs>,
    at_work: AtWork,
    offers: Offers,
    publish: PublishHandle,
    pulse: Arc<Pulse>,
    stop: Arc<AtomicBool>,
) -> (Worker, Orders) {
    // One order that waits is as good as many.
    let (orders, ordered) = sync_channel(1);
    let [detector, readers] = [Watched::default(), Watched::default()];
    let looker = Looker { packs, detector, readers, offers, at_work, publish, pulse: pulse.clone() };
    // The next thread goes on with what is known of the packs.
    let looker = Mutex::new((looker, ordered));
    let body = move |lease: &Lease| {
        let mut looker = looker.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (looker, ordered) = &mut *looker;
        looker.run(ordered, &stop, lease)
    };
    (Worker::new("packs", vec![pulse], None, Arc::new(body)), Orders(orders))
}

/// Which of the packs.
#[derive(Debug, Clone, Copy)]
enum Role {
    Detector,
    Readers,
}

/// Packs that may take over.
struct Ready {
    models: Models,
    change: Change,
    /// What the log calls them, and what they replace.
    ids: (String, String),
}

struct Looker {
    packs: Arc<Packs>,
    detector: Watched,
    readers: Watched,
    offers: Offers,
    at_work: AtWork,
    publish: PublishHandle,
    pulse: Arc<Pulse>,
}

impl Looker {
    fn run(&mut self, orders: &Receiver<oneshot::Sender<()>>, stop: &AtomicBool, lease: &Lease) -> Left {
        let mut since = Stopwatch::start();
        while lease.holds() && !stop.load(Ordering::Relaxed) {
            self.pulse.beat(SystemClock.now());
            let done = match orders.recv_timeout(PATIENCE) {
                Ok(done) => Some(done),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Left::Done,
            };
            let every = self.packs.config.models.reload_every;
            if done.is_none() && every.is_none_or(|every| since.elapsed() < every) {
                continue;
            }
            since = Stopwatch::start();
            let live = [Role::Detector, Role::Readers].into_iter().all(|role| self.look_at(role, done.is_some()));
            if !live {
                return Left::Done;
            }
            self.tell();
            // Nobody waits any more when the session has ended.
            let _ = done.map(|done| done.send(()));
        }
        Left::Done
    }

    /// Says how the packs are.
    fn tell(&self) {
        match self.detector.complaint().or(self.readers.complaint()) {
            Some(complaint) => self.pulse.trouble(&format_args!("new pack refused: {complaint}")),
            None => self.pulse.worked(SystemClock.now(), Duration::ZERO),
        }
    }

    /// Looks at one pack and lets it take over if it can; whether the chain still lives.
    fn look_at(&mut self, role: Role, asked: bool) -> bool {
        let mut sum = None;
        match self.prepare(role, asked, &mut sum) {
            Ok(Some(ready)) => return self.take_over(role, ready),
            Ok(None) => {}
            Err(refusal) => {
                let pack = self.name(role);
                if self.watched(role).refuse(&refusal, sum, asked) {
                    warn!(pack, reason = %refusal, "New pack refused; the one at work goes on.");
                }
            }
        }
        true
    }

    /// Makes ready what lies in the packs' folders, if it is another than is at work and not known to be of no use.
    /// `sum` becomes that of the manifests.
    fn prepare(&mut self, role: Role, asked: bool, sum: &mut Option<Sha256Sum>) -> Result<Option<Ready>, Refusal> {
        let Packs { registry, config, .. } = &*self.packs;
        let (found, readers) = match role {
            Role::Detector => (registry.describe(config.models.detector.as_str())?.sum, None),
            Role::Readers => {
                let sums = ReaderSums::now(registry, config)?;
                (sums.whole(), Some(sums))
            }
        };
        *sum = Some(found);
        let runs = match role {
            Role::Detector => self.at_work.sums().detector == found,
            Role::Readers => self.at_work.sums().readers.whole() == found,
        };
        let watched = self.watched(role);
        if runs {
            watched.settle();
            if asked {
                info!(pack = self.at_work(role), "Pack is the one at work.");
            }
            return Ok(None);
        }
        if watched.is_hopeless(found) && !asked {
            return Ok(None);
        }
        match readers {
            None => self.open_detector(found),
            Some(sums) => self.open_readers(sums),
        }
        .map(Some)
    }

    fn open_detector(&self, sum: Sha256Sum) -> Result<Ready, Refusal> {
        let Packs { registry, config, engines } = &*self.packs;
        let pack = setup::pack(registry, config, &config.models.detector)?;
        pack.detector()?;
        setup::prove(&pack, engines)?;
        let (mut detector, info) = setup::open_detector(&pack, engines)?;
        if let Some((width, height)) = self.offers.frame_size() {
            detector.prepare(width, height)?;
        }
        let models = Models { detector: Some(detector), ..Models::default() };
        let ids = (info.id(), self.at_work(Role::Detector));
        Ok(Ready { models, change: Change::Detector(info, sum), ids })
    }

    /// Opens of the readers what is not at work already; whether they go together is asked of all.
    fn open_readers(&self, sums: ReaderSums) -> Result<Ready, Refusal> {
        let Packs { registry, config, engines } = &*self.packs;
        let (running, identity) = (self.at_work.sums().readers, self.at_work.identity());
        let readers = Readers::find(registry, config)?;
        let mut models = Models::default();
        let mut face = identity.pack_of("frame").cloned();
        if face.is_none() || sums.face != running.face {
            setup::prove(&readers.face, engines)?;
            let (mut reader, info) = setup::open_face(&readers.face, engines)?;
            // The first run of an engine takes longer than later ones; not on the frames' thread.
            reader.estimate()?;
            (models.reader, face) = (Some(reader), Some(info));
        }
        let mut sequences = identity.sequences();
        if let Some(found) = readers.sequences.as_ref().filter(|_| sums.sequences != running.sequences) {
            found.members.iter().try_for_each(|(member, _)| setup::prove(member, engines))?;
            let opened = readers.open_sequences(config, engines)?;
            if let Some((sequencer, infos)) = opened {
                (models.sequencer, sequences) = (Some(sequencer), infos);
            }
        }
        let change =
            Change::Readers { face, sequences, capabilities: readers.capabilities(config.privacy.extent)?, sums };
        let ids = (change.applied_to(&identity).pack, self.at_work(Role::Readers));
        Ok(Ready { models, change, ids })
    }

    fn take_over(&mut self, role: Role, ready: Ready) -> bool {
        let Ready { models, change, ids: (pack, former) } = ready;
        let (at_work, publish) = (self.at_work.clone(), self.publish.clone());
        let lives = self.offers.put(models, move || publish.change_identity(at_work.apply(change)));
        if lives {
            info!(pack, former, "New pack at work.");
            self.watched(role).settle();
        }
        lives
    }

    fn watched(&mut self, role: Role) -> &mut Watched {
        match role {
            Role::Detector => &mut self.detector,
            Role::Readers => &mut self.readers,
        }
    }

    /// Names and versions of the packs at work.
    fn at_work(&self, role: Role) -> String {
        match role {
            Role::Detector => self.at_work.identity().pack_of("detector").map(PackInfo::id).unwrap_or_default(),
            Role::Readers => self.at_work.identity().pack.clone(),
        }
    }

    /// What the log calls the packs of a role, before they are known.
    fn name(&self, role: Role) -> String {
        let models = &self.packs.config.models;
        match (role, &models.sequence) {
            (Role::Detector, _) => models.detector.as_str().to_owned(),
            (Role::Readers, None) => models.face.as_str().to_owned(),
            (Role::Readers, Some(sequence)) => format!("{} on {}", sequence.as_str(), models.face.as_str()),
        }
    }
}
