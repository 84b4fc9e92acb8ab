//! The whole daemon on a clip that is known byte by byte: nothing of it is in what it publishes, logs or writes.

use std::fs;

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
         \"voice\"]\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[publish]\nstate_rate_hz = 60.0\n\
         [privacy]\ncontext = \"kiosk\"\n[log]\nlevel = \"trace\"\n"
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

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_picture_or_sound_is_published_logged_or_written() {
    let (secret, world, mosquitto) = (tempfile::tempdir().unwrap(), World::new(), Mosquitto::start());
    let clip = Clip::make(secret.path(), 8);
    let finder = clip.finder();
    let config = configuration(&world, &clip, mosquitto.port);

    let mut listener = Listener::everything(mosquitto.port).await;
    let mut daemon = world.start("run", &["-vvv", "run", "--config", &config]);
    let mut messages = Vec::new();
    while !messages.last().is_some_and(|last: &Message| last.topic.ends_with("/status") && last.text() == "stopped") {
        messages.push(listener.next().await);
        let elsewhere = world.written_elsewhere(daemon.id());
        assert!(elsewhere.is_empty(), "it writes into {elsewhere:?}");
    }
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
    examine(&messages, &finder);

    let record = world.path("recorded.ndjson");
    let arguments = ["replay", &format!("file:{}", clip.path.display()), "--config", &config, "--device", "leak-1"];
    let record = ["--record", record.to_str().unwrap()];
    let mut replay = world.start("replay", &[&arguments[..], &record].concat());
    assert_eq!(replay.wait().unwrap().code(), Some(0));

    // There was something to tell, and it was told; or else it is no wonder that nothing was found.
    assert!(told(&messages, "/state", "\"action_units\"") && told(&messages, "/voice/state", "\"arousal\""));
    assert!(told(&messages, "/events", "\"presence\"") && told(&messages, "/events", "\"voice\""));
    let files = world.files();
    let text = |name: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        String::from_utf8_lossy(bytes).into_owned()
    };
    assert!(text("run.stderr").contains("TRACE") && text("recorded.ndjson").contains("\"presence\""));
    for (path, bytes) in &files {
        assert_eq!(finder.search(bytes), Vec::<String>::new(), "{}", path.display());
    }
    assert_eq!(finder.search(mosquitto.log().as_bytes()), Vec::<String>::new());
}
