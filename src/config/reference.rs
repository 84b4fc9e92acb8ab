//! The manual of the configuration, made from the declarations: an example file and a reference.
//!
//! `docs/affectd.example.toml` and `docs/configuration.md` are what [`example`] and [`markdown`] return;
//! a test compares them, and writes them anew when asked to.

use std::fmt::Write;

use super::as_typed::AsTyped;

/// A section, for people.
#[derive(Debug)]
pub struct SectionReference {
    /// Its name, without brackets.
    pub name: &'static str,
    /// Its documentation, a line each.
    pub docs: &'static [&'static str],
    /// Its keys, in the order of the file.
    pub keys: Vec<KeyReference>,
}

/// A key, for people.
#[derive(Debug)]
pub struct KeyReference {
    /// Its name within the section.
    pub name: &'static str,
    /// Its documentation, a line each.
    pub docs: &'static [&'static str],
    /// What may be written, in words.
    pub allowed: String,
    /// The default, as TOML.
    pub default: Option<String>,
    /// What happens when nothing is written and there is no default.
    pub absent: Option<&'static str>,
    /// A value to show where there is no default, as TOML.
    pub example: Option<String>,
    /// The environment variable that overrides the file.
    pub environment: Option<&'static str>,
}

impl KeyReference {
    /// The value that the example file shows.
    fn shown(&self) -> &str {
        self.default.as_deref().or(self.example.as_deref()).unwrap_or_default()
    }
}

/// Every section that can be written.
pub fn sections() -> Vec<SectionReference> {
    AsTyped::reference()
}

/// The example file: every key, commented out, with its default.
pub fn example() -> String {
    let mut out = String::from(
        "# The configuration of affectd. Every key is here; what is commented out with # shows its default,\n\
         # or an example where there is none. `affectd check` says whether a file is right.\n\
         # Made from the program itself; the same as a manual: docs/configuration.md.\n",
    );
    for section in sections() {
        let _ = writeln!(out);
        comment(&mut out, section.docs);
        let _ = writeln!(out, "[{}]", section.name);
        for key in &section.keys {
            comment(&mut out, key.docs);
            let _ = writeln!(out, "# Allowed: {}.", key.allowed);
            if let Some(absent) = key.absent {
                let _ = writeln!(out, "# When it is left out: {absent}.");
            }
            if let Some(variable) = key.environment {
                let _ = writeln!(out, "# The environment variable {variable} goes before it.");
            }
            let _ = writeln!(out, "#{} = {}\n", key.name, key.shown());
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

/// The reference: every section and key, what is allowed, the default, the variables.
pub fn markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    let sections = sections();
    let _ = writeln!(out, "\n## Environment variables\n");
    let _ = writeln!(out, "A variable goes before the file; one that is set to nothing counts as not set.\n");
    let _ = writeln!(out, "| variable | key |\n|---|---|");
    for section in &sections {
        for key in &section.keys {
            if let Some(variable) = key.environment {
                let _ = writeln!(out, "| `{variable}` | `{}.{}` |", section.name, key.name);
            }
        }
    }
    for section in &sections {
        let _ = writeln!(out, "\n## [{}]\n\n{}\n", section.name, paragraph(section.docs));
        let _ = writeln!(out, "| key | allowed | default | meaning |\n|---|---|---|---|");
        for key in &section.keys {
            let default = match (&key.default, key.absent) {
                (Some(default), _) => format!("`{default}`"),
                (None, absent) => absent.unwrap_or_default().to_owned(),
            };
            let _ = writeln!(out, "| `{}` | {} | {} | {} |", key.name, key.allowed, default, paragraph(key.docs));
        }
    }
    out
}

const INTRODUCTION: &str = "\
# Configuration

affectd reads one TOML file. Every key has a default, so an empty file is a good one. A key or section
that is not known is refused, and so is a value that is not allowed: nothing is guessed.

`affectd check FILE` says everything that is wrong at once, in three stages: the syntax, the meaning, and
the surroundings (models, camera, files, broker). It ends with 0 when all is well (warnings included), 78
when the file is wrong, and 1 when the surroundings are. With `--json` it says the same to a program.

A path that does not begin with `/` is taken from the folder that affectd is started in; for a service,
write whole paths.

This page and `affectd.example.toml` are made from the declarations in `src/config/as_typed.rs`;
`UPDATE_DOCS=1 cargo test --test config` writes them anew.
";

fn comment(out: &mut String, docs: &[&str]) {
    for line in docs {
        let _ = writeln!(out, "#{}", line.trim_end());
    }
}

fn paragraph(docs: &[&str]) -> String {
    let words: Vec<_> = docs.iter().map(|line| line.trim()).collect();
    words.join(" ").replace('|', "\\|")
}
