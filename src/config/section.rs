//! The declaration of a section: its keys, each with its documentation, default, range and example.
//!
//! What is declared once with [`section!`] is read from the file, overridden from the environment,
//! checked, and described in the reference and the example file.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use super::problem::Place;
use super::reader::SectionReader;
use super::reference::{KeyReference, SectionReference};
use super::value::{Value, quoted};

/// Where the value of a setting comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// It was not written.
    Default,
    /// It stands at these bytes of the file.
    File(Range<usize>),
    /// It was taken from this environment variable.
    Environment(&'static str, String),
    /// What was written was refused, and a problem says so; the value is the default.
    Refused,
}

impl Origin {
    /// Where a problem of the value is, or of a `part` of it; nowhere when the value was refused already.
    pub fn place(&self, part: Option<Range<usize>>) -> Option<Place> {
        match self {
            Self::Default => Some(Place::Whole),
            Self::File(span) => Some(Place::Value(part.unwrap_or_else(|| span.clone()))),
            Self::Environment(name, text) => Some(Place::Variable(name, text.clone())),
            Self::Refused => None,
        }
    }
}

/// A value as the user typed it, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting<T> {
    /// `section.key`.
    pub key: String,
    /// The value, allowed when seen alone.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// A section of the file.
pub(super) trait Section: Sized {
    /// Its name, without brackets.
    const NAME: &'static str;

    /// Reads the section; what is wrong is told to the reader, and the default takes its place.
    fn read(reader: &mut SectionReader<'_, '_>) -> Self;

    /// The section's documentation.
    fn reference() -> SectionReference;
}

/// The declaration of a key.
pub(super) struct Key<T> {
    /// Its name within the section.
    pub name: &'static str,
    /// The value when nothing is written.
    pub default: T,
    /// The environment variable that overrides the file.
    pub variable: Option<&'static str>,
    range: Option<Bounds<T>>,
    docs: &'static [&'static str],
    example: Option<String>,
    absent: Option<&'static str>,
}

struct Bounds<T> {
    words: String,
    contains: Box<dyn Fn(&T) -> bool>,
}

impl<T: Value> Key<T> {
    /// A key with its documentation and default.
    pub fn new(name: &'static str, docs: &'static [&'static str], default: T) -> Self {
        Self { name, docs, default, range: None, example: None, absent: None, variable: None }
    }

    /// The values that are allowed.
    pub fn within(self, range: RangeInclusive<T>) -> Self
    where
        T: PartialOrd + Display + 'static,
    {
        let words = format!("from {} to {}", range.start(), range.end());
        Self { range: Some(Bounds { words, contains: Box::new(move |value| range.contains(value)) }), ..self }
    }

    /// A value for the documentation of a text that has no default.
    pub fn example(self, example: &'static str) -> Self {
        Self { example: Some(quoted(example)), ..self }
    }

    /// The same for a number.
    pub fn example_number(self, example: u32) -> Self {
        Self { example: Some(example.to_string()), ..self }
    }

    /// What happens when nothing is written and there is no default.
    pub fn absent(self, meaning: &'static str) -> Self {
        Self { absent: Some(meaning), ..self }
    }

    /// The environment variable that overrides the file.
    pub fn variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    /// What may be written, in words.
    pub fn allowed(&self) -> String {
        match &self.range {
            Some(range) => format!("{} {}", T::allowed(), range.words),
            None => T::allowed().into_owned(),
        }
    }

    /// Whether the value is within the range.
    pub fn contains(&self, value: &T) -> bool {
        self.range.as_ref().is_none_or(|range| (range.contains)(value))
    }

    /// The key's documentation.
    pub fn reference(&self) -> KeyReference {
        KeyReference {
            name: self.name,
            docs: self.docs,
            allowed: self.allowed(),
            default: self.default.written(),
            absent: self.absent,
            example: self.example.clone(),
            environment: self.variable,
        }
    }
}

/// Declares a section: `name: Type { key: type = default, attribute value…; … }` with doc comments.
///
/// The attributes are the methods of [`Key`]: `within`, `example`, `example_number`, `absent`, `variable`.
macro_rules! section {
    ($(#[doc = $doc:literal])+ $name:ident: $Section:ident {
        $($(#[doc = $key_doc:literal])+ $key:ident: $type:ty = $default:expr $(, $attribute:ident $value:expr)*;)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub(super) struct $Section { $($(#[doc = $key_doc])+ pub $key: Setting<$type>,)+ }

        impl $Section {
            $(fn $key() -> Key<$type> {
                Key::new(stringify!($key), &[$($key_doc),+], $default)$(.$attribute($value))*
            })+
        }

        impl Section for $Section {
            const NAME: &'static str = stringify!($name);

            fn read(reader: &mut SectionReader<'_, '_>) -> Self {
                Self { $($key: reader.take(Self::$key()),)+ }
            }

            fn reference() -> SectionReference {
                let keys = vec![$(Self::$key().reference(),)+];
                SectionReference { name: Self::NAME, docs: &[$($doc),+], keys }
            }
        }
    };
}

/// Declares the file as the list of its sections.
macro_rules! document {
    ($(#[doc = $doc:literal])+ $Document:ident { $($name:ident: $Section:ident),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub(super) struct $Document { $(pub $name: $Section,)+ }

        impl $Document {
            /// Reads every section.
            pub fn read(reader: &mut Reader<'_>) -> Self {
                Self { $($name: reader.section(),)+ }
            }

            /// The documentation of every section.
            pub fn reference() -> Vec<SectionReference> {
                vec![$($Section::reference(),)+]
            }
        }
    };
}

pub(super) use {document, section};
