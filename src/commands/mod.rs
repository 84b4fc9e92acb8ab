//! One file per sub-command: what the words on the command line do.

pub mod bench;
pub mod model;
