//! Keeps the retained notice of what is sensed up to date.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reload::AtWork;
use crate::clock::Clock;
use crate::privacy::{Context, Extent, Gate, Notice, PrivacySettings};
use crate::publish::payload::{self, NoticePayload};
use crate::publish::{Announcement, DeviceId, PublishHandle, PublishSettings, Topics};

/// The wall clock was set when the same moment has moved by so much in it. Less is the noise of two readings.
const SET: Duration = Duration::from_secs(1);

/// What was announced last, with the wall time since when it is so.
type Said = (Notice, Timestamp);

/// Announces what is sensed, whenever that is something else than before.
pub struct Notices {
    publish: PublishHandle,
    settings: PublishSettings,
    context: Option<Context>,
    extent: Extent,
    gate: Gate,
    at_work: AtWork,
    microphone: bool,
    clock: Arc<dyn Clock>,
    said: Option<Said>,
}

impl Notices {
    /// Nothing said yet. What can be told of is asked of the packs that are at work.
    pub fn new(
        publish: PublishHandle,
        settings: PublishSettings,
        privacy: &PrivacySettings,
        gate: Gate,
        at_work: AtWork,
        microphone: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let PrivacySettings { context, extent, .. } = *privacy;
        Self { publish, settings, context, extent, gate, at_work, microphone, clock, said: None }
    }

    /// Looks, and says what has changed. What waits to be told is taken back before it is said that nothing is sensed.
    pub fn look(&mut self) {
        let identity = self.at_work.identity();
        let notice = Notice::of(&self.gate, self.context, self.microphone, &identity.capabilities, self.extent);
        let since = self.clock.wall(notice.since);
        let is_said = self
            .said
            .as_ref()
            .is_some_and(|(said, then)| *said == notice && since.duration_since(*then).unsigned_abs() < SET);
        if is_said {
            return;
        }
        if notice.is_muted() {
            self.publish.forget_states();
        }
        self.publish.announce("notice", vec![self.announcement(&notice, since, &identity.device)]);
        self.said = Some((notice, since));
    }

    fn announcement(&self, notice: &Notice, since: Timestamp, device: &DeviceId) -> Announcement {
        let payload = NoticePayload::of(notice, since.into(), device);
        Announcement {
            topic: Topics::new(&self.settings.prefix, device).notice(),
            payload: payload::encode(&payload, self.settings.encoding),
        }
    }
}
