//! What the process is asked by signals: to stop, to stop at once, to look at the packs.

use std::{future, io};

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::exit::Exit;

/// What a signal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To end events and say goodbye.
    Stop,
    /// To look whether the packs are others.
    Look,
}

/// The signals that are caught.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// Catches SIGINT and SIGTERM, beside SIGHUP where that is caught already.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn catch(hangup: Option<Signal>) -> io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Resolves when something is asked, and logs it. Nothing is missed when it is dropped before.
    pub async fn next(&mut self) -> Asked {
        select! {
            _ = self.interrupt.recv() => {
                info!("Interrupted; ending events and saying goodbye.");
                Asked::Stop
            }
            _ = self.terminate.recv() => {
                info!("Asked to stop; ending events and saying goodbye.");
                Asked::Stop
            }
            () = hung_up(&mut self.hangup) => {
                info!("Asked to reload; looking at the packs.");
                Asked::Look
            }
        }
    }

    /// From now on the process ends at once when it is asked to stop.
    pub fn end_at_the_next(mut self) {
        tokio::spawn(async move {
            select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            warn!("Asked to stop once more; ending at once.");
            std::process::exit(Exit::Failed.code().into());
        });
    }
}

/// Resolves when the signal came; never without one, or when no more can come.
async fn hung_up(signal: &mut Option<Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if came.is_none() {
        future::pending().await
    }
}
