//! A subscriber: what others receive of a device. `replay` shows through it what really arrived.

use super::dialer::Dialer;
use super::link::{Arrival, Line, Seen, Sender};
use super::trouble::Trouble;
use crate::publish::settings::PublishSettings;
use crate::publish::{BrokerAddress, PublishError};

/// One connection that listens to the topics that a filter matches.
pub struct Listener {
    broker: BrokerAddress,
    client: String,
    filter: String,
    sender: Sender,
    line: Line,
    connected: bool,
}

impl Listener {
    /// Prepares to listen as `client`; the connection is made when the listener is asked.
    ///
    /// # Errors
    /// When the settings cannot work: see [`PublishError`].
    pub fn new(settings: &PublishSettings, client: String, filter: String) -> Result<Self, PublishError> {
        let (sender, line) = Dialer::new(settings, &client, None)?.dial();
        Ok(Self { broker: settings.broker.clone(), client, filter, sender, line, connected: false })
    }

    /// Waits until the broker has let us in and knows what we listen to.
    ///
    /// # Errors
    /// When the broker cannot be reached or does not let us in.
    pub async fn connect(&mut self) -> Result<(), Trouble> {
        while !self.connected {
            self.poll().await?;
        }
        Ok(())
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// When the connection fails; the listener is then of no more use.
    pub async fn next(&mut self) -> Result<Arrival, Trouble> {
        loop {
            if let Some(arrival) = self.poll().await? {
                return Ok(arrival);
            }
        }
    }

    async fn poll(&mut self) -> Result<Option<Arrival>, Trouble> {
        let seen = match self.line.poll().await {
            Ok(Seen::Connected(_)) => self.sender.listen(&self.filter).map(|()| None),
            Ok(Seen::Listening) => {
                self.connected = true;
                Ok(None)
            }
            Ok(Seen::Arrived(arrival)) => Ok(Some(arrival)),
            Ok(_) => Ok(None),
            Err(cause) => Err(cause),
        };
        match seen {
            Ok(arrival) => Ok(arrival),
            Err(cause) => Err(Trouble::of(cause, &self.broker, &self.client, self.connected).await),
        }
    }
}
