//! Threads that come back: each stage's thread is watched, and started anew when it dies or hangs.
//!
//! ```text
//!            panics, gives up            rests, ever longer
//!  working ──────────────────► resting ────────────────────► working
//!     │    hangs: left behind,            (5 deaths in 60 s: failed, tried once a minute)
//!     │    without its lease
//!     └─► done
//! ```
//!
//! What a stage needs across its lives (links, counters, the sink) outlives its thread; what may be spoilt by a death (a
//! model, a device) is made anew by the next. [`policy`] says when, and is pure; [`Worker`] is the thin shell around
//! threads; [`systemd`] tells the service manager.

mod lease;
pub mod policy;
pub mod systemd;
mod worker;

pub use lease::{Lease, Office};
pub use worker::{Body, Left, Replaced, STACK, Worker};
