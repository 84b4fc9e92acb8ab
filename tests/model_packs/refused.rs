//! A pack that is wrong is refused with a message that names the pack, the place, what was found and what
//! to do.

use std::fs;
use std::path::PathBuf;

use affectd::model::manifest::{Detector, Measured};
use affectd::model::{Layout, Pack, Problem, Registry, RegistryError};

use crate::tiny_pack::{MODEL, NAME, TinyPack};

/// Loads a pack after a change to its manifest, and gives the refusal's message.
fn refusal(change: impl FnOnce(&mut TinyPack)) -> String {
    let mut pack = TinyPack::new();
    change(&mut pack);
    pack.load().expect_err("the pack should be refused").to_string()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn a_whole_pack_loads() {
    let pack = TinyPack::new().load().unwrap();
    assert_eq!((pack.id(), pack.kind.name()), ("tiny 0.1.0".to_owned(), "frame"));
    let keys: Vec<_> = pack.outputs.iter().map(|o| (o.key, o.numbers())).collect();
    assert_eq!(keys, [("expression", 8), ("valence_arousal", 2), ("action_units", 3), ("embedding", 16)]);
}

#[test]
fn a_missing_folder_is_named() {
    let message = Pack::load(&PathBuf::from("/nowhere/mtanet")).unwrap_err().to_string();
    assert_says(&message, &["/nowhere/mtanet", "no such folder", "make models"]);
}

#[test]
fn a_folder_without_a_manifest_is_not_a_pack() {
    let message = Pack::load(TinyPack::new().registry()).unwrap_err().to_string();
    assert_says(&message, &["no pack.toml"]);
}

#[test]
fn a_syntax_error_is_shown_with_its_line() {
    let pack = TinyPack::new();
    pack.write_toml("schema = 1\nname = \"tiny\"\nversion = = 2\n");
    let message = Pack::load(&pack.dir()).unwrap_err().to_string();
    assert_says(&message, &["pack.toml, line 3", "version = = 2"]);
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let pack = TinyPack::new();
    pack.write_manifest();
    let path = pack.dir().join("pack.toml");
    let text = fs::read_to_string(&path).unwrap().replace("temperature =", "temprature =");
    let line = text.lines().position(|line| line.contains("temprature")).unwrap() + 1;
    fs::write(path, text).unwrap();
    let message = Pack::load(&pack.dir()).unwrap_err().to_string();
    assert_says(&message, &[&format!("line {line} "), "temprature", "temperature"]);
}

#[test]
fn another_schema_is_refused_before_its_unknown_keys() {
    let pack = TinyPack::new();
    pack.write_toml("schema = 2\nsomething_new = true\n");
    let error = Pack::load(&pack.dir()).unwrap_err();
    assert!(matches!(error.problem(), Problem::Schema { found: 2, known: 1 }), "{error}");
    assert_says(&error.to_string(), &["schema = 2", "schema 1", "matching"]);
}

#[test]
fn a_file_of_another_sum_is_refused_with_both_sums_and_the_remedy() {
    let pack = TinyPack::new();
    let path = pack.dir().join(MODEL);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let message = pack.load().unwrap_err().to_string();
    let found = affectd::model::digest::Sha256Sum::of(&bytes).to_string();
    assert_says(&message, &["tiny 0.1.0", MODEL, &found, &pack.manifest.variants[0].sha256, "make models"]);
}

#[test]
fn a_missing_onnx_file_says_that_make_models_fetches_it() {
    let message = refusal(|pack| fs::remove_file(pack.dir().join(MODEL)).unwrap());
    assert_says(&message, &["tiny.onnx is missing", "make models", "fetched"]);
}

#[test]
fn a_golden_file_of_another_length_is_refused() {
    let message = refusal(|pack| pack.put_golden("embedding", &[0.5; 7]));
    assert_says(&message, &["golden/embedding.f32", "28 bytes", "128 are needed", "2 samples of 16"]);
}

#[test]
fn a_path_that_leaves_the_pack_is_refused() {
    for path in ["../tiny.onnx", "/etc/passwd", "golden/../../tiny.onnx", "."] {
        let message = refusal(|pack| pack.manifest.variants[0].file = path.into());
        assert_says(&message, &["variant 1: file", path, "within the pack's folder"]);
    }
    let message = refusal(|pack| pack.golden().input.file = "../input.f32".into());
    assert_says(&message, &["golden.input: file", "../input.f32"]);
}

#[test]
fn a_label_that_nobody_knows_is_refused_with_those_that_exist() {
    let message = refusal(|pack| pack.manifest.outputs.expression.as_mut().unwrap().labels[3] = "ennui".to_owned());
    assert_says(&message, &["outputs.expression.labels", "\"ennui\"", "neutral", "contempt, other and calm"]);
    let message = refusal(|pack| pack.manifest.outputs.action_units.as_mut().unwrap().labels[1] = "AU3".to_owned());
    assert_says(&message, &["outputs.action_units.labels", "\"AU3\"", "AU1, ", "AU25 and AU26"]);
}

#[test]
fn a_head_without_labels_is_refused() {
    let message = refusal(|pack| pack.manifest.outputs.action_units.as_mut().unwrap().labels.clear());
    assert_says(&message, &["outputs.action_units.labels", "[]", "order of the logits"]);
}

#[test]
fn a_label_that_stands_twice_is_refused() {
    let message = refusal(|pack| pack.manifest.outputs.expression.as_mut().unwrap().labels[3] = "anger".to_owned());
    assert_says(&message, &["outputs.expression.labels", "\"anger\"", "twice"]);
}

#[test]
fn numbers_that_are_not_finite_or_out_of_range_are_refused_by_key() {
    type Change = fn(&mut TinyPack);
    let cases: [(&str, Change); 10] = [
        ("input.scale = NaN", |p| p.input().scale = f32::NAN),
        ("input.scale = 0", |p| p.input().scale = 0.0),
        ("input.offset = inf", |p| p.input().offset = f32::INFINITY),
        ("input.width = 0", |p| p.input().width = 0),
        ("input.height = 99999", |p| p.input().height = 99_999),
        ("outputs.expression.temperature = 0", |p| {
            p.manifest.outputs.expression.as_mut().unwrap().temperature = 0.0;
        }),
        ("variant 1.tolerance = -1", |p| p.manifest.variants[0].tolerance = Some(-1.0)),
        ("golden.tolerance = NaN", |p| p.golden().tolerance = f32::NAN),
        ("golden.samples = 0", |p| p.golden().samples = 0),
        ("align.nose = [0.5, 1.5]", |p| p.manifest.align.as_mut().unwrap().nose = [0.5, 1.5]),
    ];
    for (says, change) in cases {
        assert_says(&refusal(change), &["tiny", says]);
    }
}

#[test]
fn eyes_that_are_swapped_are_refused() {
    let message = refusal(|pack| {
        let align = pack.manifest.align.as_mut().unwrap();
        std::mem::swap(&mut align.right_eye, &mut align.left_eye);
    });
    assert_says(&message, &["align.right_eye", "the person's own"]);
}

#[test]
fn what_a_kind_needs_must_be_there_and_what_it_has_not_must_not() {
    let message = refusal(|pack| pack.manifest.align = None);
    assert_says(&message, &["no align", "\"frame\" needs"]);
    let message = refusal(|pack| {
        pack.manifest.detector = Some(Detector { layout: Layout::FullRange, score_threshold: 0.5, resizable: false });
    });
    assert_says(&message, &["detector", "remove it"]);
    let message = refusal(|pack| {
        pack.manifest.outputs.expression = None;
        pack.manifest.outputs.valence_arousal = None;
        pack.manifest.outputs.action_units = None;
    });
    assert_says(&message, &["outputs.expression, outputs.valence_arousal, outputs.action_units or outputs.compound"]);
}

#[test]
fn every_output_has_golden_vectors_and_nothing_else_has() {
    let message = refusal(|pack| drop(pack.golden().outputs.remove("embedding")));
    assert_says(&message, &["golden.outputs.embedding is missing"]);
    let message = refusal(|pack| pack.put_golden("pose", &[0.0; 4]));
    assert_says(&message, &["golden.outputs", "\"pose\"", "no such output"]);
}

#[test]
fn a_name_version_or_date_that_does_not_parse_is_refused() {
    assert_says(&refusal(|p| p.manifest.name = "../tiny".to_owned()), &["name", "../tiny", "lower-case"]);
    assert_says(&refusal(|p| p.manifest.version = "0.1".to_owned()), &["version", "\"0.1\"", "0.1.0"]);
    let message = refusal(|pack| {
        pack.manifest.measured.push(Measured {
            what: "accuracy".to_owned(),
            value: 0.5,
            on: "nothing".to_owned(),
            command: "true".to_owned(),
            date: "yesterday".to_owned(),
        });
    });
    assert_says(&message, &["measured 1: date", "yesterday", "YYYY-MM-DD"]);
}

#[test]
fn a_registry_says_where_it_looked_and_what_there_is() {
    let empty = tempfile::tempdir().unwrap();
    let message = Registry::at(empty.path()).unwrap_err().to_string();
    assert_says(&message, &[&empty.path().display().to_string(), "make models", "AFFECTD_MODELS"]);

    let pack = TinyPack::new();
    pack.write_manifest();
    let registry = Registry::at(pack.registry()).unwrap();
    assert_eq!(registry.pack(NAME).unwrap().name, NAME);
    let message = registry.pack("mtanet").unwrap_err().to_string();
    assert_says(&message, &["\"mtanet\"", &pack.registry().display().to_string(), "there are tiny"]);
}

#[test]
fn a_pack_in_a_folder_of_another_name_is_refused() {
    let pack = TinyPack::new();
    pack.write_manifest();
    fs::rename(pack.dir(), pack.registry().join("huge")).unwrap();
    let registry = Registry::at(pack.registry()).unwrap();
    let Err(RegistryError::Model(error)) = registry.pack("huge") else { panic!("it should be refused") };
    assert_says(&error.to_string(), &["name = \"tiny\"", "\"huge\""]);
}

#[test]
fn a_folder_that_someone_said_stands_alone_and_is_never_passed_over() {
    use affectd::model::registry::candidates;
    let said = PathBuf::from("/said/so");
    let executable = PathBuf::from("/src/affectd/target/release/affectd");
    assert_eq!(candidates(Some(&said), Some(&executable)), [said]);
    let usual = candidates(None, Some(&executable));
    assert_eq!(usual[0], PathBuf::from("models"));
    assert!(usual.contains(&PathBuf::from("/src/affectd/target/release/../../models")));
}
