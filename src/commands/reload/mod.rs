//! Packs that are replaced on the disk take over while affectd runs, without a gap and without a restart.
//!
//! The thread "packs" looks into the packs' folders from time to time, and when asked. What differs from what
//! is at work is read, checked (signature, sums, licence), run on its golden vectors, opened, and handed to the
//! chain, which puts it in between two frames. Whatever is wrong with it, the former pack goes on.
//!
//! The order in which files are copied does not matter: a pack is whole when every file has the sum that its
//! manifest says, and is tried again until it is.

mod watched;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tracing::{info, warn};

use self::watched::{Refusal, Watched};
use super::setup::{self, Packs};
use crate::clock::SystemClock;
use crate::config::PackName;
use crate::events::Kind;
use crate::model::digest::Sha256Sum;
use crate::model::verify::{compare, refuse_disagreement};
use crate::model::{Engines, Pack, RegistryError};
use crate::pipeline::swap::{Models, Offers};
use crate::publish::{Identity, PackInfo, PublishHandle};

/// The thread that replaces packs.
pub struct Reloader {
    orders: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Reloader {
    /// Starts to look every so often, or only when asked. `identity` is that of the packs at work.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(packs: Packs, offers: Offers, identity: Identity, publish: PublishHandle) -> io::Result<Self> {
        // One order that waits is as good as many.
        let (orders, ordered) = sync_channel(1);
        let worker = Worker {
            detector: Watched::new(packs.detector),
            face: Watched::new(packs.face),
            packs,
            offers,
            identity: Arc::new(identity),
            publish,
        };
        let thread = thread::Builder::new().name("packs".into()).spawn(move || worker.run(&ordered))?;
        Ok(Self { orders, thread })
    }

    /// Asks for a look now; whatever it comes to is logged.
    pub fn look(&self) {
        // When it is full a look is due already.
        let _ = self.orders.try_send(());
    }

    /// Ends the thread, after the chain has ended. Waits for a pack that is just being opened.
    pub fn stop(self) {
        drop(self.orders);
        if self.thread.join().is_err() {
            warn!("The thread \"packs\" panicked; this is a bug, please report it.");
        }
    }
}

/// Which of the packs.
#[derive(Debug, Clone, Copy)]
enum Role {
    Detector,
    Face,
}

/// A pack that may take over.
struct Ready {
    models: Models,
    info: PackInfo,
    /// The kinds of event that it allows, when it is the pack that decides about them.
    capabilities: Option<Vec<Kind>>,
    sum: Sha256Sum,
}

struct Worker {
    packs: Packs,
    detector: Watched,
    face: Watched,
    offers: Offers,
    identity: Arc<Identity>,
    publish: PublishHandle,
}

impl Worker {
    fn run(mut self, orders: &Receiver<()>) {
        loop {
            let asked = match self.packs.config.models.reload_every {
                Some(every) => orders.recv_timeout(every),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let asked = match asked {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let both_live = self.look_at(Role::Detector, asked) && self.look_at(Role::Face, asked);
            if !both_live {
                return;
            }
        }
    }

    /// Looks at one pack and lets it take over if it can; whether the chain still lives.
    fn look_at(&mut self, role: Role, asked: bool) -> bool {
        let mut sum = None;
        match self.prepare(role, asked, &mut sum) {
            Ok(Some(ready)) => return self.take_over(role, ready),
            Ok(None) => {}
            Err(refusal) => {
                let pack = self.name(role).as_str().to_owned();
                if self.watched(role).refuse(&refusal, sum, asked) {
                    warn!(pack, reason = %refusal, "New pack refused; the one at work goes on.");
                }
            }
        }
        true
    }

    /// Makes ready what lies in the pack's folder, if it is another one than is at work and not known to be of
    /// no use. `sum` becomes that of its manifest.
    fn prepare(&mut self, role: Role, asked: bool, sum: &mut Option<Sha256Sum>) -> Result<Option<Ready>, Refusal> {
        let pack = self.packs.registry.describe(self.name(role).as_str())?;
        *sum = Some(pack.sum);
        let watched = self.watched(role);
        if watched.runs(pack.sum) {
            watched.settle(pack.sum);
            if asked {
                info!(pack = pack.id(), "Pack is the one at work.");
            }
            return Ok(None);
        }
        if watched.is_hopeless(pack.sum) && !asked {
            return Ok(None);
        }
        pack.check_files().map_err(RegistryError::from)?;
        setup::admit(&pack, &self.packs.config)?;
        self.open(role, &pack).map(Some)
    }

    fn open(&self, role: Role, pack: &Pack) -> Result<Ready, Refusal> {
        let (sum, engines) = (pack.sum, &self.packs.engines);
        match role {
            Role::Detector => {
                pack.detector()?;
                prove(pack, engines)?;
                let (mut detector, info) = setup::open_detector(pack, engines)?;
                if let Some((width, height)) = self.offers.frame_size() {
                    detector.prepare(width, height)?;
                }
                let models = Models { detector: Some(detector), ..Models::default() };
                Ok(Ready { models, info, capabilities: None, sum })
            }
            Role::Face => {
                pack.frame()?;
                prove(pack, engines)?;
                let (mut reader, info) = setup::open_face(pack, engines)?;
                // The first run of an engine takes longer than later ones; not on the frames' thread.
                reader.estimate()?;
                let models = Models { reader: Some(reader), ..Models::default() };
                Ok(Ready { models, info, capabilities: Some(setup::capabilities(pack)?), sum })
            }
        }
    }

    fn take_over(&mut self, role: Role, ready: Ready) -> bool {
        let Ready { models, info, capabilities, sum } = ready;
        let former = self.identity.pack_of(&info.kind).map(PackInfo::id).unwrap_or_default();
        let id = info.id();
        let identity = Arc::new(self.identity.replacing(info, capabilities));
        let (announced, publish) = (identity.clone(), self.publish.clone());
        let lives = self.offers.put(models, move || publish.change_identity(announced));
        if lives {
            info!(pack = id, former, "New pack at work.");
            self.identity = identity;
            self.watched(role).settle(sum);
        }
        lives
    }

    fn watched(&mut self, role: Role) -> &mut Watched {
        match role {
            Role::Detector => &mut self.detector,
            Role::Face => &mut self.face,
        }
    }

    fn name(&self, role: Role) -> &PackName {
        let models = &self.packs.config.models;
        match role {
            Role::Detector => &models.detector,
            Role::Face => &models.face,
        }
    }
}

/// Runs the pack on its golden vectors.
fn prove(pack: &Pack, engines: &Engines) -> Result<(), Refusal> {
    let report = compare(pack, engines.preferred(pack)?, engines, &SystemClock)?;
    Ok(refuse_disagreement(pack, &report)?)
}
