//! A look that hangs must not hang the others: each has a thread of its own and a time.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use crate::supervise::STACK;

/// Why a look gave nothing.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It still looks; its thread is left behind.
    #[error("did not answer within {} s", .0.as_secs_f32())]
    Hangs(Duration),
    /// Its thread ended without an answer, or could not begin.
    #[error("broke off: {0}")]
    BrokeOff(String),
}

/// Does `look` on a thread named `name` and waits for it, but no longer than `limit`.
pub(super) fn within<T, F>(limit: Duration, name: &str, look: F) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (tell, told) = channel();
    let run = move || {
        // Nobody listens any more when the time is over.
        let _ = tell.send(look());
    };
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(run)
        .map_err(|error| NoAnswer::BrokeOff(format!("no thread for it: {error}")))?;
    told.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => NoAnswer::Hangs(limit),
        RecvTimeoutError::Disconnected => NoAnswer::BrokeOff("a defect of affectd, see standard error".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_hangs_is_left_behind_and_named_with_its_time() {
        let (release, held) = channel::<()>();
        let limit = Duration::from_millis(1500);
        let hung = within(limit, "hangs", move || held.recv().is_ok());
        assert_eq!(hung, Err(NoAnswer::Hangs(limit)));
        assert_eq!(hung.unwrap_err().to_string(), "did not answer within 1.5 s");
        drop(release);
    }

    #[test]
    fn a_look_that_breaks_off_does_not_take_the_others_with_it() {
        let broken: Result<(), _> = within(Duration::from_secs(30), "breaks", || panic!("as the test wants"));
        assert!(matches!(broken, Err(NoAnswer::BrokeOff(_))), "{broken:?}");
        assert_eq!(within(Duration::from_secs(30), "works", || 7), Ok(7));
    }
}
