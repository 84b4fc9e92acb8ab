//! What is wrong with a configuration: every problem at once, each with its place and its remedy.

use std::fmt;
use std::ops::Range;

use serde_json::json;

use super::snippet::{Snippet, mask, printable};

/// How far the reading of a configuration came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The file was read, and it is TOML.
    Syntax,
    /// Every key is known, every value allowed, and they go together.
    Meaning,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The value of a key: these bytes of the file.
    Value(Range<usize>),
    /// Anything else in the file: these bytes.
    Text(Range<usize>),
    /// An environment variable and its value.
    Variable(&'static str, String),
    /// The file as a whole.
    Whole,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The key, `section.key`, when it is about one.
    pub key: Option<String>,
    /// What is wrong, naming the key.
    pub message: String,
    /// What is allowed, or what this clashes with; empty when there is nothing to say.
    pub note: String,
    /// What to do; empty when the note says it all.
    pub remedy: String,
}

/// All that is wrong with a configuration. Displayed as a person reads it at a terminal; the same when it is
/// debugged, for the text may hold secrets that only the display hides.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    file: String,
    text: String,
    stage: Stage,
    problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn new(file: &str, text: &str, stage: Stage, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::Whole => (0, 0),
            Place::Value(span) | Place::Text(span) => (1, span.start),
            Place::Variable(..) => (2, 0),
        });
        for problem in &mut problems {
            // A quoted key may hold anything: nothing of it may steer a terminal or a log.
            problem.key = problem.key.take().map(|key| printable(&key));
            problem.message = printable(&problem.message);
            problem.remedy = printable(&problem.remedy);
        }
        Self { file: file.to_owned(), text: text.to_owned(), stage, problems }
    }

    /// The stage that the problems belong to; the stages before it went well.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The problems, in the order of the file; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems for programs: `file`, `line` and `column` (from 1) or environment `variable`, `key`,
    /// `value`, `message`, `note` and `remedy`. What does not apply is null.
    pub fn to_json(&self) -> serde_json::Value {
        self.problems.iter().map(|problem| self.problem_to_json(problem)).collect()
    }

    fn problem_to_json(&self, problem: &Problem) -> serde_json::Value {
        let snippet = match &problem.place {
            Place::Value(span) | Place::Text(span) => Some(Snippet::of(&self.text, span)),
            Place::Variable(..) | Place::Whole => None,
        };
        let (value, variable) = match &problem.place {
            Place::Value(_) => (snippet.as_ref().map(Snippet::marked), None),
            Place::Variable(name, value) => (Some(mask(value)), Some(*name)),
            Place::Text(_) | Place::Whole => (None, None),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "file": self.file,
            "line": snippet.as_ref().map(|snippet| snippet.line_number),
            "column": snippet.as_ref().map(|snippet| snippet.column + 1),
            "variable": variable,
            "key": problem.key,
            "value": value,
            "message": problem.message,
            "note": some(&problem.note),
            "remedy": some(&problem.remedy),
        })
    }

    fn write_problem(&self, f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
        writeln!(f, "error: {}", problem.message)?;
        let gutter = match &problem.place {
            Place::Value(span) | Place::Text(span) => {
                let snippet = Snippet::of(&self.text, span);
                let number = snippet.line_number.to_string();
                let gutter = number.len();
                writeln!(f, "{:gutter$}--> {}:{}:{}", "", self.file, number, snippet.column + 1)?;
                snippet.write(f, &number, &problem.note)?;
                gutter
            }
            Place::Variable(name, value) => {
                let line = format!("{name}={value}");
                let snippet = Snippet::of(&line, &(name.len() + 1..line.len()));
                writeln!(f, " --> the environment")?;
                snippet.write(f, " ", &problem.note)?;
                1
            }
            Place::Whole => {
                writeln!(f, " --> {}", self.file)?;
                1
            }
        };
        if !problem.remedy.is_empty() {
            writeln!(f, "{:gutter$} = help: {}", "", problem.remedy)?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            self.write_problem(f, problem)?;
            writeln!(f)?;
        }
        match self.problems.len() {
            1 => write!(f, "{}: 1 problem", self.file),
            n => write!(f, "{}: {n} problems", self.file),
        }
    }
}

impl fmt::Debug for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigErrors {}
