//! Whole packs of the kinds voice, sequence and ensemble in a folder, small enough to know every number of them.
//!
//! The network is a gated recurrent unit over the rows and three heads behind its last state; the golden vectors are
//! reckoned here, without an engine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use affectd::model::digest::Sha256Sum;
use affectd::model::manifest::{
    Compound, Embedding, Expression, Features, FileEntry, Golden, KindName, Licence, Manifest, Member, Outputs, Plain,
    Reads, SCHEMA, Source, Variant, Window,
};
use affectd::model::{Predicts, Registry, RegistryError};
use tempfile::TempDir;
use tract_onnx::pb::GraphProto;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, TensorProto};

use crate::onnx::{file, floats, graph, node, whole};

/// Numbers in the state of the recurrent unit.
const STATE: usize = 3;
/// Golden samples.
const SAMPLES: usize = 2;
const BASIC: [&str; 6] = ["anger", "disgust", "fear", "happiness", "sadness", "surprise"];

/// A folder of packs that are whole until a test breaks them.
pub struct RowPacks(TempDir);

impl RowPacks {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The packs that read faces out of `checkout`, and a tiny one that reads voices, `voice`.
    #[allow(dead_code, reason = "only tests of the whole daemon use it")]
    pub fn hearing_beside(checkout: &Path) -> Self {
        let packs = Self::new();
        for pack in ["blazeface-full", "mtanet"] {
            symlink(checkout.join(pack), packs.dir().join(pack)).unwrap();
        }
        packs.put(&voice("voice"));
        packs
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.0.path()
    }

    /// Writes a pack: `pack.toml`, and what belongs to its network if it has one.
    pub fn put(&self, manifest: &Manifest) {
        put(self.dir(), manifest);
    }

    /// Loads a pack, with all that it builds on.
    pub fn pack(&self, name: &str) -> Result<affectd::model::Pack, RegistryError> {
        Registry::at(self.dir()).unwrap().pack(name)
    }
}

/// Writes a pack into a folder of packs.
pub fn put(registry: &Path, manifest: &Manifest) {
    write_pack(registry, manifest, network, |key, sample, columns, width| head(key, &state(sample, columns), width));
}

/// Writes a pack into a folder of packs that says the same of every window: `says` gives the numbers of each output.
pub fn put_constant(registry: &Path, manifest: &Manifest, says: fn(&str) -> Vec<f32>) {
    let network = |rows: usize, columns: usize, outputs: &Outputs| {
        let mut nodes = vec![node("Flatten", &["input"], &["flat"])];
        let mut weights = Vec::new();
        for (key, width) in heads(outputs) {
            let names = ["none", "sum", "bias"].map(|part| format!("{key}_{part}"));
            let [none, sum, bias] = names.each_ref().map(String::as_str);
            let (long, wide) = ((rows * columns) as i64, width as i64);
            weights.push(floats(none, &[long, wide], &vec![0.0; rows * columns * width]));
            weights.push(floats(bias, &[1, wide], &says(key)));
            nodes.push(node("MatMul", &["flat", none], &[sum]));
            nodes.push(node("Add", &[sum, bias], &[key]));
        }
        let names: Vec<_> = heads(outputs).into_iter().map(|(key, _)| key).collect();
        graph(&[("input", &[1, rows as i64, columns as i64])], nodes, weights, &names)
    };
    write_pack(registry, manifest, network, |key, _, _, _| says(key));
}

fn write_pack(
    registry: &Path,
    manifest: &Manifest,
    network: impl Fn(usize, usize, &Outputs) -> GraphProto,
    reckon: impl Fn(&str, &[f32], usize, usize) -> Vec<f32>,
) {
    let (dir, mut manifest) = (registry.join(&manifest.name), manifest.clone());
    fs::create_dir_all(dir.join("golden")).unwrap();
    let write = |path: &str, bytes: &[u8]| {
        fs::write(dir.join(path), bytes).unwrap();
        FileEntry { file: path.into(), sha256: Sha256Sum::of(bytes).to_string() }
    };
    if let (Some(window), Some(golden)) = (&manifest.window, &mut manifest.golden) {
        let (rows, columns) = (window.frames as usize, window.columns as usize);
        let model = write("model.onnx", &file(network(rows, columns, &manifest.outputs)));
        manifest.variants.iter_mut().for_each(|variant| variant.sha256 = model.sha256.clone());
        let input = inputs(rows * columns);
        let floats = |numbers: &[f32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        golden.input = write("golden/input.f32", &floats(&input));
        for (key, width) in heads(&manifest.outputs) {
            let samples = input.chunks_exact((rows * columns).max(1));
            let numbers: Vec<f32> = samples.flat_map(|sample| reckon(key, sample, columns, width)).collect();
            golden.outputs.insert(key.to_owned(), write(&format!("golden/{key}.f32"), &floats(&numbers)));
        }
    }
    fs::write(dir.join("pack.toml"), toml::to_string(&manifest).unwrap()).unwrap();
}

/// A sequence of `rows` rows on `face`, whose embedding has `size` numbers: expressions, valence and arousal, and
/// compound expressions.
pub fn sequence(name: &str, face: (&str, &str, u32), rows: u32) -> Manifest {
    let (pack, version, embedding) = (face.0.to_owned(), face.1.to_owned(), face.2);
    let step = 0.1;
    Manifest {
        window: Some(Window {
            frames: rows,
            columns: embedding + 1,
            seconds: rows as f32 * step,
            hop_frames: 1,
            hop_seconds: step,
            predicts: Some(Predicts::Newest),
        }),
        reads: Some(Reads { face: Some(Source { pack, version, embedding }), voice: None }),
        ..bare(name, KindName::Sequence)
    }
}

/// A voice of three seconds.
pub fn voice(name: &str) -> Manifest {
    let window = Window { frames: 300, columns: 65, seconds: 3.0, hop_frames: 100, hop_seconds: 1.0, predicts: None };
    let mut manifest =
        Manifest { window: Some(window), features: Some(Features::COMPUTED), ..bare(name, KindName::Voice) };
    manifest.outputs.compound = None;
    manifest.outputs.embedding = Some(Embedding { tensor: "embedding".to_owned(), size: STATE as u32 });
    manifest.outputs.expression.as_mut().unwrap().labels[7] = "calm".to_owned();
    manifest
}

/// An ensemble of members of version 0.1.0.
pub fn ensemble(name: &str, members: &[(&str, f32)]) -> Manifest {
    let member = |&(pack, weight): &(&str, f32)| Member { pack: pack.to_owned(), version: "0.1.0".to_owned(), weight };
    Manifest {
        members: members.iter().map(member).collect(),
        outputs: Outputs::default(),
        variants: Vec::new(),
        golden: None,
        ..bare(name, KindName::Ensemble)
    }
}

fn bare(name: &str, kind: KindName) -> Manifest {
    let unset = || FileEntry { file: Default::default(), sha256: String::new() };
    let owned = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
    let labels = [&["neutral"], &BASIC[..], &["contempt"]].concat();
    Manifest {
        schema: SCHEMA,
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        kind,
        summary: "A model for tests.".to_owned(),
        licence: Licence { weights: "CC0-1.0".to_owned(), commercial_use: true, note: "made by hand".to_owned() },
        input: None,
        align: None,
        detector: None,
        window: None,
        features: None,
        reads: None,
        members: Vec::new(),
        outputs: Outputs {
            expression: Some(Expression { tensor: "expression".to_owned(), labels: owned(&labels), temperature: 1.0 }),
            valence_arousal: Some(Plain { tensor: "valence_arousal".to_owned() }),
            compound: Some(Compound { tensor: "compound".to_owned(), labels: owned(&BASIC) }),
            ..Outputs::default()
        },
        variants: ["tract", "ort"].map(variant).to_vec(),
        golden: Some(Golden { samples: SAMPLES as u32, tolerance: 1e-5, input: unset(), outputs: BTreeMap::new() }),
        data: Vec::new(),
        measured: Vec::new(),
    }
}

fn variant(engine: &str) -> Variant {
    let (file, sha256) = ("model.onnx".into(), String::new());
    Variant { engine: engine.to_owned(), file, sha256, precision: "f32".to_owned(), tolerance: None }
}

/// The outputs, each with how many numbers it has.
fn heads(outputs: &Outputs) -> Vec<(&'static str, usize)> {
    let heads = [
        outputs.expression.as_ref().map(|head| ("expression", head.labels.len())),
        outputs.valence_arousal.as_ref().map(|_| ("valence_arousal", 2)),
        outputs.embedding.as_ref().map(|head| ("embedding", head.size as usize)),
        outputs.compound.as_ref().map(|head| ("compound", head.labels.len())),
    ];
    heads.into_iter().flatten().collect()
}

/// The network: input 1×rows×columns, a recurrent unit along the rows, the heads behind its last state.
fn network(rows: usize, columns: usize, outputs: &Outputs) -> GraphProto {
    let [c, h] = [columns, STATE].map(|n| n as i64);
    let mut weights = vec![
        floats("w", &[1, 3 * h, c], &spread(3 * STATE * columns, 0.9)),
        floats("r", &[1, 3 * h, h], &spread(3 * STATE * STATE, 0.7)),
        floats("b", &[1, 6 * h], &spread(6 * STATE, 0.2)),
    ];
    let mut transpose = node("Transpose", &["input"], &["along"]);
    transpose.attribute = vec![AttributeProto {
        name: "perm".to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: vec![1, 0, 2],
        ..Default::default()
    }];
    let mut gru = node("GRU", &["along", "w", "r", "b"], &["", "last"]);
    gru.attribute = vec![whole("hidden_size", h), whole("linear_before_reset", 1)];
    gru.name = "gru".to_owned();
    let mut nodes = vec![transpose, gru, node("Flatten", &["last"], &["state"])];
    for (key, width) in heads(outputs) {
        let by = format!("{key}_weights");
        let product = if key == "valence_arousal" { "slope" } else { key };
        weights.push(weight(&by, width));
        nodes.push(node("MatMul", &["state", &by], &[product]));
    }
    if outputs.valence_arousal.is_some() {
        nodes.push(node("Tanh", &["slope"], &["valence_arousal"]));
    }
    let names: Vec<_> = heads(outputs).into_iter().map(|(key, _)| key).collect();
    graph(&[("input", &[1, rows as i64, c])], nodes, weights, &names)
}

fn weight(name: &str, width: usize) -> TensorProto {
    floats(name, &[STATE as i64, width as i64], &spread(STATE * width, 2.0))
}

/// Numbers within ±`reach` that follow no simple pattern.
fn spread(count: usize, reach: f32) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 + 11) % 23) as f32 / 11.0 * reach - reach).collect()
}

/// The golden inputs.
fn inputs(numbers: usize) -> Vec<f32> {
    (0..SAMPLES * numbers).map(|i| (i * 5 % 13) as f32 / 6.5 - 1.0).collect()
}

/// The last state of the recurrent unit over the rows of one sample, as PyTorch defines it.
fn state(sample: &[f32], columns: usize) -> Vec<f32> {
    let (w, r, b) = (spread(3 * STATE * columns, 0.9), spread(3 * STATE * STATE, 0.7), spread(6 * STATE, 0.2));
    let mut state = vec![0.0_f32; STATE];
    for row in sample.chunks_exact(columns.max(1)) {
        let dot = |weights: &[f32], x: &[f32]| weights.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
        let from_row = |i: usize| dot(&w[i * columns..][..columns], row) + b[i];
        let from_state = |i: usize| dot(&r[i * STATE..][..STATE], &state) + b[3 * STATE + i];
        let gate = |i: usize| 1.0 / (1.0 + (-from_row(i) - from_state(i)).exp());
        let next = |i: usize| {
            let (update, reset) = (gate(i), gate(STATE + i));
            let candidate = (from_row(2 * STATE + i) + reset * from_state(2 * STATE + i)).tanh();
            (1.0 - update) * candidate + update * state[i]
        };
        state = (0..STATE).map(next).collect();
    }
    state
}

/// What a head makes of a state.
fn head(key: &str, state: &[f32], width: usize) -> Vec<f32> {
    let weights = spread(STATE * width, 2.0);
    let column = |j: usize| state.iter().zip(weights.chunks_exact(width)).map(|(x, row)| x * row[j]).sum::<f32>();
    (0..width).map(|j| if key == "valence_arousal" { column(j).tanh() } else { column(j) }).collect()
}
