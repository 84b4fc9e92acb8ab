//! A real Home Assistant, and what it says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::support::SOON;

/// How long Home Assistant may take to start: it reads some hundred modules.
const STARTED: Duration = Duration::from_secs(600);

/// How long is waited for a message that only repeats what was said while Home Assistant was not yet listening.
const AGAIN: Duration = Duration::from_millis(200);

/// The Python that has Home Assistant, as `make home-assistant-test` installs it. `None`, with the reason on standard
/// error, where it is not installed and nobody asked for it by name.
pub fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("AFFECTD_TEST_HOME_ASSISTANT") {
        let python = PathBuf::from(named);
        assert!(python.exists(), "{} is missing: run `make home-assistant-test`", python.display());
        return Some(python);
    }
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/home-assistant/venv/bin/python");
    if usual.exists() {
        return Some(usual);
    }
    eprintln!(
        "skipped: Home Assistant is not installed; `make home-assistant-test` installs it (600 MB) and runs this"
    );
    None
}

/// What is known of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub state: String,
    pub attributes: Value,
}

pub struct Home {
    child: Child,
    orders: ChildStdin,
    says: mpsc::UnboundedReceiver<Value>,
    entities: BTreeMap<String, Entity>,
    /// What its automations turned on.
    pub turned_on: Vec<Value>,
    /// Entities that were there and are no more.
    pub gone: Vec<String>,
    /// What it was not content with.
    pub complaints: Vec<String>,
    _folder: TempDir,
}

impl Home {
    /// Starts one on the broker at `port`.
    pub async fn start(python: &Path, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/home_assistant/home.py");
        let mut command = Command::new(python);
        command.arg(script).arg(port.to_string()).arg(folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, says) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut home = Self {
            child,
            orders,
            says,
            entities: BTreeMap::new(),
            turned_on: Vec::new(),
            gone: Vec::new(),
            complaints: Vec::new(),
            _folder: folder,
        };
        let ready = async { while home.hear().await.get("ready").is_none() {} };
        timeout(STARTED, ready).await.expect("Home Assistant does not start");
        home
    }

    /// The next thing it says, whenever that is.
    async fn hear(&mut self) -> Value {
        let said = self.says.recv().await;
        self.note(said.expect("Home Assistant has ended"))
    }

    fn note(&mut self, said: Value) -> Value {
        if let Some(complaint) = said["complaint"].as_str() {
            self.complaints.push(complaint.to_owned());
        }
        if said.get("called").is_some() {
            self.turned_on.push(said["entity"].clone());
        } else if let Some(entity) = said["entity"].as_str() {
            match said["state"].as_str() {
                Some(state) => {
                    let known = Entity { state: state.to_owned(), attributes: said["attributes"].clone() };
                    self.entities.insert(entity.to_owned(), known);
                }
                None => {
                    self.entities.remove(entity);
                    self.gone.push(entity.to_owned());
                }
            }
        }
        said
    }

    /// Waits until what it knows is as it should be, and has `again` said whatever it may have missed.
    pub async fn until(&mut self, what: &str, again: impl Fn(), is: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + SOON;
        while !is(self) {
            assert!(Instant::now() < deadline, "{what}: {:#?}\n{:#?}", self.entities, self.complaints);
            again();
            if let Ok(said) = timeout(AGAIN, self.says.recv()).await {
                self.note(said.expect("Home Assistant has ended"));
            }
        }
    }

    /// Waits until the entity has that state.
    pub async fn shows(&mut self, entity: &str, state: &str, again: impl Fn()) {
        let what = format!("{entity} should be {state}");
        self.until(&what, again, |home| home.state(entity) == Some(state)).await;
    }

    /// The same of several entities, one after the other.
    pub async fn shows_all(&mut self, wanted: &[(&str, &str)], again: impl Fn()) {
        for (entity, state) in wanted {
            self.shows(entity, state, &again).await;
        }
    }

    /// Waits until what it knows is as it should be, where nothing has to be said again.
    pub async fn comes_to(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        self.until(&format!("it should {what}"), || (), is).await;
    }

    /// Waits until it counts on nothing that the device said.
    pub async fn loses_the_device(&mut self) {
        self.comes_to("find all unavailable", |home| home.states().all(|(_, state)| state == "unavailable")).await;
    }

    /// The state of an entity.
    pub fn state(&self, entity: &str) -> Option<&str> {
        self.entities.get(entity).map(|entity| &*entity.state)
    }

    /// What stands beside its state.
    pub fn attribute(&self, entity: &str, name: &str) -> Value {
        self.entities.get(entity).map_or(Value::Null, |entity| entity.attributes[name].clone())
    }

    /// All entities and their states.
    pub fn states(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entities.iter().map(|(id, entity)| (&**id, &*entity.state))
    }

    /// Has it call a service.
    pub fn call(&mut self, service: &str, entity: &str) {
        self.order(&json!({"call": service, "entity": entity}));
    }

    /// Has it take over automations as they stand in a configuration.
    pub async fn automate(&mut self, yaml: &str) {
        self.order(&json!({"automate": yaml}));
        let answer = self.answer("automated").await;
        assert_eq!(answer["automated"], true, "{:#?}", self.complaints);
    }

    /// What stands in its registries.
    pub async fn registries(&mut self) -> Value {
        self.order(&json!({"registries": true}));
        self.answer("devices").await
    }

    /// The next thing it says that has this key.
    async fn answer(&mut self, key: &str) -> Value {
        let answer = async {
            loop {
                let said = self.hear().await;
                if said.get(key).is_some() {
                    return said;
                }
            }
        };
        timeout(SOON, answer).await.expect("Home Assistant does not answer")
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").unwrap();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // It may have ended by itself, which is then the test's failure and not this one's.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
