//! Which board this is, and what is known of it.
//!
//! ```text
//!  device tree, DMI ─► Signs ─► recognise ─► Board ◄─ boards/NAME/board.toml
//! ```
//!
//! What is known of a board stands in its `board.toml`, which is part of the program: a folder that is not
//! installed, or is of another version, cannot change which board this is. The pages for people lie beside it.

use std::path::Path;

use serde::Deserialize;
use thiserror::Error;

use crate::capture::Address;
use crate::config::{engine_named, provider_named};
use crate::model::{EngineChoice, Provider};

mod known;
mod signs;

pub use known::{NAMES, all, named};
pub use signs::Signs;

/// A board that affectd knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// Its name, which is that of its folder: `raspberry-pi-5`.
    pub name: String,
    /// What people call it: "Raspberry Pi 5".
    pub title: String,
    /// The `compatible` texts of the device tree by which it is known.
    pub compatible: Vec<String>,
    /// The product names of the DMI table by which it is known, where there is no device tree.
    pub dmi: Vec<String>,
    /// The camera to begin with.
    pub camera: Address,
    /// The microphone to begin with.
    pub sound: Address,
    /// The engine to begin with.
    pub engine: EngineChoice,
    /// What ONNX Runtime is to compute on, the preferred first.
    pub providers: Vec<Provider>,
    /// The thermal zones that tell how warm the processor is; those that this kernel has are looked at. When empty,
    /// all are.
    pub thermal_zones: Vec<String>,
    /// What whoever sets the board up should know, a sentence each.
    pub notes: Vec<String>,
}

/// What is wrong with a `board.toml`.
#[derive(Debug, Error)]
pub enum BoardError {
    /// It is not TOML, or a key is missing or not known.
    #[error("the board file {name} cannot be read: {reason}")]
    Form {
        /// The board.
        name: String,
        /// What the reader of TOML said.
        reason: String,
    },
    /// A key's value is not allowed.
    #[error("the board file {name} is wrong: {key} = {value:?}; {remedy}")]
    Value {
        /// The board.
        name: String,
        /// The key.
        key: &'static str,
        /// What is written.
        value: String,
        /// What to write.
        remedy: &'static str,
    },
}

/// A `board.toml` as it is typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    title: String,
    #[serde(rename = "match")]
    compatible: Vec<String>,
    #[serde(default)]
    dmi: Vec<String>,
    camera: String,
    sound: String,
    engine: String,
    providers: Vec<String>,
    thermal_zones: Vec<String>,
    notes: Vec<String>,
}

impl Board {
    /// Reads the `board.toml` of the board of that name.
    ///
    /// # Errors
    /// When a key is missing, not known, or its value is not allowed.
    pub fn parse(name: &str, text: &str) -> Result<Self, BoardError> {
        let typed: Typed = toml::from_str(text)
            .map_err(|error| BoardError::Form { name: name.to_owned(), reason: error.message().to_owned() })?;
        let wrong = |key, value: &str, remedy| BoardError::Value {
            name: name.to_owned(),
            key,
            value: value.to_owned(),
            remedy,
        };
        if typed.name != name {
            return Err(wrong("name", &typed.name, "write the name of its folder"));
        }
        for (key, text) in [("title", &typed.title)].into_iter().chain(typed.signs()) {
            if text.trim().is_empty() {
                return Err(wrong(key, text, "write something, or leave it out of the list"));
            }
        }
        if typed.compatible.is_empty() && typed.dmi.is_empty() {
            return Err(wrong("match", "", "write by what the board is known"));
        }
        let camera = match typed.camera.parse() {
            Ok(address @ (Address::V4l(_) | Address::File(_))) => address,
            Ok(_) | Err(_) => return Err(wrong("camera", &typed.camera, "write a camera, as v4l:/dev/video0")),
        };
        let sound = match typed.sound.parse() {
            Ok(address @ Address::Alsa(_)) => address,
            Ok(_) | Err(_) => return Err(wrong("sound", &typed.sound, "write a microphone, as alsa:default")),
        };
        let engine = engine_named(&typed.engine)
            .ok_or_else(|| wrong("engine", &typed.engine, "write \"auto\", \"tract\" or \"ort\""))?;
        let provider = |text: &String| {
            provider_named(text).ok_or_else(|| wrong("providers", text, "write providers of models.providers"))
        };
        let providers = typed.providers.iter().map(provider).collect::<Result<_, _>>()?;
        let Typed { name, title, compatible, dmi, thermal_zones, notes, .. } = typed;
        Ok(Self { name, title, compatible, dmi, camera, sound, engine, providers, thermal_zones, notes })
    }
}

impl Typed {
    /// Everything by which the board is known, with its key.
    fn signs(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let trees = self.compatible.iter().map(|text| ("match", text));
        trees.chain(self.dmi.iter().map(|text| ("dmi", text)))
    }
}

/// The board that this machine is, as `/` says; `None` when it is none that affectd knows.
pub fn here() -> Option<Board> {
    recognise(&Signs::read(Path::new("/")), all().ok()?)
}

/// The board whose signs these are. A device tree names the board before the chip: what stands first decides.
pub fn recognise(signs: &Signs, boards: Vec<Board>) -> Option<Board> {
    let by_tree = signs.compatible.iter().find_map(|found| boards.iter().position(|b| b.compatible.contains(found)));
    let by_product =
        || signs.product.as_ref().and_then(|found| boards.iter().position(|board| board.dmi.contains(found)));
    let found = by_tree.or_else(by_product)?;
    boards.into_iter().nth(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn typed(change: impl Fn(&str) -> String) -> Result<Board, BoardError> {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("boards/rk3588/board.toml")).unwrap();
        let changed = change(&text);
        assert_ne!(text, changed, "nothing was changed");
        Board::parse("rk3588", &changed)
    }

    #[test]
    fn a_key_that_is_not_known_or_missing_is_refused_by_name() {
        let error = typed(|text| format!("{text}gpu = \"Mali\"\n")).unwrap_err().to_string();
        assert!(error.contains("rk3588") && error.contains("gpu"), "{error}");
        let error = typed(|text| text.replace("title =", "# title =")).unwrap_err().to_string();
        assert!(error.contains("title"), "{error}");
    }

    #[test]
    fn a_value_that_nothing_here_understands_is_refused_with_its_key() {
        for (written, instead, key) in [
            ("name = \"rk3588\"", "name = \"rk3399\"", "name"),
            ("\"Rockchip RK3588\"", "\" \"", "title"),
            ("\"rockchip,rk3588s2\"", "\"\"", "match"),
            ("v4l:/dev/video0", "alsa:default", "camera"),
            ("v4l:/dev/video0", "/dev/video0", "camera"),
            ("alsa:default", "v4l:/dev/video0", "sound"),
            ("engine = \"auto\"", "engine = \"onnx\"", "engine"),
            ("[\"cpu\"]", "[\"rknpu\"]", "providers"),
        ] {
            match typed(|text| text.replace(written, instead)) {
                Err(BoardError::Value { key: found, .. }) => assert_eq!(found, key),
                other => panic!("{instead}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_board_is_recognised_before_the_chip_that_it_carries() {
        let boards = || {
            let chip = all().unwrap().into_iter().find(|board| board.name == "rk3588").unwrap();
            let own = Board { name: "own".to_owned(), compatible: vec!["acme,kiosk".to_owned()], ..chip.clone() };
            vec![chip, own]
        };
        let signs = |compatible: &[&str]| Signs {
            compatible: compatible.iter().map(|&text| text.to_owned()).collect(),
            ..Signs::default()
        };
        assert_eq!(recognise(&signs(&["acme,kiosk", "rockchip,rk3588"]), boards()).unwrap().name, "own");
        assert_eq!(recognise(&signs(&["radxa,rock-5b", "rockchip,rk3588"]), boards()).unwrap().name, "rk3588");
        assert_eq!(recognise(&signs(&["rockchip,rk3399"]), boards()), None);
    }
}
