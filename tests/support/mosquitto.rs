//! A real Mosquitto on a free port of the loopback, gone at the end of the test.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use affectd::clock::{Clock, SystemClock};

use super::{SOON, free_port};

/// Where Debian puts it, when it is not on the path.
const PLACES: [&str; 3] = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/// A running broker.
pub struct Mosquitto {
    pub port: u16,
    directory: tempfile::TempDir,
    process: Option<Child>,
}

impl Mosquitto {
    /// A broker that lets anyone in.
    pub fn start() -> Self {
        Self::with("allow_anonymous true\n")
    }

    /// A broker that lets in `user` with `password` and nobody else.
    pub fn with_password(user: &str, password: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwords");
        fs::write(&path, format!("{user}:{password}\n")).unwrap();
        let hashed = Command::new("mosquitto_passwd").arg("-U").arg(&path).status();
        assert!(hashed.is_ok_and(|status| status.success()), "mosquitto_passwd does not run; {REMEDY}");
        let settings = format!("allow_anonymous false\npassword_file {}\n", path.display());
        Self::in_directory(directory, &settings)
    }

    /// A broker with a certificate for "localhost" from the authority in `tls/ca.pem`.
    pub fn with_tls() -> Self {
        Self::with(&format!("allow_anonymous true\n{}", tls_lines("server.pem")))
    }

    /// A broker that lets in whoever shows a certificate of the authority in `tls/ca.pem`; `more` lines besides.
    pub fn with_client_certificates(more: &str) -> Self {
        Self::with(&client_certificate_lines(more))
    }

    /// The same; it speaks TLS 1.2 and no later one.
    pub fn with_client_certificates_in_tls_1_2() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let most =
            "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = most\n[most]\nMaxProtocol = TLSv1.2\n";
        fs::write(directory.path().join(OPENSSL), most).unwrap();
        Self::in_directory(directory, &client_certificate_lines(""))
    }

    /// A broker with a second listener, which takes WebSockets; its port, too. `more` lines for that one.
    pub fn with_websockets(more: &str) -> (Self, u16) {
        Self::with_two_listeners("", &format!("protocol websockets\n{more}"))
    }

    /// A broker with a second listener and its port; lines for the first and for the second.
    pub fn with_two_listeners(first: &str, second: &str) -> (Self, u16) {
        let port = free_port();
        let broker = Self::with(&format!("{first}allow_anonymous true\nlistener {port} 127.0.0.1\n{second}"));
        // It listens at the first port before it does at the second.
        let deadline = SystemClock.now() + SOON;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(SystemClock.now() < deadline, "it does not listen for {second:?}:\n{}", broker.log());
            sleep(Duration::from_millis(5));
        }
        (broker, port)
    }

    /// A broker with these lines in its configuration, after its listener.
    pub fn with(settings: &str) -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), settings)
    }

    fn in_directory(directory: tempfile::TempDir, settings: &str) -> Self {
        let port = free_port();
        let log = directory.path().join("log");
        // It gives up root's rights by itself and could then not read its own files.
        let text = format!(
            "user root\npersistence false\nlog_dest file {}\nlistener {port} 127.0.0.1\n{settings}",
            log.display()
        );
        fs::write(directory.path().join("mosquitto.conf"), text).unwrap();
        let mut broker = Self { port, directory, process: None };
        broker.restart();
        broker
    }

    /// Starts it (again) on its port, and waits until it listens.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let config = self.directory.path().join("mosquitto.conf");
        let child = listening(&config, ("127.0.0.1", self.port), || self.log());
        self.process = Some(child);
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What OpenSSL is to do beyond what Mosquitto can be told, beside its configuration.
const OPENSSL: &str = "openssl.cnf";

const REMEDY: &str = "this test needs a real broker: apt-get install mosquitto";

/// Starts one with that configuration, and waits until it listens there.
pub fn listening(config: &Path, address: (&str, u16), log: impl Fn() -> String) -> Child {
    let mut child = spawn(config);
    let deadline = SystemClock.now() + SOON;
    while TcpStream::connect(address).is_err() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none() && SystemClock.now() < deadline, "mosquitto does not listen:\n{}", log());
        sleep(Duration::from_millis(5));
    }
    child
}

fn spawn(config: &Path) -> Child {
    let openssl = config.with_file_name(OPENSSL);
    let start = |program: &&str| {
        let mut command = Command::new(program);
        if openssl.exists() {
            command.env("OPENSSL_CONF", &openssl);
        }
        command.arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
    };
    PLACES.iter().find_map(start).unwrap_or_else(|| panic!("mosquitto does not run; {REMEDY}"))
}

/// The lines of a listener that shows this certificate of the broker.
pub fn tls_lines(certificate: &str) -> String {
    let file = |name| tls_directory().join(name).display().to_string();
    format!("certfile {}\nkeyfile {}\n", file(certificate), file("server.key"))
}

fn client_certificate_lines(more: &str) -> String {
    let authority = tls_directory().join("ca.pem");
    let settings = format!("allow_anonymous true\nrequire_certificate true\ncafile {}\n", authority.display());
    format!("{settings}{}{more}", tls_lines("server.pem"))
}

/// The certificates of the tests.
pub fn tls_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls")
}
