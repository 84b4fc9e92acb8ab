//! Runs the program as a user would.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What a run of the program came to.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// The lines of standard output as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program, with the checkout's model packs and its own engine, whatever else is installed.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_affectd"));
    command.env("AFFECTD_MODELS", models()).env("AFFECTD_ENGINE", "tract").env_remove("ORT_DYLIB_PATH");
    command
}

/// Starts a program; what it says on standard error is gathered, line by line, as long as it runs.
pub fn started(mut command: Command) -> (Child, Arc<Mutex<Vec<String>>>) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let (said, stderr) = (Arc::new(Mutex::new(Vec::new())), child.stderr.take().unwrap());
    let lines = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
    (child, said)
}

/// Sends a process a signal, as `-TERM` or `-KILL`.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(sent.unwrap().success(), "{process} cannot be sent {name}");
}

/// Runs the program to its end.
pub fn affectd(arguments: &[&str]) -> Ran {
    let output = command().args(arguments).output().unwrap();
    Ran {
        code: output.status.code().expect("ended by a signal"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The checkout's model packs, with the detectors that `make models` fetches.
pub fn models() -> PathBuf {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let fetched = models.join("blazeface-full/blazeface-full.onnx");
    assert!(fetched.exists(), "{} is missing: run `make models`", fetched.display());
    models
}

/// A photo with one face.
pub fn astronaut() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/astronaut.jpg")
}
