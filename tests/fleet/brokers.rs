//! Real brokers with the very configuration files of `docs/examples/fleet`: only paths, ports and the address of the
//! central broker are other ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::support::free_port;
use crate::support::mosquitto::listening;
use crate::support::program;

/// The password of the device in these tests.
pub const PASSWORD: &str = "swordfish";

/// A broker that can be stopped and started again, with what it kept.
pub struct Broker {
    pub port: u16,
    directory: TempDir,
    process: Option<Child>,
}

impl Broker {
    /// The central one.
    pub fn central() -> Self {
        Self::of("central.conf", &[])
    }

    /// The site's, which passes on to the central one at that port.
    pub fn site(central: u16) -> Self {
        // The waits are shorter, so that the tests are.
        let others = [
            ("central.example:8883", format!("localhost:{central}")),
            ("restart_timeout 2 30", "restart_timeout 1".to_owned()),
        ];
        Self::of("site.conf", &others)
    }

    fn of(example: &str, others: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (fleet, state) = (directory.path().join("fleet"), directory.path().join("state"));
        fs::create_dir(&state).unwrap();
        fs::create_dir(&fleet).unwrap();
        for folder in [tls(), examples()] {
            for file in fs::read_dir(folder).unwrap().flatten() {
                fs::copy(file.path(), fleet.join(file.file_name())).unwrap();
            }
        }
        let passwords = fleet.join("passwords");
        let made =
            Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&passwords).args(["kiosk-7", PASSWORD]).status();
        assert!(made.is_ok_and(|status| status.success()), "mosquitto_passwd does not run: apt-get install mosquitto");

        let port = free_port();
        let mut text = fs::read_to_string(examples().join(example)).unwrap();
        let listener = format!("listener {port} localhost");
        let paths = [("/etc/mosquitto/fleet/", &fleet), ("/var/lib/mosquitto/", &state)];
        let paths = paths.map(|(from, to)| (from, format!("{}/", to.display())));
        for (from, to) in paths.iter().chain(others).chain(&[("listener 8883", listener)]) {
            assert!(text.contains(from), "{example} says nothing of {from}");
            text = text.replace(from, to);
        }
        // It gives up root's rights by itself and could then not read its own files.
        let ours = format!("user root\nlog_dest file {}\n", directory.path().join("log").display());
        fs::write(directory.path().join("mosquitto.conf"), ours + &text).unwrap();
        let mut broker = Self { port, directory, process: None };
        broker.start();
        broker
    }

    /// Starts it, and waits until it listens.
    pub fn start(&mut self) {
        let config = self.directory.path().join("mosquitto.conf");
        let child = listening(&config, ("localhost", self.port), || self.log());
        self.process = Some(child);
    }

    /// Stops it as the service manager would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            program::signal(child.id(), "-TERM");
            child.wait().unwrap();
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The certificates of these tests.
pub fn tls() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/tls")
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/fleet")
}
