//! Whose voice it is: the face whose mouth moves more while there is a voice than while there is none.
//!
//! Speech opens and closes the mouth several times a second, so it is the mouth's *movement* that goes with the voice;
//! a laugh or a yawn holds it open. How much a mouth moves is averaged twice, over moments with a voice and over
//! moments without; the difference is the score. Somebody who chews moves it in both and gets none. Both averages
//! forget with a time constant, so that the score follows a conversation.

use std::time::Duration;

use heapless::Vec;

use crate::affect::{ActionUnit, Estimate, Probability};
use crate::clock::Monotonic;
use crate::face::{MAX_FACES, TrackId};
use crate::smooth::ema;

/// When a face counts as the one that speaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpeakerSettings {
    /// The time constant of the averages.
    pub memory: Duration,
    /// How long a voice must have been heard while the face was in view.
    pub at_least: Duration,
    /// The least score: change of the mouth's opening a second, voiced less unvoiced.
    pub enter: f32,
    /// Below this score the speaker is no longer taken for one.
    pub leave: f32,
    /// By how much another face must exceed the speaker to take over.
    pub lead: f32,
    /// A mouth that was not read for longer is not known to have moved.
    pub gap: Duration,
}

impl Default for SpeakerSettings {
    fn default() -> Self {
        Self {
            memory: Duration::from_secs(2),
            at_least: Duration::from_millis(400),
            enter: 0.5,
            leave: 0.25,
            lead: 0.3,
            gap: Duration::from_millis(500),
        }
    }
}

/// Finds the face that speaks.
#[derive(Debug, Clone, Default)]
pub struct WhoSpeaks {
    settings: SpeakerSettings,
    mouths: Vec<Mouth, MAX_FACES>,
    speaker: Option<TrackId>,
}

impl WhoSpeaks {
    /// One that has seen nobody yet.
    pub fn new(settings: SpeakerSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Takes in one reading of a face, and whether there was a voice at that moment. A pack that does not estimate
    /// lips and jaw tells nothing about who speaks.
    pub fn read(&mut self, at: Monotonic, track: TrackId, estimate: &Estimate, voiced: bool) {
        let Some(opening) = opening(estimate) else { return };
        let settings = self.settings;
        match self.mouths.iter_mut().find(|mouth| mouth.track == track) {
            Some(mouth) => mouth.read(at, opening, voiced, &settings),
            None => self.add(Mouth::new(track, at, opening)),
        }
    }

    /// Tells which face speaks at `at`, if one does. Without a voice nobody does.
    pub fn speaker(&mut self, at: Monotonic, voiced: bool) -> Option<TrackId> {
        let SpeakerSettings { gap, at_least, enter, leave, lead, .. } = self.settings;
        let scores = self.mouths.iter().filter(|mouth| at.since(mouth.at) <= gap && mouth.heard >= at_least);
        let scores = scores.map(|mouth| (mouth.track, mouth.score()));
        let best = scores.clone().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, score)| *score >= enter);
        let holder = self.speaker.and_then(|speaker| scores.clone().find(|(track, _)| *track == speaker));
        let holder = holder.filter(|(_, score)| *score >= leave);
        let taken_over = |(_, score): (TrackId, f32)| best.is_some_and(|(_, most)| most - score >= lead);
        let speaker = holder.filter(|&holder| !taken_over(holder)).or(best).map(|(track, _)| track);
        self.speaker = speaker;
        speaker.filter(|_| voiced)
    }

    /// Forgets everyone.
    pub fn reset(&mut self) {
        self.mouths.clear();
        self.speaker = None;
    }

    fn add(&mut self, newcomer: Mouth) {
        if let Err(newcomer) = self.mouths.push(newcomer)
            && let Some(oldest) = self.mouths.iter_mut().min_by_key(|mouth| mouth.at)
        {
            *oldest = newcomer;
        }
    }
}

/// How far the mouth is open: lips apart or jaw dropped, whichever is likelier.
fn opening(estimate: &Estimate) -> Option<f32> {
    let unit = |unit| estimate.action_units.get(unit).map(Probability::get);
    match (unit(ActionUnit::Au25), unit(ActionUnit::Au26)) {
        (Some(lips), Some(jaw)) => Some((lips + jaw) / 2.0),
        (lips, jaw) => lips.or(jaw),
    }
}

/// One mouth, over time.
#[derive(Debug, Clone, Copy)]
struct Mouth {
    track: TrackId,
    at: Monotonic,
    opening: f32,
    /// Mean change of the opening a second, while there was a voice and while there was none.
    voiced: Option<f32>,
    unvoiced: Option<f32>,
    /// How long there was a voice so far.
    heard: Duration,
}

impl Mouth {
    fn new(track: TrackId, at: Monotonic, opening: f32) -> Self {
        Self { track, at, opening, voiced: None, unvoiced: None, heard: Duration::ZERO }
    }

    fn read(&mut self, at: Monotonic, opening: f32, voiced: bool, settings: &SpeakerSettings) {
        let passed = at.since(self.at);
        let before = std::mem::replace(&mut self.opening, opening);
        self.at = at;
        if passed.is_zero() || passed > settings.gap {
            return;
        }
        let movement = (opening - before).abs() / passed.as_secs_f32();
        let mean = if voiced { &mut self.voiced } else { &mut self.unvoiced };
        let weight = ema::weight(passed.as_secs_f32(), settings.memory.as_secs_f32());
        *mean = Some(mean.map_or(movement, |mean| mean + weight * (movement - mean)));
        if voiced {
            self.heard = self.heard.saturating_add(passed);
        }
    }

    fn score(&self) -> f32 {
        self.voiced.unwrap_or_default() - self.unvoiced.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smooth::testing::{ms, p};

    const EVERY: u64 = 90;

    fn mouth(open: f32) -> Estimate {
        let mut estimate = Estimate::default();
        estimate.action_units.set(ActionUnit::Au25, p(open));
        estimate
    }

    /// A mouth that opens and closes.
    fn talking(i: u64) -> f32 {
        if i.is_multiple_of(3) { 0.9 } else { 0.2 }
    }

    /// Reads for so many seconds, one opening for each face, and tells who speaks at last.
    fn watch(
        who: &mut WhoSpeaks,
        from: u64,
        seconds: u64,
        voiced: impl Fn(u64) -> bool,
        mouths: &[fn(u64) -> f32],
    ) -> Option<TrackId> {
        let mut speaker = None;
        for i in from * 1000 / EVERY..(from + seconds) * 1000 / EVERY {
            for (track, opening) in (1..).zip(mouths) {
                who.read(ms(i * EVERY), TrackId(track), &mouth(opening(i)), voiced(i));
            }
            speaker = who.speaker(ms(i * EVERY), voiced(i));
        }
        speaker
    }

    #[test]
    fn whose_mouth_moves_with_the_voice_speaks() {
        let mut who = WhoSpeaks::default();
        assert_eq!(watch(&mut who, 0, 2, |_| true, &[|_| 0.1, talking, |_| 0.95]), Some(TrackId(2)));
    }

    #[test]
    fn without_a_voice_nobody_speaks() {
        let mut who = WhoSpeaks::default();
        assert_eq!(watch(&mut who, 0, 3, |_| false, &[talking]), None);
    }

    #[test]
    fn who_chews_through_speech_and_silence_does_not_speak() {
        let mut who = WhoSpeaks::default();
        let pauses = |i: u64| (i / 15).is_multiple_of(2);
        let quiet_in_pauses: fn(u64) -> f32 = |i| if (i / 15).is_multiple_of(2) { talking(i) } else { 0.1 };
        watch(&mut who, 0, 6, pauses, &[talking, quiet_in_pauses]);
        assert_eq!(who.speaker(ms(6 * 1000), true), Some(TrackId(2)));
    }

    #[test]
    fn a_voice_from_elsewhere_is_no_ones() {
        let mut who = WhoSpeaks::default();
        assert_eq!(watch(&mut who, 0, 4, |_| true, &[|_| 0.1, |_| 0.9]), None);
    }

    #[test]
    fn in_a_conversation_the_speaker_changes() {
        let mut who = WhoSpeaks::default();
        assert_eq!(watch(&mut who, 0, 4, |_| true, &[talking, |_| 0.1]), Some(TrackId(1)));
        assert_eq!(watch(&mut who, 4, 4, |_| true, &[|_| 0.1, talking]), Some(TrackId(2)));
    }

    #[test]
    fn a_face_that_is_gone_does_not_speak() {
        let mut who = WhoSpeaks::default();
        watch(&mut who, 0, 3, |_| true, &[talking]);
        assert_eq!(who.speaker(ms(3_100), true), Some(TrackId(1)));
        assert_eq!(who.speaker(ms(5_000), true), None);
    }

    #[test]
    fn a_pack_without_lips_and_jaw_tells_nothing() {
        let mut who = WhoSpeaks::default();
        for i in 0..50 {
            who.read(ms(i * EVERY), TrackId(1), &Estimate::default(), true);
        }
        assert_eq!(who.speaker(ms(50 * EVERY), true), None);
    }

    proptest! {
        /// Also when time jumps, in either direction, and with more faces than there is room for.
        #[test]
        fn only_a_face_that_was_read_lately_and_a_voice_that_is_there_make_a_speaker(
            readings in prop::collection::vec((0_u64..60_000, 0_u64..40, 0.0_f32..=1.0, any::<bool>()), 0..200),
        ) {
            let mut who = WhoSpeaks::default();
            for (at, track, opening, voiced) in readings {
                who.read(ms(at), TrackId(track), &mouth(opening), voiced);
                if let Some(speaker) = who.speaker(ms(at), voiced) {
                    let mouth = who.mouths.iter().find(|mouth| mouth.track == speaker).unwrap();
                    prop_assert!(voiced && ms(at).since(mouth.at) <= SpeakerSettings::default().gap);
                    prop_assert!(mouth.score().is_finite());
                }
            }
        }
    }
}
