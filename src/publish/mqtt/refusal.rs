//! Why a broker that let us in does not take a message. In MQTT 3.1.1 it cannot say so: it hangs up, or says nothing.

use std::fmt;

use rumqttc::v5::mqttbytes::v5::PubAckReason;

use super::cause::Cause;

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// We may not publish there.
    NotAuthorized,
    /// We have said as much as we may.
    Quota,
    /// It thinks that another message of ours is still under way.
    PacketIdInUse,
    /// It is larger than the broker said it takes; it was not sent.
    TooLarge,
    /// Something else, as the broker put it.
    Other(String),
}

impl Refusal {
    /// What an acknowledgement says; `None` when the message was taken.
    pub(super) fn of(reason: PubAckReason) -> Option<Self> {
        match reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => None,
            PubAckReason::NotAuthorized => Some(Self::NotAuthorized),
            PubAckReason::QuotaExceeded => Some(Self::Quota),
            PubAckReason::PacketIdentifierInUse => Some(Self::PacketIdInUse),
            other => Some(Self::Other(format!("{other:?}"))),
        }
    }

    /// Why to part with the broker when it refuses for now only: the message is sent again on another connection, because
    /// MQTT forbids it on the same one.
    pub(super) fn for_now(&self) -> Option<Cause> {
        match self {
            Self::Quota => Some(Cause::Quota(self.to_string())),
            Self::PacketIdInUse => Some(Cause::Lost(format!("the broker refuses a message for now: {self}"))),
            Self::NotAuthorized | Self::TooLarge | Self::Other(_) => None,
        }
    }

    /// What was asked for in vain, in a word.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::NotAuthorized => "authorisation",
            Self::Quota => "quota",
            Self::PacketIdInUse | Self::TooLarge | Self::Other(_) => "MQTT",
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotAuthorized => "let this client write below its prefix in the broker's access list",
            Self::Quota => "raise the broker's quota for this client, or lower publish.state_rate_hz",
            Self::TooLarge => "let the broker take messages of 256 KiB",
            Self::PacketIdInUse | Self::Other(_) => "see the broker's log",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAuthorized => "NotAuthorized",
            Self::Quota => "QuotaExceeded",
            Self::PacketIdInUse => "PacketIdentifierInUse",
            Self::TooLarge => "it is larger than the broker allows",
            Self::Other(said) => said,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_stage_with_a_remedy() {
        for (reason, stage, words) in [
            (PubAckReason::NotAuthorized, "authorisation", "access list"),
            (PubAckReason::QuotaExceeded, "quota", "raise"),
            (PubAckReason::PacketIdentifierInUse, "MQTT", "log"),
            (PubAckReason::PayloadFormatInvalid, "MQTT", "log"),
        ] {
            let refusal = Refusal::of(reason).unwrap();
            assert_eq!((refusal.stage(), refusal.to_string()), (stage, format!("{reason:?}")));
            assert!(refusal.remedy().contains(words), "{}", refusal.remedy());
        }
        assert_eq!(Refusal::of(PubAckReason::NoMatchingSubscribers), None);
    }
}
