//! The boards that affectd knows: the files of `boards`, as they were when the program was built.

use super::{Board, BoardError};

/// The name and file of each board.
macro_rules! known {
    ($($name:literal),+ $(,)?) => {
        /// The names of all boards.
        pub const NAMES: &[&str] = &[$($name),+];

        const FILES: &[(&str, &str)] = &[$(
            ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/boards/", $name, "/board.toml")))
        ),+];
    };
}

known!["jetson-orin-nano", "jetson-nano", "raspberry-pi-5", "raspberry-pi-4", "rk3588", "qemu-virt"];

/// Every board.
///
/// # Errors
/// When one of the files is wrong, which a test rules out.
pub fn all() -> Result<Vec<Board>, BoardError> {
    FILES.iter().map(|(name, text)| Board::parse(name, text)).collect()
}

/// The board of that name, if there is one.
///
/// # Errors
/// When its file is wrong, which a test rules out.
pub fn named(name: &str) -> Result<Option<Board>, BoardError> {
    FILES.iter().find(|(known, _)| *known == name).map(|(name, text)| Board::parse(name, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_board_loads_and_has_a_page_for_people() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("boards");
        for board in all().unwrap() {
            let page = fs::read_to_string(folder.join(&board.name).join("README.md")).unwrap();
            for part in ["## What to flash", "## Camera", "## Microphone", "## The configuration", "## Measured"] {
                assert!(page.contains(part), "{}: {part:?} is missing", board.name);
            }
        }
    }

    #[test]
    fn every_folder_is_a_board_that_is_known() {
        let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("boards")).unwrap();
        let folders: BTreeSet<_> = folders
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        assert_eq!(folders, NAMES.iter().map(|&name| name.to_owned()).collect());
    }

    #[test]
    fn no_two_boards_are_known_by_the_same_sign() {
        let mut seen = BTreeSet::new();
        for board in all().unwrap() {
            for sign in board.compatible.iter().chain(&board.dmi) {
                assert!(seen.insert(sign.clone()), "{}: {sign} stands twice", board.name);
            }
        }
    }

    #[test]
    fn the_configuration_on_every_page_is_a_valid_one() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("boards");
        for name in NAMES {
            let page = fs::read_to_string(folder.join(name).join("README.md")).unwrap();
            let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
            let environment = crate::config::Environment::named("kiosk");
            crate::config::parse(name, block, &environment).unwrap_or_else(|errors| panic!("{errors}"));
        }
    }
}
