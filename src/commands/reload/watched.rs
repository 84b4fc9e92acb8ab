//! What is known of a pack that is at work and its folder: what to try, and what to say of it. Pure.

use thiserror::Error;

use crate::face::FaceError;
use crate::model::digest::Sha256Sum;
use crate::model::{ModelError, RegistryError};

/// Why what lies in a pack's folder does not take over.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It cannot be found or read, is not whole, or may not be used.
    #[error(transparent)]
    Pack(#[from] RegistryError),
    /// It cannot be opened or run, or does not do what it should.
    #[error(transparent)]
    Model(#[from] FaceError),
}

impl From<ModelError> for Refusal {
    fn from(error: ModelError) -> Self {
        Self::Model(error.into())
    }
}

impl Refusal {
    /// Whether it may pass by itself because files are still being copied.
    fn may_pass(&self) -> bool {
        match self {
            Self::Pack(RegistryError::Model(error)) | Self::Model(FaceError::Model(error)) => {
                error.problem().may_pass()
            }
            Self::Pack(_) => true,
            Self::Model(FaceError::Channels { .. } | FaceError::Outputs { .. }) => false,
        }
    }
}

/// The folder of one pack at work.
#[derive(Debug, Default)]
pub struct Watched {
    /// A manifest that is whole, with all its files, and refused all the same: to try it again would give the
    /// same at the same cost.
    hopeless: Option<Sha256Sum>,
    /// What the last look came to, when that was a refusal.
    last: Option<String>,
    /// What was said last, when that was a refusal.
    said: Option<String>,
}

impl Watched {
    /// Whether a manifest of that sum is known to be of no use. Whoever asks for a look gets one in any case.
    pub fn is_hopeless(&self, sum: Sha256Sum) -> bool {
        self.hopeless == Some(sum)
    }

    /// The folder holds what is at work.
    pub fn settle(&mut self) {
        *self = Self::default();
    }

    /// What is wrong with what the folder holds, once that was said.
    pub fn complaint(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// The folder holds what is refused; `sum` is that of its manifest, when it has come as far. Tells whether
    /// to say so.
    ///
    /// What may be a copy under way is said once it stays the same from one look to the next, and nothing is
    /// said twice in a row. Whoever `asked` for the look gets an answer in any case.
    pub fn refuse(&mut self, refusal: &Refusal, sum: Option<Sha256Sum>, asked: bool) -> bool {
        let why = refusal.to_string();
        let at_rest = match refusal.may_pass() {
            true => self.last.replace(why.clone()).as_ref() == Some(&why),
            false => {
                self.hopeless = sum;
                true
            }
        };
        let say = asked || (at_rest && self.said.as_ref() != Some(&why));
        if say {
            self.said = Some(why);
        }
        say
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_copied(found: &str) -> Refusal {
        let (dir, found) = ("models".into(), vec![found.to_owned()]);
        Refusal::Pack(RegistryError::NoPack { wanted: "mtanet".to_owned(), dir, found })
    }

    fn wrong() -> Refusal {
        Refusal::Model(FaceError::Channels { kind: "frame", wanted: "grey" })
    }

    fn sum(text: &str) -> Sha256Sum {
        Sha256Sum::of(text.as_bytes())
    }

    #[test]
    fn a_copy_under_way_is_said_once_it_rests_and_only_once() {
        let mut watched = Watched::default();
        let mut look = |found: &str| watched.refuse(&half_copied(found), None, false);
        assert_eq!(["1", "2", "3", "3", "3", "4", "3", "3", "4", "4"].map(&mut look), {
            let (no, yes) = (false, true);
            [no, no, no, yes, no, no, no, no, no, yes]
        });
    }

    #[test]
    fn what_is_whole_and_wrong_is_said_at_once_and_not_tried_again() {
        let mut watched = Watched::default();
        assert!(watched.refuse(&wrong(), Some(sum("new")), false));
        assert!(watched.is_hopeless(sum("new")) && !watched.is_hopeless(sum("newer")));
        assert!(!watched.refuse(&wrong(), Some(sum("new")), false));
    }

    #[test]
    fn whoever_asks_is_answered_every_time() {
        let mut watched = Watched::default();
        assert!(watched.refuse(&half_copied("1"), None, true) && watched.refuse(&half_copied("1"), None, true));
        assert!(!watched.refuse(&half_copied("1"), None, false));
    }

    #[test]
    fn what_went_wrong_before_the_folder_was_right_again_may_be_said_anew() {
        let mut watched = Watched::default();
        assert!(watched.refuse(&wrong(), Some(sum("new")), false));
        watched.settle();
        assert!(watched.complaint().is_none() && !watched.is_hopeless(sum("new")));
        assert!(watched.refuse(&wrong(), Some(sum("new")), false));
    }
}
