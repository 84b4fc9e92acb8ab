//! Packs that are replaced on the disk take over while affectd runs, without a gap and without a restart.
//!
//! The thread "packs" looks into the packs' folders from time to time, and when asked. What differs from what
//! is at work is read, checked (signature, sums, licence), run on its golden vectors, opened, and handed to the
//! chain, which puts it in between two frames. Whatever is wrong with it, the former pack goes on.
//!
//! The order in which files are copied does not matter: a pack is whole when every file has the sum that its
//! manifest says, and is tried again until it is. What reads faces, the face pack and what reads its embeddings over a
//! while, goes together and is replaced together: a new face pack waits for the sequence that was trained on it.

mod watched;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tracing::{info, warn};

use self::watched::{Refusal, Watched};
use super::setup::{self, Packs, ReaderSums, Readers};
use crate::clock::SystemClock;
use crate::model::digest::Sha256Sum;
use crate::model::verify::{compare, refuse_disagreement};
use crate::model::{Engines, Pack};
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
            readers: Watched::new(packs.readers.whole()),
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
    Readers,
}

/// Packs that may take over.
struct Ready {
    models: Models,
    /// The device with them.
    identity: Identity,
    /// What the log calls them, and what they replace.
    ids: (String, String),
    sum: Sha256Sum,
    /// The sums of the readers, when it is they.
    readers: Option<ReaderSums>,
}

struct Worker {
    packs: Packs,
    detector: Watched,
    readers: Watched,
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
            let both_live = self.look_at(Role::Detector, asked) && self.look_at(Role::Readers, asked);
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
        let Packs { registry, config, .. } = &self.packs;
        let (found, readers) = match role {
            Role::Detector => (registry.describe(config.models.detector.as_str())?.sum, None),
            Role::Readers => {
                let sums = ReaderSums::now(registry, config)?;
                (sums.whole(), Some(sums))
            }
        };
        *sum = Some(found);
        let watched = self.watched(role);
        if watched.runs(found) {
            watched.settle(found);
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
        let Packs { registry, config, engines, .. } = &self.packs;
        let pack = setup::pack(registry, config, &config.models.detector)?;
        pack.detector()?;
        prove(&pack, engines)?;
        let (mut detector, info) = setup::open_detector(&pack, engines)?;
        if let Some((width, height)) = self.offers.frame_size() {
            detector.prepare(width, height)?;
        }
        let models = Models { detector: Some(detector), ..Models::default() };
        let ids = (info.id(), self.at_work(Role::Detector));
        Ok(Ready { models, identity: self.identity.with_detector(info), ids, sum, readers: None })
    }

    /// Opens of the readers what is not at work already; whether they go together is asked of all.
    fn open_readers(&self, sums: ReaderSums) -> Result<Ready, Refusal> {
        let Packs { registry, config, engines, readers: running, .. } = &self.packs;
        let readers = Readers::find(registry, config)?;
        let mut models = Models::default();
        let mut face = self.identity.pack_of("frame").cloned();
        if face.is_none() || sums.face != running.face {
            prove(&readers.face, engines)?;
            let (mut reader, info) = setup::open_face(&readers.face, engines)?;
            // The first run of an engine takes longer than later ones; not on the frames' thread.
            reader.estimate()?;
            (models.reader, face) = (Some(reader), Some(info));
        }
        let mut sequences = self.identity.sequences();
        if let Some(found) = readers.sequences.as_ref().filter(|_| sums.sequences != running.sequences) {
            found.members.iter().try_for_each(|(member, _)| prove(member, engines))?;
            let opened = readers.open_sequences(config, engines)?;
            if let Some((sequencer, infos)) = opened {
                (models.sequencer, sequences) = (Some(sequencer), infos);
            }
        }
        let identity = match face {
            Some(face) => self.identity.with_readers(face, sequences, readers.capabilities()?),
            None => (*self.identity).clone(),
        };
        let ids = (identity.pack.clone(), self.at_work(Role::Readers));
        Ok(Ready { models, identity, ids, sum: sums.whole(), readers: Some(sums) })
    }

    fn take_over(&mut self, role: Role, ready: Ready) -> bool {
        let Ready { models, identity, ids: (pack, former), sum, readers } = ready;
        let identity = Arc::new(identity);
        let (announced, publish) = (identity.clone(), self.publish.clone());
        let lives = self.offers.put(models, move || publish.change_identity(announced));
        if lives {
            info!(pack, former, "New pack at work.");
            self.identity = identity;
            self.packs.readers = readers.unwrap_or(self.packs.readers);
            self.watched(role).settle(sum);
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
            Role::Detector => self.identity.pack_of("detector").map(PackInfo::id).unwrap_or_default(),
            Role::Readers => self.identity.pack.clone(),
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

/// Runs the pack on its golden vectors.
fn prove(pack: &Pack, engines: &Engines) -> Result<(), Refusal> {
    let report = compare(pack, engines.preferred(pack)?, engines, &SystemClock)?;
    Ok(refuse_disagreement(pack, &report)?)
}
