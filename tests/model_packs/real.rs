//! The packs of this repository: they are whole, and the engines agree with the training framework.

use std::path::Path;

use affectd::clock::SystemClock;
use affectd::model::{EngineChoice, Engines, FrameModel, Kind, Pack, Registry, verify};

use crate::support::onnxruntime::engines;

pub const PACKS: [&str; 4] = ["blazeface-full", "blazeface-short", "geometry", "mtanet"];

pub fn pack(name: &str) -> Pack {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let pack = Registry::at(&dir).and_then(|registry| registry.pack(name));
    pack.unwrap_or_else(|e| panic!("{e}\nThis test needs the real packs: run `make models` first."))
}

#[test]
fn every_engine_agrees_with_the_golden_vectors_of_every_pack() {
    let engines = engines(EngineChoice::Auto);
    for name in PACKS {
        let (pack, mut run) = (pack(name), Vec::new());
        for variant in pack.variants.iter().filter(|variant| engines.has(&variant.engine)) {
            let report = verify::compare(&pack, variant, &engines, &SystemClock).unwrap();
            println!("{name}: {report:?}");
            run.push(report.engine);
            verify::refuse_disagreement(&pack, &report).unwrap();
        }
        run.dedup();
        assert_eq!(run, ["tract", "ort"], "{name}");
    }
}

#[test]
fn the_face_pack_estimates_valence_arousal_and_expressions() {
    let pack = pack("mtanet");
    assert!(matches!(pack.kind, Kind::Frame(_)));
    let mut model = FrameModel::open(&pack, &Engines::embedded()).unwrap();
    let estimate = model.estimate().unwrap();
    assert!(estimate.valence.is_some() && estimate.arousal.is_some());
    let sum: f32 = estimate.expressions.iter().map(|(_, p)| p.get()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}
