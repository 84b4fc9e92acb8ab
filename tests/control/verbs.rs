//! What each command does.

use serde_json::json;

use crate::asker::Asker;
use crate::daemon::{ALL, Daemon, online};
use crate::support::mosquitto::Mosquitto;
use crate::support::schema;

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_with_what_became_of_commands() {
    let (_mosquitto, mut asker, _daemon) = online("").await;
    asker.stage("camera", |camera| camera["state"] == "failed").await;
    asker.refused("reload", json!({})).await;
    let result = asker.done("health", json!({})).await;
    schema::fits("health", &result["health"], "health in the reply");
    assert_eq!(result["health"]["stages"]["camera"]["state"], "failed");
    assert_eq!(result["commands"], json!({ "done": 1, "failed": 0, "refused": { "not_allowed": 1 } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_more_for_as_long_as_it_was_asked_to() {
    let (_mosquitto, mut asker, daemon) = online(ALL).await;
    // Told twice of the same: the second time it is only a line for whoever looks for a fault.
    let refused = "Command refused.";
    for _ in 0..2 {
        asker.refused("reboot", json!({})).await;
    }
    let result = asker.done("log-level", json!({ "level": "debug", "for_s": 2 })).await;
    assert_eq!(result, json!({ "level": "debug", "for_s": 2 }));
    assert!(daemon.lines_with(refused).is_empty());
    asker.refused("reboot", json!({})).await;
    daemon.says(refused).await;
    daemon.says("The log is as configured again.").await;
    let lines = daemon.lines_with(refused).len();
    asker.refused("reboot", json!({})).await;
    assert_eq!(asker.done("log-level", json!({})).await, json!({ "level": "info" }));
    assert_eq!(daemon.lines_with(refused).len(), lines, "it still says more");
    assert_eq!(asker.done("log-level", json!({ "level": "error" })).await, json!({ "level": "error" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_look_of_a_face_is_neutral_from_now_on() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    let _daemon = Daemon::with_face(mosquitto.port, ALL);
    let before = loop {
        let state = asker.state().await;
        if state["expression"].is_object() {
            break state;
        }
    };
    let face = before["face"].as_u64().unwrap();
    let result = asker.done("calibrate", json!({ "face": face })).await;
    assert_eq!(result, json!({ "faces": [face], "seconds": 3 }));
    let valence = |state: &serde_json::Value| state["valence"].as_f64().unwrap();
    // The face is the same picture all the time: nothing else moves it towards zero.
    assert!(valence(&before).abs() > 0.05, "this face cannot show it: {before:#}");
    let watch = affectd::clock::Stopwatch::start();
    loop {
        let state = asker.state().await;
        if state["valence"].is_number() && valence(&state).abs() < valence(&before).abs() * 0.8 {
            break;
        }
        assert!(watch.elapsed() < crate::support::SOON, "{before:#}\n{state:#}");
    }
    let (code, reason, remedy) = asker.refused("calibrate", json!({ "face": 4711 })).await;
    assert!(code == "failed" && reason.contains("face 4711 is not in view") && remedy.contains("states"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_calibrated_where_nobody_is_seen() {
    let (_mosquitto, mut asker, _daemon) = online(ALL).await;
    let (code, reason, _) = asker.refused("calibrate", json!({})).await;
    assert_eq!((code.as_str(), reason.as_str()), ("failed", "nobody is in view"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_started_anew_on_its_budget_and_works_again() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    // Events may come before the reply, and who waits for that passes over them.
    let mut witness = Asker::at(mosquitto.port).await;
    let mut daemon = Daemon::with_face(mosquitto.port, ALL);
    let presence = witness.event("new", "presence").await;
    let face = asker.face().await;
    assert_eq!(presence["face"], face);
    assert_eq!(asker.done("restart-stage", json!({ "stage": "faces" })).await, json!({ "stage": "faces" }));
    // Events of the old chain end, and the face has another number in the new.
    assert_eq!(witness.event("end", "presence").await["id"], presence["id"]);
    while asker.face().await == face {}
    // On a busy machine it may be slow; it does not rest, and it died no second time.
    asker.stage("faces", |faces| faces["restarts"] == 1 && faces["state"] != "failed").await;
    let (code, reason, _) = asker.refused("restart-stage", json!({ "stage": "microphone" })).await;
    assert_eq!((code.as_str(), reason.as_str()), ("failed", "it takes no part"));
    assert_eq!(asker.done("restart-stage", json!({ "stage": "packs" })).await, json!({ "stage": "packs" }));
    asker.stage("packs", |packs| packs["restarts"] == 1 && packs["state"] == "ok").await;
    let packs = asker.done("reload", json!({})).await;
    assert!(packs["packs"].as_array().unwrap().len() == 2, "{packs:#}");
    assert!(daemon.lives());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_is_refused_at_a_reload_is_told_with_the_reason() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    copy(&crate::support::program::models(), &models);
    let more = format!("{ALL}[models]\ndir = \"{}\"\nreload_every_s = 0\n", models.display());
    let _daemon = Daemon::start_with_models(dir, mosquitto.port, &more);
    asker.online().await;
    let packs = asker.done("reload", json!({})).await;
    assert!(packs["packs"][1].as_str().unwrap().starts_with("mtanet "), "{packs:#}");
    std::fs::write(models.join("mtanet/pack.toml"), "schema = 1\n").unwrap();
    let (code, reason, remedy) = asker.refused("reload", json!({})).await;
    assert!(code == "failed" && reason.contains("new pack refused") && reason.contains("pack.toml"), "{reason}");
    assert!(remedy.contains("the one at work goes on"), "{remedy}");
}

/// The packs that are at work by default.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for pack in ["blazeface-full", "mtanet"] {
        let (from, to) = (from.join(pack), to.join(pack));
        std::fs::create_dir_all(&to).unwrap();
        let copied = std::process::Command::new("cp").arg("-r").arg(from.join(".")).arg(&to).status().unwrap();
        assert!(copied.success());
    }
}
