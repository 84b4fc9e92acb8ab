//! The whole daemon on a clip that is known byte by byte: nothing of it is in what it publishes, logs or writes.

use std::fs;
use std::process::Child;
use std::time::Duration;

use affectd::publish::OUTBOX_FILE;
use tokio::time::sleep;

use crate::finder::Finder;
use crate::pattern::Clip;
use crate::support::listener::{Listener, Message};
use crate::support::mosquitto::Mosquitto;
use crate::support::schema;
use crate::world::World;

/// The most that a message of each topic may hold, in bytes; twice and more what the largest of them needs.
fn longest(topic: &str) -> usize {
    match topic.split('/').skip(2).collect::<Vec<_>>()[..] {
        ["status"] => 16,
        ["scene", "state"] | ["voice", "state"] => 2_000,
        ["events"] => 1_000,
        ["notice"] => 1_000,
        _ => 4_000,
    }
}

fn configuration(world: &World, clip: &Clip, port: u16) -> String {
    let path = clip.path.display();
    let config = world.path("affectd.toml");
    let text = format!(
        "[device]\nid = \"leak-1\"\n[source]\nvideo = \"file:{path}\"\naudio = \"file:{path}\"\n\
         [events]\nkinds = [\"presence\", \"expression\", \"compound\", \"action_unit\", \"valence\", \"arousal\", \
         \"voice\"]\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[publish]\nstate_rate_hz = 20.0\n\
         [privacy]\ncontext = \"kiosk\"\n[log]\nlevel = \"trace\"\n\
         [outbox]\ndir = \"{outbox}\"\n",
        outbox = world.path("outbox").display(),
    );
    fs::write(&config, text).unwrap();
    config.to_str().unwrap().to_owned()
}

/// Nothing of the clip is in a message, none is longer than it may be, and each is as its schema says.
fn examine(messages: &[Message], finder: &Finder) {
    for message in messages {
        schema::check(message);
        let (topic, length) = (&message.topic, message.payload.len());
        assert!(length <= longest(topic), "{topic} has {length} bytes: {}", message.text());
        assert_eq!(finder.search(&message.payload), Vec::<String>::new(), "{topic}: {}", message.text());
        assert_eq!(finder.search(topic.as_bytes()), Vec::<String>::new());
    }
}

/// What was told: whether anything of that sort is among the messages, as the text has it.
fn told(messages: &[Message], topic: &str, text: &str) -> bool {
    messages.iter().any(|message| message.topic.ends_with(topic) && message.text().contains(text))
}

/// The daemon has nothing open to write into that is not looked through.
fn writes_nothing_elsewhere(world: &World, daemon: &Child) {
    let elsewhere = world.written_elsewhere(daemon.id());
    assert!(elsewhere.is_empty(), "it writes into {elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_picture_or_sound_is_published_logged_or_written() {
    let (secret, world, mut mosquitto) = (tempfile::tempdir().unwrap(), World::new(), Mosquitto::start());
    let clip = Clip::make(secret.path(), 6);
    let finder = clip.finder();
    let config = configuration(&world, &clip, mosquitto.port);
    let recording = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let daemon = |name: &str| {
        world.start(name, &["-vvv", "run", "--config", &config, "--record", &recording("recorded-by-run.ndjson")])
    };

    // While the broker is away all that happens goes into the outbox.
    mosquitto.kill();
    let mut away = daemon("away");
    while away.try_wait().unwrap().is_none() {
        writes_nothing_elsewhere(&world, &away);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(away.wait().unwrap().code(), Some(0));
    let kept = world.text(OUTBOX_FILE);
    assert!(["presence", "voice"].iter().all(|kind| kept.contains(kind)), "{} bytes", kept.len());
    assert_eq!(world.leaks(&finder), []);

    // When it is back, that goes out, and what happens then.
    mosquitto.restart();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut run = daemon("run");
    let mut messages = Vec::new();
    while !messages.last().is_some_and(|last: &Message| last.topic.ends_with("/status") && last.text() == "stopped") {
        messages.push(listener.next().await);
        writes_nothing_elsewhere(&world, &run);
    }
    assert_eq!(run.wait().unwrap().code(), Some(0));
    examine(&messages, &finder);

    let arguments = ["replay", &format!("file:{}", clip.path.display()), "--config", &config, "--device", "leak-1"];
    let record = ["--record", &recording("recorded-by-replay.ndjson")];
    let mut replay = world.start("replay", &[&arguments[..], &record].concat());
    assert_eq!(replay.wait().unwrap().code(), Some(0));

    // There was something to tell, and it was told; or else it is no wonder that nothing was found.
    assert!(told(&messages, "/state", "\"action_units\"") && told(&messages, "/voice/state", "\"arousal\""));
    assert!(told(&messages, "/events", "\"presence\"") && told(&messages, "/events", "\"voice\""));
    assert!(told(&messages, "/events", "\"historical\":true") && told(&messages, "/events", "\"historical\":false"));
    for log in ["away.stderr", "run.stderr"] {
        let log = world.text(log);
        assert!(log.contains("Sensing."), "{log}");
    }
    for recorded in ["recorded-by-run.ndjson", "recorded-by-replay.ndjson"] {
        let recorded = world.text(recorded);
        assert!(recorded.contains("\"presence\""), "{recorded}");
    }
    assert_eq!(world.leaks(&finder), []);
    assert_eq!(finder.search(mosquitto.log().as_bytes()), Vec::<String>::new());
}
