//! While we are connected to a spare broker: is a preferred one back?

use std::future;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::debug;

use super::cause::Cause;
use super::dialer::Dialer;
use super::link::{Line, Seen};

/// How long a broker may take to let a scout in, or out.
const VISIT: Duration = Duration::from_secs(10);

/// The longest wait by which scouts of many devices are spread, as a part of the time between visits.
const SPREAD: f64 = 0.5;

/// Visits the brokers of these dialers, the most preferred first, every `after` to one and a half times as long.
/// Resolves with the number of the first that lets us in; never, when there are none. `chance` is from 0 to 1.
pub(super) async fn better<'a>(
    preferred: impl ExactSizeIterator<Item = &'a Dialer> + Clone,
    after: Duration,
    chance: impl Fn() -> f64,
) -> usize {
    if preferred.len() == 0 {
        return future::pending().await;
    }
    loop {
        sleep(after + after.mul_f64(SPREAD * chance().clamp(0.0, 1.0))).await;
        for (number, dialer) in preferred.clone().enumerate() {
            match timeout(VISIT, visit(dialer)).await {
                Ok(Ok(())) => return number,
                Ok(Err(cause)) => debug!(number, ?cause, "A preferred broker is not back yet."),
                Err(_) => debug!(number, "A preferred broker does not answer yet."),
            }
        }
    }
}

/// Is let in and takes leave.
async fn visit(dialer: &Dialer) -> Result<(), Cause> {
    let (sender, mut line) = dialer.dial();
    until(&mut line, |seen| matches!(seen, Seen::Connected(_))).await?;
    // It has let us in, which is what we wanted to know; it may hang up now.
    if sender.say_goodbye().is_ok() {
        let _ = until(&mut line, |seen| *seen == Seen::Goodbye).await;
    }
    Ok(())
}

async fn until(line: &mut Line, what: impl Fn(&Seen) -> bool) -> Result<(), Cause> {
    while !what(&line.poll().await?) {}
    Ok(())
}
