//! `affectd simulate` against a real broker.

use std::collections::{HashMap, HashSet};
use std::process::{Command, Stdio};

use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::support::listener::{Listener, Message};
use crate::support::mosquitto::Mosquitto;
use crate::support::program::{self, Ran, affectd};
use crate::support::{free_port, schema};

/// Runs a fleet of 20 at the broker, with a listener of ours beside its own, and gives all that this one got up to
/// the last message that is taken back.
async fn fleet_of_20(port: u16, more: &[&str]) -> (Ran, Vec<Message>) {
    let mut listener = Listener::everything(port).await;
    let broker = format!("mqtt://127.0.0.1:{port}");
    let mut words = vec!["simulate", "--devices", "20", "--ramp", "20", "--broker", &broker];
    words.extend(more);
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let ran = spawn_blocking(move || affectd(&words.iter().map(String::as_str).collect::<Vec<_>>())).await.unwrap();
    let (mut messages, mut taken_back) = (Vec::new(), 0);
    while taken_back < 20 * 3 {
        let message = listener.next().await;
        taken_back += usize::from(message.payload.is_empty());
        messages.push(message);
    }
    (ran, messages)
}

fn words_of(messages: &[Message], topic: &str) -> Vec<String> {
    messages.iter().filter(|message| message.topic == topic).map(|message| message.text().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_device_comes_and_goes_and_every_event_arrives_once() {
    let broker = Mosquitto::start();
    let (ran, messages) = fleet_of_20(broker.port, &["--seconds", "4", "--faces", "2", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["simulated"], true);
    for key in ["asked_for", "online", "ever_online", "stopped"] {
        assert_eq!(report["devices"][key], 20, "{key}");
    }
    for device in 1..=20 {
        let told = words_of(&messages, &format!("affect/simulated-{device:04}/status"));
        assert_eq!(told, ["online", "stopped", ""], "device {device}");
    }
    // What the report says was received is what another subscriber received, too.
    let events: Vec<_> = messages.iter().filter(|message| message.topic.ends_with("/events")).collect();
    let distinct: HashSet<_> = events.iter().map(|message| &message.payload).collect();
    assert!(events.len() > 20, "{} events of 20 devices", events.len());
    assert_eq!((distinct.len(), &report["events"]["lost"]), (events.len(), &Value::from(0)));
    for key in ["sent", "received"] {
        assert_eq!(report["events"][key], events.len(), "{key}");
    }
    let sent = report["states"]["sent"].as_u64().unwrap();
    let received = report["states"]["received"].as_u64().unwrap();
    let states = messages.iter().filter(|message| message.topic.ends_with("/state")).count() as u64;
    assert!(sent >= received && sent >= states, "{sent} sent, {received} and {states} received");
    assert!(report["broker"]["process"]["name"].as_str().unwrap().starts_with("mosquitto"), "{report:#}");
    let count = |kind: &str| report[kind]["latency_ms"]["count"].as_u64().unwrap();
    assert!(count("states") > 100 && count("states") <= received && count("events") > 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_they_publish_fits_the_schemas_and_says_that_it_is_made_up() {
    let broker = Mosquitto::start();
    let (ran, messages) = fleet_of_20(broker.port, &["--seconds", "2"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("20 devices that are made up (simulated-0001 to simulated-0020)"), "{}", ran.stdout);
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for message in messages.iter().filter(|message| !message.payload.is_empty()) {
        let kind = kinds.entry(message.topic.rsplit('/').next().unwrap().to_owned()).or_default();
        *kind += 1;
        if *kind <= 40 {
            schema::check(message);
        }
        if message.topic.ends_with("/device") {
            let device = message.json();
            assert_eq!((&device["board"], &device["packs"][0]["name"]), (&"simulated".into(), &"simulated".into()));
        }
    }
    for kind in ["status", "device", "health", "events", "state"] {
        assert!(kinds.contains_key(kind), "nothing on {kind}: {kinds:?}");
    }
    // Nothing is left behind for those who come later.
    let mut later = Listener::everything(broker.port).await;
    assert_eq!(later.within(std::time::Duration::from_millis(300)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_measurement_with_goodbyes_and_a_report() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, "affect/+/status", None).await;
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let words = ["simulate", "--devices", "5", "--seconds", "3600", "--json", "--broker", &url];
    let child = program::command().args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..5 {
        assert_eq!(listener.next().await.text(), "online");
    }
    program::signal(child.id(), "-INT");
    let output = spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["devices"]["stopped"], &report["events"]["lost"]), (&5.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_is_told_as_such() {
    let mut broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, "affect/+/status", None).await;
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let words = ["simulate", "--devices", "5", "--seconds", "3600", "--broker", &url];
    let child = program::command().args(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(listener.next().await.text(), "online");
    broker.kill();
    let output = spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("a subscriber lost its connection") && told.contains(&url), "{told}");
}

#[test]
fn no_devices_and_no_number_of_devices_are_wrong_command_lines() {
    for words in [&["simulate"][..], &["simulate", "--devices", "0"], &["simulate", "--devices", "5", "--seconds", "0"]]
    {
        let ran = affectd(words);
        assert_eq!(ran.code, 64, "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("--devices") || ran.stderr.contains("--seconds"), "{}", ran.stderr);
    }
}

#[test]
fn where_nobody_listens_the_remedy_is_told_at_once() {
    let port = free_port();
    let ran = affectd(&["simulate", "--devices", "3", "--broker", &format!("mqtt://127.0.0.1:{port}")]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("nobody listens") && ran.stderr.contains("start the broker"), "{}", ran.stderr);
}

#[test]
fn more_devices_than_the_machine_allows_are_refused_with_the_remedy() {
    let ran = affectd(&["simulate", "--devices", "100000"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("100000 devices") && ran.stderr.contains("simulate fewer devices"), "{}", ran.stderr);

    let limited = format!("ulimit -n 100; exec {} simulate --devices 200", env!("CARGO_BIN_EXE_affectd"));
    let ran = Command::new("sh").args(["-c", &limited]).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1));
    assert!(told.contains("open files") && told.contains("may have 100"), "{told}");
}
