//! `affectd bench`: measurements that a user can repeat.

mod annotations;
mod faces;

pub use faces::faces;
