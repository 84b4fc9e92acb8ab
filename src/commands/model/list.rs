//! `affectd model list`.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::text::{json, size, table, yes_no};
use super::{SignatureRow, VariantRow, state};
use crate::model::registry::Entry;
use crate::model::{Engines, ModelError, Pack, Registry};

/// One pack.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    version: Option<&'a str>,
    kind: Option<&'static str>,
    licence: Option<&'a str>,
    commercial_use: Option<bool>,
    signature: Option<SignatureRow>,
    variants: Vec<VariantRow<'a>>,
    /// Of all ONNX files together; `None` when one is not there.
    bytes: Option<u64>,
    /// present, missing, damaged, not trusted, or unfit: for the packs that it builds on.
    files: &'static str,
    problem: Option<String>,
}

impl<'a> Row<'a> {
    fn new(entry: &'a Entry, engines: &Engines) -> Self {
        let problem = entry.pack.as_ref().err().or(entry.files.as_ref().err());
        let pack = entry.pack.as_ref().ok();
        let variants =
            |pack: &'a Pack| -> Vec<_> { pack.variants.iter().map(|v| VariantRow::new(pack, v, engines)).collect() };
        let variants = pack.map(variants).unwrap_or_default();
        // Variants may share a file.
        let files: BTreeMap<&str, Option<u64>> = variants.iter().map(|v| (&*v.file, v.bytes)).collect();
        Self {
            name: &entry.name,
            version: pack.map(|pack| &*pack.version),
            kind: pack.map(|pack| pack.kind.name()),
            licence: pack.map(|pack| &*pack.licence.weights),
            commercial_use: pack.map(|pack| pack.licence.commercial_use),
            signature: pack.map(|pack| SignatureRow::new(pack.signed)),
            bytes: pack.filter(|pack| !pack.variants.is_empty()).and_then(|_| files.into_values().sum()),
            variants,
            files: state(problem),
            problem: problem.map(ModelError::to_string),
        }
    }
}

/// Lists every pack: what it is, on what terms, which of `engines` runs it, and whether its files are there
/// and right.
///
/// # Errors
/// When the folder cannot be read or `out` cannot be written. A pack that is wrong is listed as such.
pub fn list(registry: &Registry, engines: &Engines, as_json: bool, out: &mut impl Write) -> Result<()> {
    let entries = registry.list()?;
    let rows: Vec<_> = entries.iter().map(|entry| Row::new(entry, engines)).collect();
    if as_json {
        return json(out, &rows);
    }
    let heads =
        ["NAME", "VERSION", "KIND", "LICENCE", "COMMERCIAL USE", "SIGNATURE", "VARIANTS", "RUN BY", "SIZE", "FILES"];
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let signature = row.signature.as_ref().map(SignatureRow::to_string);
        let variant = |v: &VariantRow<'_>| format!("{} {}", v.engine, v.precision);
        let variants: Vec<_> = row.variants.iter().map(variant).collect();
        let size = row.bytes.map(size);
        [
            row.name,
            row.version.unwrap_or("-"),
            row.kind.unwrap_or("-"),
            row.licence.unwrap_or("-"),
            row.commercial_use.map_or("-", yes_no),
            signature.as_deref().unwrap_or("-"),
            &variants.join(", "),
            row.variants.iter().find(|variant| variant.used).map_or("-", |variant| variant.engine),
            size.as_deref().unwrap_or("-"),
            row.files,
        ]
        .map(str::to_owned)
    }));
    table(out, "", &lines)?;
    for problem in rows.iter().filter_map(|row| row.problem.as_ref()) {
        writeln!(out, "\n{problem}")?;
    }
    Ok(())
}
