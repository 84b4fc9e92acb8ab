//! States on their way out: per face, for the scene and for the voice only the newest is kept, and each is let out no more
//! often than its interval. Pure: time is an argument.

use std::time::Duration;

use super::state::State;
use crate::clock::Monotonic;
use crate::face::{MAX_FACES, TrackId};

/// A place per face, one for the scene and one for the voice.
const PLACES: usize = MAX_FACES + 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Face(TrackId),
    Scene,
    Voice,
}

fn key(state: &State) -> Key {
    match state {
        State::Face(face) => Key::Face(face.track),
        State::Scene(_) => Key::Scene,
        State::Voice(_) => Key::Voice,
    }
}

#[derive(Debug)]
struct Slot {
    key: Key,
    waiting: Option<State>,
    due: Monotonic,
}

/// What became of a state that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It waits to be taken.
    Kept,
    /// It waits in the place of an older one, which is gone.
    Replaced,
    /// More faces than places: it is gone.
    Full,
}

/// The newest state of each face, of the scene and of the voice.
#[derive(Debug)]
pub struct Latest {
    slots: heapless::Vec<Slot, PLACES>,
    interval: Duration,
}

impl Latest {
    /// No states yet; each face and the scene is let out once per `interval` at most.
    pub fn new(interval: Duration) -> Self {
        Self { slots: heapless::Vec::new(), interval }
    }

    /// Keeps a state until it is due.
    pub fn put(&mut self, now: Monotonic, state: State) -> Put {
        let key = key(&state);
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.key == key) {
            return if slot.waiting.replace(state).is_some() { Put::Replaced } else { Put::Kept };
        }
        // An empty slot whose interval is over says nothing any more: its face may be gone.
        self.slots.retain(|slot| slot.waiting.is_some() || slot.due > now);
        match self.slots.push(Slot { key, waiting: Some(state), due: now }) {
            Ok(()) => Put::Kept,
            Err(_) => Put::Full,
        }
    }

    /// Takes the state that has been due the longest, if any is due.
    pub fn take(&mut self, now: Monotonic) -> Option<State> {
        let waiting = self.slots.iter_mut().filter(|slot| slot.waiting.is_some() && slot.due <= now);
        let slot = waiting.min_by_key(|slot| slot.due)?;
        slot.due = now + self.interval;
        slot.waiting.take()
    }

    /// When the next waiting state is due; `None` when none waits.
    pub fn next_due(&self) -> Option<Monotonic> {
        self.slots.iter().filter(|slot| slot.waiting.is_some()).map(|slot| slot.due).min()
    }

    /// Drops everything that waits, and says how many; the intervals go on.
    pub fn drop_waiting(&mut self) -> usize {
        self.slots.iter_mut().filter_map(|slot| slot.waiting.take()).count()
    }

    /// Drops everything, and says how many waited.
    pub fn clear(&mut self) -> usize {
        let waiting = self.slots.iter().filter(|slot| slot.waiting.is_some()).count();
        self.slots.clear();
        waiting
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::publish::state::{FaceState, testing};

    const INTERVAL: Duration = Duration::from_millis(200);

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    fn face(track: u64, frame: u64) -> State {
        State::Face(FaceState { frame, ..testing::face(track) })
    }

    fn scene(faces: usize) -> State {
        State::Scene(testing::scene(faces))
    }

    #[test]
    fn the_first_state_of_a_face_is_due_at_once() {
        let mut latest = Latest::new(INTERVAL);
        assert_eq!(latest.put(at(5), face(1, 0)), Put::Kept);
        assert_eq!(latest.next_due(), Some(at(5)));
        assert_eq!(latest.take(at(5)), Some(face(1, 0)));
        assert_eq!(latest.take(at(5)), None);
    }

    #[test]
    fn within_the_interval_only_the_newest_is_kept() {
        let mut latest = Latest::new(INTERVAL);
        latest.put(at(0), face(1, 0));
        latest.take(at(0));
        assert_eq!(latest.put(at(33), face(1, 1)), Put::Kept);
        assert_eq!(latest.put(at(66), face(1, 2)), Put::Replaced);
        assert_eq!(latest.take(at(199)), None);
        assert_eq!(latest.next_due(), Some(at(200)));
        assert_eq!(latest.take(at(200)), Some(face(1, 2)));
    }

    #[test]
    fn what_is_dropped_gives_no_right_to_be_let_out_sooner() {
        let mut latest = Latest::new(INTERVAL);
        latest.put(at(0), face(1, 0));
        latest.take(at(0));
        latest.put(at(50), face(1, 1));
        assert_eq!((latest.drop_waiting(), latest.take(at(300))), (1, None));
        latest.put(at(100), face(1, 2));
        assert_eq!((latest.take(at(199)), latest.take(at(200))), (None, Some(face(1, 2))));
    }

    #[test]
    fn faces_and_the_scene_do_not_hold_each_other_up() {
        let mut latest = Latest::new(INTERVAL);
        for state in [face(1, 0), face(2, 0), scene(2)] {
            latest.put(at(0), state);
        }
        assert_eq!([latest.take(at(0)), latest.take(at(0)), latest.take(at(0))].map(|s| s.is_some()), [true; 3]);
    }

    #[test]
    fn faces_that_left_make_room_and_too_many_at_once_are_refused() {
        let mut latest = Latest::new(INTERVAL);
        for track in 0..PLACES as u64 {
            assert_eq!(latest.put(at(0), face(track, 0)), Put::Kept);
        }
        assert_eq!(latest.put(at(1), face(99, 0)), Put::Full);
        while latest.take(at(1)).is_some() {}
        assert_eq!(latest.put(at(100), face(99, 0)), Put::Full);
        assert_eq!(latest.put(at(201), face(99, 0)), Put::Kept);
    }

    #[test]
    fn clearing_says_how_many_were_waiting() {
        let mut latest = Latest::new(INTERVAL);
        latest.put(at(0), face(1, 0));
        latest.take(at(0));
        latest.put(at(0), face(2, 0));
        latest.put(at(0), scene(2));
        assert_eq!((latest.clear(), latest.next_due()), (2, None));
    }

    proptest! {
        #[test]
        fn no_face_is_let_out_more_often_than_its_interval(
            steps in prop::collection::vec((0u64..60, 0u64..4, any::<bool>()), 1..200)
        ) {
            let mut latest = Latest::new(INTERVAL);
            let (mut now, mut last) = (0, [None::<u64>; 4]);
            for (frame, (passed, track, take)) in steps.into_iter().enumerate() {
                now += passed;
                latest.put(at(now), face(track, frame as u64));
                while take && let Some(State::Face(state)) = latest.take(at(now)) {
                    let before = last[state.track.0 as usize].replace(now);
                    prop_assert!(before.is_none_or(|before| now - before >= 200));
                }
            }
        }
    }
}
