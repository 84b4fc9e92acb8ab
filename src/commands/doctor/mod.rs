//! `affectd doctor`: does this board do what affectd asks of it?
//!
//! Where `check` asks whether what is configured is there, the doctor tries it out: takes pictures, listens,
//! runs the models, logs in to the broker. Each look has a thread and a time limit of its own, and what fails
//! comes with its remedy.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::check::surroundings;
use super::finding::{Finding, Grade};
use crate::board::{self, Board, Signs};
use crate::cli::DoctorArgs;
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::model::Provider;
use crate::picture::Picture;

mod access;
mod broker;
mod cameras;
mod clock;
mod disk;
mod heat;
mod limit;
mod machine;
mod outbox;
mod packs;
mod picture;
mod report;
mod service;
mod sound;

pub use report::Report;

/// Where packages put the configuration.
const INSTALLED: &str = "/etc/affectd/affectd.toml";

/// Where they put the broker's password, which systemd hands to the service alone.
const PASSWORD: &str = "etc/affectd/mqtt-password";

/// The same for the certificate that shows it who we are, and for its key.
const CERTIFICATE: [&str; 2] = ["etc/affectd/mqtt-client-cert", "etc/affectd/mqtt-client-key"];

/// How long a look may take that asks the kernel only.
const QUICK: Duration = Duration::from_secs(5);
/// … that opens a camera or a microphone.
const DEVICE: Duration = Duration::from_secs(30);
/// … that connects: names, TCP, TLS and the broker have their own, shorter limits.
const NETWORK: Duration = Duration::from_secs(25);
/// … that runs every model in every engine.
const MODELS: Duration = Duration::from_secs(300);
/// … when TensorRT may compile them first.
const COMPILING: Duration = Duration::from_secs(1200);

/// What the looks go by.
pub(super) struct Case {
    config: Config,
    /// `/`, but in tests.
    root: PathBuf,
    /// What the machine says of itself.
    signs: Signs,
    /// The board that it is, or is said to be.
    board: Option<Board>,
    /// The board that was named on the command line.
    named: Option<String>,
    /// The last picture of the camera, which is never written anywhere.
    seen: Mutex<Option<Picture>>,
}

/// One look: what it is called, how long it may take, what it does.
struct Look {
    what: &'static str,
    limit: fn(&Config) -> Duration,
    look: fn(&Case) -> Vec<Finding>,
}

/// Every look, in the order in which they are told: from the board outwards.
const LOOKS: [Look; 19] = [
    Look { what: "board", limit: |_| QUICK, look: machine::board },
    Look { what: "processor", limit: |_| QUICK, look: machine::processor },
    Look { what: "memory", limit: |_| QUICK, look: machine::memory },
    Look { what: "disk", limit: |_| QUICK, look: disk::look },
    Look { what: "outbox", limit: |_| QUICK, look: outbox::look },
    Look { what: "clock", limit: |_| QUICK, look: clock::look },
    Look { what: "heat", limit: |_| QUICK, look: heat::look },
    Look { what: "rights", limit: |_| QUICK, look: access::look },
    Look { what: "engine", limit: |_| MODELS, look: |case| vec![surroundings::engine(&case.config)] },
    Look { what: "models", limit: |_| MODELS, look: models },
    Look { what: "camera", limit: |_| DEVICE, look: cameras::look },
    Look { what: "picture", limit: |_| DEVICE, look: picture::look },
    Look { what: "face", limit: running_models, look: picture::face },
    Look { what: "microphone", limit: |_| DEVICE, look: sound::look },
    Look { what: "pack", limit: running_models, look: packs::look },
    Look { what: "password", limit: |_| QUICK, look: password },
    Look { what: "ca file", limit: |_| QUICK, look: |case| vec![surroundings::certificates(&case.config)] },
    Look { what: "certificate", limit: |_| QUICK, look: |case| vec![surroundings::certificate(&case.config)] },
    Look { what: "broker", limit: every_broker, look: broker::look },
];

/// Whether the configured packs are there.
fn models(case: &Case) -> Vec<Finding> {
    let otherwise = "`affectd model list` shows the packs; install those that are wrong anew";
    vec![surroundings::models(&case.config).with_remedy(otherwise)]
}

/// Whether the password can be read, by whoever asks.
fn password(case: &Case) -> Vec<Finding> {
    let finding = surroundings::password(&case.config);
    let file = case.config.login.as_ref().and_then(|login| login.password_file.as_ref());
    let denied = |file: &PathBuf| File::open(file).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    vec![match file.is_some_and(denied) {
        true => Finding { remedy: Some("ask again with sudo".to_owned()), ..finding },
        false => finding,
    }]
}

fn every_broker(config: &Config) -> Duration {
    NETWORK * config.publish.brokers().count() as u32
}

fn running_models(config: &Config) -> Duration {
    match config.models.engines.providers.contains(&Provider::TensorRt) {
        true => COMPILING,
        false => MODELS,
    }
}

/// Examines this machine and prints what is found: for a person as it is found, or at the end as one JSON object.
///
/// # Errors
/// When the configuration is wrong, or standard output cannot be written.
pub fn run(args: &DoctorArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let installed = Path::new(INSTALLED);
    let path = args.config.as_deref().or_else(|| installed.exists().then_some(installed));
    let config = match path {
        Some(path) => config::load(path)?,
        None => config::without_file()?,
    };
    let named = (args.board != "this").then(|| args.board.clone());
    let case = Case::new(config, models, named, Path::new("/"))?;
    let out = &mut io::stdout().lock();
    let mut report = Report::new(&case, path);
    if !args.json {
        report.write_head(out)?;
    }
    let case = Arc::new(case);
    for Look { what, limit, look } in LOOKS {
        let examined = case.clone();
        let found = limit::within(limit(&case.config), what, move || look(&examined)).unwrap_or_else(|no_answer| {
            vec![Finding::wrong(what, no_answer.to_string(), "start the board anew; if it stays so, see `dmesg`")]
        });
        for finding in found {
            if !args.json {
                report::write(&finding, out)?;
            }
            report.add(&finding);
        }
    }
    match args.json {
        true => report.write_json(out)?,
        false => report.write_end(out)?,
    }
    Ok(if report.failed() { Exit::Failed } else { Exit::Ok })
}

impl Case {
    /// The case of the machine whose files are below `root`. `models`: the folder of packs, as given on the command
    /// line; `named`: the board, likewise.
    fn new(
        mut config: Config,
        models: Option<&Path>,
        named: Option<String>,
        root: &Path,
    ) -> Result<Self, board::BoardError> {
        if let Some(models) = models {
            config.models.dir = Some(models.to_owned());
        }
        // The service would get it from systemd; whoever asks the doctor is no service.
        let installed = root.join(PASSWORD);
        if let Some(login) = &mut config.login
            && login.password_file.is_none()
            && installed.exists()
        {
            login.password_file = Some(installed);
        }
        let certificate = CERTIFICATE.map(|path| root.join(path));
        if config.certificate.files.is_none() && certificate.iter().all(|file| file.exists()) {
            config.certificate.files = Some(certificate.into());
        }
        let signs = Signs::read(root);
        let board = match &named {
            Some(name) => board::named(name)?,
            None => board::recognise(&signs, board::all()?),
        };
        Ok(Self { config, root: root.to_owned(), signs, board, named, seen: Mutex::new(None) })
    }

    /// Keeps a picture for the next look.
    fn see(&self, picture: Picture) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture);
    }

    /// Takes the picture that was kept.
    fn seen(&self) -> Option<Picture> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A path of this machine.
    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The text of a file of this machine, without the blanks around it; `None` when it cannot be read.
    fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = std::fs::read_to_string(self.path(path)).ok()?;
        Some(text.trim().to_owned())
    }
}

#[cfg(test)]
mod testing {
    //! Made machines.

    use super::*;
    use std::fs;

    /// A machine with these files and nothing else. The folder is gone with the first of the pair.
    pub fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Case) {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let config = config::parse("no file", "", &config::Environment::named("kiosk")).unwrap();
        let case = Case::new(config, None, None, root.path()).unwrap();
        (root, case)
    }

    /// The one finding of a look.
    pub fn one(found: Vec<Finding>) -> Finding {
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_that_the_service_would_be_handed_is_used_where_none_is_named() {
        let (root, _) = testing::machine(&[(PASSWORD, "swordfish\n")]);
        let file = |mqtt: &str, root: &Path| {
            let text = format!("[mqtt]\n{mqtt}");
            let config = config::parse("test", &text, &config::Environment::named("kiosk")).unwrap();
            Case::new(config, None, None, root).unwrap().config.login.and_then(|login| login.password_file)
        };
        assert_eq!(file("username = \"kiosk\"\n", root.path()), Some(root.path().join(PASSWORD)));
        let named = "username = \"kiosk\"\npassword_file = \"/run/password\"\n";
        assert_eq!(file(named, root.path()), Some("/run/password".into()));
        assert_eq!(file("", root.path()), None);
        assert_eq!(file("username = \"kiosk\"\n", tempfile::tempdir().unwrap().path()), None);
    }
}
