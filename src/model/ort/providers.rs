//! Execution providers: what ONNX Runtime computes on.
//!
//! Which of them a library has was decided when it was built, and whether one of those works depends on
//! drivers and other libraries. What does not work is said once and passed over; the processor, at last,
//! always works.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use ort::ep::{CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT, XNNPACK};
use tracing::warn;

/// An execution provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// NVIDIA's compiler for its graphics processors.
    TensorRt,
    /// NVIDIA's graphics processors.
    Cuda,
    /// Another set of kernels for the processor.
    Xnnpack,
    /// The processor, with ONNX Runtime's own kernels.
    Cpu,
}

impl Provider {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::TensorRt => "tensorrt",
            Self::Cuda => "cuda",
            Self::Xnnpack => "xnnpack",
            Self::Cpu => "cpu",
        }
    }

    /// Whether the library that is loaded was built with it.
    pub(super) fn is_built_in(self) -> bool {
        let asked = match self {
            Self::TensorRt => TensorRT::is_available(),
            Self::Cuda => CUDA::is_available(),
            Self::Xnnpack => XNNPACK::is_available(),
            Self::Cpu => Ok(true),
        };
        asked.unwrap_or(false)
    }

    /// What a session is told of it; nothing for the processor, which every session falls back on.
    ///
    /// `threads`: how many it may use, where it has threads of its own. `cache`: the folder for what it
    /// compiles, where it compiles.
    pub(super) fn dispatch(self, threads: NonZeroUsize, cache: Option<&Path>) -> Option<ExecutionProviderDispatch> {
        let provider = match self {
            Self::TensorRt => tensorrt(cache).build(),
            // Numbers of fewer bits would be faster, and not those of the golden vectors.
            Self::Cuda => CUDA::default().with_tf32(false).build(),
            Self::Xnnpack => XNNPACK::default().with_intra_op_num_threads(threads).build(),
            Self::Cpu => return None,
        };
        Some(provider.error_on_failure())
    }
}

fn tensorrt(cache: Option<&Path>) -> TensorRT {
    let provider = TensorRT::default();
    let Some(folder) = cache else { return provider };
    if let Err(error) = fs::create_dir_all(folder) {
        warn!(
            folder = %folder.display(), %error,
            "What TensorRT compiles cannot be kept, and is compiled at every start. Set models.cache_dir to a folder \
             that affectd may write to."
        );
        return provider;
    }
    let folder = folder.display();
    let kept = provider.with_engine_cache(true).with_engine_cache_path(folder.to_string());
    kept.with_timing_cache(true).with_timing_cache_path(folder.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensorrt_keeps_what_it_compiles_in_the_folder_or_where_there_can_be_none_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("board/pack");
        let options = format!("{:?}", tensorrt(Some(&folder)));
        for part in ["trt_engine_cache_enable", "trt_timing_cache_path", folder.to_str().unwrap()] {
            assert!(options.contains(part), "{part:?} is not in: {options}");
        }
        assert!(folder.is_dir());

        fs::write(dir.path().join("file"), "").unwrap();
        for nowhere in [Some(dir.path().join("file/pack")), None] {
            assert!(!format!("{:?}", tensorrt(nowhere.as_deref())).contains("cache"));
        }
    }

    #[test]
    fn only_the_processor_needs_no_provider() {
        let needs = |provider: Provider| provider.dispatch(NonZeroUsize::MIN, None).is_some();
        let all = [Provider::TensorRt, Provider::Cuda, Provider::Xnnpack, Provider::Cpu];
        assert_eq!(all.map(needs), [true, true, true, false]);
    }
}
