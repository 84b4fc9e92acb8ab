//! Other models for a chain at work: made elsewhere, put in between two frames, the former ones given back.
//!
//! ```text
//!  who makes models                            thread "frames"
//!  Offers::put ── models, announcement ─────►  chain, before the next frame
//!              ◄───────── former models ─────
//! ```
//!
//! To the frames' thread a swap is a look into an empty channel, and once in a while a few moves. Opening
//! models, which takes long, and dropping them, which takes a while, happens on the other side. The link outlives the
//! chains: an offer that one had no time for is taken by the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::face::Reader;
use crate::face::detect::BlazeFace;
use crate::model::FrameModel;
use crate::sequence::Sequencer;

/// Models that take the place of those at work; where there is none, the former one stays.
#[derive(Default)]
pub struct Models {
    /// What finds faces.
    pub detector: Option<BlazeFace>,
    /// What reads a face.
    pub reader: Option<Reader<FrameModel>>,
    /// What reads a face over a while.
    pub sequencer: Option<Sequencer>,
}

struct Offer {
    models: Models,
    announce: Box<dyn FnOnce() + Send>,
}

/// The end of whoever makes models.
pub struct Offers {
    offer: SyncSender<Offer>,
    former: Receiver<Models>,
    frame_size: Arc<AtomicU64>,
}

impl Offers {
    /// Puts models into the chain and waits until they are at work; the former ones are dropped here. `announce`
    /// runs on the frames' thread, after the last frame of the former models and before the first of the new.
    /// Returns whether the chain still lives.
    #[must_use]
    pub fn put(&self, models: Models, announce: impl FnOnce() + Send + 'static) -> bool {
        let offer = Offer { models, announce: Box::new(announce) };
        self.offer.send(offer).is_ok() && self.former.recv().is_ok()
    }

    /// Width and height of the last frame, in pixels; `None` before the first.
    pub fn frame_size(&self) -> Option<(u32, u32)> {
        let both = self.frame_size.load(Ordering::Relaxed);
        (both != 0).then_some(((both >> 32) as u32, both as u32))
    }
}

/// The chains' end.
pub(super) struct Swaps {
    offered: Receiver<Offer>,
    former: SyncSender<Models>,
    frame_size: Arc<AtomicU64>,
}

impl Swaps {
    /// Takes what is offered, if anything is: `exchange` puts it in and gives back the former models.
    pub fn take(&self, exchange: impl FnOnce(Models) -> Models) {
        if let Ok(Offer { models, announce }) = self.offered.try_recv() {
            let former = exchange(models);
            announce();
            // Whoever offered waits for them, so there is room; should they be gone, the drop is ours.
            let _ = self.former.try_send(former);
        }
    }

    /// Notes how large frames are.
    pub fn saw(&self, width: u32, height: u32) {
        self.frame_size.store(u64::from(width) << 32 | u64::from(height), Ordering::Relaxed);
    }
}

/// Both ends.
pub(super) fn handover() -> (Offers, Swaps) {
    let ((offer, offered), (give, former)) = (sync_channel(1), sync_channel(1));
    let frame_size = Arc::new(AtomicU64::new(0));
    (Offers { offer, former, frame_size: frame_size.clone() }, Swaps { offered, former: give, frame_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_is_gone_takes_nothing_and_nobody_waits_for_it() {
        let (offers, swaps) = handover();
        swaps.saw(1280, 720);
        assert_eq!(offers.frame_size(), Some((1280, 720)));
        drop(swaps);
        assert!(!offers.put(Models::default(), || panic!("nobody is there to announce it")));
    }

    #[test]
    fn an_offer_is_taken_once_and_announced_when_it_is_in_place() {
        let (offers, swaps) = handover();
        swaps.take(|_| panic!("nothing was offered"));
        std::thread::scope(|scope| {
            let (say, said) = sync_channel(2);
            let put = scope.spawn(move || offers.put(Models::default(), move || say.send("announced").unwrap()));
            let mut exchanged = false;
            while !exchanged {
                swaps.take(|models| {
                    assert!(said.try_recv().is_err(), "announced too early");
                    exchanged = true;
                    models
                });
            }
            assert_eq!(said.recv(), Ok("announced"));
            assert!(put.join().unwrap());
        });
    }
}
