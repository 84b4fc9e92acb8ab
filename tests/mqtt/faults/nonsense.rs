//! What no broker should do.

use std::time::Duration;

use affectd::publish::Protocol;

use crate::ledger::Tally;
use crate::options::{against, level};
use crate::support::scripted_broker::{Acks, Script, Then, publish};

/// The broker lives, and acknowledges nothing more.
pub async fn acknowledgements_are_withheld(protocol: Protocol) -> Tally {
    let (tally, broker) = against(protocol, [Script::acks(Acks::Until(5))]).await;
    assert!(tally.duplicates > 0, "{tally:?}");
    assert_eq!(broker.seen(|seen| seen.connections), 2);
    tally
}

pub async fn one_acknowledgement_is_withheld(protocol: Protocol) -> Tally {
    let (tally, _) = against(protocol, [Script::acks(Acks::AllBut(3))]).await;
    assert!(tally.duplicates > 0, "{tally:?}");
    tally
}

pub async fn acknowledgements_come_twice(protocol: Protocol) -> Tally {
    against(protocol, [Script::acks(Acks::Twice)]).await.0
}

/// Of a number that no message had, and of the highest that one can have.
pub async fn acknowledgements_of_what_was_not_sent(protocol: Protocol) -> Tally {
    let scripts = [b"\x40\x02\x00\x1f", b"\x40\x02\xff\xff"].map(|ack| Script::then(9, Then::Send(ack.to_vec())));
    against(protocol, scripts).await.0
}

pub async fn acknowledgements_come_late_and_out_of_order(protocol: Protocol) -> Tally {
    let (mut sum, late) = against(protocol, [Script::acks(Acks::After(Duration::from_millis(20)))]).await;
    let (tally, reversed) = against(protocol, [Script::acks(Acks::Reversed(8))]).await;
    sum += tally;
    assert_eq!([late, reversed].map(|broker| broker.seen(|seen| seen.connections)), [1, 1]);
    assert_eq!(sum.duplicates, 0);
    sum
}

/// A refusal that is not for ever: what it was about is sent again.
pub async fn the_broker_has_no_quota_left_for_a_while(protocol: Protocol) -> Tally {
    let (tally, _) = against(protocol, [Script::acks(Acks::Reason(0x97))]).await;
    assert_eq!(tally.refused, 0, "{tally:?}");
    tally
}

pub async fn the_broker_shuts_down_with_a_word(protocol: Protocol) -> Tally {
    let scripts =
        [b"\xe0\x02\x8b\x00", b"\xe0\x02\x93\x00"].map(|word| Script::then(9, Then::SendAndHangUp(word.to_vec())));
    against(protocol, scripts).await.0
}

/// Each on a connection of its own, on which things go as they should afterwards.
pub async fn bytes_that_are_no_mqtt(protocol: Protocol) -> Tally {
    let nonsense: [&[u8]; 16] = [
        &[0; 64],
        &[0xff; 64],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        // A length that never ends, and one of 256 MB.
        b"\x40\xff\xff\xff\xff\xff\xff",
        b"\x30\xff\xff\xff\x7f",
        // Packets without what belongs in them.
        b"\x40\x00",
        b"\x20\x00",
        b"\x30\x00",
        b"\x32\x02\x00\x00",
        b"\x90\x00",
        b"\xe0\x01\xff",
        // Lengths within that reach beyond the packet.
        b"\x40\x05\x00\x01\x00\x7f\x26",
        b"\x30\x05\xff\xff\x61\x00\x62",
        b"\x30\x08\x00\x01\x61\x7f\x26\xff\xff\x61",
        // What only a client sends, and a second welcome.
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00",
        b"\x20\x02\x00\x00",
    ];
    let mut sum = Tally::default();
    for bytes in nonsense {
        sum += against(protocol, [Script::then(9, Then::Send(bytes.to_vec()))]).await.0;
    }
    sum
}

pub async fn a_topic_that_is_no_text(protocol: Protocol) -> Tally {
    let bytes = publish(level(protocol), b"affect/kiosk-7/cmd/\xff\xc0\xaf", b"{}");
    against(protocol, [Script::then(9, Then::Send(bytes))]).await.0
}

pub async fn a_message_of_256_kilobytes(protocol: Protocol) -> Tally {
    let bytes = publish(level(protocol), b"affect/kiosk-7/cmd/mute", &[b' '; 256 * 1024]);
    against(protocol, [Script::then(9, Then::Send(bytes))]).await.0
}
