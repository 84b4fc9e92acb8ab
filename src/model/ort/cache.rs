//! Where providers keep what they compile.
//!
//! TensorRT builds an engine of each network at its first start, which takes minutes on a small board, and
//! can keep it. What it keeps suits one board, one file and one ONNX Runtime: each combination has a folder
//! of its own, so that nothing stale is ever picked up.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use crate::model::digest::Sha256Sum;

/// Where Linux says what board it runs on; other machines have no such file.
const BOARD: &str = "/sys/firmware/devicetree/base/model";

/// The most characters of a folder's name that are kept as they are.
const LONGEST: usize = 64;

/// The folder, below the cache directory, for what is compiled of one ONNX file.
///
/// `board` is the machine's name, `pack` the pack's name and version, `sha256` the file's sum, `runtime`
/// the version of ONNX Runtime. Others give another folder.
pub fn folder(board: &str, pack: &str, sha256: &Sha256Sum, runtime: &str) -> PathBuf {
    [board, pack, &sha256.to_string(), runtime].map(name).iter().collect()
}

/// What the board is called; machines that have no name of their own are called by their processor.
pub fn board() -> String {
    let model = fs::read_to_string(BOARD).unwrap_or_default();
    match model.trim_matches(|c: char| c == '\0' || c.is_whitespace()) {
        "" => std::env::consts::ARCH.to_owned(),
        model => model.to_owned(),
    }
}

/// A folder's name that no other text gets.
fn name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut name: String = text.chars().take(LONGEST).map(|c| if plain(c) { c } else { '-' }).collect();
    if name != text || name.starts_with('.') || name.is_empty() {
        let sum = Sha256Sum::of(text.as_bytes()).to_string();
        // Writing to a String cannot fail. A name that is kept as it is has no `~`.
        let _ = write!(name, "~{}", &sum[..16]);
        return name.trim_start_matches('.').to_owned();
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_folder_tells_board_pack_file_and_runtime() {
        let sum = Sha256Sum::of(b"a model");
        let folder = folder("jetson", "mtanet", &sum, "1.31.1");
        assert_eq!(folder, PathBuf::from(format!("jetson/mtanet/{sum}/1.31.1")));
    }

    #[test]
    fn a_name_that_is_no_folders_name_becomes_one_and_stays_apart_from_its_likes() {
        let names = ["NVIDIA Jetson Orin", "NVIDIA-Jetson-Orin", "NVIDIA/Jetson Orin", "..", ".", ""].map(name);
        assert!(names[0].starts_with("NVIDIA-Jetson-Orin~"), "{names:?}");
        let apart: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(apart.len(), names.len(), "{names:?}");
    }

    proptest! {
        #[test]
        fn whatever_the_names_the_folder_stays_below_the_cache_and_differs_with_each(
            a in prop::array::uniform3("\\PC{0,80}"), b in prop::array::uniform3("\\PC{0,80}"),
        ) {
            let sum = Sha256Sum::of(b"a model");
            let of = |[board, pack, runtime]: &[String; 3]| folder(board, pack, &sum, runtime);
            let names = of(&a);
            prop_assert_eq!(names.components().count(), 4);
            prop_assert!(names.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert_eq!(a == b, of(&a) == of(&b));
        }
    }
}
