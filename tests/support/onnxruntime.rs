//! The real ONNX Runtime, and engines that have it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use affectd::model::{EngineChoice, EngineSettings, Engines, Provider};

/// The library that `make onnxruntime` fetches.
pub fn library() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/libonnxruntime.so");
    let library = std::env::var_os("AFFECTD_TEST_ONNXRUNTIME").map_or_else(usual, PathBuf::from);
    assert!(library.exists(), "this test needs the real {}: run `make onnxruntime`", library.display());
    library
}

/// Settings that choose so, with the real library.
pub fn settings(choice: EngineChoice) -> EngineSettings {
    EngineSettings {
        choice,
        library: Some(library()),
        providers: vec![Provider::Cpu],
        threads: NonZeroUsize::MIN,
        cache: "/nonexistent".into(),
    }
}

/// Engines that choose so, with the real library.
pub fn engines(choice: EngineChoice) -> Engines {
    Engines::start(&settings(choice), None).unwrap_or_else(|error| panic!("{error}"))
}
