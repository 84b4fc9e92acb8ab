//! What the program says of a library that is there, is not, or is something else; and that it goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::onnxruntime::library;
use crate::support::program::{Ran, astronaut, command};

/// Runs the program with that engine and library to its end.
fn run(engine: &str, library: &Path, arguments: &[&str]) -> Ran {
    let output =
        command().env("AFFECTD_ENGINE", engine).env("ORT_DYLIB_PATH", library).args(arguments).output().unwrap();
    Ran {
        code: output.status.code().expect("ended by a signal"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Estimates on a photograph with a face.
fn infer(engine: &str, library: &Path) -> Ran {
    run(engine, library, &["infer", astronaut().to_str().unwrap()])
}

/// A library of a few lines of C.
fn made(dir: &TempDir, code: &str) -> PathBuf {
    let (source, library) = (dir.path().join("made.c"), dir.path().join("libonnxruntime.so"));
    fs::write(&source, code).unwrap();
    let cc = Command::new("cc").args(["-shared", "-fPIC", "-Wl,-z,now", "-o"]).args([&library, &source]).status();
    assert!(cc.is_ok_and(|status| status.success()), "this test needs the C compiler that Rust links with");
    library
}

/// A library that says it is ONNX Runtime of that version, and gives no API.
fn pretender(version: &str) -> String {
    format!(
        "static const void *get(unsigned v) {{ return 0; }}\n\
         static const char *version(void) {{ return \"{version}\"; }}\n\
         static struct {{ const void *(*a)(unsigned); const char *(*b)(void); }} base = {{ get, version }};\n\
         void *OrtGetApiBase(void) {{ return &base; }}\n"
    )
}

#[test]
fn with_the_library_its_engine_is_used_and_named_and_says_nothing() {
    let ran = infer("auto", &library());
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    assert_eq!(ran.lines()[0]["engine"], "ort");

    let tract = infer("tract", &library());
    assert_eq!(tract.lines()[0]["engine"], "tract");
    let happy = |ran: &Ran| ran.lines()[0]["expression"]["probabilities"]["happiness"].as_f64().unwrap();
    assert!((happy(&ran) - happy(&tract)).abs() < 1e-3);
}

#[test]
fn auto_without_a_library_that_works_says_so_once_and_goes_on_with_tract() {
    let ran = infer("auto", Path::new("/nonexistent/libonnxruntime.so"));
    assert_eq!((ran.code, &ran.lines()[0]["engine"]), (0, &"tract".into()));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for part in ["tract runs the models", "/nonexistent/libonnxruntime.so", "models.onnxruntime", "boards/README.md"] {
        assert!(ran.stderr.contains(part), "{part:?} is not in: {}", ran.stderr);
    }
}

#[test]
fn an_engine_that_is_required_and_not_here_ends_the_start_with_the_remedy() {
    let ran = infer("ort", Path::new("/nonexistent/libonnxruntime.so"));
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for part in ["models.engine is \"ort\"", "/nonexistent/libonnxruntime.so cannot be opened", "to \"tract\""] {
        assert!(ran.stderr.contains(part), "{part:?} is not in: {}", ran.stderr);
    }
}

#[test]
fn whatever_stands_in_the_librarys_place_is_named_and_nothing_panics_or_waits() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        fs::write(dir.path().join(name), bytes).unwrap();
        dir.path().join(name)
    };
    let real = fs::read(library()).unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let made_in: Vec<TempDir> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
    let cases = [
        (put("text", b"not a library"), "is not a shared library"),
        (put("half", &real[..real.len() / 2]), "is not whole"),
        (pipe, "is not a file"),
        (dir.path().to_owned(), "is not a file"),
        (made(&made_in[0], "int other(void) { return 1; }\n"), "is not the library of ONNX Runtime"),
        (made(&made_in[1], &pretender("1.16.3")), "is version 1.16.3, which is too old"),
        (made(&made_in[2], &pretender("1.99.0")), "does not work"),
        (made(&made_in[3], "void *OrtGetApiBase(void) { return 0; }\n"), "does not work"),
        (made(&made_in[4], "extern int nowhere(void); int f(void) { return nowhere(); }\n"), "cannot be loaded"),
    ];
    for (file, says) in cases {
        let told = |text: &str| text.contains(says) && text.contains(file.to_str().unwrap());
        let ran = infer("auto", &file);
        assert_eq!((ran.code, &ran.lines()[0]["engine"]), (0, &"tract".into()), "{says}");
        assert!(told(&ran.stderr) && ran.stderr.lines().count() == 1, "{says}: {}", ran.stderr);
        let ran = infer("ort", &file);
        assert_eq!(ran.code, 1, "{says}");
        assert!(told(&ran.stderr) && ran.stderr.lines().count() == 1, "{says}: {}", ran.stderr);
    }
}

#[test]
fn a_provider_that_the_library_lacks_is_named_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("affectd.toml");
    fs::write(&config, "[device]\nid = \"kiosk-7\"\n[models]\nproviders = [\"tensorrt\", \"cpu\"]\n").unwrap();
    let config = config.to_str().unwrap();
    let ran = run("auto", &library(), &["infer", "--config", config, astronaut().to_str().unwrap()]);
    assert_eq!((ran.code, &ran.lines()[0]["engine"]), (0, &"ort".into()), "{}", ran.stderr);
    assert!(ran.stderr.contains("tensorrt") && ran.stderr.lines().count() == 1, "{}", ran.stderr);

    let checked = run("auto", &library(), &["check", "--config", config]);
    let line = checked.stdout.lines().find(|line| line.starts_with("engine")).unwrap();
    assert!(line.contains("warning") && line.contains("without tensorrt"), "{line}");
}

#[test]
fn the_dynamic_linkers_own_places_are_looked_in() {
    let folder = library().parent().unwrap().to_owned();
    let mut command = command();
    let found = command.env("AFFECTD_ENGINE", "ort").env("LD_LIBRARY_PATH", folder).args(["model", "show", "mtanet"]);
    let found = String::from_utf8(found.output().unwrap().stdout).unwrap();
    let line = found.lines().find(|line| line.trim_start().starts_with("ort ")).unwrap();
    assert!(line.ends_with("yes        yes"), "{found}");
}

#[test]
fn check_tells_which_engine_there_will_be() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("affectd.toml");
    fs::write(&config, "[device]\nid = \"kiosk-7\"\n").unwrap();
    let nowhere = Path::new("/nonexistent/libonnxruntime.so");
    let library = library();
    for (engine, library, expected) in [
        ("tract", nowhere, "engine      ok        tract"),
        ("auto", &*library, "engine      ok        ONNX Runtime 1."),
        ("auto", nowhere, "engine      warning   tract, because /nonexistent/libonnxruntime.so cannot be opened"),
        ("ort", nowhere, "engine      wrong     /nonexistent/libonnxruntime.so cannot be opened"),
    ] {
        let ran = run(engine, library, &["check", "--config", config.to_str().unwrap()]);
        let line = ran.stdout.lines().find(|line| line.starts_with("engine")).unwrap();
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn verify_runs_every_engine_that_is_here_and_says_why_one_is_not() {
    let ran = run("auto", &library(), &["model", "verify", "mtanet", "--json"]);
    let verdicts = |ran: &Ran| {
        let outcomes: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let outcome = |i: usize| (outcomes[i]["engine"].to_string(), outcomes[i]["verdict"].to_string());
        (outcome(0), outcome(1), outcomes[1]["reason"].to_string())
    };
    let (tract, ort, _) = verdicts(&ran);
    assert_eq!((ran.code, tract.1, ort), (0, "\"agrees\"".into(), ("\"ort\"".into(), "\"agrees\"".into())));

    let ran = run("auto", Path::new("/nonexistent/libonnxruntime.so"), &["model", "verify", "mtanet", "--json"]);
    let (tract, ort, reason) = verdicts(&ran);
    assert_eq!((ran.code, tract.1, ort.1), (0, "\"agrees\"".into(), "\"not_run\"".into()));
    assert!(reason.contains("/nonexistent/libonnxruntime.so cannot be opened"), "{reason}");
}
