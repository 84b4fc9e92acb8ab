//! What the user typed, and what it means.
//!
//! ```text
//!  file ─► syntax ─► as_typed ─► meaning ─► Config
//!                       ▲           ▲
//!                  environment   host name
//! ```
//!
//! [`load`] is the way in. A [`Config`] holds each room's settings, validated; a file that is wrong gives
//! all its problems at once. Every key is declared once, in `as_typed`, and the manual is made from there.

use std::io::Read;
use std::path::Path;

use toml::de::DeTable;

mod as_typed;
mod certificate;
mod choices;
mod clashes;
mod environment;
mod home_assistant;
mod login;
mod meaning;
mod names;
mod nearest;
mod plain;
mod privacy;
mod problem;
mod reader;
pub mod reference;
mod section;
mod snippet;
mod value;

pub use certificate::Certificate;
pub use choices::{LogFormat, engine_named, provider_named};
pub use environment::Environment;
pub use home_assistant::HomeAssistant;
pub use login::{Login, PasswordError};
pub use meaning::{Config, Limits, LogChoice, ModelChoice};
pub use names::PackName;
pub use problem::{ConfigErrors, Place, Problem, Stage};

/// The largest file that is read, in bytes: far beyond any configuration, small enough for any device.
const LARGEST: usize = 1 << 20;

/// Reads the configuration from a file and this process's environment.
///
/// # Errors
/// All that is wrong with it, each with its place and remedy.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    let name = path.display().to_string();
    let text = read(path).map_err(|(message, remedy)| {
        let problem = Problem { place: Place::Whole, key: None, message, note: String::new(), remedy };
        ConfigErrors::new(&name, "", Stage::Syntax, vec![problem])
    })?;
    parse(&name, &text, &Environment::of_process())
}

/// The configuration without a file: the defaults and this process's environment.
///
/// # Errors
/// When a variable of the environment is wrong.
pub fn without_file() -> Result<Config, ConfigErrors> {
    parse("no file", "", &Environment::of_process())
}

/// Reads the configuration from `text`, which is called `name` in messages.
///
/// # Errors
/// All that is wrong with it, each with its place and remedy.
pub fn parse(name: &str, text: &str, environment: &Environment) -> Result<Config, ConfigErrors> {
    let refuse = |stage, problems| Err(ConfigErrors::new(name, text, stage, problems));
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return refuse(Stage::Syntax, errors.iter().map(syntax_problem).collect());
    }
    let (typed, mut problems) = reader::Reader::read(root.get_ref(), environment);
    let (config, clashes) = meaning::understand(&typed, environment);
    problems.extend(clashes);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => refuse(Stage::Meaning, problems),
    }
}

fn syntax_problem(error: &toml::de::Error) -> Problem {
    let remedy = match error.message() {
        "duplicate key" => "keep one of them",
        _ => "a line is [SECTION], KEY = VALUE or a # comment; texts stand between quotation marks",
    };
    Problem {
        place: error.span().map_or(Place::Whole, Place::Text),
        key: None,
        message: format!("this is not TOML: {}", error.message()),
        note: String::new(),
        remedy: remedy.to_owned(),
    }
}

/// The text of the file, or what is wrong with it and what to do.
fn read(path: &Path) -> Result<String, (String, String)> {
    let name = path.display();
    let fail = |error: std::io::Error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "write one there (docs/affectd.example.toml shows every key; an empty file has all defaults), \
                 or name another file"
            }
            std::io::ErrorKind::PermissionDenied => "let the user that affectd runs as read it",
            _ => "name a file that can be read",
        };
        (format!("{name} cannot be read: {error}"), remedy.to_owned())
    };
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() > LARGEST {
        return Err((format!("{name} is larger than 1 MiB"), "name a configuration file".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        (format!("{name} is not UTF-8 text: see line {line}"), "save it as UTF-8".to_owned())
    })
}
