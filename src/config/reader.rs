//! Reads the sections out of a parsed file and notes everything that is wrong on the way.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::as_typed::AsTyped;
use super::environment::Environment;
use super::nearest::nearest;
use super::plain::OUT_OF_RANGE;
use super::problem::{Place, Problem};
use super::section::{Key, Origin, Section, Setting};
use super::value::{Invalid, Value};

/// The name of a key or section as it stands in the file.
type Name<'a> = Spanned<Cow<'a, str>>;

/// A parsed file, the environment, and what was found to be wrong.
pub(super) struct Reader<'a> {
    root: &'a DeTable<'a>,
    environment: &'a Environment,
    problems: Vec<Problem>,
}

/// The same for one section.
pub(super) struct SectionReader<'a, 'r> {
    name: &'static str,
    table: Option<&'a DeTable<'a>>,
    environment: &'a Environment,
    problems: &'r mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads a whole file; the problems are those of single keys.
    pub fn read(root: &'a DeTable<'a>, environment: &'a Environment) -> (AsTyped, Vec<Problem>) {
        let mut reader = Self { root, environment, problems: Vec::new() };
        let typed = AsTyped::read(&mut reader);
        reader.refuse_unknown();
        (typed, reader.problems)
    }

    /// Reads one section.
    pub fn section<S: Section>(&mut self) -> S {
        let table = match self.root.get(S::NAME) {
            None => None,
            Some(written) => written.get_ref().as_table().or_else(|| {
                self.problems.push(Problem {
                    place: Place::Text(written.span()),
                    key: Some(S::NAME.to_owned()),
                    message: format!("{} is a section, not a key", S::NAME),
                    note: String::new(),
                    remedy: format!("write [{}] on a line of its own, and its keys below it", S::NAME),
                });
                None
            }),
        };
        S::read(&mut SectionReader {
            name: S::NAME,
            table,
            environment: self.environment,
            problems: &mut self.problems,
        })
    }

    fn refuse_unknown(&mut self) {
        let known = AsTyped::reference();
        for (name, value) in self.root {
            let Some(section) = known.iter().find(|section| section.name == name.get_ref()) else {
                let is_section = matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_));
                self.problems.push(if is_section { unknown_section(name) } else { without_section(name) });
                continue;
            };
            for (key, _) in value.get_ref().as_table().into_iter().flatten() {
                if !section.keys.iter().any(|known| known.name == key.get_ref()) {
                    self.problems.push(unknown_key(section.name, key));
                }
            }
        }
    }
}

impl SectionReader<'_, '_> {
    /// Reads one key: the environment before the file before the default.
    pub fn take<T: Value>(&mut self, declared: Key<T>) -> Setting<T> {
        let key = format!("{}.{}", self.name, declared.name);
        let mut setting = Setting { key, value: declared.default.clone(), origin: Origin::Default };
        if let Some(written) = self.table.and_then(|table| table.get(declared.name)) {
            self.accept(&mut setting, &declared, written, Origin::File(written.span()));
        }
        if let Some((name, value)) = declared.variable.and_then(|name| Some((name, self.environment.variable(name)?))) {
            // What is not UTF-8 becomes a character that no key allows, except in paths: there it is a file
            // that does not exist, and `check` says so.
            let text = value.to_string_lossy();
            let written = Spanned::new(0..0, DeValue::String(text.as_ref().into()));
            self.accept(&mut setting, &declared, &written, Origin::Environment(name, text.clone().into_owned()));
        }
        setting
    }

    fn accept<T: Value>(
        &mut self,
        setting: &mut Setting<T>,
        declared: &Key<T>,
        written: &Spanned<DeValue<'_>>,
        origin: Origin,
    ) {
        let read = T::read(written).and_then(|value| match declared.contains(&value) {
            true => Ok(value),
            false => Err(Invalid::because(OUT_OF_RANGE)),
        });
        match read {
            Ok(value) => (setting.value, setting.origin) = (value, origin),
            Err(invalid) => {
                self.refuse(setting, declared, &origin, invalid);
                setting.origin = Origin::Refused;
            }
        }
    }

    fn refuse<T: Value>(&mut self, setting: &Setting<T>, declared: &Key<T>, origin: &Origin, invalid: Invalid) {
        let otherwise = || match (origin, declared.default.written()) {
            (Origin::Environment(name, _), _) => format!("unset {name} to have what the file says"),
            (_, Some(default)) => format!("leave the line out to have {default}"),
            (_, None) => String::new(),
        };
        self.problems.push(Problem {
            place: origin.place(invalid.part).unwrap_or(Place::Whole),
            key: Some(setting.key.clone()),
            message: format!("{} {}", setting.key, invalid.why),
            note: format!("allowed: {}", declared.allowed()),
            remedy: invalid.remedy.unwrap_or_else(otherwise),
        });
    }
}

fn unknown_section(name: &Name<'_>) -> Problem {
    let known: Vec<_> = AsTyped::reference().iter().map(|section| section.name).collect();
    let remedy = match nearest(name.get_ref(), known.iter().copied()) {
        Some(meant) => format!("did you mean [{meant}]?"),
        None => format!("the sections are {}", known.join(", ")),
    };
    unknown(name, name.to_string(), format!("there is no section {}", name.get_ref()), remedy)
}

fn without_section(name: &Name<'_>) -> Problem {
    let remedy = match section_of(name.get_ref()) {
        Some(section) => format!("write it below [{section}]"),
        None => "every key belongs to a section: write it below the line [SECTION]".to_owned(),
    };
    unknown(name, name.to_string(), format!("{} stands outside of every section", name.get_ref()), remedy)
}

fn unknown_key(section: &'static str, name: &Name<'_>) -> Problem {
    let known: Vec<_> =
        AsTyped::reference().into_iter().filter(|s| s.name == section).flat_map(|s| s.keys).map(|k| k.name).collect();
    let file = format!("{}_file", name.get_ref());
    let remedy = match (nearest(name.get_ref(), known.iter().copied()), section_of(name.get_ref())) {
        _ if known.contains(&file.as_str()) => {
            format!("write it into a file of its own, and the file's path as {file}")
        }
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, Some(other)) => format!("it belongs below [{other}]"),
        (None, None) => format!("the keys of [{section}] are {}", known.join(", ")),
    };
    let key = format!("{section}.{}", name.get_ref());
    unknown(name, key, format!("[{section}] has no key {}", name.get_ref()), remedy)
}

fn unknown(name: &Name<'_>, key: String, message: String, remedy: String) -> Problem {
    Problem { place: Place::Text(name.span()), key: Some(key), message, note: String::new(), remedy }
}

/// The section that has a key of this name.
fn section_of(key: &str) -> Option<&'static str> {
    AsTyped::reference().into_iter().find(|section| section.keys.iter().any(|k| k.name == key)).map(|s| s.name)
}
