//! What a key can hold: how a value is read from TOML, described in words and written back.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

/// Why a written value is refused.
#[derive(Debug, PartialEq)]
pub(super) struct Invalid {
    /// Completes "KEY …": "is not a finite number".
    pub why: String,
    /// What to do, when more can be said than what is allowed.
    pub remedy: Option<String>,
    /// The part at fault, when it is not the whole value.
    pub part: Option<Range<usize>>,
}

impl Invalid {
    /// A refusal of the whole value.
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: None, part: None }
    }

    /// The same refusal with a remedy.
    pub fn so(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// A refusal of a value of another type.
    pub fn kind(found: &DeValue<'_>, wanted: &str) -> Self {
        Self::because(format!("is {}, not {wanted}", described(found)))
    }
}

/// Something that a key can hold.
pub(super) trait Value: Clone + PartialEq {
    /// What may be written, in words; completes "allowed: …".
    fn allowed() -> Cow<'static, str>;

    /// Reads what was written.
    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid>;

    /// The value as TOML; `None` when there is nothing to write.
    fn written(&self) -> Option<String>;
}

/// Something that is written as text and has a form of its own.
pub(super) trait Text: Clone + PartialEq {
    /// What may be written, in words.
    fn allowed() -> Cow<'static, str>;

    /// Parses the text.
    fn parse(text: &str) -> Result<Self, Invalid>;

    /// The text that parses to this value.
    fn text(&self) -> Cow<'_, str>;
}

impl<T: Text> Value for T {
    fn allowed() -> Cow<'static, str> {
        T::allowed()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match written.get_ref() {
            DeValue::String(text) => T::parse(text),
            other => Err(Invalid::kind(other, "a text").so("put it between quotation marks")),
        }
    }

    fn written(&self) -> Option<String> {
        Some(quoted(&self.text()))
    }
}

/// Finds `text` among a few names; the refusal points to the nearest.
pub(super) fn choose<T: Copy>(text: &str, choices: &[(&'static str, T)]) -> Result<T, Invalid> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let refused = Invalid::because("is not one of the choices");
    Err(match super::nearest::nearest(text, choices.iter().map(|(name, _)| *name)) {
        Some(name) => refused.so(format!("did you mean \"{name}\"?")),
        None => refused,
    })
}

/// The names as prose: `"a", "b" or "c"`.
pub(super) fn one_of<T>(choices: &[(&'static str, T)]) -> Cow<'static, str> {
    let mut words = String::new();
    for (i, (name, _)) in choices.iter().enumerate() {
        words += match i {
            0 => "",
            _ if i + 1 == choices.len() => " or ",
            _ => ", ",
        };
        words += &quoted(name);
    }
    words.into()
}

/// A text as TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
