//! How the findings are told: lines with aligned columns for people, one JSON object for programs.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{Case, Finding, Grade};

/// The columns of what was looked at and of its grade, in characters.
const WHAT: usize = 12;
const GRADE: usize = 10;
/// How wide a line may be, in characters: longer findings go on below their beginning.
const WIDTH: usize = 110;

/// The version of the report's form.
const SCHEMA: u32 = 1;

/// What `affectd doctor --json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Doctor"))]
pub struct Report {
    /// The version of this form.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The version of affectd.
    version: String,
    /// The configuration that was gone by; null when every key had its default.
    config: Option<String>,
    /// What the machine calls itself.
    machine: String,
    /// The board by its name in `boards`; null when it is none that affectd knows.
    board: Option<String>,
    /// `failed` when one of the findings is.
    verdict: Verdict,
    /// What was found, in the order in which it was looked at.
    findings: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
enum Verdict {
    Ok,
    Failed,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
struct Row {
    /// What was looked at; may stand several times.
    what: String,
    /// How good it is.
    grade: Word,
    /// What was found.
    says: String,
    /// What to do; null when nothing is to be done.
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
enum Word {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl Word {
    fn of(grade: Grade) -> Self {
        match grade {
            Grade::Good => Self::Ok,
            Grade::Warning => Self::Warning,
            Grade::Wrong => Self::Failed,
            Grade::Skipped => Self::Skipped,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Report {
    /// A report without findings.
    pub(super) fn new(case: &Case, config: Option<&Path>) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: config.map(|path| path.display().to_string()),
            machine: case.signs.to_string(),
            board: case.board.as_ref().map(|board| board.name.clone()),
            verdict: Verdict::Ok,
            findings: Vec::new(),
        }
    }

    /// Adds a finding.
    pub(super) fn add(&mut self, finding: &Finding) {
        let grade = Word::of(finding.grade);
        if grade == Word::Failed {
            self.verdict = Verdict::Failed;
        }
        let Finding { what, says, remedy, .. } = finding.clone();
        self.findings.push(Row { what: what.to_owned(), grade, says, remedy });
    }

    /// Whether anything failed.
    pub(super) fn failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    /// What stands above the findings.
    pub(super) fn write_head(&self, out: &mut impl Write) -> Result<()> {
        let config = self.config.as_deref().unwrap_or("no configuration: every key at its default");
        writeln!(out, "affectd {} on {}, {config}\n", self.version, self.machine)?;
        Ok(())
    }

    /// What stands below them.
    pub(super) fn write_end(&self, out: &mut impl Write) -> Result<()> {
        let count = |word| self.findings.iter().filter(|row| row.grade == word).count();
        let warnings = super::super::check::count(count(Word::Warning), "warning");
        writeln!(out, "\n{} failed, {warnings}, {} skipped", count(Word::Failed), count(Word::Skipped))?;
        Ok(())
    }

    /// The whole report as indented JSON.
    pub(super) fn write_json(&self, out: &mut impl Write) -> Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)?;
        Ok(())
    }
}

/// Writes a finding: its word, its grade, what was found, and below that the remedy.
pub(super) fn write(finding: &Finding, out: &mut impl Write) -> Result<()> {
    let mut head = format!("{:WHAT$}{:GRADE$}", finding.what, Word::of(finding.grade).name());
    let remedy = finding.remedy.as_ref().map(|remedy| format!("help: {remedy}"));
    for line in [Some(&finding.says), remedy.as_ref()].into_iter().flatten().flat_map(|text| wrapped(text)) {
        writeln!(out, "{}", format!("{head}{line}").trim_end())?;
        head = " ".repeat(WHAT + GRADE);
    }
    // The next look may take its time: a person should see how far it came.
    Ok(out.flush()?)
}

/// The text in lines that fit beside the first columns; a word that is longer stands alone.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH - WHAT - GRADE {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::testing::machine;
    use super::*;

    fn said(findings: &[Finding]) -> (String, Report) {
        let (_root, case) = machine(&[("proc/device-tree/compatible", "linux,dummy-virt\0")]);
        let mut report = Report::new(&case, None);
        let mut out = Vec::new();
        report.write_head(&mut out).unwrap();
        for finding in findings {
            write(finding, &mut out).unwrap();
            report.add(finding);
        }
        report.write_end(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), report)
    }

    #[test]
    fn columns_are_aligned_and_a_long_finding_goes_on_below_its_beginning() {
        let long = "word ".repeat(30);
        let (text, report) = said(&[
            Finding::good("board", "QEMU virt"),
            Finding::warning("heat", long, "blow"),
            Finding::wrong("broker", "away", "start it"),
            Finding::skipped("microphone", "not asked for"),
        ]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[2], "board       ok        QEMU virt");
        assert!(lines[3].starts_with("heat        warning   word word") && lines[3].len() <= WIDTH, "{text}");
        assert!(lines[4].starts_with(&format!("{:22}word", "")), "{text}");
        assert_eq!(lines[5], format!("{:22}help: blow", ""));
        assert_eq!(lines[6], "broker      failed    away");
        assert_eq!(*lines.last().unwrap(), "1 failed, 1 warning, 1 skipped");
        assert!(report.failed());
    }

    #[test]
    fn warnings_are_no_failure() {
        let (text, report) = said(&[Finding::warning("heat", "warm", "blow")]);
        assert!(!report.failed() && text.ends_with("0 failed, 1 warning, 0 skipped\n"), "{text}");
        assert_eq!(serde_json::to_value(&report).unwrap()["verdict"], "ok");
    }
}
