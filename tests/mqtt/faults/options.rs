//! Brokers that let in late, or on terms of their own.

use std::time::Duration;

use affectd::publish::{Protocol, PublishSettings};
use tokio::time::sleep;

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::scripted_broker::{Script, ScriptedBroker, Welcome};

/// The shortest that there is.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Messages that each scenario here makes.
const MADE: usize = 48;

/// The number that stands for a version in its packets.
pub fn level(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::V5 => 5,
        Protocol::V311 => 4,
    }
}

/// Delivers to a broker whose first connections go by these scripts.
pub async fn against(protocol: Protocol, scripts: impl IntoIterator<Item = Script>) -> (Tally, ScriptedBroker) {
    let broker = ScriptedBroker::start(level(protocol), scripts).await;
    let publisher = start(&PublishSettings { protocol, keep_alive: KEEP_ALIVE, ..settings(broker.port) });
    let mut ledger = Ledger::default();
    ledger.make(&publisher.handle(), MADE);
    let tally = ledger.close_at(&broker, publisher).await;
    assert_eq!(tally.delivered, MADE, "{tally:?}");
    (tally, broker)
}

pub async fn no_answer_at_first(protocol: Protocol) -> Tally {
    against(protocol, [Welcome::Nothing, Welcome::HangUp].map(Script::welcome)).await.0
}

/// "Server unavailable", then "server busy" where there is such an answer.
pub async fn no_room_at_first(protocol: Protocol) -> Tally {
    let codes = if protocol == Protocol::V5 { [0x88, 0x89] } else { [3, 3] };
    against(protocol, codes.map(|code| Script::welcome(Welcome::No(code)))).await.0
}

/// The broker says that it has a session, though a clean one was asked for.
pub async fn a_session_that_nobody_knows(protocol: Protocol) -> Tally {
    let welcome = Welcome::In { session_present: true, properties: Vec::new() };
    against(protocol, [Script::welcome(welcome)]).await.0
}

/// Receive maximum: 1.
pub async fn one_unacknowledged_at_a_time(protocol: Protocol) -> Tally {
    let (tally, broker) = against(protocol, [Script::properties(&[0x21, 0, 1])]).await;
    assert_eq!(broker.seen(|seen| (seen.most_in_flight, seen.connections)), (1, 1));
    tally
}

/// Topic alias maximum: 0. That every message names its topic, the broker looks after.
pub async fn no_topic_alias(protocol: Protocol) -> Tally {
    against(protocol, [Script::properties(&[0x22, 0, 0])]).await.0
}

/// The server's keep-alive, which counts instead of ours: none, a short one, and the longest.
pub async fn a_keep_alive_of_the_servers_own(protocol: Protocol) -> Tally {
    let mut sum = Tally::default();
    let brokers = [0_u16, 2, u16::MAX].map(|seconds| async move {
        let [high, low] = seconds.to_be_bytes();
        let broker = ScriptedBroker::start(level(protocol), [Script::properties(&[0x13, high, low])]).await;
        let publisher = start(&PublishSettings { protocol, keep_alive: KEEP_ALIVE, ..settings(broker.port) });
        let (handle, mut ledger) = (publisher.handle(), Ledger::default());
        ledger.make(&handle, MADE / 2);
        none_waiting(&handle).await;
        // Longer than a line may be silent.
        sleep(KEEP_ALIVE * 3).await;
        ledger.make(&handle, MADE / 2);
        let tally = ledger.close_at(&broker, publisher).await;
        broker.seen(|seen| assert_eq!(seen.connections, 1, "with a keep-alive of {seconds} s"));
        broker.seen(|seen| assert!(seen.pings <= 20, "{} pings with a keep-alive of {seconds} s", seen.pings));
        tally
    });
    let [none, short, long] = brokers;
    let (none, short, long) = tokio::join!(none, short, long);
    [none, short, long].into_iter().for_each(|tally| sum += tally);
    sum
}

/// Maximum packet size: one that leaves out nothing but large ones, and one in which no event has room.
pub async fn packets_of_some_size_at_most(protocol: Protocol) -> Tally {
    let (mut sum, _) = against(protocol, [Script::properties(&[0x27, 0, 0, 8, 0])]).await;

    let broker = ScriptedBroker::start(level(protocol), vec![Script::properties(&[0x27, 0, 0, 0, 100]); 9]).await;
    let publisher = start(&PublishSettings { protocol, keep_alive: KEEP_ALIVE, ..settings(broker.port) });
    let mut ledger = Ledger::default();
    ledger.make(&publisher.handle(), MADE);
    // Not lost in silence, and not tried for ever.
    let tally = ledger.close_at(&broker, publisher).await;
    assert_eq!((tally.refused, tally.delivered), (MADE, 0));
    sum += tally;
    sum
}

/// Receive maximum 0 and maximum packet size 0, which MQTT forbids: by the letter, nothing could ever be said.
pub async fn no_room_for_a_single_message(protocol: Protocol) -> Tally {
    let nothing = [&[0x21, 0, 0][..], &[0x27, 0, 0, 0, 0]].map(Script::properties);
    let (tally, broker) = against(protocol, nothing).await;
    assert_eq!(broker.seen(|seen| seen.connections), 3);
    tally
}
