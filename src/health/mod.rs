//! How each stage is, and why.

mod pulse;
mod spread;

pub use pulse::{Pulse, Reading, Standing};
pub use spread::{Spread, Taken};
