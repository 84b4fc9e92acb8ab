//! The real ONNX Runtime beside tract: the same numbers, the same refusals, and which of them is taken.

use affectd::geometry::Size;
use affectd::model::pack::Variant;
use affectd::model::{EngineChoice, Engines, Input, InputSpec, Kind, Model, ModelFile, Pack, Problem, Provider};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, StringStringEntryProto};

use crate::engines::quantised;
use crate::onnx::{file, file_of, graph, node, whole};
use crate::real::{PACKS, pack};
use crate::support::onnxruntime::{engines, settings};
use crate::tiny_pack::{self, PIXELS, TinyPack};

fn only_ort() -> Engines {
    engines(EngineChoice::Ort)
}

/// A tiny pack with a variant for each of the engines, both of the same file.
fn tiny(variants: &[&str]) -> TinyPack {
    let mut tiny = TinyPack::new();
    let one = tiny.manifest.variants[0].clone();
    let variant = |engine: &&str| affectd::model::manifest::Variant { engine: (*engine).to_owned(), ..one.clone() };
    tiny.manifest.variants = variants.iter().map(variant).collect();
    tiny
}

/// What ONNX Runtime says of that file as a pack's model.
fn refusal(onnx: &[u8]) -> String {
    let mut tiny = tiny(&["ort"]);
    tiny.put_model(onnx);
    Model::open(&tiny.load().unwrap(), &only_ort()).err().expect("the model should be refused").to_string()
}

/// A picture of sorts, from −1 to 1.
fn picture(length: usize) -> Vec<f32> {
    (0..length).map(|i| ((i as f32 * 0.037).sin() + (i as f32 * 0.0011).cos()) / 2.0).collect()
}

/// The pack at that size of its input, in the engine of that name, run on the picture.
fn outputs(pack: &Pack, engine: &str, size: Size) -> Vec<Vec<f32>> {
    // Of a file that computes in integers the two would not be asked to agree so closely.
    let alike = |variant: &&Variant| variant.engine == engine && variant.tolerance.is_none();
    let variant = pack.variants.iter().find(alike).unwrap();
    let file = ModelFile::read(pack, variant, &engines(EngineChoice::Auto)).unwrap();
    let outputs = match &pack.kind {
        Kind::Detector(spec) => spec.outputs_for(size, &pack.outputs),
        _ => pack.outputs.clone(),
    };
    let mut model = file.open(&pack.picture().unwrap().sized(size).shape(), &outputs).unwrap();
    let picture = picture(model.input_mut().len());
    model.input_mut().copy_from_slice(&picture);
    model.run().unwrap();
    assert_eq!(model.engine(), engine);
    (0..outputs.len()).map(|i| model.output(i).to_vec()).collect()
}

#[test]
fn both_engines_give_the_same_numbers_at_every_size() {
    for name in PACKS {
        let pack = pack(name);
        let Input::Picture(InputSpec { width, height, .. }) = pack.input else { continue };
        let shapes = match pack.kind {
            Kind::Detector(_) => vec![(width, height), (width, height - 32), (width - 32, height), (96, 96)],
            _ => vec![(width, height)],
        };
        for (width, height) in shapes {
            let size = Size { width, height };
            let (tract, ort) = (outputs(&pack, "tract", size), outputs(&pack, "ort", size));
            let far = |(a, b): (&f32, &f32)| (a - b).abs() / b.abs().max(1.0);
            let worst = tract.iter().flatten().zip(ort.iter().flatten()).map(far).fold(0.0, f32::max);
            println!("{name} {width}x{height}: {worst:e}");
            assert!(worst <= 1e-4, "{name} {width}x{height}: {worst:e}");
            assert!(ort.iter().all(|output| output.iter().any(|&v| v != output[0])), "{name} says always the same");
        }
    }
}

#[test]
fn a_run_allocates_nothing_of_ours_in_either_engine() {
    for choice in [EngineChoice::Tract, EngineChoice::Ort] {
        let mut model = Model::open(&pack("mtanet"), &engines(choice)).unwrap();
        model.run().unwrap();
        let counted = allocation_counter::measure(|| (0..10).for_each(|_| model.run().unwrap()));
        assert_eq!(counted.count_total, 0, "{choice:?}");
    }
}

#[test]
fn a_model_gives_the_numbers_that_were_reckoned_by_hand() {
    let mut model = Model::open(&tiny(&["ort"]).load().unwrap(), &only_ort()).unwrap();
    for input in tiny_pack::inputs().chunks_exact(PIXELS) {
        model.input_mut().copy_from_slice(input);
        model.run().unwrap();
        let expected = [tiny_pack::expression(input), tiny_pack::valence_arousal(input)];
        for (i, expected) in expected.iter().enumerate() {
            assert!(model.output(i).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{:?}", model.output(i));
        }
    }
}

#[test]
fn a_number_that_is_not_finite_is_an_error_and_the_model_runs_on() {
    let mut model = Model::open(&tiny(&["ort"]).load().unwrap(), &only_ort()).unwrap();
    model.input_mut().fill(f32::INFINITY);
    let error = model.run().unwrap_err();
    assert!(matches!(error.problem(), Problem::NotFinite { .. }), "{error}");
    model.input_mut().fill(0.0);
    model.run().unwrap();
    assert_eq!(model.output(0), [0.0; 8]);
}

#[test]
fn a_truncated_file_is_refused_at_any_length() {
    let whole = file(tiny_pack::model(&[1, 1, 4, 4]));
    for length in (0..whole.len()).rev().step_by(5) {
        let message = refusal(&whole[..length]);
        assert!(message.contains("tiny.onnx in ort") && message.contains("export it again"), "{message}");
    }
}

#[test]
fn whatever_byte_of_a_file_is_wrong_it_is_refused_or_run_and_the_process_goes_on() {
    let whole = file(tiny_pack::model(&[1, 1, 4, 4]));
    let (mut tiny, engines) = (tiny(&["ort"]), only_ort());
    let mut refused = 0;
    for i in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[i] ^= 0xff;
        tiny.put_model(&damaged);
        refused += usize::from(Model::open(&tiny.load().unwrap(), &engines).is_err());
    }
    assert!(refused > whole.len() / 10, "only {refused} of {} were refused", whole.len());
}

#[test]
fn a_file_of_other_shapes_is_refused_with_what_it_has() {
    let message = refusal(&file(tiny_pack::model(&[1, 1, 8, 2])));
    assert!(message.contains("1×1×8×2") && message.contains("1×1×4×4"), "{message}");
    let mut unknown = tiny_pack::model(&[1, 1, 4, 4]);
    unknown.node[4].op_type = "Abacus".to_owned();
    assert!(refusal(&file(unknown)).contains("Abacus"));

    let mut tiny = tiny(&["ort"]);
    tiny.manifest.outputs.expression.as_mut().unwrap().labels.truncate(7);
    tiny.put_golden("expression", &[0.0; 7 * tiny_pack::SAMPLES]);
    let message = Model::open(&tiny.load().unwrap(), &only_ort()).err().unwrap().to_string();
    for part in ["\"expression\"", "8", "1×7", "labels"] {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn an_output_whose_shape_only_a_run_can_tell_is_checked_by_a_run() {
    // Row and column of each number other than zero: how many that are, no file can say.
    let mut cast = node("Cast", &["rows"], &["valence_arousal"]);
    cast.attribute = vec![whole("to", DataType::Float as i64)];
    let steps = [("Flatten", "input", "flat"), ("NonZero", "flat", "places"), ("Transpose", "places", "rows")];
    let mut nodes = steps.map(|(op, from, to)| node(op, &[from], &[to])).to_vec();
    nodes.push(cast);
    let mut tiny = tiny(&["ort"]);
    (tiny.manifest.outputs.expression, tiny.manifest.outputs.action_units) = (None, None);
    tiny.manifest.outputs.embedding = None;
    tiny.golden().outputs.retain(|key, _| key == "valence_arousal");
    tiny.put_model(&file(graph(&[("input", &[1, 1, 4, 4])], nodes, Vec::new(), &["valence_arousal"])));
    let message = Model::open(&tiny.load().unwrap(), &only_ort()).err().unwrap().to_string();
    assert!(message.contains("{1,2}") && message.contains("{0,2}"), "{message}");
}

#[test]
fn numbers_in_another_file_are_read_by_neither_engine() {
    let mut outside = tiny_pack::model(&[1, 1, 4, 4]);
    let weights = &mut outside.initializer[1];
    weights.raw_data.clear();
    weights.data_location = Some(DataLocation::External as i32);
    let location = StringStringEntryProto { key: "location".to_owned(), value: "/etc/hostname".to_owned() };
    weights.external_data = vec![location];
    for engine in ["tract", "ort"] {
        let mut tiny = tiny(&[engine]);
        tiny.put_model(&file(outside.clone()));
        let message = Model::open(&tiny.load().unwrap(), &engines(EngineChoice::Auto)).err().unwrap().to_string();
        assert!(message.contains("valence_arousal_weights") && message.contains("another file"), "{message}");
    }
}

#[test]
fn a_softmax_that_is_quantised_on_both_sides_is_right_here_and_refused_by_tract_by_name() {
    let onnx = file(quantised(&["Softmax"]));
    let mut tiny = tiny(&["ort"]);
    tiny.put_model(&onnx);
    let mut model = Model::open(&tiny.load().unwrap(), &only_ort()).unwrap();
    model.input_mut().copy_from_slice(&tiny_pack::inputs()[..PIXELS]);
    model.run().unwrap();
    // Quantised in steps of 0.05, eight probabilities are off by a half step each at most.
    let sum: f32 = model.output(0).iter().sum();
    assert!((sum - 1.0).abs() <= 0.2, "a softmax sums to one, and this one to {sum}");

    tiny.manifest.variants[0].engine = "tract".to_owned();
    let message = Model::open(&tiny.load().unwrap(), &Engines::embedded()).err().unwrap().to_string();
    assert!(message.contains("tiny.onnx in tract") && message.contains("quantised on both sides"), "{message}");
}

#[test]
fn auto_takes_onnx_runtime_where_the_pack_has_a_file_for_it() {
    let auto = engines(EngineChoice::Auto);
    let engine = |variants: &[&str], engines: &Engines| {
        let tiny = tiny(variants);
        Model::open(&tiny.load().unwrap(), engines).map(|model| model.engine()).map_err(|error| error.to_string())
    };
    assert_eq!(engine(&["tract", "ort"], &auto), Ok("ort"));
    assert_eq!(engine(&["tract"], &auto), Ok("tract"));
    assert_eq!(engine(&["tract", "ort"], &Engines::embedded()), Ok("tract"));
    let message = engine(&["tract"], &only_ort()).unwrap_err();
    assert!(message.contains("variants for tract, and this affectd runs ort"), "{message}");
    let message = engine(&["ort"], &Engines::embedded()).unwrap_err();
    assert!(message.contains("runs tract; models.engine is \"tract\""), "{message}");
}

#[test]
fn in_auto_a_file_that_onnx_runtime_refuses_is_run_by_tract() {
    // A form of file from the future, which tract does not ask about.
    let future = ModelProto { ir_version: 99, ..Default::default() };
    let onnx = file_of(tiny_pack::model(&[1, 1, 4, 4]), future);
    let mut tiny = tiny(&["tract", "ort"]);
    tiny.put_model(&onnx);
    tiny.manifest.variants[1].sha256 = tiny.manifest.variants[0].sha256.clone();
    let pack = tiny.load().unwrap();
    assert_eq!(Model::open(&pack, &engines(EngineChoice::Auto)).unwrap().engine(), "tract");
    let message = Model::open(&pack, &only_ort()).err().unwrap().to_string();
    assert!(message.contains("in ort") && message.contains("99"), "{message}");
}

#[test]
fn a_provider_that_the_library_lacks_is_passed_over() {
    let mut settings = settings(EngineChoice::Ort);
    settings.providers = vec![Provider::TensorRt, Provider::Cuda, Provider::Cpu];
    let engines = Engines::start(&settings, None).unwrap();
    assert_eq!(engines.onnx_runtime().unwrap().lacking(), [Provider::TensorRt, Provider::Cuda]);
    let mut model = Model::open(&tiny(&["ort"]).load().unwrap(), &engines).unwrap();
    model.run().unwrap();

    settings.providers = vec![Provider::Cpu, Provider::Cuda];
    let engines = Engines::start(&settings, None).unwrap();
    assert_eq!(engines.onnx_runtime().unwrap().lacking(), [], "after the processor nothing is asked");
}

#[test]
fn more_threads_give_the_same_numbers() {
    let pack = pack("mtanet");
    let run = |threads: usize| {
        let mut settings = settings(EngineChoice::Ort);
        settings.threads = threads.try_into().unwrap();
        let mut model = Model::open(&pack, &Engines::start(&settings, None).unwrap()).unwrap();
        let picture = picture(model.input_mut().len());
        model.input_mut().copy_from_slice(&picture);
        model.run().unwrap();
        model.output(0).to_vec()
    };
    let (one, two) = (run(1), run(2));
    assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-5), "{one:?} {two:?}");
}
