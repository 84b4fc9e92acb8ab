//! The newest of the voice, held against every frame: who speaks, and what face and voice give together.

use std::time::Duration;

use super::pool::{Fused, Side, fuse};
use super::speaker::{SpeakerSettings, WhoSpeaks};
use crate::affect::{Confidence, Estimate};
use crate::clock::Monotonic;
use crate::face::TrackId;
use crate::scene;
use crate::smooth::{Smoothed, SmoothedVoice};

/// How long what a window of sound gave stands: windows end one and a half seconds apart, and are read a little later.
const VOICE_STANDS: Duration = Duration::from_secs(2);

/// How long it is known whether there is a voice.
const SPEAKING_STANDS: Duration = Duration::from_millis(500);

/// From this share of voice in the last moments on there is one.
const VOICED: f32 = 0.5;

/// How faces and a voice are taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusionSettings {
    /// How much a voice's estimate counts beside a face's of the same reliability; 0 fuses nothing.
    pub voice_weight: f32,
    /// A label less probable than this is unknown.
    pub unknown_below: f32,
    /// When a face counts as the one that speaks.
    pub speaker: SpeakerSettings,
}

impl Default for FusionSettings {
    fn default() -> Self {
        Self { voice_weight: 0.5, unknown_below: 0.4, speaker: SpeakerSettings::default() }
    }
}

/// What the faces of one frame and the voice give together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Together {
    /// The face that speaks, if one does.
    pub speaker: Option<TrackId>,
    /// The speaker's face and the voice; without a speaker, everyone in view and the voice. `None` when either says
    /// nothing.
    pub fused: Option<Fused>,
}

/// Takes faces and a voice together.
#[derive(Debug, Clone, Default)]
pub struct Fusion {
    settings: FusionSettings,
    who: WhoSpeaks,
    speaking: Option<(Monotonic, Confidence)>,
    voice: Option<SmoothedVoice>,
}

impl Fusion {
    /// A fusion that has seen and heard nothing yet.
    pub fn new(settings: FusionSettings) -> Self {
        Self { settings, who: WhoSpeaks::new(settings.speaker), ..Self::default() }
    }

    /// Takes in how much of the moments before `at` was voice.
    pub fn speaking(&mut self, at: Monotonic, share: Confidence) {
        self.speaking = Some((at, share));
    }

    /// Takes in what stands of the voice.
    pub fn hear(&mut self, voice: &SmoothedVoice) {
        self.voice = Some(*voice);
    }

    /// Takes in one reading of a face, unsmoothed: what is smoothed moves its lips too little.
    pub fn read(&mut self, at: Monotonic, track: TrackId, estimate: &Estimate) {
        let voiced = self.is_voiced(at);
        self.who.read(at, track, estimate, voiced);
    }

    /// Takes the faces of the frame of `at` together with the voice.
    pub fn together(&mut self, at: Monotonic, faces: &[Smoothed]) -> Together {
        let voiced = self.is_voiced(at);
        let speaker = self.who.speaker(at, voiced);
        let voice = self.voice.filter(|voice| apart(at, voice.captured_at) <= VOICE_STANDS);
        let fused = voice.and_then(|voice| {
            let voice = Side { estimate: &voice.estimate, reliability: voice.confidence };
            match faces.iter().find(|face| Some(face.track) == speaker) {
                Some(face) => {
                    let face = Side { estimate: &face.estimate, reliability: face.confidence };
                    fuse(face, voice, &self.settings)
                }
                None => {
                    let (estimate, reliability) = scene::mean_estimate(faces)?;
                    fuse(Side { estimate: &estimate, reliability }, voice, &self.settings)
                }
            }
        });
        Together { speaker, fused }
    }

    /// Forgets everyone who was seen: another clip, or another model. The voice stays.
    pub fn forget_faces(&mut self) {
        self.who.reset();
    }

    /// Forgets everyone, seen or heard.
    pub fn reset(&mut self) {
        self.who.reset();
        (self.speaking, self.voice) = (None, None);
    }

    fn is_voiced(&self, at: Monotonic) -> bool {
        self.speaking.is_some_and(|(told, share)| apart(at, told) <= SPEAKING_STANDS && share.get() >= VOICED)
    }
}

/// How far two moments are apart. Sound may be stamped a little later than the frame it is held against.
fn apart(a: Monotonic, b: Monotonic) -> Duration {
    a.since(b).max(b.since(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{ActionUnit, Expression};
    use crate::smooth::Judged;
    use crate::smooth::testing::{estimate, ms, p, smoothed};
    use crate::voice::SoundQuality;

    fn confidence(value: f32) -> Confidence {
        Confidence::new(value).unwrap()
    }

    fn voice(at: u64, estimate: Estimate) -> SmoothedVoice {
        SmoothedVoice {
            captured_at: ms(at),
            span: Duration::from_secs(3),
            activity: confidence(0.8),
            quality: SoundQuality { level: -20.0, clipped: Confidence::MIN },
            confidence: confidence(0.9),
            estimate,
            expression: Judged::Unknown(p(0.0)),
        }
    }

    /// Two faces, of which the second talks, for two seconds of voice.
    fn conversation() -> (Fusion, [Smoothed; 2]) {
        let mut fusion = Fusion::new(FusionSettings { voice_weight: 1.0, ..FusionSettings::default() });
        for i in 0..22 {
            fusion.speaking(ms(i * 90), confidence(0.9));
            for (track, open) in [(1, 0.1), (2, if i % 2 == 0 { 0.9 } else { 0.1 })] {
                let mut read = estimate(Expression::Neutral, 0.9, 0.0, 0.0);
                read.action_units.set(ActionUnit::Au25, p(open));
                fusion.read(ms(i * 90), TrackId(track), &read);
            }
        }
        fusion.hear(&voice(1900, estimate(Expression::Anger, 0.8, -0.6, 0.6)));
        let happy = smoothed(1, estimate(Expression::Happiness, 0.9, 0.8, 0.2));
        let angry = smoothed(2, estimate(Expression::Anger, 0.8, -0.4, 0.4));
        (fusion, [happy, angry])
    }

    #[test]
    fn the_voice_is_fused_with_the_face_that_speaks() {
        let (mut fusion, faces) = conversation();
        let together = fusion.together(ms(1950), &faces);
        let fused = together.fused.unwrap();
        assert_eq!((together.speaker, fused.expression.label()), (Some(TrackId(2)), Some(Expression::Anger)));
        assert!((fused.valence.unwrap().get() + 0.5).abs() < 1e-3, "{fused:?}");
        assert!(fused.conflict.unwrap().get() < 0.01);
    }

    #[test]
    fn a_voice_of_nobody_in_view_is_fused_with_the_scene() {
        let (mut fusion, faces) = conversation();
        fusion.forget_faces();
        let together = fusion.together(ms(1950), &faces);
        assert_eq!(together.speaker, None);
        // The faces' mean valence is 0.2, and the voice counts as much.
        assert!((together.fused.unwrap().valence.unwrap().get() + 0.2).abs() < 1e-3, "{together:?}");
    }

    #[test]
    fn a_smile_with_an_angry_voice_is_told_as_a_conflict() {
        let mut fusion = Fusion::new(FusionSettings { voice_weight: 1.0, ..FusionSettings::default() });
        fusion.hear(&voice(100, estimate(Expression::Anger, 0.95, -0.6, 0.6)));
        let smile = [smoothed(1, estimate(Expression::Happiness, 0.95, 0.8, 0.2))];
        let fused = fusion.together(ms(100), &smile).fused.unwrap();
        assert!(fused.conflict.unwrap().get() > 0.7, "{fused:?}");
    }

    #[test]
    fn an_old_voice_is_not_fused_and_an_empty_room_neither() {
        let (mut fusion, faces) = conversation();
        assert_eq!(fusion.together(ms(1900 + 2100), &faces), Together::default());
        assert_eq!(fusion.together(ms(1950), &[]).fused, None);
    }

    #[test]
    fn a_voice_without_an_estimate_leaves_the_faces_alone() {
        let (mut fusion, faces) = conversation();
        fusion.hear(&voice(1950, Estimate::default()));
        let together = fusion.together(ms(1950), &faces);
        assert_eq!((together.speaker, together.fused), (Some(TrackId(2)), None));
    }
}
