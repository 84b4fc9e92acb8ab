//! `affectd doctor`: the real program on this machine, with brokers that let it in and brokers that do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use affectd::board::{self, NAMES};
use affectd::model::digest::Sha256Sum;
use serde_json::Value;
use support::listener::Listener;
use support::mosquitto::{Mosquitto, tls_directory};
use support::program::{affectd, astronaut, models};
use support::schema;
use tempfile::TempDir;

/// A place for a configuration and, unless a test puts some there, no model packs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.0.path().join("packs")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A configuration whose last section is [mqtt].
    fn configure(&self, broker: &str, more: &str) -> PathBuf {
        self.configure_with("file:/nonexistent/clip.mp4", broker, more)
    }

    fn configure_with(&self, video: &str, broker: &str, more: &str) -> PathBuf {
        let text = format!(
            "[device]\nid = \"kiosk-7\"\n[models]\nengine = \"tract\"\n[source]\nvideo = \"{video}\"\n[mqtt]\nurl = \"{broker}\"\n{more}"
        );
        fs::write(self.path("affectd.toml"), text).unwrap();
        self.path("affectd.toml")
    }

    /// Asks the doctor about everything but model packs.
    fn without_packs(&self, config: &Path) -> Report {
        Report::of(&["--models", self.path("packs").to_str().unwrap(), "doctor"], config)
    }

    fn password(&self, password: &str) -> String {
        fs::write(self.path("password"), password).unwrap();
        format!("username = \"kiosk\"\npassword_file = \"{}\"\n", self.path("password").display())
    }
}

/// What the doctor said to a program.
struct Report(Value);

impl Report {
    /// Asks with these arguments; fails unless what comes fits its schema and the exit code its verdict.
    fn of(arguments: &[&str], config: &Path) -> Self {
        let ran = affectd(&[arguments, &["--json", "--config", config.to_str().unwrap()]].concat());
        let report: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        schema::fits("doctor", &report, "affectd doctor --json");
        let report = Self(report);
        let failed = report.all().iter().any(|finding| finding["grade"] == "failed");
        assert_eq!(ran.code, i32::from(failed), "{:#}", report.0);
        assert_eq!(report.0["verdict"], if failed { "failed" } else { "ok" });
        for finding in report.all() {
            let needs = matches!(finding["grade"].as_str().unwrap(), "failed" | "warning");
            assert_eq!(finding["remedy"].is_string(), needs, "a remedy belongs to a failure: {finding}");
        }
        report
    }

    fn all(&self) -> &[Value] {
        self.0["findings"].as_array().unwrap()
    }

    /// The findings of one look, each as "grade says; remedy".
    fn about(&self, what: &str) -> Vec<String> {
        let text = |finding: &Value| {
            let part = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}; {}", part("grade"), part("says"), part("remedy"))
        };
        self.all().iter().filter(|finding| finding["what"] == what).map(text).collect()
    }

    /// Fails unless the one finding of the look begins and goes on so.
    #[track_caller]
    fn expect(&self, what: &str, begins: &str, parts: &[&str]) {
        let found = self.about(what);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(begins), "{found:?}");
        for part in parts {
            assert!(found[0].contains(part), "{part:?} is not in {found:?}");
        }
    }
}

fn url(broker: &Mosquitto) -> String {
    format!("mqtt://127.0.0.1:{}", broker.port)
}

#[test]
fn a_board_where_little_is_as_it_should_be_gets_a_remedy_for_each_failure() {
    let place = Place::new();
    // Nobody listens on port 1.
    let config = place.configure_with("v4l:/nonexistent/video0", "mqtt://127.0.0.1:1", "");
    let report = place.without_packs(&config);
    report.expect("picture", "failed v4l:/nonexistent/video0 cannot be opened", &[]);
    report.expect("models", "failed no model packs were found", &[]);
    report.expect("pack", "skipped", &[]);
    report.expect("broker", "failed TCP: nobody listens at mqtt://127.0.0.1:1", &["start the broker"]);
    assert!(report.about("microphone").last().unwrap().starts_with("skipped source.audio is not set"));
    for look in ["board", "processor", "memory", "disk", "clock", "heat", "rights", "engine", "camera", "password"] {
        assert!(!report.about(look).is_empty(), "{look} is missing: {:#}", report.0);
    }
}

#[test]
fn for_people_the_same_is_a_table_with_the_remedy_below_each_failure() {
    let place = Place::new();
    let config = place.configure("mqtt://127.0.0.1:1", "");
    let packs = place.path("packs");
    let ran = affectd(&["--models", packs.to_str().unwrap(), "doctor", "--config", config.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("affectd ") && lines[0].ends_with(config.to_str().unwrap()), "{}", ran.stdout);
    let line = lines.iter().position(|line| line.starts_with("broker      failed    TCP:")).expect(&ran.stdout);
    assert_eq!(lines[line + 1], format!("{:22}help: start the broker, or correct its address", ""));
    assert!(lines.last().unwrap().contains(" failed, "), "{}", ran.stdout);
}

#[test]
fn a_face_in_the_picture_is_told_and_every_configured_pack_is_run_and_timed() {
    let place = Place::new();
    let broker = Mosquitto::start();
    let config = place.configure_with(&format!("file:{}", astronaut().display()), &url(&broker), "");
    let report = Report::of(&["--models", models().to_str().unwrap(), "doctor"], &config);
    report.expect("face", "ok 1 face in view", &["read"]);
    let pictures = report.about("picture");
    assert!(pictures[0].starts_with("ok file:") && pictures[1].starts_with("ok brightness 0."), "{pictures:?}");
    let packs = report.about("pack");
    for name in ["blazeface-full", "mtanet"] {
        let ran = |found: &&String| found.starts_with(&format!("ok {name} ")) && found.contains("tract");
        let found = packs.iter().find(ran).unwrap_or_else(|| panic!("{name} was not run: {packs:?}"));
        assert!(found.contains("computes what it should") && found.contains("ms a run (median)"), "{found}");
    }
    report.expect("broker", "ok mqtt://", &["lets nobody in particular in", "takes what it publishes"]);
}

#[test]
fn a_pack_with_another_golden_vector_fails_and_is_named() {
    let place = Place::new();
    for pack in ["blazeface-full", "mtanet"] {
        copy(&models().join(pack), &place.path("packs").join(pack));
    }
    let golden = place.path("packs/mtanet/golden/valence_arousal.f32");
    let right = fs::read(&golden).unwrap();
    let mut wrong = right.clone();
    wrong[..4].copy_from_slice(&0.987_f32.to_le_bytes());
    fs::write(&golden, &wrong).unwrap();
    let manifest = place.path("packs/mtanet/pack.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let sum = |bytes: &[u8]| Sha256Sum::of(bytes).to_string();
    fs::write(&manifest, text.replace(&sum(&right), &sum(&wrong))).unwrap();
    let config = place.configure("mqtt://127.0.0.1:1", "");
    let report = place.without_packs(&config);
    let packs = report.about("pack");
    let refused = packs.iter().find(|found| found.starts_with("failed mtanet")).unwrap_or_else(|| panic!("{packs:?}"));
    assert!(refused.contains("valence_arousal") && refused.contains("install the pack anew"), "{refused}");
    assert!(packs.iter().any(|found| found.starts_with("ok blazeface-full")), "{packs:?}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
    }
}

#[test]
fn the_password_is_tried_and_a_wrong_one_is_told_from_a_broker_that_is_away() {
    let place = Place::new();
    let broker = Mosquitto::with_password("kiosk", "swordfish");
    let right = place.configure(&url(&broker), &place.password("swordfish\n"));
    place.without_packs(&right).expect("broker", "ok mqtt://", &["lets kiosk in"]);
    let wrong = place.configure(&url(&broker), &place.password("catfish\n"));
    let report = place.without_packs(&wrong);
    report.expect("broker", "failed authentication: ", &["check user name and password"]);
    assert!(!report.0.to_string().contains("catfish"), "the password is shown");
    let nobody = place.configure(&url(&broker), "");
    place.without_packs(&nobody).expect("broker", "failed authentication: ", &[]);
    fs::remove_file(place.path("password")).unwrap();
    let lacking = format!("username = \"kiosk\"\npassword_file = \"{}\"\n", place.path("password").display());
    let report = place.without_packs(&place.configure(&url(&broker), &lacking));
    report.expect("password", "failed the password file", &[]);
    report.expect("broker", "skipped", &[]);
}

#[test]
fn a_device_that_may_not_publish_is_told_so() {
    let place = Place::new();
    fs::write(place.path("acl"), "topic read #\n").unwrap();
    let acl = place.path("acl");
    let broker = Mosquitto::with(&format!("allow_anonymous true\nacl_file {}\n", acl.display()));
    let report = place.without_packs(&place.configure(&url(&broker), ""));
    report.expect("broker", "failed authorisation: ", &["affect/kiosk-7/doctor", "write to affect/kiosk-7/#"]);
    let old = place.configure(&url(&broker), "version = 3\n");
    place.without_packs(&old).expect("broker", "ok mqtt://", &["3.1.1 does not tell"]);
}

#[test]
fn a_broker_that_is_not_trusted_or_not_known_is_told_by_its_stage() {
    let place = Place::new();
    let broker = Mosquitto::with_tls();
    let address = format!("mqtts://localhost:{}", broker.port);
    let trust = |file: &str| format!("ca_file = \"{}\"\n", tls_directory().join(file).display());
    let trusted = place.configure(&address, &trust("ca.pem"));
    place.without_packs(&trusted).expect("broker", "ok mqtts://localhost", &[]);
    let stranger = place.configure(&address, &trust("stranger.pem"));
    let remedy = "give the certificate authority";
    place.without_packs(&stranger).expect("broker", "failed TLS: ", &[remedy]);
    let missing = place.configure(&address, &trust("none.pem"));
    let report = place.without_packs(&missing);
    report.expect("ca file", "failed ", &["none.pem"]);
    report.expect("broker", "failed TLS: ", &["none.pem"]);
    // Names below .invalid never exist.
    let unknown = place.configure("mqtts://broker.invalid", &trust("ca.pem"));
    place.without_packs(&unknown).expect("broker", "failed DNS: ", &["broker.invalid"]);
}

#[test]
fn a_broker_that_asks_for_a_certificate_is_shown_the_one_that_is_configured() {
    let place = Place::new();
    let broker = Mosquitto::with_client_certificates("");
    let address = format!("mqtts://localhost:{}", broker.port);
    let trust = format!("ca_file = \"{}\"\n", tls_directory().join("ca.pem").display());
    let report = place.without_packs(&place.configure(&address, &trust));
    // What the broker says of it may be lost when it hangs up.
    report.expect("broker", "failed ", &["certificate"]);
    report.expect("certificate", "ok none", &[]);
    fs::copy(tls_directory().join("client.key"), place.path("key")).unwrap();
    let shown = |certificate: &str| {
        let certificate = tls_directory().join(certificate);
        let files = (certificate.display(), place.path("key"));
        let more = format!("{trust}client_cert_file = \"{}\"\nclient_key_file = \"{}\"\n", files.0, files.1.display());
        place.without_packs(&place.configure(&address, &more))
    };
    for (mode, grade) in [(0o604, "warning"), (0o640, "ok")] {
        fs::set_permissions(place.path("key"), fs::Permissions::from_mode(mode)).unwrap();
        let report = shown("client.pem");
        report.expect("certificate", grade, &["key"]);
        report.expect("broker", "ok ", &[]);
    }
    let report = shown("server.pem");
    report.expect("certificate", "failed ", &["belong together"]);
    report.expect("broker", "failed TLS: ", &["belong together"]);
}

#[test]
fn every_broker_is_visited_and_each_has_its_own_line() {
    let place = Place::new();
    let broker = Mosquitto::start();
    let spares = format!("spare_urls = [\"{}\"]\n", url(&broker));
    let report = place.without_packs(&place.configure("mqtt://127.0.0.1:1", &spares));
    let found = report.about("broker");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("failed TCP: nobody listens at mqtt://127.0.0.1:1"), "{found:?}");
    assert!(found[1].starts_with("ok mqtt://") && found[1].contains(&broker.port.to_string()), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_visit_leaves_one_empty_message_that_is_not_kept_and_throws_nobody_out() {
    let place = Place::new();
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    place.without_packs(&place.configure(&url(&broker), "")).expect("broker", "ok ", &[]);
    let message = listener.next().await;
    assert_eq!((&*message.topic, message.payload.len(), message.retained), ("affect/kiosk-7/doctor", 0, false));
    let log = broker.log();
    assert!(log.contains("affectd-kiosk-7-doctor") && !log.contains("affectd-kiosk-7 "), "{log}");
    let mut later = Listener::everything(broker.port).await;
    let a_while = Duration::from_millis(300);
    assert_eq!((listener.within(a_while).await, later.within(a_while).await), (None, None));
}

#[test]
fn the_board_can_be_named_and_must_be_one_that_is_known() {
    let place = Place::new();
    let config = place.configure("mqtt://127.0.0.1:1", "");
    let packs = place.path("packs");
    let with =
        |board: &[&str]| Report::of(&[&["--models", packs.to_str().unwrap(), "doctor"], board].concat(), &config);
    let named = with(&["--board", "rk3588"]);
    assert_eq!(named.0["board"], "rk3588");
    assert!(named.about("board").iter().any(|found| found.contains("neural processor")), "{:?}", named.about("board"));
    let here = board::here().map(|board| Value::from(board.name)).unwrap_or_default();
    assert_eq!(with(&["--board"]).0["board"], here);
    let unknown = affectd(&["doctor", "--board", "commodore-64"]);
    assert_eq!(unknown.code, 64);
    for name in NAMES {
        assert!(unknown.stderr.contains(name), "{}", unknown.stderr);
    }
}

#[test]
fn a_wrong_configuration_ends_before_anything_is_opened() {
    let place = Place::new();
    let ran =
        affectd(&["doctor", "--config", place.configure("mqtt://127.0.0.1:1", "pasword = 1\n").to_str().unwrap()]);
    assert_eq!(ran.code, 78);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("[mqtt] has no key pasword"), "{}{}", ran.stdout, ran.stderr);
}
