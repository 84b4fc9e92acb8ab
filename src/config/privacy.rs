//! The section `[privacy]`: its words, what in it does not go together, and what it means.

use std::borrow::Cow;
use std::path::PathBuf;

use super::as_typed::Privacy;
use super::clashes::clash;
use super::problem::Problem;
use super::section::Origin;
use super::value::{Invalid, Text, choose, one_of, quoted};
use crate::privacy::{ConsentSource, Context, Extent, PrivacySettings};

/// The longest topic, in bytes.
const LONGEST_TOPIC: usize = 256;

/// Whether somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsentChoice {
    /// Nobody is.
    None,
    /// Nothing is sensed before somebody agrees.
    Ask,
}

const CONSENT: &[(&str, ConsentChoice)] = &[("none", ConsentChoice::None), ("ask", ConsentChoice::Ask)];

const CONTEXTS: &[(&str, Context)] = &{
    let mut named = [("", Context::Home); Context::ALL.len()];
    let mut at = 0;
    while at < named.len() {
        named[at] = (Context::ALL[at].name(), Context::ALL[at]);
        at += 1;
    }
    named
};

impl Text for ConsentChoice {
    fn allowed() -> Cow<'static, str> {
        one_of(CONSENT)
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        choose(text, CONSENT)
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::None => "none".into(),
            Self::Ask => "ask".into(),
        }
    }
}

impl Text for Context {
    fn allowed() -> Cow<'static, str> {
        one_of(CONTEXTS)
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        choose(text, CONTEXTS)
    }

    fn text(&self) -> Cow<'_, str> {
        self.name().into()
    }
}

/// Where somebody else says whether there is consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// In a file.
    File(PathBuf),
    /// On a topic of the broker, without wildcards.
    Topic(String),
}

impl Text for Signal {
    fn allowed() -> Cow<'static, str> {
        "file:PATH, or mqtt:TOPIC without + and #".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            _ if text.chars().any(char::is_control) => Err(Invalid::because("holds a control character")),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("mqtt", topic)) if topic.contains(['+', '#']) => {
                Err(Invalid::because("is a filter of topics").so("name one topic, without + and #"))
            }
            Some(("mqtt", topic)) if (1..=LONGEST_TOPIC).contains(&topic.len()) => Ok(Self::Topic(topic.to_owned())),
            _ if text.starts_with('/') => {
                Err(Invalid::because("is no signal").so(format!("did you mean {}?", quoted(&format!("file:{text}")))))
            }
            _ => Err(Invalid::because("is no signal")),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::File(path) => format!("file:{}", path.display()).into(),
            Self::Topic(topic) => format!("mqtt:{topic}").into(),
        }
    }
}

/// What in the section does not go together, or may not be.
pub(super) fn clashes(privacy: &Privacy) -> Vec<Problem> {
    let Privacy { context, action_units_only, consent, consent_signal, .. } = privacy;
    let mut problems = Vec::new();
    if let Some(place) = context.value.filter(|context| context.forbids_emotions() && !action_units_only.value) {
        let whom = if place == Context::Education { "education institutions" } else { "workplaces" };
        problems.extend(clash(
            context,
            &format!("is \"{}\", and the law forbids AI systems that infer emotions in {whom}", place.name()),
            "EU AI Act, Regulation (EU) 2024/1689, Article 5(1)(f); it excepts systems put in place for medical or safety \
             reasons",
            "write action_units_only = true to tell of visible movements of the face alone, which recital 18 leaves \
             outside while nobody infers emotions from them; or, if that is what this device is for, context = \
             \"medical\" or \"safety\"; docs/privacy.md says more",
        ));
    }
    if consent_signal.value.is_some() && consent.value == ConsentChoice::None && consent.origin != Origin::Refused {
        problems.extend(clash(
            consent_signal,
            "is given, but privacy.consent does not ask for consent",
            "privacy.consent is \"none\"",
            "write privacy.consent = \"ask\", or leave the line out",
        ));
    }
    problems
}

/// What the section means.
pub(super) fn settings(privacy: &Privacy) -> PrivacySettings {
    let consent = match (privacy.consent.value, &privacy.consent_signal.value) {
        (ConsentChoice::None, _) => ConsentSource::NotAsked,
        (ConsentChoice::Ask, Some(Signal::File(path))) => ConsentSource::File(path.clone()),
        (ConsentChoice::Ask, Some(Signal::Topic(topic))) => ConsentSource::Topic(topic.clone()),
        (ConsentChoice::Ask, None) => ConsentSource::Unmute,
    };
    PrivacySettings {
        context: privacy.context.value,
        extent: if privacy.action_units_only.value { Extent::ActionUnitsOnly } else { Extent::Everything },
        start_muted: privacy.start_muted.value,
        consent,
    }
}
