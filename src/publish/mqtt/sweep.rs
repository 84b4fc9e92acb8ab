//! Takes what was kept back from the broker: for devices that were only made up, and are over.

use super::dialer::Dialer;
use super::link::{REQUESTS, Seen};
use super::message::Message;
use super::trouble::Trouble;
use crate::publish::PublishError;
use crate::publish::settings::PublishSettings;

/// Connects as `client`, without a will, and has the broker forget what it keeps on `topics`; then takes leave. What the
/// broker does not let this client write stays.
///
/// # Errors
/// When the settings cannot work; within, when the broker cannot be reached or the connection is lost.
pub async fn sweep(
    settings: &PublishSettings,
    client: &str,
    topics: impl IntoIterator<Item = String>,
) -> Result<Result<(), Trouble>, PublishError> {
    let (sender, mut line) = Dialer::new(settings, client, None)?.dial();
    let mut topics = topics.into_iter();
    let (mut connected, mut handed, mut unanswered) = (false, 0, 0_usize);
    loop {
        let mut said = Ok(());
        while connected && handed < REQUESTS && said.is_ok() {
            let Some(topic) = topics.next() else { break };
            said = sender.send(Message { retain: true, ..Message::nothing(topic.clone()) }, topic, None);
            (handed, unanswered) = (handed + 1, unanswered + 1);
        }
        if connected && unanswered == 0 {
            said = said.and_then(|()| sender.say_goodbye());
        }
        let seen = match said {
            Ok(()) => line.poll().await,
            Err(cause) => Err(cause),
        };
        match seen {
            Ok(Seen::Connected(_)) => connected = true,
            Ok(Seen::Sent(_)) => handed = handed.saturating_sub(1),
            Ok(Seen::Acknowledged { .. }) => unanswered = unanswered.saturating_sub(1),
            Ok(Seen::Goodbye) => return Ok(Ok(())),
            Ok(_) => {}
            Err(cause) => return Ok(Err(Trouble::of(cause, &settings.broker, client, connected).await)),
        }
    }
}
