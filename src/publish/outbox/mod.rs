//! Events on their way out: none is lost while there is room.
//!
//! ```text
//!  pipeline ─► letter ─► queue ─► session ─► broker
//!                          ▲  ◄── acknowledged ──┘
//!                          │ batches, one thread
//!                          ▼
//!                        keeper ─► record ─► store (redb) ─► disk
//! ```
//!
//! An event leaves the outbox when the broker has acknowledged it; after a connection was lost, everything that was not
//! is sent again, in order and under the same id. What the broker has not acknowledged within a second or so is
//! written to the disk, together with whatever else waits; what was acknowledged by then never touches it. After a
//! restart, of the process or of the machine, what the disk holds goes out first.
//!
//! | file | what it is for |
//! |---|---|
//! | `letter` | an event with its wall times |
//! | `queue` | order, acknowledgements, what is in memory and what is on the disk; pure |
//! | `limits` | bytes and age; pure |
//! | `record` | a letter as bytes; pure |
//! | `shared` | the queue behind a lock, and what its three users ask of it |
//! | `keeper` | the thread that alone touches the disk |
//! | `store` | the file; `salvage` finds letters in one that is damaged |
//! | `standing` | how the outbox is |
//!
//! What a failing disk may change can be read from outside as well: [`record`], [`salvage`] and [`store`].

#[cfg(test)]
mod film;
mod keeper;
#[cfg(test)]
mod keeper_tests;
mod letter;
mod limits;
#[cfg(test)]
mod power_cut;
mod queue;
#[cfg(test)]
mod queue_tests;
pub mod record;
pub mod salvage;
mod settings;
mod shared;
mod standing;
pub mod store;

pub(super) use keeper::Keeper;
pub use letter::Letter;
pub(super) use letter::Seq;
pub use limits::Dating;
pub use settings::OutboxSettings;
pub(super) use shared::Outbox;
pub use standing::{OutboxStanding, Place};
pub use store::{DAMAGED, FILE, GROWTH};
