//! Who gets what arrives: consent, Home Assistant's birth message, and everything else is a command.

use std::sync::Arc;

use tokio::select;
use tokio::sync::{mpsc, watch};

use super::home_assistant::Births;
use crate::clock::Clock;
use crate::privacy::consent::ConsentTopic;
use crate::publish::{Arrival, BrokerAddress, Connection};

/// Hands on what arrives.
pub struct Mail {
    /// What arrives.
    pub arrivals: mpsc::Receiver<Arrival>,
    /// From where.
    pub connection: watch::Receiver<Connection>,
    /// Where somebody says whether there is consent.
    pub consent: Option<ConsentTopic>,
    /// Where Home Assistant says that it has started.
    pub births: Option<Births>,
    /// Who carries out commands.
    pub commands: mpsc::Sender<Arrival>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The broker that we are connected to: the preferred one, or a spare.
#[derive(PartialEq)]
enum Place {
    Preferred,
    Spare(BrokerAddress),
}

impl Mail {
    /// Hands on until the publisher has ended.
    pub async fn deliver(mut self) {
        let mut place = None;
        loop {
            select! {
                // A broker is connected to before anything arrives from it.
                biased;
                Ok(()) = self.connection.changed() => {
                    let now = self.place();
                    if place != now {
                        self.lose_consent();
                    }
                    place = now;
                }
                arrival = self.arrivals.recv() => match arrival {
                    Some(arrival) => self.hand_on(arrival).await,
                    None => return,
                },
            }
        }
    }

    fn place(&mut self) -> Option<Place> {
        match &*self.connection.borrow_and_update() {
            Connection::Online => Some(Place::Preferred),
            Connection::OnSpare { broker, .. } => Some(Place::Spare(broker.clone())),
            Connection::Connecting | Connection::Away(_) | Connection::Ended => None,
        }
    }

    /// What one broker said of consent does not hold at another, nor while there is none.
    fn lose_consent(&self) {
        self.consent.iter().for_each(|consent| consent.lose(&*self.clock));
    }

    async fn hand_on(&self, arrival: Arrival) {
        let clock = &*self.clock;
        if self.consent.as_ref().is_some_and(|consent| consent.hear(&arrival.topic, &arrival.payload, clock)) {
            return;
        }
        if self.births.as_ref().is_some_and(|births| births.hear(&arrival)) {
            return;
        }
        // It is taken at once, or nobody carries out anything any more.
        let _ = self.commands.send(arrival).await;
    }
}
