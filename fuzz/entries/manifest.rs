//! Manifests of model packs.

use affectd::model::manifest::{FILE, Manifest};
use affectd::model::{Pack, Trust};

use super::harmless;

/// A manifest is refused with a message, or means something; then what is printed of it means the same.
pub fn manifest(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), bytes).unwrap();
    match Pack::describe(folder.path(), &Trust::default()) {
        Err(error) => harmless(&error.to_string()),
        Ok(pack) => {
            let printed = toml::to_string(pack.manifest()).unwrap();
            let again = Manifest::from_toml(&printed).unwrap();
            assert_eq!(again, *pack.manifest(), "printed:\n{printed}");
        }
    }
}
