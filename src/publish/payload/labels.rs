//! Labels as they stand in a payload: by name, `"unknown"` when the estimate is unsure; their
//! probabilities as an object from name to number.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::number::Unit;
use crate::affect::{Label, Scores};
use crate::publish::state::Answer;

/// What stands for a label when the estimate is too unsure to name one.
pub const UNKNOWN: &str = "unknown";

/// A label's name, or [`UNKNOWN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<L>(Option<L>);

impl<L: Label> Serialize for Named<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.map_or(UNKNOWN, L::name))
    }
}

/// A probability by label name, in label order; a label that the pack does not know is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByLabel<L, const N: usize>(Scores<L, N>);

impl<L: Label, const N: usize> ByLabel<L, N> {
    /// The probabilities; `None` when there are none.
    pub(super) fn of(scores: Scores<L, N>) -> Option<Self> {
        (!scores.is_empty()).then_some(Self(scores))
    }
}

impl<L: Label, const N: usize> Serialize for ByLabel<L, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (label, probability) in self.0.iter() {
            map.serialize_entry(label.name(), &Unit::from(probability))?;
        }
        map.end()
    }
}

/// Which label appears, how sure that is, and the probability of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline, bound = "L: Label"))]
#[serde(bound = "L: Label")]
pub struct Judgement<L, const N: usize> {
    /// The label that appears, or "unknown" when the estimate is too unsure to name one.
    label: Named<L>,
    /// The probability of the label, or of the strongest candidate when it is "unknown".
    confidence: Unit,
    /// The probability of each label that the pack knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<ByLabel<L, N>>,
}

impl<L: Label, const N: usize> Judgement<L, N> {
    /// An answer with its probabilities.
    pub(super) fn of(answer: Answer<L>, scores: Scores<L, N>) -> Self {
        let Answer { label, confidence } = answer;
        Self { label: Named(label), confidence: confidence.into(), probabilities: ByLabel::of(scores) }
    }
}

#[cfg(test)]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde_json::{Map, Value};

    use super::*;

    impl<L: Label> JsonSchema for Named<L> {
        fn schema_name() -> Cow<'static, str> {
            "Named".into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = L::ALL.iter().map(|label| label.name()).chain([UNKNOWN]).collect();
            json_schema!({ "type": "string", "enum": names })
        }
    }

    impl<L: Label, const N: usize> JsonSchema for ByLabel<L, N> {
        fn schema_name() -> Cow<'static, str> {
            "ByLabel".into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let number = Unit::json_schema(generator).to_value();
            let names = L::ALL.iter().map(|label| (label.name().to_owned(), number.clone()));
            let properties = Value::Object(names.collect::<Map<_, _>>());
            json_schema!({
                "type": "object",
                "properties": properties,
                "minProperties": 1,
                "additionalProperties": false
            })
        }
    }
}
