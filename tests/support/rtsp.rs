//! A network camera on a free port of the loopback, gone at the end of the test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::free_port;

/// A server that can be killed and started again on its port.
pub struct RtspServer {
    pub port: u16,
    pipeline: String,
    login: Vec<String>,
    process: Option<Child>,
}

impl RtspServer {
    /// A camera that shows what a pipeline ends in, a payloader named `pay0`, to anyone.
    pub fn start(pipeline: &str) -> Self {
        Self::with(pipeline, Vec::new())
    }

    /// A camera that shows it to `user` with `password` only.
    pub fn with_password(pipeline: &str, user: &str, password: &str) -> Self {
        Self::with(pipeline, vec![user.into(), password.into()])
    }

    fn with(pipeline: &str, login: Vec<String>) -> Self {
        let port = free_port();
        let mut server = Self { port, pipeline: pipeline.into(), login, process: None };
        server.restart();
        server
    }

    /// Starts it (again) on its port, and waits until it listens.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/rtsp_server.py");
        // Debian's own Python has Debian's packages for it, whatever else is on the path.
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .args([&self.port.to_string(), &self.pipeline])
            .args(&self.login)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        self.process = Some(child);
        assert_eq!(said, "ready\n", "this test needs apt-get install python3-gi gir1.2-gst-rtsp-server-1.0");
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        self.kill();
    }
}
