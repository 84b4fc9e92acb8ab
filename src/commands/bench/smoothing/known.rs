//! What is known of a face beforehand: against it, label changes are the face's own or flips, and labels right or
//! wrong.

use std::path::Path;

use anyhow::{Context, Result};

use crate::affect::Expression;
use crate::annotation::{CLASSES, Task, Track};
use crate::clock::Monotonic;

/// What is known of the face of a clip.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Nothing: its own changes and flips cannot be told apart.
    Nothing,
    /// It rests, on an expression that nobody named.
    Still,
    /// It shows this expression throughout.
    Shows(Expression),
    /// It rests, but for these moments.
    Switches(Vec<Monotonic>),
    /// What it shows in each frame; absent where nobody said.
    Annotated(Vec<Option<Expression>>),
}

impl Known {
    /// Reads an EXPR file of Aff-Wild2: line k after the header is about frame k.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path) -> Result<Self> {
        let track = Track::read(Task::Expr, path)?;
        let labels: Vec<_> = track.rows.iter().map(|(_, row)| row.class.map(|class| CLASSES[class])).collect();
        (labels.iter().any(Option::is_some))
            .then_some(Self::Annotated(labels))
            .with_context(|| format!("{}: no frame is annotated; give a file with classes from 0 to 7", path.display()))
    }

    /// The expression that is known of a frame.
    pub fn label(&self, frame: u64) -> Option<Expression> {
        match self {
            Self::Shows(label) => Some(*label),
            Self::Annotated(labels) => usize::try_from(frame).ok().and_then(|frame| *labels.get(frame)?),
            Self::Nothing | Self::Still | Self::Switches(_) => None,
        }
    }

    /// In which stretch of rest a frame is, counted from 0; `None` where it is not known to rest.
    pub fn stretch(&self, frame: u64, at: Monotonic) -> Option<usize> {
        match self {
            Self::Nothing => None,
            Self::Still | Self::Shows(_) => Some(0),
            Self::Switches(moments) => Some(moments.iter().filter(|&&moment| moment <= at).count()),
            Self::Annotated(labels) => {
                self.label(frame)?;
                let until = labels.get(..=usize::try_from(frame).ok()?)?;
                Some(until.windows(2).filter(|pair| pair[0] != pair[1]).count())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::new(Duration::from_secs(seconds))
    }

    #[test]
    fn stretches_are_counted_by_switches_and_by_annotated_changes() {
        let switches = Known::Switches(vec![at(4), at(8)]);
        assert_eq!([0, 4, 9].map(|second| switches.stretch(0, at(second))), [Some(0), Some(1), Some(2)]);
        let (smile, rest) = (Some(Expression::Happiness), Some(Expression::Neutral));
        let annotated = Known::Annotated(vec![rest, rest, smile, None, smile]);
        let stretches = [0, 1, 2, 3, 4, 5].map(|frame| annotated.stretch(frame, at(0)));
        assert_eq!(stretches, [Some(0), Some(0), Some(1), None, Some(3), None]);
        assert_eq!(Known::Nothing.stretch(0, at(0)), None);
    }

    #[test]
    fn a_file_of_the_field_tells_the_expression_of_each_frame() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise\n0\n-1\n4\n").unwrap();
        let known = Known::read(file.path()).unwrap();
        let labels = [0, 1, 2, 3].map(|frame| known.label(frame));
        assert_eq!(labels, [Some(Expression::Neutral), None, Some(Expression::Happiness), None]);
    }

    #[test]
    fn a_file_without_a_single_annotation_is_refused_with_the_remedy() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise\n-1\n").unwrap();
        let told = Known::read(file.path()).unwrap_err().to_string();
        assert!(told.contains("no frame is annotated"), "{told}");
    }
}
