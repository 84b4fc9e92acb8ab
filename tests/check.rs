//! `affectd check`: three stages, what each finds, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use affectd::board::{self, Signs};
use affectd::commands::check::{self, Scope, Verdict};
use affectd::model::digest::Sha256Sum;
use tempfile::TempDir;

/// A place where everything is as it should be, until a test breaks it.
struct Place {
    dir: TempDir,
    broker: TcpListener,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap(), broker: TcpListener::bind("127.0.0.1:0").unwrap() };
        place.put("clip.mp4", "a clip");
        let detector = "[detector]\nlayout = \"full-range\"\nscore_threshold = 0.5\n";
        place.put_pack("finder", "detector", (192, "rgb", 3), detector, &[("boxes", 2304 * 16), ("scores", 2304)]);
        let align = "[align]\nright_eye = [0.3, 0.4]\nleft_eye = [0.7, 0.4]\nnose = [0.5, 0.6]\nmouth = [0.5, 0.8]\n";
        place.put_pack("reader", "frame", (64, "grey", 1), align, &[("valence_arousal", 2)]);
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A pack whose files are there and right as far as a check looks: hashes and lengths.
    fn put_pack(&self, name: &str, kind: &str, input: (usize, &str, usize), section: &str, outputs: &[(&str, usize)]) {
        let put = |file: &str, numbers: usize| {
            let content = "0000".repeat(numbers);
            self.put(&format!("models/{name}/{file}"), &content);
            format!("file = \"{file}\"\nsha256 = \"{}\"\n", Sha256Sum::of(content.as_bytes()))
        };
        let (side, channels, planes) = input;
        let mut manifest = format!(
            "schema = 1\nname = \"{name}\"\nversion = \"1.2.3\"\nkind = \"{kind}\"\nsummary = \"A pack for tests.\"\n\
             [licence]\nweights = \"MIT\"\ncommercial_use = true\nnote = \"Made here.\"\n\
             [input]\nwidth = {side}\nheight = {side}\nchannels = \"{channels}\"\nscale = 1.0\noffset = 0.0\n\
             {section}[[variant]]\nengine = \"tract\"\nprecision = \"f32\"\n{model}[golden]\nsamples = 1\n\
             tolerance = 1e-3\n[golden.input]\n{golden}",
            model = put("model.onnx", 1),
            golden = put("input.f32", side * side * planes),
        );
        for &(output, numbers) in outputs {
            let golden = put(&format!("{output}.f32"), numbers);
            manifest += &format!("[outputs.{output}]\ntensor = \"{output}\"\n[golden.outputs.{output}]\n{golden}");
        }
        self.put(&format!("models/{name}/pack.toml"), &manifest);
    }

    fn broker(&self) -> String {
        format!("mqtt://{}", self.broker.local_addr().unwrap())
    }

    /// A configuration that names what is here. The last section is [mqtt].
    fn configuration(&self) -> String {
        format!(
            "[device]\nid = \"kiosk-7\"\n[privacy]\ncontext = \"kiosk\"\n[models]\nengine = \"tract\"\ndir = \"{dir}/models\"\ndetector = \"finder\"\nface = \"reader\"\n\
             [source]\nvideo = \"file:{dir}/clip.mp4\"\n[mqtt]\nurl = \"{broker}\"\n",
            dir = self.dir.path().display(),
            broker = self.broker(),
        )
    }

    /// Checks a configuration; what differs from run to run is replaced in what is said.
    fn check(&self, text: &str, json: bool) -> (Verdict, String) {
        self.put("affectd.toml", text);
        let (verdict, said) = run(&self.path("affectd.toml"), json);
        let dir = self.dir.path().display().to_string();
        let said = said.replace(&dir, "PLACE").replace(&self.broker(), "BROKER");
        (verdict, said.replace(&board(), "BOARD"))
    }
}

/// What is said of the board that the test runs on.
fn board() -> String {
    let signs = Signs::read("/".as_ref());
    board::here().map_or_else(|| format!("{signs}: none that affectd knows"), |board| board.title)
}

fn run(path: &Path, json: bool) -> (Verdict, String) {
    run_for(Scope::Start, path, None, json)
}

fn run_for(scope: Scope, path: &Path, models: Option<&Path>, json: bool) -> (Verdict, String) {
    let mut out = Vec::new();
    let verdict = check::run(path, models, scope, json, &mut out).unwrap();
    (verdict, String::from_utf8(out).unwrap())
}

#[test]
fn all_is_well() {
    let place = Place::new();
    let (verdict, said) = place.check(&place.configuration(), false);
    insta::assert_snapshot!(said);
    assert_eq!(verdict, Verdict::Good);
}

#[test]
fn all_is_well_for_programs() {
    let place = Place::new();
    let (verdict, said) = place.check(&place.configuration(), true);
    insta::assert_snapshot!(said);
    assert_eq!(verdict, Verdict::Good);
}

#[test]
fn a_file_that_is_not_toml_ends_at_the_syntax() {
    let (verdict, said) = Place::new().check("[log\n", false);
    assert_eq!(verdict, Verdict::WrongConfiguration);
    assert!(said.starts_with("syntax      wrong\n\nerror: this is not TOML"), "{said}");
}

#[test]
fn a_value_that_is_not_allowed_ends_at_the_meaning() {
    let (verdict, said) = Place::new().check("[log]\nlevel = \"loud\"\n", false);
    assert_eq!(verdict, Verdict::WrongConfiguration);
    assert!(said.starts_with("syntax      ok\nmeaning     wrong\n\nerror: log.level"), "{said}");
}

#[test]
fn a_wrong_configuration_for_programs() {
    let (verdict, said) = Place::new().check("[log]\nlevel = \"loud\"\n", true);
    insta::assert_snapshot!(said);
    assert_eq!(verdict, Verdict::WrongConfiguration);
}

#[test]
fn a_file_that_is_missing_is_a_wrong_configuration() {
    let (verdict, said) = run(Path::new("/nonexistent/affectd.toml"), false);
    assert_eq!(verdict, Verdict::WrongConfiguration);
    assert!(said.contains("/nonexistent/affectd.toml cannot be read"), "{said}");
}

#[test]
fn everything_that_is_not_there_is_told_at_once() {
    let place = Place::new();
    fs::remove_file(place.path("clip.mp4")).unwrap();
    fs::remove_file(place.path("models/reader/model.onnx")).unwrap();
    let text = place.configuration() + "username = \"me\"\npassword_file = \"/nonexistent/password\"\n";
    let (verdict, said) = place.check(&text, false);
    insta::assert_snapshot!(said);
    assert_eq!(verdict, Verdict::WrongSurroundings);
}

#[test]
fn a_source_that_is_not_there_or_not_one() {
    let place = Place::new();
    let clip = place.path("clip.mp4").display().to_string();
    for (written, says, remedy) in [
        ("v4l:/nonexistent/video0", "/nonexistent/video0 cannot be opened", "ls /dev/video*"),
        (&format!("v4l:{clip}"), "is not a device", "write file: before"),
        ("file:/", "/ is a folder", "set source.video to a file"),
    ] {
        let text = place.configuration().replace(&format!("file:{clip}"), written);
        let (verdict, said) = place.check(&text, false);
        assert_eq!(verdict, Verdict::WrongSurroundings);
        assert!(said.contains(says) && said.contains(remedy), "{said}");
    }
}

#[test]
fn packs_that_are_not_there_or_stand_in_each_others_place() {
    let place = Place::new();
    for (written, instead, remedy) in [
        ("face = \"reader\"", "face = \"finder\"", "name a pack of kind frame as models.face"),
        ("detector = \"finder\"", "detector = \"reader\"", "name a pack of kind detector as models.detector"),
        ("face = \"reader\"", "face = \"raeder\"", "set models.detector and models.face to packs that are there"),
        ("/models\"", "/elsewhere\"", "--models"),
    ] {
        let (verdict, said) = place.check(&place.configuration().replace(written, instead), false);
        assert_eq!(verdict, Verdict::WrongSurroundings);
        assert!(said.contains(remedy), "{said}");
    }
}

#[test]
fn a_pack_that_forbids_commercial_use_is_refused_where_that_is_what_it_is_for() {
    let place = Place::new();
    let manifest = fs::read_to_string(place.path("models/reader/pack.toml")).unwrap();
    let forbidding = manifest
        .replace("weights = \"MIT\"\ncommercial_use = true", "weights = \"CC-BY-NC-4.0\"\ncommercial_use = false");
    fs::write(place.path("models/reader/pack.toml"), forbidding).unwrap();
    let private = place.configuration();
    assert_eq!(place.check(&private, false).0, Verdict::Good);
    let commercial = private.replace("face = \"reader\"", "face = \"reader\"\ncommercial = true");
    let (verdict, said) = place.check(&commercial, false);
    assert_eq!(verdict, Verdict::WrongSurroundings);
    for part in ["reader 1.2.3", "CC-BY-NC-4.0 forbids commercial use", "models.commercial"] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn a_broker_that_is_away_or_not_known_is_a_warning() {
    let place = Place::new();
    // Nobody listens on port 1; names below .invalid never exist.
    for (url, expected) in [
        ("mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1 does not answer"),
        ("mqtts://broker.invalid", "the host broker.invalid is not found"),
    ] {
        let (verdict, said) = place.check(&place.configuration().replace(&place.broker(), url), false);
        assert_eq!(verdict, Verdict::Good);
        assert!(said.contains("broker      warning") && said.contains(expected), "{said}");
        assert!(said.ends_with("0 problems, 1 warning\n"), "{said}");
    }
}

#[test]
fn a_password_that_everyone_may_read_is_a_warning() {
    let place = Place::new();
    place.put("password", "swordfish\n");
    let file = place.path("password");
    let text = format!("{}username = \"me\"\npassword_file = \"{}\"\n", place.configuration(), file.display());
    for (mode, expected) in [(0o604, "password    warning"), (0o640, "password    ok")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let (verdict, said) = place.check(&text, false);
        assert_eq!(verdict, Verdict::Good);
        assert!(said.contains(expected) && !said.contains("swordfish"), "{said}");
    }
}

#[test]
fn a_certificate_file_must_hold_a_certificate() {
    let place = Place::new();
    let text = format!("{}ca_file = \"{}\"\n", place.configuration(), place.path("ca.pem").display());
    for (content, verdict, expected) in [
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Verdict::Good, "1 certificate in"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", Verdict::WrongSurroundings, "is not right"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            Verdict::WrongSurroundings,
            "no certificate",
        ),
    ] {
        place.put("ca.pem", content);
        let (ended, said) = place.check(&text.replace("mqtt://", "mqtts://"), false);
        assert_eq!(ended, verdict, "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

/// The configuration of a place whose packs are this project's own.
fn with_true_packs(place: &Place) -> String {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
    let text = place.configuration().replace("\"finder\"", "\"blazeface-short\"").replace("\"reader\"", "\"mtanet\"");
    text.replace(&format!("{}/models", place.dir.path().display()), models)
}

#[test]
fn a_version_may_take_over_while_camera_and_broker_are_away() {
    let place = Place::new();
    let away = with_true_packs(&place).replace(&place.broker(), "mqtt://127.0.0.1:1").replace("clip.mp4", "gone.mp4");
    place.put("affectd.toml", &away);
    let (verdict, said) = run_for(Scope::Update, &place.path("affectd.toml"), None, false);
    assert_eq!(verdict, Verdict::Good, "{said}");
    assert!(said.contains("golden      ok        blazeface-short 0.1.0 in tract, mtanet 0.1.0 in tract"), "{said}");
    assert_eq!(place.check(&away, false).0, Verdict::WrongSurroundings);
}

#[test]
fn a_version_whose_models_compute_something_else_may_not_take_over() {
    let place = Place::new();
    // Whole by its sums, and no model: what an engine makes of it shows only when it is run.
    place.put("affectd.toml", &place.configuration());
    let (verdict, said) = run_for(Scope::Update, &place.path("affectd.toml"), None, true);
    assert_eq!(verdict, Verdict::WrongSurroundings);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let findings = said["surroundings"].as_array().unwrap();
    let grade = |what: &str| &findings.iter().find(|finding| finding["what"] == what).unwrap()["grade"];
    assert_eq!((grade("models"), grade("golden")), (&"ok".into(), &"wrong".into()), "{said:#}");
}

#[test]
fn a_version_that_does_not_know_a_key_may_not_take_over() {
    let place = Place::new();
    place.put("affectd.toml", "[source]\nviedo = \"v4l:/dev/video0\"\n");
    let (verdict, said) = run_for(Scope::Update, &place.path("affectd.toml"), None, false);
    assert_eq!(verdict, Verdict::WrongConfiguration, "{said}");
}

#[test]
fn packs_are_looked_for_where_the_command_line_says() {
    let place = Place::new();
    place.put("affectd.toml", &place.configuration().replace("/models\"", "/elsewhere\""));
    let path = place.path("affectd.toml");
    assert_eq!(run_for(Scope::Start, &path, None, false).0, Verdict::WrongSurroundings);
    let (verdict, said) = run_for(Scope::Start, &path, Some(&place.path("models")), false);
    assert_eq!(verdict, Verdict::Good, "{said}");
}
