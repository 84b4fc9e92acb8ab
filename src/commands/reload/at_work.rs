//! The packs at work: what the device is with them, and the sums of their manifests.
//!
//! Two threads change it: "packs", which replaces one, and "frames", which opens all of them anew after a death. Each
//! changes what is there at that moment, between two frames.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::commands::setup::{Opened, Packs, ReaderSums, Sums};
use crate::events::Kind;
use crate::model::digest::Sha256Sum;
use crate::pipeline::Fresh;
use crate::publish::{Identity, PackInfo, PublishHandle};

/// A change of packs.
pub enum Change {
    /// Another detector, and the sum of its manifest.
    Detector(PackInfo, Sha256Sum),
    /// Other readers.
    Readers {
        /// What reads a face, if it is known.
        face: Option<PackInfo>,
        /// What reads it over a while.
        sequences: Vec<PackInfo>,
        /// What they can tell of.
        capabilities: Vec<Kind>,
        /// The sums of their manifests.
        sums: ReaderSums,
    },
}

impl Change {
    /// The device after it.
    pub fn applied_to(&self, identity: &Identity) -> Identity {
        match self {
            Self::Detector(info, _) => identity.with_detector(info.clone()),
            Self::Readers { face: Some(face), sequences, capabilities, .. } => {
                identity.with_readers(face.clone(), sequences.clone(), capabilities.clone())
            }
            Self::Readers { face: None, .. } => identity.clone(),
        }
    }
}

/// What is at work now.
#[derive(Debug, Clone)]
pub struct AtWork {
    now: Arc<Mutex<Now>>,
    /// Tells who has to know of a change.
    says: watch::Sender<Arc<Identity>>,
}

#[derive(Debug)]
struct Now {
    identity: Arc<Identity>,
    sums: Sums,
}

impl AtWork {
    /// The packs that affectd started with.
    pub fn new(identity: Identity, sums: Sums) -> Self {
        let identity = Arc::new(identity);
        let says = watch::Sender::new(identity.clone());
        Self { now: Arc::new(Mutex::new(Now { identity, sums })), says }
    }

    /// The device as it is, and whenever it changes.
    pub fn changes(&self) -> watch::Receiver<Arc<Identity>> {
        self.says.subscribe()
    }

    /// The device as it is.
    pub fn identity(&self) -> Arc<Identity> {
        self.lock().identity.clone()
    }

    /// The sums of the manifests.
    pub fn sums(&self) -> Sums {
        self.lock().sums
    }

    /// Makes a change, and gives the device after it.
    pub fn apply(&self, change: Change) -> Arc<Identity> {
        let mut now = self.lock();
        now.identity = Arc::new(change.applied_to(&now.identity));
        match change {
            Change::Detector(_, sum) => now.sums.detector = sum,
            Change::Readers { sums, .. } => now.sums.readers = sums,
        }
        self.says.send_replace(now.identity.clone());
        now.identity.clone()
    }

    /// Opens all packs anew. Once the chain is at work, what it has is announced.
    ///
    /// # Errors
    /// As [`Packs::open`].
    pub fn reopen(&self, packs: &Packs, publish: &PublishHandle) -> anyhow::Result<Fresh> {
        let opened = packs.open(true)?;
        let (at_work, publish) = (self.clone(), publish.clone());
        let (identity, sums) = (opened.identity(&self.identity()), opened.sums);
        let Opened { chain, .. } = opened;
        let announce = move || {
            let mut now = at_work.lock();
            let changed = *now.identity != identity;
            *now = Now { identity: Arc::new(identity), sums };
            if changed {
                publish.change_identity(now.identity.clone());
                at_work.says.send_replace(now.identity.clone());
            }
        };
        Ok(Fresh { chain, announce: Some(Box::new(announce)) })
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // Both are set in one go, or not at all.
        self.now.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
