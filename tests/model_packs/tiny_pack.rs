//! A whole pack of kind frame in a temporary folder, small enough to know every number of it.
//!
//! Its model multiplies the 4×4 input by fixed weights; the golden vectors are reckoned here, without an
//! engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use affectd::model::digest::Sha256Sum;
use affectd::model::manifest::{
    ActionUnits, Align, Embedding, Expression, FileEntry, Golden, Input, KindName, Licence, Manifest, Outputs, Plain,
    SCHEMA, Variant,
};
use affectd::model::{Channels, ModelError, Pack};
use tempfile::TempDir;
use tract_onnx::pb::GraphProto;

use crate::onnx::{file, floats, graph, node};

/// The name of the pack and its folder.
pub const NAME: &str = "tiny";
/// The ONNX file.
pub const MODEL: &str = "tiny.onnx";
/// Numbers in the input.
pub const PIXELS: usize = 16;
/// Golden samples.
pub const SAMPLES: usize = 2;
const LABELS: [&str; 8] = ["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt"];

/// A pack that is whole until a test breaks it.
pub struct TinyPack {
    registry: TempDir,
    /// What `pack.toml` says; [`TinyPack::load`] writes it out.
    pub manifest: Manifest,
}

impl TinyPack {
    /// A whole pack.
    pub fn new() -> Self {
        let registry = tempfile::tempdir().unwrap();
        fs::create_dir_all(registry.path().join(NAME).join("golden")).unwrap();
        let mut pack = Self { registry, manifest: manifest() };
        pack.put_model(&file(model(&[1, 1, 4, 4])));
        let inputs = inputs();
        pack.put_golden("input", &inputs);
        let samples = || inputs.chunks_exact(PIXELS);
        pack.put_golden("expression", &samples().flat_map(expression).collect::<Vec<_>>());
        pack.put_golden("valence_arousal", &samples().flat_map(valence_arousal).collect::<Vec<_>>());
        pack.put_golden("action_units", &samples().flat_map(action_units).collect::<Vec<_>>());
        pack.put_golden("embedding", &samples().flat_map(embedding).collect::<Vec<_>>());
        pack
    }

    /// The pack's folder.
    pub fn dir(&self) -> std::path::PathBuf {
        self.registry().join(NAME)
    }

    /// The folder above it.
    pub fn registry(&self) -> &Path {
        self.registry.path()
    }

    /// Writes the manifest as it is now.
    pub fn write_manifest(&self) {
        self.write_toml(&toml::to_string(&self.manifest).unwrap());
    }

    /// Writes a `pack.toml` of that text.
    pub fn write_toml(&self, text: &str) {
        fs::write(self.dir().join("pack.toml"), text).unwrap();
    }

    /// Writes an ONNX file and puts its right sum into the manifest.
    pub fn put_model(&mut self, onnx: &[u8]) {
        fs::write(self.dir().join(MODEL), onnx).unwrap();
        self.manifest.variants[0].sha256 = Sha256Sum::of(onnx).to_string();
    }

    /// Writes a golden file and puts its right sum into the manifest.
    pub fn put_golden(&mut self, key: &str, numbers: &[f32]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let path = format!("golden/{key}.f32");
        fs::write(self.dir().join(&path), &bytes).unwrap();
        let entry = FileEntry { file: path.into(), sha256: Sha256Sum::of(&bytes).to_string() };
        match key {
            "input" => self.golden().input = entry,
            _ => drop(self.golden().outputs.insert(key.to_owned(), entry)),
        }
    }

    /// What the manifest says of golden vectors.
    pub fn golden(&mut self) -> &mut Golden {
        self.manifest.golden.as_mut().unwrap()
    }

    /// What the manifest says of the picture.
    pub fn input(&mut self) -> &mut Input {
        self.manifest.input.as_mut().unwrap()
    }

    /// Writes the manifest and loads the pack.
    pub fn load(&self) -> Result<Pack, ModelError> {
        self.write_manifest();
        Pack::load(&self.dir())
    }
}

/// The tiny model with an input of that shape: expression, valence_arousal and action_units from weights,
/// embedding from the positive pixels.
pub fn model(input: &[i64]) -> GraphProto {
    let weights = vec![
        floats("expression_weights", &[PIXELS as i64, 8], &weights(8)),
        floats("valence_arousal_weights", &[PIXELS as i64, 2], &weights(2)),
        floats("action_units_weights", &[PIXELS as i64, 3], &weights(3)),
    ];
    let nodes = vec![
        node("Flatten", &["input"], &["flat"]),
        node("MatMul", &["flat", "expression_weights"], &["expression"]),
        node("MatMul", &["flat", "valence_arousal_weights"], &["slope"]),
        node("Tanh", &["slope"], &["valence_arousal"]),
        node("MatMul", &["flat", "action_units_weights"], &["action_units"]),
        node("Relu", &["flat"], &["embedding"]),
    ];
    graph(&[("input", input)], nodes, weights, &["embedding", "expression", "valence_arousal", "action_units"])
}

/// The golden inputs.
pub fn inputs() -> Vec<f32> {
    (0..SAMPLES * PIXELS).map(|i| (i * 5 % 13) as f32 / 6.5 - 1.0).collect()
}

/// The logits that belong to an input.
pub fn expression(input: &[f32]) -> Vec<f32> {
    product(input, 8)
}

/// The valence and arousal that belong to an input.
pub fn valence_arousal(input: &[f32]) -> Vec<f32> {
    product(input, 2).into_iter().map(f32::tanh).collect()
}

/// The logits of the action units that belong to an input.
pub fn action_units(input: &[f32]) -> Vec<f32> {
    product(input, 3)
}

/// The embedding that belongs to an input.
pub fn embedding(input: &[f32]) -> Vec<f32> {
    input.iter().map(|x| x.max(0.0)).collect()
}

fn weights(columns: usize) -> Vec<f32> {
    (0..PIXELS * columns).map(|i| (i * 7 % 11) as f32 / 10.0 - 0.5).collect()
}

fn product(input: &[f32], columns: usize) -> Vec<f32> {
    let weights = weights(columns);
    let column = |j: usize| input.iter().zip(weights.chunks_exact(columns)).map(|(x, row)| x * row[j]).sum();
    (0..columns).map(column).collect()
}

fn manifest() -> Manifest {
    let unset = || FileEntry { file: Default::default(), sha256: String::new() };
    Manifest {
        schema: SCHEMA,
        name: NAME.to_owned(),
        version: "0.1.0".to_owned(),
        kind: KindName::Frame,
        summary: "A model for tests.".to_owned(),
        licence: Licence { weights: "CC0-1.0".to_owned(), commercial_use: true, note: "made by hand".to_owned() },
        input: Some(Input { width: 4, height: 4, channels: Channels::Grey, scale: 2.0 / 255.0, offset: -1.0 }),
        align: Some(Align { right_eye: [0.3, 0.4], left_eye: [0.7, 0.4], nose: [0.5, 0.6], mouth: [0.5, 0.8] }),
        detector: None,
        window: None,
        features: None,
        reads: None,
        members: Vec::new(),
        outputs: Outputs {
            expression: Some(Expression {
                tensor: "expression".to_owned(),
                labels: LABELS.map(str::to_owned).to_vec(),
                temperature: 1.0,
            }),
            valence_arousal: Some(Plain { tensor: "valence_arousal".to_owned() }),
            action_units: Some(ActionUnits {
                tensor: "action_units".to_owned(),
                labels: ["AU12", "AU1", "AU26"].map(str::to_owned).to_vec(),
            }),
            embedding: Some(Embedding { tensor: "embedding".to_owned(), size: PIXELS as u32 }),
            compound: None,
            boxes: None,
            scores: None,
        },
        variants: vec![Variant {
            engine: "tract".to_owned(),
            file: MODEL.into(),
            sha256: String::new(),
            precision: "f32".to_owned(),
            tolerance: None,
        }],
        golden: Some(Golden { samples: SAMPLES as u32, tolerance: 1e-5, input: unset(), outputs: BTreeMap::new() }),
        data: Vec::new(),
        measured: Vec::new(),
    }
}
