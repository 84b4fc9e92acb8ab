//! `affectd eval`: estimates against annotations, by the rules of the ABAW challenges.
//!
//! | file | what it is for |
//! |---|---|
//! | `predictions` | files that exist already |
//! | `pack` | a pack on clips or cropped faces |
//! | `score` | what was counted, and what was left out |
//! | `report`, `table` | what it came to, for programs and for people |

mod pack;
mod predictions;
mod report;
mod score;
mod table;

use std::io::{self, Write};
use std::path::Path;

use report::{Report, Row};
use score::{Ledger, Score};
use table::Layout;

use crate::annotation::{self, Collection};
use crate::cli::{self, EvalArgs, ReportFormat};
use crate::exit::Exit;
use crate::metrics::baseline::Baselines;
use crate::metrics::bootstrap::Resampling;

/// What was scored, before it is reported.
struct Scored {
    /// The option's name, and what was given.
    source: (&'static str, String),
    /// The pack and its engine.
    pack: Option<(String, String)>,
    /// The ways of answering, with their names.
    rows: Vec<(&'static str, Score)>,
    /// The one that counts.
    main: usize,
}

/// Runs the command.
///
/// # Errors
/// When there are no annotations, nothing to score, or the models cannot be opened. What is wrong with single files
/// is named on standard error, and the rest goes on.
pub fn run(args: &EvalArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let truth = args.truth.as_deref().map(|path| Collection::open(path, args.split.map(split))).transpose()?;
    let mut ledger = Ledger::default();
    if let Some(truth) = truth.as_ref().filter(|truth| truth.splits().len() > 1) {
        let named: Vec<_> = truth.splits().iter().map(|split| split.name()).collect();
        ledger.notes.push(format!("Scored together: {}; choose one with --split.", named.join(", ")));
    }
    let scored = match (&args.predictions, &truth) {
        (Some(path), Some(truth)) => {
            let score = predictions::score(truth, &Collection::open(path, None)?, &mut ledger);
            let source = ("predictions", path.display().to_string());
            Scored { source, pack: None, rows: vec![("predictions", score)], main: 0 }
        }
        _ => pack::run(args, models, truth.as_ref(), &mut ledger)?,
    };
    for skipped in &ledger.skipped {
        eprintln!("affectd: {skipped}");
    }
    let failed = args.strict && !ledger.skipped.is_empty();
    let exit = if failed { Exit::Failed } else { Exit::Ok };
    let Some(truth) = &args.truth else {
        // Only a submission was asked for.
        ledger.notes.iter().for_each(|note| eprintln!("affectd: {note}"));
        return Ok(exit);
    };
    if ledger.scored.is_empty() {
        anyhow::bail!(
            "nothing could be scored: no video of {} is both annotated and answered; see above, or `affectd eval --help` \
             for the layout",
            truth.display()
        );
    }
    print(&report(truth, args, scored, ledger), args.format)?;
    Ok(exit)
}

fn report(truth: &Path, args: &EvalArgs, scored: Scored, mut ledger: Ledger) -> Report {
    let resampling = Resampling { draws: args.draws, seed: args.seed, ..Resampling::default() };
    let Scored { source, pack, rows, main } = scored;
    let shape = ledger.shape;
    let rows: Vec<Row> = rows.iter().map(|(name, score)| Row::of(name, score, shape, resampling)).collect();
    let baselines = Baselines::of(&rows[main].tally, shape);
    ledger.notes.extend(remarks(&rows[main], &ledger));
    Report { truth: truth.display().to_string(), scored: source, pack, rows, main, baselines, resampling, ledger }
}

/// What a reader of the figures must know of them.
fn remarks(row: &Row, ledger: &Ledger) -> Vec<String> {
    let mut remarks = Vec::new();
    let (tally, shape) = (&row.tally, ledger.shape);
    if tally.expressions.count() > 0 {
        let never = (0..shape.classes).filter(|&class| {
            let class = tally.expressions.class(class);
            class.annotated + class.said == 0
        });
        let never: Vec<_> = never.map(|class| annotation::CLASSES[class].to_string()).collect();
        if !never.is_empty() {
            remarks.push(format!(
                "Neither annotated nor said, and counted as F1 0: {}. macro_f1_present leaves them out.",
                never.join(", ")
            ));
        }
    }
    let units = shape.units.iter().filter(|named| **named).count();
    if row.figures.mtl().is_some() && (shape.classes != 8 || units != 12) {
        remarks.push(format!(
            "P is of {} classes and {units} units; the challenges from 2022 on have 8 and 12.",
            shape.classes
        ));
    }
    let silent: u64 = tally.units.iter().map(|unit| unit.unanswered()).sum();
    for (count, what) in [
        (tally.expressions.unanswered(), "annotated expressions have no answer, and count as wrong"),
        (silent, "annotated cells of action units have no answer, and count as not active and not right"),
        (tally.unsaid, "frames with annotated valence or arousal have no answer, and count as 0"),
        (tally.compounds.unanswered(), "annotated compound expressions have no answer, and count as wrong"),
    ] {
        if count > 0 {
            remarks.push(format!("{count} {what}."));
        }
    }
    let clips: std::collections::BTreeSet<_> = ledger.scored.iter().map(|(_, video)| score::clip_of(video)).collect();
    if clips.len() < 2 {
        remarks.push("Intervals need two videos or more.".into());
    }
    remarks
}

fn print(report: &Report, format: ReportFormat) -> anyhow::Result<()> {
    let out = &mut io::stdout().lock();
    match format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &report.json()).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        ReportFormat::Text => out.write_all(table::lay_out(report, Layout::Text).as_bytes())?,
        ReportFormat::Markdown => out.write_all(table::lay_out(report, Layout::Markdown).as_bytes())?,
    }
    out.flush()?;
    Ok(())
}

fn split(split: cli::Split) -> annotation::Split {
    match split {
        cli::Split::Train => annotation::Split::Train,
        cli::Split::Validation => annotation::Split::Validation,
        cli::Split::Test => annotation::Split::Test,
    }
}
