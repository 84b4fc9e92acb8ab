//! What a device that is made up sees: people come, show expressions, and go. Pure: time is an argument, and chance
//! comes from a seed.

use std::time::Duration;

use heapless::Vec;

use crate::clock::Monotonic;
use crate::face::{MAX_FACES, TrackId};
use crate::smooth::Smoothed;

mod chance;
mod person;

pub use chance::Chance;
use person::Person;

/// How long a place before the camera is empty, on average.
const EMPTY: Duration = Duration::from_secs(8);
/// How long someone stays at the least, and how much longer on average.
const STAYS: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(20));

/// A place before the camera.
#[derive(Debug, Clone)]
enum Place {
    Empty { until: Monotonic },
    Taken(Person),
}

/// What one device sees.
#[derive(Debug, Clone)]
pub struct Script {
    chance: Chance,
    places: std::vec::Vec<Place>,
    next_track: u64,
}

impl Script {
    /// A script with room for `faces` people at a time, at the most [`MAX_FACES`]. At first some places are taken, as many
    /// as on average.
    pub fn new(seed: u64, faces: usize, at: Monotonic) -> Self {
        let mut script = Self { chance: Chance::new(seed), places: std::vec::Vec::new(), next_track: 1 };
        let (least, longer) = STAYS;
        let occupied = (least + longer).as_secs_f32() / (least + longer + EMPTY).as_secs_f32();
        for _ in 0..faces.min(MAX_FACES) {
            let place = match script.chance.share() < occupied {
                true => script.someone(at),
                false => Place::Empty { until: at + script.chance.lasting(EMPTY) },
            };
            script.places.push(place);
        }
        script
    }

    /// The faces in view at that moment, which is not before the last one.
    pub fn at(&mut self, at: Monotonic) -> Vec<Smoothed, MAX_FACES> {
        let mut faces = Vec::new();
        for index in 0..self.places.len() {
            match &self.places[index] {
                Place::Empty { until } if at >= *until => self.places[index] = self.someone(at),
                Place::Taken(person) if person.has_left(at) => {
                    self.places[index] = Place::Empty { until: at + self.chance.lasting(EMPTY) };
                }
                _ => {}
            }
            if let Place::Taken(person) = &mut self.places[index] {
                // There are no more places than faces fit in.
                let _ = faces.push(person.at(at, &mut self.chance));
            }
        }
        faces
    }

    fn someone(&mut self, at: Monotonic) -> Place {
        let track = TrackId(self.next_track);
        self.next_track += 1;
        let leaves_at = at + STAYS.0 + self.chance.lasting(STAYS.1);
        Place::Taken(Person::arrives(track, at, leaves_at, &mut self.chance))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use uuid::Uuid;

    use super::*;
    use crate::affect::{Expression, Label};
    use crate::events::{EventMachine, EventSettings, Kind, Stage};

    const STEP: Duration = Duration::from_millis(200);

    fn watched(seed: u64, faces: usize, minutes: u32) -> impl Iterator<Item = (Monotonic, Vec<Smoothed, MAX_FACES>)> {
        let mut script = Script::new(seed, faces, Monotonic::default());
        (0..minutes * 300).map(move |step| {
            let at = Monotonic::default() + STEP * step;
            (at, script.at(at))
        })
    }

    #[test]
    fn one_seed_tells_one_story() {
        let story = |seed| watched(seed, 2, 1).collect::<std::vec::Vec<_>>();
        assert_eq!(story(5), story(5));
        assert_ne!(story(5), story(6));
    }

    #[test]
    fn people_come_and_go_and_no_track_is_given_twice() {
        let mut gone: HashSet<u64> = HashSet::new();
        let mut here: HashSet<u64> = HashSet::new();
        let (mut taken, mut steps) = (0, 0);
        for (_, faces) in watched(3, 4, 20) {
            assert!(faces.len() <= 4);
            let now: HashSet<u64> = faces.iter().map(|face| face.track.0).collect();
            assert_eq!(now.len(), faces.len(), "two faces share a track");
            gone.extend(here.difference(&now));
            assert!(gone.is_disjoint(&now), "someone who had left came back under the same track");
            here = now;
            (taken, steps) = (taken + faces.len(), steps + 4);
        }
        let share = taken as f32 / steps as f32;
        assert!(gone.len() > 50 && (0.6..0.9).contains(&share), "{} left, {share} of the places taken", gone.len());
    }

    #[test]
    fn every_expression_is_shown_and_neutral_the_most() {
        let mut shown: HashMap<Expression, u32> = HashMap::new();
        for (_, faces) in watched(9, 4, 60) {
            faces
                .iter()
                .filter_map(|face| face.expression.label())
                .for_each(|label| *shown.entry(label).or_default() += 1);
        }
        for label in &Expression::ALL[..8] {
            assert!(shown.contains_key(label), "{label} is never shown");
        }
        let most = shown.iter().max_by_key(|(_, times)| **times).map(|(label, _)| *label);
        assert_eq!(most, Some(Expression::Neutral));
    }

    #[test]
    fn the_daemons_own_rules_make_events_of_it_and_each_that_begins_ends() {
        let mut id = 0;
        let mut machine = EventMachine::new(EventSettings::default(), |_: Monotonic| {
            id += 1;
            Uuid::from_u128(id)
        });
        let (mut live, mut kinds, mut messages) = (HashSet::new(), HashSet::new(), 0_u32);
        let mut emit = |event: crate::events::Event| {
            messages += 1;
            kinds.insert(event.kind);
            match event.stage {
                Stage::New => assert!(live.insert(event.id)),
                Stage::Update => assert!(live.contains(&event.id)),
                Stage::End => assert!(live.remove(&event.id)),
            }
        };
        let mut last = Monotonic::default();
        for (at, faces) in watched(11, 1, 10) {
            machine.update(at, &faces, &mut emit);
            last = at;
        }
        machine.finish(last, &mut emit);
        assert!(live.is_empty());
        for kind in [Kind::Presence, Kind::Expression, Kind::ActionUnit, Kind::Valence, Kind::Arousal] {
            assert!(kinds.contains(&kind), "no event of {kind:?}");
        }
        assert!(messages > 100, "{messages} messages in ten minutes");
    }
}
