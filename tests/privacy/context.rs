//! Where the device stands, and what may be told there.

use std::fs;

use serde_json::Value;

use crate::pattern::Clip;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::program::affectd;
use crate::world::World;

fn configuration(dir: &std::path::Path, privacy: &str) -> String {
    let path = dir.join("affectd.toml");
    fs::write(&path, format!("[device]\nid = \"place-1\"\n[privacy]\n{privacy}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn where_the_law_forbids_it_affectd_does_not_start_and_says_which_law() {
    let dir = tempfile::tempdir().unwrap();
    for context in ["workplace", "education"] {
        let config = configuration(dir.path(), &format!("context = \"{context}\""));
        for command in ["run", "check"] {
            let ran = affectd(&[command, "--config", &config]);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, 78, "{command}: {said}");
            for word in
                ["affectd.toml:4:", context, "2024/1689", "Article 5(1)(f)", "action_units_only = true", "medical"]
            {
                assert!(said.contains(word), "{command} does not say {word}: {said}");
            }
        }
    }
}

#[test]
fn what_remains_possible_there_is_not_refused() {
    let dir = tempfile::tempdir().unwrap();
    for privacy in
        ["context = \"workplace\"\naction_units_only = true", "context = \"safety\"", "context = \"medical\""]
    {
        let config = configuration(dir.path(), privacy);
        let ran = affectd(&["check", "--json", "--config", &config]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["configuration"], Value::Array(Vec::new()), "{privacy}");
        let findings = report["surroundings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["what"] == "privacy").unwrap();
        assert_eq!(finding["grade"], "ok", "{privacy}: {finding}");
    }
}

#[test]
fn a_configuration_that_does_not_declare_it_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let ran = affectd(&["check", "--json", "--config", &configuration(dir.path(), "")]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["surroundings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["what"] == "privacy").unwrap();
    assert_eq!(finding["grade"], "warning", "{finding}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_action_units_alone_may_be_told_nothing_else_is() {
    let (dir, world, mosquitto) = (tempfile::tempdir().unwrap(), World::new(), Mosquitto::start());
    let clip = Clip::make(dir.path(), 6);
    let config = world.path("affectd.toml");
    let text = format!(
        "[device]\nid = \"place-1\"\n[source]\nvideo = \"file:{path}\"\naudio = \"file:{path}\"\n\
         [events]\nkinds = [\"presence\", \"expression\", \"compound\", \"action_unit\", \"valence\", \"arousal\", \
         \"voice\"]\nenter = 0.02\nleave = 0.01\nvalence_enter = 0.02\nvalence_leave = 0.01\narousal_enter = 0.02\n\
         arousal_leave = 0.01\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[privacy]\ncontext = \"workplace\"\n\
         action_units_only = true\n",
        path = clip.path.display(),
        port = mosquitto.port,
    );
    fs::write(&config, text).unwrap();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut daemon = world.start("run", &["run", "--config", config.to_str().unwrap()]);
    let messages = listener.until_stopped().await;
    assert_eq!(daemon.wait().unwrap().code(), Some(0));

    let of = |end: &'static str| messages.iter().filter(move |message| message.topic.ends_with(end)).map(|m| m.json());
    let interprets = ["expression", "compound", "valence", "arousal", "fused"];
    let mut units = 0;
    for state in of("/state") {
        let had: Vec<_> = interprets.iter().filter(|field| state.get(field).is_some()).collect();
        assert!(had.is_empty(), "{had:?}: {state}");
        units += usize::from(state.get("action_units").is_some());
    }
    assert!(units > 0, "no action unit was told");
    let plain = ["presence", "action_unit", "voice"];
    let is_plain = |kind: &Value| plain.contains(&kind.as_str().unwrap());
    assert!(of("/events").all(|event| is_plain(&event["kind"])));
    assert!(of("/events").any(|event| event["kind"] == "presence"));
    let device = of("/device").next().unwrap();
    assert!(device["capabilities"].as_array().unwrap().iter().all(is_plain), "{device}");
    let notice = of("/notice").next().unwrap();
    assert_eq!((&notice["action_units_only"], &notice["context"]), (&Value::from(true), &Value::from("workplace")));
    assert!(notice["kinds"].as_array().unwrap().iter().all(is_plain), "{notice}");

    let lines = affectd(&[
        "infer",
        "--config",
        config.to_str().unwrap(),
        crate::support::program::astronaut().to_str().unwrap(),
    ]);
    let line = &lines.lines()[0];
    assert!(line.get("action_units").is_some(), "{line}");
    assert!(interprets.iter().all(|field| line.get(field).is_none()), "{line}");
}
