//! One visit to the broker that changes nothing there: does it let us in, and does it take what we publish?

use super::dialer::Dialer;
use super::link::{Line, Seen};
use super::message::Message;
use super::trouble::Trouble;
use crate::publish::settings::{Protocol, PublishSettings};
use crate::publish::{BrokerAddress, PublishError};

/// What the broker said to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// It took it.
    Taken,
    /// It acknowledged it; in MQTT 3.1.1 that does not say whether it took it.
    Acknowledged,
    /// It will not take it, and this is why.
    Refused(String),
    /// It hung up when the message came, and this is how.
    HungUp(Trouble),
}

/// Connects as `client`, without a will, publishes an empty message that is not kept on `topic`, and takes leave.
///
/// # Errors
/// When the settings cannot work; within, when the broker cannot be reached or does not let us in.
pub async fn probe(
    settings: &PublishSettings,
    client: &str,
    topic: String,
) -> Result<Result<Acceptance, Trouble>, PublishError> {
    let (sender, mut line) = Dialer::new(settings, client, None)?.dial();
    if let Err(trouble) = connected(&mut line, &settings.broker, client).await {
        return Ok(Err(trouble));
    }
    let mut told = sender.send(Message::nothing(topic.clone()), topic, None);
    let acceptance = loop {
        let seen = match told {
            Ok(()) => line.poll().await,
            Err(cause) => Err(cause),
        };
        match seen {
            Ok(Seen::Acknowledged { refusal: Some(why), .. }) => break Acceptance::Refused(why),
            Ok(Seen::Acknowledged { refusal: None, .. }) => {
                break if settings.protocol == Protocol::V5 { Acceptance::Taken } else { Acceptance::Acknowledged };
            }
            Ok(_) => told = Ok(()),
            Err(cause) => {
                return Ok(Ok(Acceptance::HungUp(Trouble::of(cause, &settings.broker, client, true).await)));
            }
        }
    };
    // What is to be known is known; a broker that hangs up now may.
    if sender.say_goodbye().is_ok() {
        while !matches!(line.poll().await, Ok(Seen::Goodbye) | Err(_)) {}
    }
    Ok(Ok(acceptance))
}

async fn connected(line: &mut Line, broker: &BrokerAddress, client: &str) -> Result<(), Trouble> {
    loop {
        match line.poll().await {
            Ok(Seen::Connected(_)) => return Ok(()),
            Ok(_) => {}
            Err(cause) => return Err(Trouble::of(cause, broker, client, false).await),
        }
    }
}
