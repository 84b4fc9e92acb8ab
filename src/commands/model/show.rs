//! `affectd model show NAME`.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::text::{json, size, table, yes_no};
use super::{SignatureRow, VariantRow, state};
use crate::affect::Label;
use crate::model::manifest::Manifest;
use crate::model::{Channels, Engines, Heads, Input, Kind, ModelError, Pack, Registry, Source, Window};

/// One pack: its manifest, key by key, and how its files are.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    folder: String,
    /// present, missing or damaged.
    files: &'static str,
    problem: Option<String>,
    /// The engine that runs it; `None` when none does.
    engine: Option<String>,
    signature: SignatureRow,
    manifest: &'a Manifest,
}

/// Shows one pack: what its manifest says, which of `engines` runs it, and whether its files are there and
/// right.
///
/// # Errors
/// When there is no such pack, its manifest is wrong, or `out` cannot be written. Files that are missing or
/// damaged are shown as such.
pub fn show(registry: &Registry, name: &str, engines: &Engines, as_json: bool, out: &mut impl Write) -> Result<()> {
    let pack = registry.describe(name)?;
    let problem = registry.check(&pack).err();
    if as_json {
        return json(
            out,
            &Shown {
                folder: pack.dir().display().to_string(),
                files: state(problem.as_ref()),
                problem: problem.as_ref().map(ModelError::to_string),
                engine: engines.preferred(&pack).ok().map(|variant| variant.engine.clone()),
                signature: SignatureRow::new(pack.signed),
                manifest: pack.manifest(),
            },
        );
    }
    writeln!(out, "{}: {}", pack.id(), pack.summary)?;
    facts(&pack, problem.as_ref(), out)?;

    if !pack.variants.is_empty() {
        variants(&pack, engines, out)?;
    }
    if !pack.data.is_empty() {
        writeln!(out, "\nTrained on")?;
        for data in &pack.data {
            writeln!(out, "  {} ({})", data.name, data.licence)?;
        }
    }
    if !pack.measured.is_empty() {
        writeln!(out, "\nMeasured")?;
        for m in &pack.measured {
            writeln!(out, "  {}: {}\n    on {}\n    {}: {}", m.what, m.value, m.on, m.date, m.command)?;
        }
    }
    if let Some(problem) = problem {
        writeln!(out, "\n{problem}")?;
    }
    Ok(())
}

fn variants(pack: &Pack, engines: &Engines, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nVariants")?;
    let mut lines = vec![["ENGINE", "PRECISION", "FILE", "SIZE", "RUNS HERE", "USED"].map(str::to_owned)];
    lines.extend(pack.variants.iter().map(|variant| VariantRow::new(pack, variant, engines)).map(|row| {
        let size = row.bytes.map_or_else(|| "-".to_owned(), size);
        let (here, used) = (yes_no(row.runs_here).to_owned(), yes_no(row.used).to_owned());
        [row.engine.to_owned(), row.precision.to_owned(), row.file, size, here, used]
    }));
    table(out, "  ", &lines)
}

fn facts(pack: &Pack, problem: Option<&ModelError>, out: &mut impl Write) -> Result<()> {
    let commercial = yes_no(pack.licence.commercial_use);
    let mut lines = vec![
        ["folder".to_owned(), pack.dir().display().to_string()],
        ["files".to_owned(), state(problem).to_owned()],
        ["kind".to_owned(), pack.kind.name().to_owned()],
        ["licence".to_owned(), pack.licence.weights.clone()],
        ["commercial use".to_owned(), format!("{commercial}: {}", pack.licence.note)],
        ["signature".to_owned(), SignatureRow::new(pack.signed).to_string()],
    ];
    lines.extend(input(&pack.input).map(|says| ["input".to_owned(), says]));
    lines.extend(pack.outputs.iter().map(|output| {
        let shape = output.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        ["output".to_owned(), format!("{} {shape}", output.key)]
    }));
    let named = |key: &str, says: String| [key.to_owned(), says];
    match &pack.kind {
        Kind::Detector(spec) => lines.push(named("score threshold", spec.score_threshold.get().to_string())),
        Kind::Frame(spec) => lines.extend(expressions(&spec.heads)),
        Kind::Voice(spec) => lines.extend(expressions(&spec.heads)),
        Kind::Sequence(spec) => {
            let reads = |(role, source): (&str, &Option<Source>)| {
                let Source { pack, version, size } = source.as_ref()?;
                Some(named("reads", format!("{role}: {pack} {version}, {size} numbers")))
            };
            lines.extend([("face", &spec.face), ("voice", &spec.voice)].into_iter().filter_map(reads));
            lines.push(named("estimates", format!("{:?} before the newest row", spec.behind())));
            lines.extend(expressions(&spec.heads));
        }
        Kind::Ensemble(spec) => lines.extend(
            spec.members
                .iter()
                .map(|member| named("member", format!("{} {}, weight {}", member.pack, member.version, member.weight))),
        ),
    }
    table(out, "  ", &lines)
}

/// What the network reads, when there is one.
fn input(input: &Input) -> Option<String> {
    match input {
        Input::Picture(picture) => {
            let channels = match picture.channels {
                Channels::Grey => "grey",
                Channels::Rgb => "RGB",
            };
            Some(format!("{}×{} {channels}", picture.width, picture.height))
        }
        Input::Rows(window) => {
            let Window { rows, columns, hop, .. } = window;
            Some(format!("{rows} rows of {columns} numbers, {:?}, every {hop:?}", window.span()))
        }
        Input::Nothing => None,
    }
}

fn expressions(heads: &Heads) -> Option<[String; 2]> {
    let head = heads.expression.as_ref()?;
    let labels: Vec<_> = head.labels.iter().map(|label| label.name()).collect();
    Some(["expressions".to_owned(), format!("{} (temperature {})", labels.join(", "), head.temperature)])
}
