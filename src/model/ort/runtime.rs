//! ONNX Runtime itself: found, looked at, loaded, once for the whole process.
//!
//! The library stays loaded until the process ends. A process that has loaded one does not load another.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use tracing::debug;

use super::library;
use crate::model::error::list;
use crate::model::guard::guarded;

/// The oldest ONNX Runtime that is spoken with: 1.this.
pub const OLDEST: u32 = ort::MINOR_VERSION;

/// ONNX Runtime, loaded.
#[derive(Clone)]
pub struct Runtime {
    library: PathBuf,
    version: String,
    build: &'static str,
    pub(super) environment: Environment,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({self})")
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ONNX Runtime {} from {}", self.version, self.library.display())
    }
}

/// Why there is no ONNX Runtime. Says the reason, a semicolon and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeError {
    /// It is nowhere.
    NotFound {
        /// The folders that were searched.
        looked_in: Vec<PathBuf>,
    },
    /// There is something by its name, and it cannot be used.
    Unusable {
        /// The file.
        library: PathBuf,
        /// What is wrong with it; completes "FILE …".
        why: String,
    },
    /// This process uses another one already.
    Other {
        /// The library that was asked for.
        wanted: PathBuf,
        /// The library that is in use.
        loaded: PathBuf,
    },
}

impl RuntimeError {
    /// What was found.
    pub fn reason(&self) -> String {
        match self {
            Self::NotFound { looked_in } => {
                let folders: Vec<_> = looked_in.iter().map(|folder| folder.display().to_string()).collect();
                format!(
                    "ONNX Runtime was not found: there is no {} where the dynamic linker looks, nor in {}",
                    library::NAME,
                    list(&folders)
                )
            }
            Self::Unusable { library, why } => format!("{} {why}", library.display()),
            Self::Other { wanted, loaded } => {
                format!("{} is not loaded: this process uses {}", wanted.display(), loaded.display())
            }
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Other { .. } => "name one library only, and start again".to_owned(),
            Self::NotFound { .. } | Self::Unusable { .. } => format!(
                "set models.onnxruntime to the library of ONNX Runtime 1.{OLDEST} or newer (boards/README.md says where \
                 it comes from), or models.engine to \"tract\""
            ),
        }
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason(), self.remedy())
    }
}

impl std::error::Error for RuntimeError {}

/// What this process has loaded.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library that is `said`, or else the first that works of those in the usual places.
    /// `executable` is this program's own path.
    ///
    /// # Errors
    /// When there is none, or none that works; the first that did not is named.
    pub fn find(said: Option<&Path>, executable: Option<&Path>) -> Result<Self, RuntimeError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return match said {
                Some(wanted) if !same_file(wanted, &runtime.library) => {
                    library::check(wanted).map_err(|why| unusable(wanted, why))?;
                    Err(RuntimeError::Other { wanted: wanted.to_owned(), loaded: runtime.library.clone() })
                }
                _ => Ok(runtime.clone()),
            };
        }
        let runtime = match said {
            Some(library) => open(library)?,
            None => search(executable)?,
        };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// Its version, as far as it can be told: "1.31.1", or "of build 6af1a93".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it says of how it was built; no two releases say the same.
    pub fn build(&self) -> &'static str {
        self.build
    }

    /// The library's file.
    pub fn library(&self) -> &Path {
        &self.library
    }
}

fn search(executable: Option<&Path>) -> Result<Runtime, RuntimeError> {
    let folders = library::folders(executable);
    let mut failure = None;
    for library in folders.iter().filter_map(|folder| library::in_folder(folder)) {
        match open(&library) {
            Ok(runtime) => return Ok(runtime),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    if library::hidden_from_it().is_some() {
        return Err(failure.unwrap_or(RuntimeError::NotFound { looked_in: folders }));
    }
    // A path without a folder: the linker looks for it in its own places.
    load(Path::new(library::NAME)).map_err(|error| match (failure, error) {
        (Some(failure), _) => failure,
        (None, RuntimeError::Unusable { why, .. }) if is_nowhere(&why) => RuntimeError::NotFound { looked_in: folders },
        (None, error) => error,
    })
}

/// Whether the linker found no file of that name, other than one that it could not load.
fn is_nowhere(why: &str) -> bool {
    why.contains(&format!("{}: cannot open shared object file", library::NAME))
}

fn open(library: &Path) -> Result<Runtime, RuntimeError> {
    library::check(library).map_err(|why| unusable(library, why))?;
    if let Some(file) = library::hidden_from_it() {
        let why =
            format!("would end affectd, for it must read {file}, which is hidden here (ProcSubset= of a service?)");
        return Err(unusable(library, why));
    }
    // What is not absolute would be looked for beside the program.
    let absolute = std::path::absolute(library).map_err(|error| unusable(library, error.to_string()))?;
    load(&absolute)
}

fn load(library: &Path) -> Result<Runtime, RuntimeError> {
    let loaded = guarded(|| -> Result<_, String> {
        let builder = ort::init_from(library).map_err(|error| why_not(&error))?;
        let log: ort::logging::LoggerFunction = Arc::new(|level, _, _, place, message| log(level, place, message));
        let builder = builder.with_name("affectd").with_telemetry(false).with_logger(log);
        let environment = builder.build().map_err(|error| format!("does not start: {error}"))?;
        environment.set_log_level(LogLevel::Warning);
        Ok((environment, ort::info()))
    });
    match loaded.unwrap_or_else(|panicked| Err(format!("does not work: {panicked}"))) {
        Ok((environment, build)) => {
            let version = version_of(library, build);
            Ok(Runtime { library: library.to_owned(), version, build, environment })
        }
        Err(why) => Err(unusable(library, why)),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn unusable(library: &Path, why: impl Into<String>) -> RuntimeError {
    RuntimeError::Unusable { library: library.to_owned(), why: why.into() }
}

fn why_not(error: &LoadDynamicError) -> String {
    match error {
        // What the linker says is the source; the error itself only says that it failed.
        LoadDynamicError::Dlopen { error, .. } => match std::error::Error::source(error) {
            Some(said) => format!("cannot be loaded: {said}"),
            None => format!("cannot be loaded: {error}"),
        },
        LoadDynamicError::MissingApi { .. } => "is not the library of ONNX Runtime".to_owned(),
        LoadDynamicError::InvalidVersionString => "does not say its version".to_owned(),
        LoadDynamicError::BadVersion { version_str, .. } => format!("is version {version_str}, which is too old"),
    }
}

/// The version that the file's name tells, else the description of its build.
fn version_of(library: &Path, build: &str) -> String {
    let file = library.canonicalize().unwrap_or_else(|_| library.to_owned());
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(version) = library::version(name) {
        return version.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    }
    let said = |key| build.split(key).nth(1).and_then(|rest| rest.split(',').next());
    match (said("git-branch=rel-"), said("git-commit-id=")) {
        (Some(version), _) => version.to_owned(),
        (None, Some(commit)) => format!("of build {commit}"),
        (None, None) => "of unknown build".to_owned(),
    }
}

/// What goes wrong is in what its calls return; its own lines are for us.
fn log(level: LogLevel, place: &str, message: &str) {
    debug!(?level, place, message, "ONNX Runtime.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_told_by_the_files_name_or_else_by_the_build() {
        let build = "ORT Build Info: git-branch=HEAD, git-commit-id=6af1a93, build type=Release";
        let of = |file: &str, build| version_of(Path::new(file), build);
        assert_eq!(of("/nonexistent/libonnxruntime.so.1.31.1", build), "1.31.1");
        assert_eq!(of("/nonexistent/libonnxruntime.so", build), "of build 6af1a93");
        assert_eq!(of("/nonexistent/libonnxruntime.so", "git-branch=rel-1.19.0, build type=Debug"), "1.19.0");
        assert_eq!(of("/nonexistent/libonnxruntime.so", ""), "of unknown build");
    }

    #[test]
    fn every_reason_comes_with_a_remedy() {
        let path = || PathBuf::from("/usr/lib/libonnxruntime.so");
        let errors = [
            RuntimeError::NotFound { looked_in: vec![path(), "/opt".into()] },
            RuntimeError::Unusable { library: path(), why: "is not whole".to_owned() },
            RuntimeError::Other { wanted: path(), loaded: "/opt/libonnxruntime.so".into() },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.contains("/usr/lib/libonnxruntime.so") && text.ends_with(&error.remedy()), "{text}");
        }
    }

    #[test]
    fn what_the_linker_says_is_told() {
        let error = load(Path::new("libnothing-has-this-name.so")).unwrap_err();
        let RuntimeError::Unusable { why, .. } = &error else { panic!("{error}") };
        assert!(why.contains("libnothing-has-this-name.so: cannot open shared object file"), "{why}");
        assert!(is_nowhere(&why.replace("libnothing-has-this-name.so", library::NAME)), "{why}");
    }

    #[test]
    fn only_a_library_that_the_linker_does_not_find_is_nowhere() {
        let why = "cannot be loaded: libonnxruntime.so: cannot open shared object file: No such file or directory";
        assert!(is_nowhere(why));
        assert!(!is_nowhere("cannot be loaded: libcuda.so: cannot open shared object file: No such file or directory"));
        assert!(!is_nowhere("is version 1.16.3, which is too old"));
    }
}
