//! The state of one face: its filters, its last word, its neutral face.

use std::time::Duration;

use super::baseline::Baseline;
use super::ema::Pace;
use super::judged::Dominant;
use super::one_euro::OneEuro;
use super::{Judged, OneEuroSettings, SmoothSettings, ema};
use crate::affect::{Arousal, Compound, Estimate, Expression, Probability, Valence};
use crate::clock::Monotonic;
use crate::face::TrackId;

/// One face.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) id: TrackId,
    /// When it was last observed, with an estimate or without.
    pub(super) seen_at: Monotonic,
    /// When it last gave an estimate.
    fed_at: Monotonic,
    baseline: Baseline,
    /// What the filters hold; nothing before the first estimate and when the last one is too old.
    filters: Option<Filters>,
}

impl Track {
    pub(super) fn new(id: TrackId, at: Monotonic, settings: &SmoothSettings) -> Self {
        let mut baseline = Baseline::default();
        if settings.baseline.automatic {
            baseline.learn(false);
        }
        Self { id, seen_at: at, fed_at: at, baseline, filters: None }
    }

    /// Learns the neutral face from now on.
    pub(super) fn calibrate(&mut self) {
        self.baseline.learn(true);
    }

    /// Takes in what one frame gave and tells what stands now.
    pub(super) fn update(
        &mut self,
        at: Monotonic,
        behind: Duration,
        estimate: Option<&Estimate>,
        settings: &SmoothSettings,
    ) -> Option<&Filters> {
        // Should time run backwards, it is reckoned anew from there.
        self.fed_at = self.fed_at.min(at);
        self.seen_at = at;
        let dt = at.since(self.fed_at);
        self.filters = self.filters.filter(|_| dt <= settings.hold);
        if let Some(estimate) = estimate {
            self.fed_at = at;
            self.feed(dt, estimate, settings);
            self.filters.iter_mut().for_each(|filters| filters.behind = behind);
        }
        self.filters.as_ref()
    }

    fn feed(&mut self, dt: Duration, estimate: &Estimate, settings: &SmoothSettings) {
        if self.filters.is_some_and(|filters| !filters.fit(estimate)) {
            // Another model speaks; what the last one learned does not apply to it.
            *self = Self { fed_at: self.fed_at, ..Self::new(self.id, self.seen_at, settings) };
        }
        let dt = if self.filters.is_some() { dt } else { Duration::ZERO };
        let estimate = self.baseline.apply(dt, estimate, &settings.baseline);
        match &mut self.filters {
            Some(filters) => filters.update(dt, &estimate, settings),
            None => self.filters = Some(Filters::new(&estimate, settings)),
        }
    }
}

/// The filters of one face and what they gave last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filters {
    valence: Option<OneEuro>,
    arousal: Option<OneEuro>,
    dominant: Dominant<Expression>,
    dominant_compound: Dominant<Compound>,
    /// The smoothed estimate.
    pub(super) estimate: Estimate,
    /// The expression that stands.
    pub(super) expression: Judged<Expression>,
    /// The compound expression that stands, when the model gives any.
    pub(super) compound: Option<Judged<Compound>>,
    /// How long before its frame the moment lay that the last estimate was of.
    pub(super) behind: Duration,
}

impl Filters {
    fn new(first: &Estimate, settings: &SmoothSettings) -> Self {
        let mut filters = Self {
            valence: first.valence.map(|v| OneEuro::new(v.get())),
            arousal: first.arousal.map(|a| OneEuro::new(a.get())),
            dominant: Dominant::default(),
            dominant_compound: Dominant::default(),
            estimate: *first,
            expression: Judged::Unknown(Probability::MIN),
            compound: None,
            behind: Duration::ZERO,
        };
        filters.judge(settings);
        filters
    }

    /// Whether `estimate` has the same parts and labels as what was smoothed so far.
    fn fit(&self, estimate: &Estimate) -> bool {
        let own = &self.estimate;
        own.valence.is_some() == estimate.valence.is_some()
            && own.arousal.is_some() == estimate.arousal.is_some()
            && ema::same_labels(&own.expressions, &estimate.expressions)
            && ema::same_labels(&own.action_units, &estimate.action_units)
            && ema::same_labels(&own.compounds, &estimate.compounds)
    }

    fn update(&mut self, dt: Duration, new: &Estimate, settings: &SmoothSettings) {
        let quick = settings.quick_change;
        let expressions = Pace { time: settings.expression_time, quick };
        let action_units = Pace { time: settings.action_unit_time, quick };
        let own = &self.estimate;
        let tuning = &settings.one_euro;
        self.estimate = Estimate {
            valence: step(&mut self.valence, dt, new.valence.map(Valence::get), tuning).and_then(Valence::new),
            arousal: step(&mut self.arousal, dt, new.arousal.map(Arousal::get), tuning).and_then(Arousal::new),
            expressions: expressions.blend(dt, &own.expressions, &new.expressions),
            action_units: action_units.blend_each(dt, &own.action_units, &new.action_units),
            compounds: expressions.blend_each(dt, &own.compounds, &new.compounds),
        };
        self.judge(settings);
    }

    fn judge(&mut self, settings: &SmoothSettings) {
        let Estimate { expressions, compounds, .. } = &self.estimate;
        self.expression = self.dominant.judge(expressions, settings);
        let compound = self.dominant_compound.judge(compounds, settings);
        self.compound = (!compounds.is_empty()).then_some(compound);
    }
}

fn step(filter: &mut Option<OneEuro>, dt: Duration, raw: Option<f32>, settings: &OneEuroSettings) -> Option<f32> {
    filter.as_mut().zip(raw).map(|(filter, raw)| filter.update(dt, raw, settings))
}
