//! Two tracks of one video: what is annotated, and what was said.

use thiserror::Error;

use super::names::Task;
use super::track::Track;
use crate::metrics::Tally;

/// Why they cannot be compared frame by frame.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Mismatch {
    /// One has more frames than the other, so that nobody knows which belong together.
    #[error(
        "{said} predicted frames for {annotated} annotated ones; write one line for each frame of the annotation, \
         -1 where there is no answer"
    )]
    Count {
        /// Lines of the annotation.
        annotated: usize,
        /// Lines of the prediction.
        said: usize,
    },
    /// An annotated frame is not there.
    #[error("frame {number} is annotated, and nothing is predicted for it; write a line for it, with -1 if need be")]
    Absent {
        /// The frame.
        number: u32,
    },
}

/// Counts what was said of the annotated frames of one task. A frame without annotation does not count; an
/// annotated one without an answer does: as wrong for expressions, as not active and not right for action units, as
/// 0 for valence and arousal.
///
/// # Errors
/// When frames do not match.
pub fn compare(task: Task, annotated: &Track, said: &Track) -> Result<Tally, Mismatch> {
    if annotated.whole && said.whole && annotated.rows.len() != said.rows.len() {
        return Err(Mismatch::Count { annotated: annotated.rows.len(), said: said.rows.len() });
    }
    let mut tally = Tally::default();
    let mut answers = said.rows.iter().peekable();
    for (number, truth) in &annotated.rows {
        while answers.next_if(|(at, _)| at < number).is_some() {}
        let answer = answers.peek().filter(|(at, _)| at == number).map(|(_, answer)| answer);
        let known = match task {
            Task::Va => truth.affect.iter().any(Option::is_some),
            Task::Expr => truth.class.is_some(),
            Task::Au => truth.units.iter().any(Option::is_some),
            Task::Compound => truth.compound.is_some(),
        };
        if !known {
            continue;
        }
        let answer = answer.ok_or(Mismatch::Absent { number: *number })?;
        match task {
            Task::Va => tally.add_affect(truth.affect, answer.affect),
            Task::Au => tally.add_units(&truth.units, &answer.units),
            Task::Expr => {
                if let Some(class) = truth.class {
                    tally.expressions.add(class, answer.class);
                }
            }
            Task::Compound => {
                if let Some(class) = truth.compound {
                    tally.compounds.add(class, answer.compound);
                }
            }
        }
    }
    Ok(tally)
}
