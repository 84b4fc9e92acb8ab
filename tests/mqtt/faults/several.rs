//! Several brokers, of which some die.

use affectd::publish::{BrokerAddress, Protocol, PublishSettings};

use crate::broker::A_FEW;
use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

/// The preferred broker dies with messages on their way; what it did not acknowledge goes to the spare one.
pub async fn the_preferred_one_is_killed_and_a_spare_takes_over(protocol: Protocol) -> Tally {
    let (mut preferred, spare) = (Mosquitto::start(), Mosquitto::start());
    let mut at_preferred = Listener::to_the_last(preferred.port, EVENTS).await;
    let mut at_spare = Listener::to_the_last(spare.port, EVENTS).await;
    let spares = vec![BrokerAddress::loopback(spare.port)];
    let publisher = start(&PublishSettings { protocol, spares, ..settings(preferred.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    ledger.make(&handle, A_FEW);
    ledger.hear(&mut at_preferred, 30).await;
    preferred.kill();
    ledger.hear_rest(&mut at_preferred).await;
    ledger.make(&handle, 60);
    ledger.hear_all(&mut at_spare).await;
    ledger.close(publisher).await
}

/// Each dies in its turn, and nobody is there for a while.
pub async fn both_brokers_are_killed_by_turns(protocol: Protocol) -> Tally {
    let mut brokers = [Mosquitto::start(), Mosquitto::start()];
    brokers[1].kill();
    let gates = [Gate::to(brokers[0].port).await, Gate::to(brokers[1].port).await];
    let spares = vec![BrokerAddress::loopback(gates[1].port)];
    let mut listener = Listener::to_the_last(brokers[0].port, EVENTS).await;
    let publisher = start(&PublishSettings { protocol, spares, ..settings(gates[0].port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    for round in 1..=4 {
        let (here, next) = ((round - 1) % 2, round % 2);
        ledger.make(&handle, A_FEW);
        ledger.hear(&mut listener, round * A_FEW - 60).await;
        gates[next].shut();
        brokers[here].kill();
        ledger.hear_rest(&mut listener).await;
        trouble(&publisher).await;
        brokers[next].restart();
        listener = Listener::to_the_last(brokers[next].port, EVENTS).await;
        gates[next].open();
    }
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}
