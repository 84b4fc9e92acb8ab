//! Predictions that exist already, beside annotations; no model is needed.

use std::collections::BTreeSet;

use super::score::{Ledger, Score, speaks_of};
use crate::annotation::{Collection, Task};

/// Compares every annotated video with what is predicted of it.
pub fn score(truth: &Collection, said: &Collection, ledger: &mut Ledger) -> Score {
    let mut score = Score::default();
    for problem in truth.problems().iter().chain(said.problems()) {
        ledger.skip(None, None, problem);
    }
    let (annotated, predicted) = (truth.items(), said.items());
    let predicted_tasks: BTreeSet<Task> = predicted.iter().map(|(task, _)| *task).collect();
    let mut absent = BTreeSet::new();
    for &(task, video) in &annotated {
        if predicted_tasks.contains(&task) {
            one(task, video, truth, said, &mut score, ledger);
        } else {
            absent.insert(task);
        }
    }
    for task in absent {
        ledger.skip(task, None, format!("it is annotated, and nothing is predicted: no {} there", task.folder()));
    }
    let unused: Vec<_> = predicted.difference(&annotated).collect();
    if let Some((task, video)) = unused.first() {
        ledger.notes.push(format!(
            "{} predicted files belong to no annotation and were not used, the first of them {}/{video}.",
            unused.len(),
            task.folder()
        ));
    }
    score
}

fn one(task: Task, video: &str, truth: &Collection, said: &Collection, score: &mut Score, ledger: &mut Ledger) {
    let annotated = match truth.track(task, video) {
        Ok(Some(track)) => track,
        // It is in the list of items, so there is a track.
        Ok(None) => return,
        Err(error) => return ledger.skip(task, Some(video), error),
    };
    if !speaks_of(task, &annotated) {
        return;
    }
    let answers = match said.track(task, video) {
        Ok(Some(track)) => track,
        Ok(None) => {
            let why = format!("nothing is predicted for it; expected {}/{video}.txt", task.folder());
            return ledger.skip(task, Some(video), why);
        }
        Err(error) => return ledger.skip(task, Some(video), error),
    };
    match score.add(task, video, &annotated, &answers) {
        Ok(()) => ledger.scored(task, video, annotated.shape),
        Err(mismatch) => {
            let file = said.file(task, video).map_or_else(String::new, |path| format!("{}: ", path.display()));
            ledger.skip(task, Some(video), format!("{file}{mismatch}"));
        }
    }
}
