//! `affectd check`: is this configuration right, and is everything there that it names?
//!
//! Three stages, printed as they are done: the syntax of the file, its meaning, and the surroundings.
//! The first two end with the first stage that fails, and tell all that is wrong in it.
//!
//! After an update another question is asked: may this version take over? What may be away for a while counts as little
//! then as it does for a start, and is not looked at; what the models compute counts.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::finding::{Finding, Grade};
use crate::config::{self, Config, ConfigErrors, Stage};

mod golden;
pub(in crate::commands) mod surroundings;

/// What is looked at beside the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All that a start will meet.
    Start,
    /// What must hold before this version takes over from another one.
    Update,
}

impl Scope {
    fn looks(self) -> &'static [fn(&Config) -> Finding] {
        match self {
            Self::Start => &surroundings::ALL,
            Self::Update => &UPDATE,
        }
    }
}

/// The looks after an update, in the order in which they are told.
const UPDATE: [fn(&Config) -> Finding; 6] = [
    surroundings::models,
    surroundings::engine,
    golden::vectors,
    surroundings::password,
    surroundings::certificates,
    surroundings::certificate,
];

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// affectd can start; there may be warnings.
    Good,
    /// The configuration is wrong.
    WrongConfiguration,
    /// The configuration is right, and something that it names is not there or cannot be used.
    WrongSurroundings,
}

/// Checks the configuration at `path` and prints what it finds: for a person, or one JSON object. Packs are looked for
/// in `models`, else where the configuration says.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(path: &Path, models: Option<&Path>, scope: Scope, json: bool, out: &mut impl Write) -> Result<Verdict> {
    let mut loaded = config::load(path);
    if let (Ok(config), Some(models)) = (&mut loaded, models) {
        config.models.dir = Some(models.to_owned());
    }
    if json {
        return report(path, scope, &loaded, out);
    }
    match loaded {
        Ok(config) => {
            line(out, "syntax", Grade::Good, "")?;
            line(out, "meaning", Grade::Good, "")?;
            tell_surroundings(path, scope, &config, out)
        }
        Err(errors) => {
            if errors.stage() == Stage::Meaning {
                line(out, "syntax", Grade::Good, "")?;
            }
            line(out, stage_name(errors.stage()), Grade::Wrong, "")?;
            writeln!(out, "\n{errors}")?;
            Ok(Verdict::WrongConfiguration)
        }
    }
}

fn tell_surroundings(path: &Path, scope: Scope, config: &Config, out: &mut impl Write) -> Result<Verdict> {
    let (mut wrong, mut warnings) = (0, 0);
    for look in scope.looks() {
        let finding = look(config);
        line(out, finding.what, finding.grade, &finding.says)?;
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "{:22}help: {remedy}", "")?;
        }
        wrong += usize::from(finding.grade == Grade::Wrong);
        warnings += usize::from(finding.grade == Grade::Warning);
    }
    writeln!(out, "\n{}: {}, {}", path.display(), count(wrong, "problem"), count(warnings, "warning"))?;
    Ok(if wrong == 0 { Verdict::Good } else { Verdict::WrongSurroundings })
}

/// One JSON object: `file`, `verdict`, `configuration` (the problems) and `surroundings` (the findings;
/// null when the configuration is wrong).
fn report(
    path: &Path,
    scope: Scope,
    loaded: &std::result::Result<Config, ConfigErrors>,
    out: &mut impl Write,
) -> Result<Verdict> {
    let look_at = |config| scope.looks().iter().map(|look| look(config)).collect::<Vec<_>>();
    let findings = loaded.as_ref().ok().map(look_at);
    let verdict = match &findings {
        None => Verdict::WrongConfiguration,
        Some(findings) if findings.iter().any(|finding| finding.grade == Grade::Wrong) => Verdict::WrongSurroundings,
        Some(_) => Verdict::Good,
    };
    let failed = loaded.as_ref().err();
    let report = json!({
        "file": path.display().to_string(),
        "verdict": match verdict {
            Verdict::Good => "good",
            Verdict::WrongConfiguration => "wrong configuration",
            Verdict::WrongSurroundings => "wrong surroundings",
        },
        "failed_stage": failed.map(|errors| stage_name(errors.stage())),
        "configuration": failed.map_or_else(|| json!([]), ConfigErrors::to_json),
        "surroundings": findings.map(|findings| findings.iter().map(Finding::to_json).collect::<Vec<_>>()),
    });
    writeln!(out, "{report:#}")?;
    Ok(verdict)
}

fn line(out: &mut impl Write, what: &str, grade: Grade, says: &str) -> Result<()> {
    let text = format!("{what:12}{:10}{says}", grade.name());
    writeln!(out, "{}", text.trim_end())?;
    // The next look may take its time: a person should see how far it came.
    Ok(out.flush()?)
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Syntax => "syntax",
        Stage::Meaning => "meaning",
    }
}

pub(in crate::commands) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}
