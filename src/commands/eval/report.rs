//! What an evaluation came to, as JSON.

use serde_json::{Map, Value, json};

use super::score::{Ledger, Score};
use crate::affect::{Compound, Label};
use crate::annotation::{CLASSES, Task, UNITS, unit_name};
use crate::metrics::baseline::Baselines;
use crate::metrics::bootstrap::Resampling;
use crate::metrics::figures::{ClassesFigures, NAMED, UnitsFigures};
use crate::metrics::{Confusion, Figures, Shape, Tally};

/// One way of answering, scored.
#[derive(Debug)]
pub struct Row {
    /// Its name: `predictions`, or `raw`, `causal`, `offline`.
    pub name: &'static str,
    /// What was counted.
    pub tally: Tally,
    /// What it comes to.
    pub figures: Figures,
    /// An interval for each of [`Figures::named`].
    pub intervals: [Option<[f64; 2]>; NAMED],
}

impl Row {
    /// Reckons the figures of a score.
    pub fn of(name: &'static str, score: &Score, shape: Shape, how: Resampling) -> Self {
        let (figures, intervals) = score.figures(shape, how);
        Self { name, tally: score.sum(), figures, intervals }
    }
}

/// An evaluation.
#[derive(Debug)]
pub struct Report {
    /// Where annotations came from.
    pub truth: String,
    /// What was scored: the option's name, and the folder.
    pub scored: (&'static str, String),
    /// The pack and its engine, when one was run.
    pub pack: Option<(String, String)>,
    /// The ways of answering; at least one.
    pub rows: Vec<Row>,
    /// Which of them stands at the top of the JSON.
    pub main: usize,
    /// What trivial answers score.
    pub baselines: Baselines,
    /// How the intervals were made.
    pub resampling: Resampling,
    /// Counts, what was left out, what is to be known.
    pub ledger: Ledger,
}

impl Report {
    /// The whole of it. The row that counts stands at the top, and all rows in `rows`.
    pub fn json(&self) -> Value {
        let main = &self.rows[self.main];
        let mut report = Map::new();
        report.insert("schema".into(), json!(1));
        report.insert("truth".into(), json!(self.truth));
        report.insert(self.scored.0.into(), json!(self.scored.1));
        if let Some((pack, engine)) = &self.pack {
            report.insert("pack".into(), json!(pack));
            report.insert("engine".into(), json!(engine));
        }
        report.extend(self.row(main));
        report.insert("baselines".into(), self.baselines());
        if self.rows.len() > 1 {
            report.insert("rows".into(), self.rows.iter().map(|row| Value::Object(self.row(row))).collect());
        }
        let Resampling { draws, seed, level } = self.resampling;
        report.insert("bootstrap".into(), json!({ "draws": draws, "seed": seed, "level": level }));
        report.insert("counts".into(), self.counts(&main.tally));
        let skipped = self.ledger.skipped.iter().map(
            |skipped| json!({ "task": skipped.task.map(Task::folder), "video": skipped.video, "why": skipped.why }),
        );
        report.insert("skipped".into(), skipped.collect());
        report.insert("notes".into(), json!(self.ledger.notes));
        Value::Object(report)
    }

    fn row(&self, row: &Row) -> Map<String, Value> {
        let Row { name, tally, figures, intervals } = row;
        let shape = self.ledger.shape;
        let named = figures.named();
        let intervals: Map<String, Value> = named
            .iter()
            .zip(intervals)
            .filter_map(|((name, _), interval)| interval.map(|interval| ((*name).to_owned(), json!(interval))))
            .collect();
        let va = figures
            .va
            .map(|va| json!({ "ccc_valence": va.ccc_valence, "ccc_arousal": va.ccc_arousal, "mean_ccc": va.mean_ccc }));
        let expr = figures.expr.map(|expr| {
            let names: Vec<_> = CLASSES.iter().take(shape.classes).map(|class| class.name()).collect();
            let mut object = classes(&expr, &tally.expressions, &names);
            object.insert("seven_classes".into(), figures.expr_seven.as_ref().map_or(Value::Null, scores));
            Value::Object(object)
        });
        let compound = figures.compound.map(|compound| {
            let names: Vec<_> = Compound::ALL.iter().map(|compound| compound.name()).collect();
            Value::Object(classes(&compound, &tally.compounds, &names))
        });
        let object = json!({
            "row": name,
            "va": va,
            "expr": expr,
            "au": figures.au.map(|au| units(&au, tally, shape)),
            "mtl": { "p": figures.mtl() },
            "compound": compound,
            "intervals": intervals,
        });
        match object {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    fn baselines(&self) -> Value {
        let Baselines { all_ones, all_zeros, class, compound } = &self.baselines;
        let au = |figures: &Figures| figures.au.as_ref().map(unit_scores);
        let label = |class: Option<usize>| class.map(|class| CLASSES[class].name());
        let mtl = |figures: &Figures| json!({ "p": figures.mtl() });
        json!({
            "au_all_ones": au(all_ones),
            "au_all_zeros": au(all_zeros),
            "expr_most_frequent": all_ones.expr.as_ref().map(|expr| labelled(scores(expr), label(*class))),
            "compound_most_frequent": all_ones.compound.as_ref().map(|found| {
                labelled(scores(found), compound.map(|compound| Compound::ALL[compound].name()))
            }),
            "va_constant_mean": all_ones.va.map(|va| {
                json!({ "ccc_valence": va.ccc_valence, "ccc_arousal": va.ccc_arousal, "mean_ccc": va.mean_ccc })
            }),
            "mtl_all_ones": mtl(all_ones),
            "mtl_all_zeros": mtl(all_zeros),
        })
    }

    fn counts(&self, tally: &Tally) -> Value {
        let videos = |task| self.ledger.videos(task);
        let cells: u64 = tally.units.iter().map(|unit| unit.count()).sum();
        let silent: u64 = tally.units.iter().map(|unit| unit.unanswered()).sum();
        json!({
            "va": { "videos": videos(Task::Va), "frames": tally.valence.count().max(tally.arousal.count()),
                    "unanswered": tally.unsaid },
            "expr": { "videos": videos(Task::Expr), "frames": tally.expressions.count(),
                      "unanswered": tally.expressions.unanswered() },
            "au": { "videos": videos(Task::Au), "cells": cells, "unanswered": silent },
            "compound": { "videos": videos(Task::Compound), "frames": tally.compounds.count(),
                          "unanswered": tally.compounds.unanswered() },
            "skipped": self.ledger.skipped.len(),
        })
    }
}

fn scores(figures: &ClassesFigures) -> Value {
    let ClassesFigures { macro_f1, macro_f1_present, accuracy, score_2020 } = figures;
    json!({ "macro_f1": macro_f1, "macro_f1_present": macro_f1_present, "accuracy": accuracy, "score_2020": score_2020 })
}

fn unit_scores(figures: &UnitsFigures) -> Value {
    let UnitsFigures { mean_f1, accuracy, score_2021 } = figures;
    json!({ "mean_f1": mean_f1, "accuracy": accuracy, "score_2021": score_2021 })
}

fn labelled(mut scores: Value, label: Option<&str>) -> Value {
    scores["label"] = json!(label);
    scores
}

fn classes<const N: usize>(figures: &ClassesFigures, counts: &Confusion<N>, names: &[&str]) -> Map<String, Value> {
    let each = names.iter().enumerate().map(|(i, name)| {
        let class = counts.class(i);
        json!({ "label": name, "annotated": class.annotated, "said": class.said, "precision": class.precision,
                "recall": class.recall, "f1": class.f1 })
    });
    let confusion = (0..names.len()).map(|i| (0..names.len()).map(|j| counts.at(i, j)).collect::<Vec<_>>());
    let mut object = match scores(figures) {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("classes".into(), each.collect());
    object.insert("confusion".into(), json!(confusion.collect::<Vec<_>>()));
    object
}

fn units(figures: &UnitsFigures, tally: &Tally, shape: Shape) -> Value {
    let named = UNITS.iter().zip(&tally.units).zip(shape.units).filter(|(_, named)| *named);
    let each: Map<String, Value> = named
        .map(|((&number, unit), _)| {
            let figures = json!({ "annotated": unit.count(), "active": unit.active(), "said": unit.said(),
                                  "precision": unit.precision(), "recall": unit.recall(), "f1": unit.f1() });
            (unit_name(number), figures)
        })
        .collect();
    let mut object = unit_scores(figures);
    object["units"] = Value::Object(each);
    object
}
