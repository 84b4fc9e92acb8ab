//! From what stands in each face to the events it makes.

use heapless::Vec;
use uuid::Uuid;

use super::slot::{Moment, Slot};
use super::topic::{CLAIMS, Shown, Speaking, Topic, claims};
use super::{Event, EventSettings};
use crate::affect::Confidence;
use crate::clock::Monotonic;
use crate::face::{MAX_FACES, TrackId};
use crate::smooth::Smoothed;
use crate::smooth::hysteresis::Band;

/// What did not go the usual way, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Faces that were passed over, once a frame, because as many as fit were in view.
    pub passed_over: u64,
    /// Faces out of view whose events ended early, to make room for another face.
    pub cut_short: u64,
}

/// Makes events of the faces of each frame. `ids` gives a new, unique id for an event that began at that
/// moment.
///
/// Every event that is told `new` is told `end` exactly once, at the latest by [`EventMachine::finish`].
/// Up to [`MAX_FACES`] faces are watched, those just out of view among them; when one more comes, the face
/// that has been out of view the longest makes room.
pub struct EventMachine<I> {
    settings: EventSettings,
    ids: I,
    now: Monotonic,
    faces: Vec<Face, MAX_FACES>,
    voice: Voice,
    counts: Counts,
}

/// What is going on in the sound. It has a time of its own: sound and frames come each in its turn.
#[derive(Debug, Default)]
struct Voice {
    heard_at: Monotonic,
    slot: Slot,
}

impl<I: FnMut(Monotonic) -> Uuid> EventMachine<I> {
    /// A machine that watches nobody yet. The settings are taken as they are; [`EventSettings::check`]
    /// tells whether they make sense.
    pub fn new(settings: EventSettings, ids: I) -> Self {
        Self {
            settings,
            ids,
            now: Monotonic::default(),
            faces: Vec::new(),
            voice: Voice::default(),
            counts: Counts::default(),
        }
    }

    /// Takes in the faces of one frame, in any order, or none when there are none. While frames fail to
    /// come, an update without faces lets the presence of those who were there run out.
    ///
    /// Time that runs backwards by less than [`PresenceRule::unseen_for`](super::PresenceRule::unseen_for)
    /// stands still; by more, everything ends and begins anew.
    pub fn update(&mut self, at: Monotonic, faces: &[Smoothed], emit: &mut dyn FnMut(Event)) {
        if self.now.since(at) > self.settings.presence.unseen_for {
            self.leave(emit, |_| true);
            self.now = at;
        }
        self.now = self.now.max(at);
        let (at, settings) = (self.now, self.settings);
        for face in faces {
            let place = self.place(at, face.track, emit);
            match place.and_then(|place| self.faces.get_mut(place)) {
                Some(known) => known.update(face, &mut Moment { at, settings: &settings, ids: &mut self.ids, emit }),
                None => self.counts.passed_over += 1,
            }
        }
        self.leave(emit, |face| at.since(face.seen_at) >= settings.presence.unseen_for);
    }

    /// Takes in how much of the sound up to `at` was voice. Without sound, say that there was none: then the voice
    /// that was heard runs out.
    pub fn hear(&mut self, at: Monotonic, speaking: Confidence, emit: &mut dyn FnMut(Event)) {
        self.voice.heard_at = self.voice.heard_at.max(at);
        let (at, settings) = (self.voice.heard_at, self.settings);
        let heard = Speaking(speaking);
        let claim = (Topic::Speaking, heard.value(Topic::Speaking));
        let rule = settings.voice;
        // Between words there is silence; it takes as long for a voice to be gone as for a face.
        let band = Band { leave_after: settings.presence.unseen_for, ..rule.band(true) };
        let mut moment = Moment { at, settings: &settings, ids: &mut self.ids, emit };
        self.voice.slot.update(&heard, Some(claim), &band, rule.enabled, &mut moment);
    }

    /// Ends everything that is going on.
    pub fn finish(&mut self, at: Monotonic, emit: &mut dyn FnMut(Event)) {
        let heard_at = self.voice.heard_at;
        let mut moment = Moment { at: at.max(heard_at), settings: &self.settings, ids: &mut self.ids, emit };
        self.voice.slot.end(heard_at, &mut moment);
        self.now = self.now.max(at);
        self.leave(emit, |_| true);
    }

    /// What did not go the usual way.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The place of a face, or one for it; `None` when there is no room.
    fn place(&mut self, at: Monotonic, track: TrackId, emit: &mut dyn FnMut(Event)) -> Option<usize> {
        if let Some(known) = self.faces.iter().position(|face| face.track == track) {
            return Some(known);
        }
        if self.faces.is_full() {
            let unseen = self.faces.iter().filter(|face| face.seen_at < at);
            let longest = unseen.min_by_key(|face| face.seen_at)?.track;
            self.leave(emit, |face| face.track == longest);
            self.counts.cut_short += 1;
        }
        self.faces.push(Face::new(track, at)).ok().map(|()| self.faces.len() - 1)
    }

    /// Ends the events of the faces that are `gone` and forgets them.
    fn leave(&mut self, emit: &mut dyn FnMut(Event), gone: impl Fn(&Face) -> bool) {
        let mut moment = Moment { at: self.now, settings: &self.settings, ids: &mut self.ids, emit };
        self.faces.retain_mut(|face| {
            let leaves = gone(face);
            if leaves {
                face.end(&mut moment);
            }
            !leaves
        });
    }
}

/// What is going on in one face.
struct Face {
    track: TrackId,
    seen_at: Monotonic,
    presence: Slot,
    /// One for each of the [`claims`], in their order.
    slots: [Slot; CLAIMS],
}

impl Face {
    fn new(track: TrackId, at: Monotonic) -> Self {
        Self { track, seen_at: at, presence: Slot::default(), slots: [Slot::default(); CLAIMS] }
    }

    fn update(&mut self, face: &Smoothed, moment: &mut Moment<'_>) {
        self.seen_at = moment.at;
        let settings = moment.settings;
        let presence = settings.presence;
        // Being seen is all it takes to enter; only not being seen ends it.
        let seen = Band { enter: 0.0, leave: 0.0, enter_after: presence.seen_for, leave_after: presence.unseen_for };
        let here = Topic::Present;
        self.presence.update(face, Some((here, face.value(here))), &seen, presence.enabled, moment);

        // A face that flashes up is not worth a word; one that stays is told of from its first frame on.
        let present = self.presence.is_on();
        // That somebody is there is so now; what is estimated was so at the moment that the estimate is of.
        let Moment { at, ids, emit, .. } = moment;
        let mut then = Moment { at: *at - face.behind, settings, ids: *ids, emit: *emit };
        for (slot, (claim, rule)) in self.slots.iter_mut().zip(claims(face, settings)) {
            let claim = claim.map(|topic| (topic, face.value(topic)));
            slot.update(face, claim, &rule.band(present), rule.enabled, &mut then);
        }
    }

    fn end(&mut self, moment: &mut Moment<'_>) {
        for slot in self.slots.iter_mut().chain([&mut self.presence]) {
            slot.end(self.seen_at, moment);
        }
    }
}
