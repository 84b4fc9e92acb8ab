//! Who may speak to the sink: the newest thread of the stage, and nobody before it.
//!
//! The sink outlives the chains. When a chain is gone, with a panic or left behind, nobody will ever end the events that
//! it began; so they are remembered here, and ended when the next chain takes its seat. Faces' numbers, which are
//! given once a run, are remembered as well.

use std::sync::{Arc, Mutex, MutexGuard};

use super::Sink;
use super::lock;
use crate::capture::Frame;
use crate::clock::Monotonic;
use crate::events::{Event, Stage};
use crate::scene::Scene;
use crate::smooth::{Smoothed, SmoothedVoice};

/// Events that may go on at a time before the list of them grows.
const ROOM: usize = 64;

struct Desk<S> {
    sink: S,
    seat: u64,
    open: Vec<Event>,
    /// The latest frame that was told of.
    seen: Monotonic,
    /// The number of the next new face.
    next_face: u64,
}

impl<S: Sink> Desk<S> {
    /// Ends what the last speaker began: it was there up to the last frame.
    fn end_all(&mut self, now: Monotonic) {
        for event in std::mem::take(&mut self.open) {
            let ended_at = Some(self.seen.max(event.started_at));
            self.sink.event(&Event { stage: Stage::End, at: now.max(event.at), ended_at, ..event });
        }
    }
}

/// Guards the sink.
pub(super) struct Teller<S>(Arc<Mutex<Desk<S>>>);

/// The right to speak.
pub(super) struct Seat<S> {
    desk: Arc<Mutex<Desk<S>>>,
    number: u64,
}

impl<S: Sink> Teller<S> {
    /// Guards `sink`.
    pub fn new(sink: S) -> Self {
        let (seen, open) = (Monotonic::default(), Vec::with_capacity(ROOM));
        Self(Arc::new(Mutex::new(Desk { sink, seat: 0, open, seen, next_face: 1 })))
    }

    /// A seat, and the number of the next new face. Whoever had it before speaks no more, and what they began ends.
    pub fn seat(&self, now: Monotonic) -> (Seat<S>, u64) {
        let mut desk = lock(&self.0);
        desk.seat += 1;
        desk.end_all(now);
        (Seat { desk: self.0.clone(), number: desk.seat }, desk.next_face)
    }

    /// Nobody speaks any more, and nothing goes on.
    pub fn finish(&self, now: Monotonic) {
        let mut desk = lock(&self.0);
        desk.seat += 1;
        desk.end_all(now);
    }
}

impl<S> Seat<S> {
    /// The desk, if this seat is still the one that counts.
    fn desk(&self) -> Option<MutexGuard<'_, Desk<S>>> {
        Some(lock(&self.desk)).filter(|desk| desk.seat == self.number)
    }
}

impl<S: Sink> Sink for Seat<S> {
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], scene: &Scene) {
        if let Some(mut desk) = self.desk() {
            desk.seen = frame.captured_at;
            desk.next_face = faces.iter().map(|face| face.track.0 + 1).fold(desk.next_face, u64::max);
            desk.sink.faces(frame, faces, scene);
        }
    }

    fn voice(&mut self, voice: &SmoothedVoice) {
        if let Some(mut desk) = self.desk() {
            desk.sink.voice(voice);
        }
    }

    fn muted(&mut self) {
        if let Some(mut desk) = self.desk() {
            desk.sink.muted();
        }
    }

    fn event(&mut self, event: &Event) {
        if let Some(mut desk) = self.desk() {
            let known = desk.open.iter().position(|open| open.id == event.id);
            match (event.stage, known) {
                (Stage::End, Some(known)) => drop(desk.open.swap_remove(known)),
                (Stage::End, None) => {}
                (Stage::New | Stage::Update, Some(known)) => desk.open[known] = event.clone(),
                (Stage::New | Stage::Update, None) => desk.open.push(event.clone()),
            }
            desk.sink.event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::affect::Confidence;
    use crate::events::{Kind, Subject};

    #[derive(Clone, Default)]
    struct Events(Arc<Mutex<Vec<Event>>>);

    impl Events {
        fn told(&self) -> Vec<(u128, Stage)> {
            self.0.lock().unwrap().iter().map(|event| (event.id.as_u128(), event.stage)).collect()
        }
    }

    impl Sink for Events {
        fn faces(&mut self, _: &Frame, _: &[Smoothed], _: &Scene) {}

        fn event(&mut self, event: &Event) {
            self.0.lock().unwrap().push(event.clone());
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::new(Duration::from_secs(seconds))
    }

    fn event(id: u128, stage: Stage) -> Event {
        Event {
            id: Uuid::from_u128(id),
            stage,
            kind: Kind::Presence,
            label: heapless::String::new(),
            subject: Subject::Scene,
            started_at: at(1),
            at: at(2),
            ended_at: None,
            peak: 0.5,
            confidence: Confidence::MIN,
        }
    }

    #[test]
    fn what_a_chain_began_and_cannot_end_any_more_ends_with_the_next() {
        let events = Events::default();
        let teller = Teller::new(events.clone());
        let (mut seat, _) = teller.seat(at(0));
        let frame = Frame { captured_at: at(5), ..Frame::default() };
        seat.faces(&frame, &[], &Scene::of(&[]));
        for (id, stage) in [(1, Stage::New), (2, Stage::New), (1, Stage::End), (2, Stage::Update)] {
            seat.event(&event(id, stage));
        }
        drop(seat);
        let (mut next, _) = teller.seat(at(9));
        assert_eq!(events.told()[4..], [(2, Stage::End)]);
        let ended = events.0.lock().unwrap()[4].clone();
        assert_eq!((ended.at, ended.ended_at), (at(9), Some(at(5))));
        next.event(&event(3, Stage::New));
        teller.finish(at(10));
        assert_eq!(events.told()[5..], [(3, Stage::New), (3, Stage::End)]);
    }

    #[test]
    fn who_was_left_behind_is_not_heard_any_more() {
        let events = Events::default();
        let teller = Teller::new(events.clone());
        let (mut old, _) = teller.seat(at(0));
        let (mut new, _) = teller.seat(at(1));
        old.event(&event(1, Stage::New));
        new.event(&event(2, Stage::New));
        teller.finish(at(2));
        new.event(&event(3, Stage::New));
        assert_eq!(events.told(), [(2, Stage::New), (2, Stage::End)]);
    }
}
