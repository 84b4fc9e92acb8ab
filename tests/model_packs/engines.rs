//! Opening a pack's model, running it, and comparing it with its golden vectors.

use affectd::affect::{ActionUnit, Expression, Label};
use affectd::clock::SystemClock;
use affectd::model::engine::EngineError;
use affectd::model::{Engines, FrameModel, Model, ModelError, Problem, verify};
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::{Framework, InferenceModelExt, IntoRunnable, IntoTValue, Tensor, tvec};

use crate::onnx::{bytes, file, floats, graph, node};
use crate::tiny_pack::{self, PIXELS, SAMPLES, TinyPack};

/// What opening the pack says when its file has that graph, under the right sum.
fn refusal(graph: GraphProto) -> ModelError {
    let mut pack = TinyPack::new();
    pack.put_model(&file(graph));
    Model::open(&pack.load().unwrap(), &Engines::embedded()).err().expect("the model should be refused")
}

#[test]
fn a_model_gives_the_numbers_that_were_reckoned_by_hand() {
    let tiny = TinyPack::new();
    let mut model = Model::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap();
    assert_eq!(model.engine(), "tract");
    for input in tiny_pack::inputs().chunks_exact(PIXELS) {
        model.input_mut().copy_from_slice(input);
        model.run().unwrap();
        let expected = [
            tiny_pack::expression(input),
            tiny_pack::valence_arousal(input),
            tiny_pack::action_units(input),
            tiny_pack::embedding(input),
        ];
        for (i, expected) in expected.iter().enumerate() {
            let near = model.output(i).iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-5);
            assert!(near && model.output(i).len() == expected.len(), "{:?} {expected:?}", model.output(i));
        }
    }
}

#[test]
fn an_estimate_has_what_the_pack_has_heads_for() {
    let mut tiny = TinyPack::new();
    let input = tiny_pack::inputs()[..PIXELS].to_vec();
    let mut model = FrameModel::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap();
    model.input_mut().copy_from_slice(&input);
    let estimate = model.estimate().unwrap();
    let [valence, arousal] = tiny_pack::valence_arousal(&input)[..] else { unreachable!() };
    assert!((estimate.valence.unwrap().get() - valence).abs() < 1e-5);
    assert!((estimate.arousal.unwrap().get() - arousal).abs() < 1e-5);
    assert_eq!(estimate.expressions.get(Expression::Other), None);
    let logits = tiny_pack::expression(&input);
    let most = (0..8).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
    assert_eq!(estimate.expressions.top().unwrap().0.index(), most);
    let smile = 1.0 / (1.0 + (-tiny_pack::action_units(&input)[0]).exp());
    assert!((estimate.action_units.get(ActionUnit::Au12).unwrap().get() - smile).abs() < 1e-5);
    assert_eq!(estimate.action_units.iter().count(), 3);
    assert_eq!(model.embedding().unwrap(), tiny_pack::embedding(&input));

    let mut only = |change: fn(&mut TinyPack)| {
        change(&mut tiny);
        FrameModel::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap().estimate().unwrap()
    };
    let estimate = only(|pack| {
        pack.manifest.outputs.valence_arousal = None;
        pack.golden().outputs.remove("valence_arousal");
        pack.manifest.outputs.action_units = None;
        pack.golden().outputs.remove("action_units");
    });
    assert_eq!((estimate.valence, estimate.arousal), (None, None));
    assert!(estimate.action_units.is_empty());
    assert!(!estimate.expressions.is_empty());
}

#[test]
fn a_number_that_is_not_finite_is_an_error_and_no_estimate() {
    let tiny = TinyPack::new();
    let mut model = FrameModel::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap();
    model.input_mut().fill(f32::INFINITY);
    let error = model.estimate().unwrap_err();
    assert!(matches!(error.problem(), Problem::NotFinite { .. }), "{error}");
    assert!(error.to_string().contains("tiny 0.1.0"), "{error}");

    model.input_mut().fill(0.0);
    let even: Vec<f32> = model.estimate().unwrap().expressions.iter().map(|(_, p)| p.get()).collect();
    assert_eq!(even, [0.125; 8], "the model runs on after an error");
}

#[test]
fn a_truncated_file_is_refused_at_any_length_and_never_panics() {
    let mut tiny = TinyPack::new();
    let whole = file(tiny_pack::model(&[1, 1, 4, 4]));
    for length in (0..whole.len()).rev().step_by(5) {
        tiny.put_model(&whole[..length]);
        let error = Model::open(&tiny.load().unwrap(), &Engines::embedded())
            .err()
            .unwrap_or_else(|| panic!("{length} bytes were accepted"));
        let message = error.to_string();
        assert!(message.contains("tiny.onnx in tract") && message.contains("export it again"), "{message}");
    }
}

#[test]
fn as_many_labels_as_logits() {
    let mut tiny = TinyPack::new();
    let labels = &mut tiny.manifest.outputs.expression.as_mut().unwrap().labels;
    labels.truncate(7);
    tiny.put_golden("expression", &[0.0; 7 * SAMPLES]);
    let message = Model::open(&tiny.load().unwrap(), &Engines::embedded()).err().unwrap().to_string();
    for part in ["\"expression\"", "1,8", "1×7", "labels"] {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn an_input_of_another_shape_is_refused() {
    for shape in [&[1, 1, 8, 2][..], &[1, 16], &[2, 1, 4, 4]] {
        let message = refusal(tiny_pack::model(shape)).to_string();
        let found = shape.iter().map(i64::to_string).collect::<Vec<_>>().join("×");
        assert!(message.contains(&found) && message.contains("1×1×4×4"), "{message}");
    }
}

#[test]
fn a_model_with_other_inputs_or_outputs_is_refused_with_those_it_has() {
    let mut other = tiny_pack::model(&[1, 1, 4, 4]);
    other.input[0].name = "picture".to_owned();
    assert!(refusal(other).to_string().contains("its inputs are picture"));
    let mut other = tiny_pack::model(&[1, 1, 4, 4]);
    other.output.retain(|output| output.name != "embedding");
    let message = refusal(other).to_string();
    assert!(
        message.contains("no output \"embedding\"; its outputs are expression, valence_arousal and action_units"),
        "{message}"
    );
}

#[test]
fn a_node_that_the_engine_does_not_know_is_named() {
    let mut other = tiny_pack::model(&[1, 1, 4, 4]);
    other.node[4].op_type = "QLinearSigmoid".to_owned();
    let message = refusal(other).to_string();
    assert!(message.contains("QLinearSigmoid"), "{message}");
}

#[test]
fn a_pack_for_another_engine_says_which_engines_there_are() {
    let mut tiny = TinyPack::new();
    tiny.manifest.variants[0].engine = "abacus".to_owned();
    let message = Model::open(&tiny.load().unwrap(), &Engines::embedded()).err().unwrap().to_string();
    assert!(message.contains("variants for abacus, and this affectd runs tract"), "{message}");
}

#[test]
fn the_first_variant_that_suits_is_opened() {
    let mut tiny = TinyPack::new();
    let mut other = tiny.manifest.variants[0].clone();
    other.engine = "abacus".to_owned();
    tiny.manifest.variants.insert(0, other);
    assert_eq!(Model::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap().engine(), "tract");
}

#[test]
fn an_engine_that_agrees_passes_and_one_that_disagrees_is_refused() {
    let mut tiny = TinyPack::new();
    let pack = tiny.load().unwrap();
    let report = verify::compare(&pack, &pack.variants[0], &Engines::embedded(), &SystemClock).unwrap();
    assert_eq!(report.outputs.len(), 4);
    assert!(report.outputs.iter().all(|output| output.worst < 1e-5), "{report:?}");
    verify::refuse_disagreement(&pack, &report).unwrap();

    let mut wrong: Vec<f32> = tiny_pack::inputs().chunks_exact(PIXELS).flat_map(tiny_pack::valence_arousal).collect();
    wrong[3] += 0.25;
    tiny.put_golden("valence_arousal", &wrong);
    let pack = tiny.load().unwrap();
    let report = verify::compare(&pack, &pack.variants[0], &Engines::embedded(), &SystemClock).unwrap();
    let worst = report.disagreement().unwrap();
    assert_eq!((worst.output, worst.sample), ("valence_arousal", 1));
    assert!((worst.worst - 0.25).abs() < 1e-5);
    let message = verify::refuse_disagreement(&pack, &report).unwrap_err().to_string();
    assert!(message.contains("valence_arousal") && message.contains("1e-5 is tolerated"), "{message}");

    // A variant that computes otherwise may be allowed more; the others are not.
    tiny.manifest.variants[0].tolerance = Some(0.3);
    let pack = tiny.load().unwrap();
    let report = verify::compare(&pack, &pack.variants[0], &Engines::embedded(), &SystemClock).unwrap();
    verify::refuse_disagreement(&pack, &report).unwrap();
}

#[test]
fn a_golden_vector_that_is_not_finite_is_refused() {
    let mut tiny = TinyPack::new();
    let mut embedding: Vec<f32> = tiny_pack::inputs();
    embedding[5] = f32::NAN;
    tiny.put_golden("embedding", &embedding);
    let pack = tiny.load().unwrap();
    let message =
        verify::compare(&pack, &pack.variants[0], &Engines::embedded(), &SystemClock).unwrap_err().to_string();
    assert!(message.contains("golden/embedding.f32") && message.contains("NaN") && message.contains("5"), "{message}");
}

/// The tiny model with the expression logits quantised, put through those nodes, and quantised again.
pub fn quantised(middle: &[&str]) -> GraphProto {
    let mut model = tiny_pack::model(&[1, 1, 4, 4]);
    (model.node[1].name, model.node[1].output[0]) = ("logits".to_owned(), "logits".to_owned());
    model.node.extend(quantise("logits", middle, "expression"));
    model.initializer.extend([floats("scale", &[], &[0.05]), bytes("zero", &[], &[128])]);
    model
}

fn quantise(from: &str, middle: &[&str], to: &str) -> Vec<NodeProto> {
    let mut nodes = vec![node("QuantizeLinear", &[from, "scale", "zero"], &["q0"])];
    nodes.push(node("DequantizeLinear", &["q0", "scale", "zero"], &["m0"]));
    for (i, op) in middle.iter().enumerate() {
        nodes.push(node(op, &[&format!("m{i}")], &[&format!("m{}", i + 1)]));
    }
    nodes.push(node("QuantizeLinear", &[&format!("m{}", middle.len()), "scale", "zero"], &["q1"]));
    nodes.push(node("DequantizeLinear", &["q1", "scale", "zero"], &[to]));
    nodes
}

#[test]
fn a_softmax_that_is_quantised_on_both_sides_is_refused() {
    for middle in [&["Softmax"][..], &["LogSoftmax"], &["Identity", "Softmax"], &["Sigmoid", "Softmax", "Tanh"]] {
        let error = refusal(quantised(middle));
        let unsound = matches!(error.problem(), Problem::Engine { error: EngineError::Unsound { .. }, .. });
        assert!(unsound && error.to_string().contains("leave it in float"), "{error}");
    }
    for middle in [&["Sigmoid"][..], &["Tanh", "Sigmoid"], &[]] {
        let mut tiny = TinyPack::new();
        tiny.put_model(&file(quantised(middle)));
        Model::open(&tiny.load().unwrap(), &Engines::embedded()).unwrap();
    }
}

/// The reason for the refusal above: when this fails, tract has been mended, and the refusal can go.
#[test]
fn tract_is_still_silently_wrong_on_such_a_softmax() {
    let weights = vec![floats("scale", &[], &[0.05]), bytes("zero", &[], &[128])];
    let onnx = file(graph(&[("input", &[1, 4])], quantise("input", &["Softmax"], "out"), weights, &["out"]));
    let model = tract_onnx::onnx().model_for_read(&mut &onnx[..]).unwrap().into_optimized().unwrap();
    let input = Tensor::from_shape(&[1, 4], &[0.5_f32, 2.0, -1.0, 1.0]).unwrap();
    let out = model.into_runnable().unwrap().run(tvec!(input.into_tvalue())).unwrap();
    let sum: f32 = out[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().iter().sum();
    assert!(sum > 1.5, "a softmax sums to one, and tract's summed to {sum}");
}
