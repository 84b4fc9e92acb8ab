//! The heads of a model of a face, a voice or a sequence, and the outputs that they read.

use super::Problem;
use crate::affect::{Expression, Label};
use crate::model::error::list;
use crate::model::manifest::Outputs;
use crate::model::spec::{ActionUnitHead, CompoundHead, ExpressionHead, Heads, OutputSpec};
use crate::model::value::{above_zero, bad, quoted, within};

/// The longest embedding.
pub(super) const MAX_EMBEDDING: u32 = 65_536;

/// What compound expressions are made of.
const BASIC: [Expression; 6] = [
    Expression::Anger,
    Expression::Disgust,
    Expression::Fear,
    Expression::Happiness,
    Expression::Sadness,
    Expression::Surprise,
];

/// The heads of a pack of that kind, and the outputs that they read, in the order of their places.
pub(super) fn heads(typed: &Outputs, kind: &'static str) -> Result<(Heads, Vec<OutputSpec>), Problem> {
    let tells = typed.expression.is_some()
        || typed.valence_arousal.is_some()
        || typed.action_units.is_some()
        || typed.compound.is_some();
    if !tells {
        let key = match kind {
            "voice" => "outputs.expression, outputs.valence_arousal or outputs.action_units",
            _ => "outputs.expression, outputs.valence_arousal, outputs.action_units or outputs.compound",
        };
        return Err(Problem::Absent { key: key.to_owned(), kind });
    }
    let mut outputs = Vec::new();
    let mut add = |key, tensor: &str, numbers| {
        outputs.push(OutputSpec { key, tensor: tensor.to_owned(), shape: vec![1, numbers] });
        outputs.len() - 1
    };
    let mut heads = Heads::default();
    if let Some(head) = &typed.expression {
        let labels = labels("outputs.expression.labels", "expressions", Expression::ALL, &head.labels)?;
        if labels.len() < 2 {
            let wanted = "write two labels or more, in the order of the logits";
            return Err(bad("outputs.expression.labels", format!("{:?}", head.labels), wanted));
        }
        let temperature = above_zero("outputs.expression.temperature", head.temperature)?;
        let output = add("expression", &head.tensor, labels.len());
        heads.expression = Some(ExpressionHead { output, labels, temperature });
    }
    heads.valence_arousal = typed.valence_arousal.as_ref().map(|head| add("valence_arousal", &head.tensor, 2));
    if let Some(head) = &typed.action_units {
        let labels = labels("outputs.action_units.labels", "action units", Label::ALL, &head.labels)?;
        heads.action_units = Some(ActionUnitHead { output: add("action_units", &head.tensor, labels.len()), labels });
    }
    if let Some(head) = &typed.embedding {
        let size = within("outputs.embedding.size", head.size, MAX_EMBEDDING)?;
        heads.embedding = Some(add("embedding", &head.tensor, size));
    }
    if let Some(head) = &typed.compound {
        let key = "outputs.compound.labels";
        let labels = labels(key, "expressions that compound ones are made of", &BASIC, &head.labels)?;
        let labels = <[Expression; 6]>::try_from(labels)
            .map_err(|_| bad(key, format!("{:?}", head.labels), format!("write all of {}", names(&BASIC))))?;
        heads.compound = Some(CompoundHead { output: add("compound", &head.tensor, labels.len()), labels });
    }
    Ok((heads, outputs))
}

/// The labels of a head, in the order of its logits, each one of `all`.
fn labels<L: Label>(key: &'static str, what: &str, all: &[L], typed: &[String]) -> Result<Vec<L>, Problem> {
    let mut labels = Vec::with_capacity(typed.len());
    for name in typed {
        let label = L::from_name(name)
            .filter(|label| all.contains(label))
            .ok_or_else(|| bad(key, quoted(name), format!("the {what} are {}", names(all))))?;
        if labels.contains(&label) {
            return Err(bad(key, quoted(name), "it stands there twice; each label has one logit"));
        }
        labels.push(label);
    }
    if labels.is_empty() {
        return Err(bad(key, "[]", "write the labels in the order of the logits"));
    }
    Ok(labels)
}

fn names<L: Label>(labels: &[L]) -> String {
    list(&labels.iter().map(|label| label.name()).collect::<Vec<_>>())
}
