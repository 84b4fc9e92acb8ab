//! What an evaluation came to, for people: as text in columns, or as Markdown.

use std::fmt::Write as _;

use super::report::{Report, Row};
use crate::affect::{Compound, Label};
use crate::annotation::{CLASSES, Task, UNITS, unit_name};
use crate::metrics::Confusion;
use crate::metrics::baseline::Baselines;
use crate::metrics::figures::NAMED;

/// What each of [`crate::metrics::Figures::named`] is, in its order.
const MEANINGS: [&str; NAMED] = [
    "valence, CCC",
    "arousal, CCC",
    "valence and arousal, mean CCC",
    "expressions, mean F1 (2022 on)",
    "expressions, accuracy",
    "expressions, .67 F1 + .33 accuracy (2020, 2021)",
    "  the same, without \"other\"",
    "action units, mean F1 (2022 on)",
    "action units, accuracy of cells",
    "action units, .5 F1 + .5 accuracy (2020, 2021)",
    "multi-task P (2022 on)",
    "compounds, mean F1",
    "compounds, accuracy",
];

const FOOTNOTE: &str =
    "¹ what trivial answers score: every unit (no unit) active, the most frequent class, the mean valence and arousal";

/// How a report is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Columns of text.
    Text,
    /// Markdown.
    Markdown,
}

/// Lays a report out.
pub fn lay_out(report: &Report, layout: Layout) -> String {
    let mut page = Page { layout, text: String::new() };
    let main = &report.rows[report.main];
    page.heading("Evaluation");
    page.line("");
    page.line(&format!("annotations {}, {} {}", report.truth, report.scored.0, report.scored.1));
    if let Some((pack, engine)) = &report.pack {
        page.line(&format!("{pack} on {engine}"));
    }
    page.line(&counts(report, main));
    page.table(&figures(report));
    page.line("");
    page.line(FOOTNOTE);
    if main.figures.expr.is_some() {
        page.heading("Expressions");
        let names: Vec<_> = CLASSES.iter().take(report.ledger.shape.classes).map(|class| class.name()).collect();
        page.table(&classes(&main.tally.expressions, &names));
    }
    if main.figures.au.is_some() {
        page.heading("Action units");
        page.table(&units(report, main));
    }
    if main.figures.compound.is_some() {
        page.heading("Compound expressions");
        let names: Vec<_> = Compound::ALL.iter().map(|compound| compound.name()).collect();
        page.table(&classes(&main.tally.compounds, &names));
    }
    page.list("Skipped", report.ledger.skipped.iter().map(ToString::to_string));
    page.list("Notes", report.ledger.notes.iter().cloned());
    page.text
}

fn counts(report: &Report, main: &Row) -> String {
    let videos = |task| report.ledger.videos(task);
    let tally = &main.tally;
    let cells: u64 = tally.units.iter().map(|unit| unit.count()).sum();
    let mut parts = Vec::new();
    for (task, name, count, unit) in [
        (Task::Va, "valence and arousal", tally.valence.count().max(tally.arousal.count()), "frames"),
        (Task::Expr, "expressions", tally.expressions.count(), "frames"),
        (Task::Au, "action units", cells, "cells"),
        (Task::Compound, "compounds", tally.compounds.count(), "frames"),
    ] {
        if count > 0 {
            parts.push(format!("{name}: {count} {unit} of {} videos", videos(task)));
        }
    }
    parts.join("; ")
}

type Table = (Vec<String>, Vec<Vec<String>>);

fn figures(report: &Report) -> Table {
    let percent = report.resampling.level * 100.0;
    let mut head = vec!["figure".to_owned()];
    for row in &report.rows {
        head.extend([row.name.to_owned(), format!("{percent:.0} %")]);
    }
    head.extend(["all active¹".to_owned(), "none active¹".to_owned()]);
    let Baselines { all_ones, all_zeros, .. } = &report.baselines;
    let named: Vec<_> = report.rows.iter().map(|row| row.figures.named()).collect();
    let (ones, zeros) = (all_ones.named(), all_zeros.named());
    let mut rows = Vec::new();
    for (i, meaning) in MEANINGS.iter().enumerate() {
        if named.iter().all(|named| named[i].1.is_none()) {
            continue;
        }
        let mut cells = vec![(*meaning).to_owned()];
        for (row, named) in report.rows.iter().zip(&named) {
            cells.push(number(named[i].1));
            cells.push(row.intervals[i].map_or_else(|| "–".into(), |[low, high]| format!("{low:.3} to {high:.3}")));
        }
        cells.extend([number(ones[i].1), number(zeros[i].1)]);
        rows.push(cells);
    }
    (head, rows)
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.4}"))
}

fn classes<const N: usize>(counts: &Confusion<N>, names: &[&str]) -> Table {
    let rows = names.iter().enumerate().map(|(i, name)| {
        let class = counts.class(i);
        let shares = [class.precision, class.recall, class.f1].map(|share| format!("{share:.3}"));
        [vec![(*name).to_owned(), class.annotated.to_string(), class.said.to_string()], shares.to_vec()].concat()
    });
    (titles(&["class", "annotated", "said", "precision", "recall", "F1"]), rows.collect())
}

fn units(report: &Report, main: &Row) -> Table {
    let named = UNITS.iter().zip(&main.tally.units).zip(report.ledger.shape.units).filter(|(_, named)| *named);
    let rows = named.map(|((&number, unit), _)| {
        let all = unit.constant(true).f1();
        let shares = [unit.precision(), unit.recall(), unit.f1(), all].map(|share| format!("{share:.3}"));
        [vec![unit_name(number), unit.count().to_string(), unit.active().to_string()], shares.to_vec()].concat()
    });
    (titles(&["unit", "annotated", "active", "precision", "recall", "F1", "F1, all active"]), rows.collect())
}

fn titles(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|&title| title.to_owned()).collect()
}

/// What has been laid out.
struct Page {
    layout: Layout,
    text: String,
}

impl Page {
    fn heading(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text += &match self.layout {
            Layout::Text => format!("{gap}{title}\n"),
            Layout::Markdown => format!("{gap}## {title}\n"),
        };
    }

    fn line(&mut self, line: &str) {
        self.text += line;
        self.text += if self.layout == Layout::Markdown && !line.is_empty() { "  \n" } else { "\n" };
    }

    fn table(&mut self, (head, rows): &Table) {
        self.text.push('\n');
        let widths: Vec<usize> = (0..head.len())
            .map(|i| rows.iter().chain([head]).map(|cells| cells[i].chars().count()).max().unwrap_or(0))
            .collect();
        self.row(head, &widths);
        if self.layout == Layout::Markdown {
            let rules = widths.iter().enumerate().map(|(i, _)| if i == 0 { "---" } else { "---:" });
            self.text += &format!("| {} |\n", rules.collect::<Vec<_>>().join(" | "));
        }
        for cells in rows {
            self.row(cells, &widths);
        }
    }

    fn row(&mut self, cells: &[String], widths: &[usize]) {
        match self.layout {
            Layout::Markdown => {
                let cells: Vec<_> = cells.iter().map(|cell| cell.trim().replace('|', "\\|")).collect();
                self.text += &format!("| {} |\n", cells.join(" | "));
            }
            Layout::Text => {
                for (i, (cell, &width)) in cells.iter().zip(widths).enumerate() {
                    // Writing to a string does not fail.
                    let _ = if i == 0 {
                        write!(self.text, "{cell:<width$}")
                    } else {
                        write!(self.text, "  {cell:>width$}")
                    };
                }
                self.text.push('\n');
            }
        }
    }

    fn list(&mut self, title: &str, lines: impl Iterator<Item = String>) {
        let mut lines = lines.peekable();
        if lines.peek().is_some() {
            self.heading(title);
            self.line("");
            for line in lines {
                self.text += &format!("- {line}\n");
            }
        }
    }
}
