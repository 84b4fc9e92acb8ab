//! The section `[privacy]`: its words, what in it does not go together, and what it means.

use std::borrow::Cow;

use super::as_typed::Privacy;
use super::clashes::clash;
use super::problem::Problem;
use super::section::Origin;
use super::value::{Invalid, Text, choose, one_of};
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

/// A topic of somebody else's, without wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicName(String);

impl Text for TopicName {
    fn allowed() -> Cow<'static, str> {
        format!("a topic without + and #, {LONGEST_TOPIC} bytes at most").into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > LONGEST_TOPIC || text.chars().any(|c| c.is_control()) {
            return Err(Invalid::because("is not a topic"));
        }
        if text.contains(['+', '#']) {
            return Err(Invalid::because("is a filter of topics").so("name one topic, without + and #"));
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> Cow<'_, str> {
        (&*self.0).into()
    }
}

/// What in the section does not go together, or may not be.
pub(super) fn clashes(privacy: &Privacy) -> Vec<Problem> {
    let Privacy { context, action_units_only, consent, consent_file, consent_topic, .. } = privacy;
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
    let asks = consent.value == ConsentChoice::Ask || consent.origin == Origin::Refused;
    let without = "is given, but privacy.consent does not ask for consent";
    let remedy = "write privacy.consent = \"ask\", or leave the line out";
    if consent_file.value.is_some() && !asks {
        problems.extend(clash(consent_file, without, "privacy.consent is \"none\"", remedy));
    }
    if consent_topic.value.is_some() && !asks {
        problems.extend(clash(consent_topic, without, "privacy.consent is \"none\"", remedy));
    }
    if consent_file.value.is_some() && consent_topic.value.is_some() {
        problems.extend(clash(
            consent_topic,
            "is given beside privacy.consent_file",
            "consent comes from one place, so that it is withdrawn there",
            "leave one of the two out",
        ));
    }
    problems
}

/// What the section means.
pub(super) fn settings(privacy: &Privacy) -> PrivacySettings {
    let consent = match (privacy.consent.value, &privacy.consent_file.value, &privacy.consent_topic.value) {
        (ConsentChoice::None, ..) => ConsentSource::NotAsked,
        (ConsentChoice::Ask, Some(file), _) => ConsentSource::File(file.clone()),
        (ConsentChoice::Ask, None, Some(topic)) => ConsentSource::Topic(topic.0.clone()),
        (ConsentChoice::Ask, None, None) => ConsentSource::Unmute,
    };
    PrivacySettings {
        context: privacy.context.value,
        extent: if privacy.action_units_only.value { Extent::ActionUnitsOnly } else { Extent::Everything },
        start_muted: privacy.start_muted.value,
        consent,
    }
}
