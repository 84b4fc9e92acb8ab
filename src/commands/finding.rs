//! What a look at the surroundings finds: the words that `check` and `doctor` share.

use serde_json::json;

/// How good what was found is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// affectd can work, but not as well as it could.
    Warning,
    /// affectd cannot start, or cannot do what it is configured to.
    Wrong,
    /// Not looked at: it is not asked for, or cannot be had.
    Skipped,
}

impl Grade {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
            Self::Skipped => "skipped",
        }
    }
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word.
    pub what: &'static str,
    /// How good it is.
    pub grade: Grade,
    /// What was found.
    pub says: String,
    /// What to do, when something is to be done.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, grade: Grade::Good, says: says.into(), remedy: None }
    }

    pub(super) fn wrong(what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, grade: Grade::Wrong, says: says.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn warning(what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Warning, ..Self::wrong(what, says, remedy) }
    }

    /// What failed with an error of ours, which says after a semicolon what to do; `otherwise` when it does not.
    pub(super) fn failed(what: &'static str, error: &str, otherwise: &str) -> Self {
        let (says, remedy) = error.split_once("; ").unwrap_or((error, otherwise));
        Self::wrong(what, says, remedy)
    }

    /// The same finding, its remedy taken out of what it says if it has none of its own.
    pub(super) fn with_remedy(self, otherwise: &str) -> Self {
        match (self.grade, &self.remedy) {
            (Grade::Wrong, None) => Self::failed(self.what, &self.says, otherwise),
            _ => self,
        }
    }

    pub(super) fn skipped(what: &'static str, says: impl Into<String>) -> Self {
        Self { grade: Grade::Skipped, ..Self::good(what, says) }
    }

    /// The finding for programs.
    pub fn to_json(&self) -> serde_json::Value {
        json!({"what": self.what, "grade": self.grade.name(), "says": self.says, "remedy": self.remedy})
    }
}
