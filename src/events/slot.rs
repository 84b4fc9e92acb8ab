//! One place for one event: the switch that starts and ends it, and what has been told of it so far.

use heapless::String;
use uuid::Uuid;

use super::topic::{Shown, Topic};
use super::{Event, EventSettings, Stage, Subject};
use crate::affect::Confidence;
use crate::clock::Monotonic;
use crate::smooth::hysteresis::{Band, Entered, Hysteresis};

/// The moment that is being told of, and the ways to tell.
pub(super) struct Moment<'a> {
    pub(super) at: Monotonic,
    pub(super) settings: &'a EventSettings,
    pub(super) ids: &'a mut dyn FnMut(Monotonic) -> Uuid,
    pub(super) emit: &'a mut dyn FnMut(Event),
}

/// A place for one event at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    switch: Hysteresis<Topic>,
    live: Option<Live>,
}

/// An event that has begun and not ended.
#[derive(Debug, Clone, Copy)]
struct Live {
    id: Uuid,
    topic: Topic,
    subject: Subject,
    started_at: Monotonic,
    peak: f32,
    confidence: Confidence,
    /// The peak in the last message.
    told_peak: f32,
    /// When the last message was.
    told_at: Monotonic,
}

impl Slot {
    /// Whether what the place is for is so, told or not.
    pub(super) fn is_on(&self) -> bool {
        self.switch.inside().is_some()
    }

    /// Takes in one frame: `claim` is the strongest topic now. Nothing new is told unless `tell`.
    pub(super) fn update(
        &mut self,
        shown: &impl Shown,
        claim: Option<(Topic, f32)>,
        band: &Band,
        tell: bool,
        moment: &mut Moment<'_>,
    ) {
        let change = self.switch.update(moment.at, band, claim, |topic| shown.value(topic));
        if let Some(live) = &mut self.live {
            live.confidence = shown.confidence(live.topic);
        }
        if let Some((_, ended_at)) = change.left {
            self.end_live(ended_at, moment);
        }
        match change.entered.filter(|_| tell) {
            Some(entered) => self.live = Some(Live::begin(&entered, shown, moment)),
            None => self.live.iter_mut().for_each(|live| live.go_on(shown, moment)),
        }
    }

    /// Ends what is going on; it was last seen at `seen_at`.
    pub(super) fn end(&mut self, seen_at: Monotonic, moment: &mut Moment<'_>) {
        let ended_at = self.switch.falling().map_or(seen_at, |fell| fell.min(seen_at));
        self.end_live(ended_at, moment);
        self.switch = Hysteresis::default();
    }

    fn end_live(&mut self, ended_at: Monotonic, moment: &mut Moment<'_>) {
        if let Some(live) = self.live.take() {
            live.tell(Stage::End, Some(ended_at), moment);
        }
    }
}

impl Live {
    fn begin(entered: &Entered<Topic>, shown: &impl Shown, moment: &mut Moment<'_>) -> Self {
        let live = Self {
            id: (moment.ids)(entered.since),
            topic: entered.what,
            subject: shown.subject(),
            started_at: entered.since,
            peak: entered.peak,
            confidence: shown.confidence(entered.what),
            told_peak: entered.peak,
            told_at: moment.at,
        };
        live.tell(Stage::New, None, moment);
        live
    }

    fn go_on(&mut self, shown: &impl Shown, moment: &mut Moment<'_>) {
        self.peak = self.peak.max(shown.value(self.topic));
        let (settings, silence) = (moment.settings, moment.at.since(self.told_at));
        let due = self.peak - self.told_peak >= settings.peak_step || silence >= settings.update_every;
        if due && silence >= settings.update_gap {
            (self.told_peak, self.told_at) = (self.peak, moment.at);
            self.tell(Stage::Update, None, moment);
        }
    }

    fn tell(&self, stage: Stage, ended_at: Option<Monotonic>, moment: &mut Moment<'_>) {
        (moment.emit)(Event {
            id: self.id,
            stage,
            kind: self.topic.kind(),
            // Every label fits, which a test makes sure of.
            label: String::try_from(self.topic.label()).unwrap_or_default(),
            subject: self.subject,
            started_at: self.started_at,
            at: moment.at,
            ended_at,
            peak: self.peak,
            confidence: self.confidence,
        });
    }
}
