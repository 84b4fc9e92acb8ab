//! Where packs are: a folder with one folder per pack.
//!
//! Whoever says a folder gets that folder or an error. Only when nobody does are the usual places tried.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::error::{ModelError, Problem, list};
use super::manifest;
use super::pack::Pack;
use super::trust::Trust;

/// A folder of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    dir: PathBuf,
    trust: Trust,
}

/// Why no folder of packs, or no such pack, was found.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// No folder has packs.
    #[error(
        "no model packs were found in {}; run `make models` in the source tree, or say where they are with \
         --models or AFFECTD_MODELS",
        places(looked_in)
    )]
    NoFolder {
        /// Where they were looked for.
        looked_in: Vec<PathBuf>,
    },
    /// The folder has packs, and none of that name.
    #[error("there is no model pack {wanted:?} in {}; there are {}", dir.display(), list(found))]
    NoPack {
        /// The name.
        wanted: String,
        /// The folder.
        dir: PathBuf,
        /// What is there.
        found: Vec<String>,
    },
    /// The folder cannot be read.
    #[error("the folder of model packs {} cannot be read: {reason}", dir.display())]
    Unreadable {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The pack itself is wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// One pack of a registry, whole or not.
#[derive(Debug)]
pub struct Entry {
    /// The folder's name, which is the pack's.
    pub name: String,
    /// The pack as described by its manifest.
    pub pack: Result<Pack, ModelError>,
    /// Whether all of its files are there and right.
    pub files: Result<(), ModelError>,
}

/// The usual places, the first first. `said` is what a flag, the environment or the configuration says,
/// and stands alone; `executable` is this program's own path.
pub fn candidates(said: Option<&Path>, executable: Option<&Path>) -> Vec<PathBuf> {
    if let Some(said) = said {
        return vec![said.to_owned()];
    }
    let beside = |up: &str| executable.and_then(Path::parent).map(|dir| dir.join(up));
    // The working directory; an installation under some prefix; a source tree's target/<profile>; a package.
    let places = [
        Some(PathBuf::from("models")),
        beside("../share/affectd/models"),
        beside("../../models"),
        Some(PathBuf::from("/usr/share/affectd/models")),
    ];
    places.into_iter().flatten().collect()
}

impl Registry {
    /// Takes the first of `candidates` that has a pack in it, whole or not. Its packs may be signed by
    /// whomever, or not at all, until [`Registry::trusting`] says otherwise.
    ///
    /// # Errors
    /// When none has.
    pub fn find(candidates: Vec<PathBuf>) -> Result<Self, RegistryError> {
        let has_packs = |dir: &&PathBuf| names(dir).is_ok_and(|names| !names.is_empty());
        match candidates.iter().find(has_packs) {
            Some(dir) => Ok(Self { dir: dir.clone(), trust: Trust::default() }),
            None => Err(RegistryError::NoFolder { looked_in: candidates }),
        }
    }

    /// Takes one folder.
    ///
    /// # Errors
    /// When it has no pack in it.
    pub fn at(dir: &Path) -> Result<Self, RegistryError> {
        Self::find(vec![dir.to_owned()])
    }

    /// The same folder, where packs pass only as `trust` says.
    pub fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Loads the pack of that name.
    ///
    /// # Errors
    /// When there is none, or it is wrong.
    pub fn pack(&self, name: &str) -> Result<Pack, RegistryError> {
        let pack = self.describe(name)?;
        self.check(&pack)?;
        Ok(pack)
    }

    /// Checks all of a pack's files, and that it goes with the packs that it builds on.
    ///
    /// # Errors
    /// When it does not, or a file is missing or wrong.
    pub fn check(&self, pack: &Pack) -> Result<(), ModelError> {
        pack.check_files()?;
        self.check_related(pack)
    }

    /// Reads the manifest of the pack of that name, and leaves its files alone.
    ///
    /// # Errors
    /// When there is none, or its manifest is wrong.
    pub fn describe(&self, name: &str) -> Result<Pack, RegistryError> {
        let found = self.names()?;
        if found.iter().any(|n| n == name) {
            return Ok(self.read(name)?);
        }
        Err(RegistryError::NoPack { wanted: name.to_owned(), dir: self.dir.clone(), found })
    }

    /// Every pack, in the order of the names, with all files checked.
    ///
    /// # Errors
    /// When the folder cannot be read. A pack that is wrong is an entry like any other.
    pub fn list(&self) -> Result<Vec<Entry>, RegistryError> {
        let entry = |name: String| {
            let pack = self.read(&name);
            let files = pack.as_ref().map_or(Ok(()), |pack| self.check(pack));
            Entry { name, pack, files }
        };
        Ok(self.names()?.into_iter().map(entry).collect())
    }

    /// The names of the packs, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, RegistryError> {
        names(&self.dir).map_err(|reason| RegistryError::Unreadable { dir: self.dir.clone(), reason })
    }

    fn read(&self, name: &str) -> Result<Pack, ModelError> {
        let pack = Pack::describe(&self.dir.join(name), &self.trust)?;
        if pack.name == name {
            return Ok(pack);
        }
        let wanted = format!("its folder is {name:?}: a pack's name is its folder's");
        Err(pack.error(Problem::Value { key: "name".to_owned(), found: format!("{:?}", pack.name), wanted }))
    }
}

/// The names of the folders in `dir` that have a manifest, sorted.
fn names(dir: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.path().join(manifest::FILE).is_file() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    names.sort();
    Ok(names)
}

fn places(dirs: &[PathBuf]) -> String {
    list(&dirs.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>())
}
