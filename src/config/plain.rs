//! Keys that hold a number, a truth value, a text, a path, or several of something.

use std::borrow::Cow;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::value::{Invalid, Text, Value};

/// Why a number is refused that is too small or too large.
pub(super) const OUT_OF_RANGE: &str = "is out of range";

impl Value for f32 {
    fn allowed() -> Cow<'static, str> {
        "a number".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        let number = match written.get_ref() {
            // Both parse whatever TOML allows; a number too large for us becomes infinite, and one that is
            // written as infinite stays so.
            DeValue::Float(float) => float.as_str().parse().unwrap_or(Self::NAN),
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Self::INFINITY, |i| i as Self)
            }
            other => return Err(not_a_number(other, "a number")),
        };
        let says_infinite = matches!(written.get_ref(), DeValue::Float(float) if float.as_str().contains("inf"));
        match number.is_finite() {
            true => Ok(number),
            false if number.is_nan() || says_infinite => Err(Invalid::because("is not a finite number")),
            false => Err(Invalid::because(OUT_OF_RANGE)),
        }
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
                Self::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| Invalid::because(OUT_OF_RANGE))
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
        format!("a list with any of {}", T::allowed()).into()
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
                return Err(within(Invalid::because("stands there twice").so("take one of the two away")));
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
