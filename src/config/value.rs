//! What a key can hold: how a value is read from TOML, described in words and written back.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

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

    fn kind(found: &DeValue<'_>, wanted: &str) -> Self {
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

impl Value for f32 {
    fn allowed() -> Cow<'static, str> {
        "a number".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        let number = match written.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|i| i as f32),
            other => return Err(not_a_number(other, "a number")),
        };
        number.filter(|n: &f32| n.is_finite()).ok_or_else(|| Invalid::because("is not a finite number"))
    }

    fn written(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl Value for u32 {
    fn allowed() -> Cow<'static, str> {
        "a whole number".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match written.get_ref() {
            DeValue::Integer(integer) => {
                Self::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| Invalid::because("is out of range"))
            }
            other => Err(not_a_number(other, "a whole number")),
        }
    }

    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for bool {
    fn allowed() -> Cow<'static, str> {
        "true or false".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match written.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            other => Err(Invalid::kind(other, "true or false")),
        }
    }

    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Text for String {
    fn allowed() -> Cow<'static, str> {
        "a text that is not empty".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        plain(text).map(str::to_owned)
    }

    fn text(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Text for PathBuf {
    fn allowed() -> Cow<'static, str> {
        "a path".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        plain(text).map(Self::from)
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string_lossy()
    }
}

impl<T: Value> Value for Option<T> {
    fn allowed() -> Cow<'static, str> {
        T::allowed()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        T::read(written).map(Some)
    }

    fn written(&self) -> Option<String> {
        self.as_ref().and_then(T::written)
    }
}

impl<T: Value> Value for Vec<T> {
    fn allowed() -> Cow<'static, str> {
        format!("a list of {}", T::allowed()).into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        let DeValue::Array(array) = written.get_ref() else {
            return Err(Invalid::kind(written.get_ref(), "a list").so("put it between [ and ]"));
        };
        let mut list = Self::with_capacity(array.len());
        for item in array {
            let within = |invalid: Invalid| Invalid {
                part: Some(item.span()),
                why: format!("has an item that {}", invalid.why),
                ..invalid
            };
            let value = T::read(item).map_err(within)?;
            if list.contains(&value) {
                return Err(within(Invalid::because("stands there twice")));
            }
            list.push(value);
        }
        Ok(list)
    }

    fn written(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(T::written).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// Finds `text` among a few names; the refusal points to the nearest.
pub(super) fn choose<T: Copy>(text: &str, choices: &[(&'static str, T)]) -> Result<T, Invalid> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let refused = Invalid::because("is not a name that is known");
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

fn not_a_number(found: &DeValue<'_>, wanted: &str) -> Invalid {
    let refused = Invalid::kind(found, wanted);
    match found {
        DeValue::String(text) if text.parse().is_ok_and(f32::is_finite) => refused.so("take the quotation marks away"),
        _ => refused,
    }
}

fn plain(text: &str) -> Result<&str, Invalid> {
    if text.is_empty() {
        return Err(Invalid::because("is empty").so("leave the line out when there is nothing to say"));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::because("holds a control character"));
    }
    Ok(text)
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
