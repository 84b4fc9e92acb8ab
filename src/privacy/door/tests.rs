use std::time::Duration;

use super::*;
use crate::affect::{
    ActionUnit, Arousal, Compound, Confidence, Estimate, Expression, Label, Probability, Scores, Valence,
};
use crate::clock::Monotonic;
use crate::events::{Kind, Subject};
use crate::face::{Quality, TrackId};
use crate::geometry::Rect;
use crate::privacy::Reason;
use crate::publish::{Answer, FusedState};
use crate::voice::SoundQuality;

fn at(seconds: u64) -> Monotonic {
    Monotonic::new(Duration::from_secs(seconds))
}

fn event(id: u128, kind: Kind, stage: Stage) -> Event {
    Event {
        id: Uuid::from_u128(id),
        stage,
        kind,
        label: heapless::String::new(),
        subject: Subject::Scene,
        started_at: at(1),
        at: at(1),
        ended_at: None,
        peak: 0.5,
        confidence: Confidence::MIN,
    }
}

fn scored<L: Label, const N: usize>(label: L) -> Scores<L, N> {
    let mut scores = Scores::default();
    scores.set(label, Probability::MAX);
    scores
}

fn estimate() -> Estimate {
    Estimate {
        valence: Valence::new(0.5),
        arousal: Arousal::new(0.5),
        expressions: scored(Expression::Anger),
        action_units: scored(ActionUnit::Au4),
        compounds: scored(Compound::HappilySurprised),
    }
}

fn answer<L>(label: L) -> Option<Answer<L>> {
    Some(Answer { label: Some(label), confidence: Probability::MAX })
}

fn fused() -> Option<FusedState> {
    Some(FusedState {
        valence: Valence::new(0.5),
        arousal: Arousal::new(0.5),
        expressions: scored(Expression::Anger),
        expression: answer(Expression::Anger),
        voice_share: Confidence::MAX,
        conflict: None,
    })
}

fn face() -> FaceState {
    FaceState {
        track: TrackId(3),
        frame: 1,
        captured_at: at(1),
        rect: Rect::default(),
        quality: Quality { size: 100.0, sharpness: 0.5, yaw: 0.0, brightness: 0.5, usable: true },
        estimate: estimate(),
        expression: answer(Expression::Anger),
        compound: answer(Compound::HappilySurprised),
        confidence: Confidence::MAX,
        behind: Duration::ZERO,
        speaking: Some(true),
        fused: fused(),
    }
}

fn scene() -> SceneState {
    SceneState {
        captured_at: at(1),
        faces: 1,
        valence: Valence::new(0.5),
        arousal: Arousal::new(0.5),
        expression: answer(Expression::Anger),
        speaker: Some(TrackId(3)),
        fused: fused(),
    }
}

fn voice() -> VoiceState {
    VoiceState {
        captured_at: at(1),
        span: Duration::from_secs(3),
        activity: Confidence::MAX,
        quality: SoundQuality { level: -20.0, clipped: Confidence::MIN },
        estimate: estimate(),
        expression: answer(Expression::Anger),
        confidence: Confidence::MAX,
    }
}

#[test]
fn where_action_units_alone_may_be_told_nothing_that_interprets_them_gets_through() {
    let mut rules = Rules::new(Gate::open(at(0)), Extent::ActionUnitsOnly);
    let units = Estimate { action_units: scored(ActionUnit::Au4), ..Estimate::default() };
    let told = FaceState { estimate: units, expression: None, compound: None, fused: None, ..face() };
    assert_eq!(rules.state(face(), Extent::face), Some(told));
    let told = SceneState { valence: None, arousal: None, expression: None, fused: None, ..scene() };
    assert_eq!(rules.state(scene(), Extent::scene), Some(told));
    let told = VoiceState { estimate: units, expression: None, ..voice() };
    assert_eq!(rules.state(voice(), Extent::voice), Some(told));

    let felt = [Kind::Expression, Kind::Compound, Kind::Valence, Kind::Arousal];
    let plain = [Kind::Presence, Kind::ActionUnit, Kind::Voice];
    let kinds = [&felt[..], &plain[..]].concat();
    let told = kinds.iter().filter(|kind| rules.lets(&event(1, **kind, Stage::New)));
    assert_eq!(told.copied().collect::<Vec<_>>(), plain);
    assert_eq!(Extent::ActionUnitsOnly.kinds(kinds), plain);
}

#[test]
fn where_everything_may_be_told_it_is_told_as_it_is() {
    let mut rules = Rules::new(Gate::open(at(0)), Extent::Everything);
    assert_eq!(rules.state(face(), Extent::face), Some(face()));
    assert_eq!(rules.state(scene(), Extent::scene), Some(scene()));
    assert_eq!(rules.state(voice(), Extent::voice), Some(voice()));
    assert!(rules.lets(&event(1, Kind::Expression, Stage::New)));
}

#[test]
fn while_it_is_muted_only_the_end_of_what_was_told_is_told() {
    let gate = Gate::open(at(0));
    let mut rules = Rules::new(gate.clone(), Extent::Everything);
    let mut lets = |id, stage| rules.lets(&event(id, Kind::Presence, stage));
    assert!(lets(1, Stage::New) && lets(1, Stage::Update));
    gate.mute(Reason::Command, at(1));
    // These began in a frame that was already on its way.
    assert!(!lets(2, Stage::New) && !lets(3, Stage::New) && !lets(1, Stage::Update));
    assert!(lets(1, Stage::End));
    assert!(!lets(2, Stage::End));
    gate.unmute(at(2)).unwrap();
    assert!(!lets(3, Stage::Update) && !lets(3, Stage::End));
    assert!(lets(4, Stage::New));
    assert!(rules.withheld.is_empty());
    gate.mute(Reason::Consent, at(3));
    assert_eq!(rules.state(face(), Extent::face), None);
    assert_eq!(rules.state(scene(), Extent::scene), None);
    assert_eq!(rules.state(voice(), Extent::voice), None);
}

#[test]
fn to_pass_allocates_nothing() {
    let mut rules = Rules::new(Gate::open(at(0)), Extent::ActionUnitsOnly);
    let (new, end) = (event(1, Kind::ActionUnit, Stage::New), event(1, Kind::ActionUnit, Stage::End));
    let pass = || {
        let face = rules.state(face(), Extent::face);
        face.is_some() && rules.lets(&new) && rules.lets(&end)
    };
    assert_eq!(allocation_counter::measure(|| assert!({ pass }())).count_total, 0);
}
