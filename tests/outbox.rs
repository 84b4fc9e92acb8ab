//! The daemon with its outbox on a disk: killed, started again, and with a full disk. What it recorded is held against
//! what arrived.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use affectd::clock::{Clock, SystemClock};
use serde_json::Value;
use support::listener::{Listener, Message};
use support::media::astronaut_clip;
use support::mosquitto::Mosquitto;
use support::{SOON, program, schema};

/// The face is there for a second and a half of every three.
const COMES_AND_GOES: &str = "scale=640:640,drawbox=color=gray:t=fill:enable='gte(mod(t\\,3)\\,1.5)'";

const EVENTS: &str = "affect/box-1/events";

/// A running daemon; killed when the test ends.
struct Daemon(Child);

impl Daemon {
    fn signal(&self, name: &str) {
        program::signal(self.0.id(), name);
    }

    fn ends(&mut self) {
        let deadline = SystemClock.now() + SOON;
        while self.0.try_wait().unwrap().is_none() {
            assert!(SystemClock.now() < deadline, "it does not end");
            sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote to its disks so far, in bytes.
    fn wrote(&self) -> u64 {
        let io = fs::read_to_string(format!("/proc/{}/io", self.0.id())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap().parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder with a clip, and a daemon's configuration for it.
fn configured(dir: &Path, port: u16) -> Command {
    let clip = dir.join("clip.mp4");
    if !clip.exists() {
        astronaut_clip(dir, "clip.mp4", 60.0, COMES_AND_GOES);
    }
    let config = dir.join("affectd.toml");
    let text = format!(
        "[device]\nid = \"box-1\"\n[source]\nvideo = \"file:{}\"\n[events]\ngone_after_ms = 500\n[mqtt]\n\
         url = \"mqtt://127.0.0.1:{port}\"\n[outbox]\ncommit_every_ms = 200\n",
        clip.display()
    );
    fs::write(&config, text).unwrap();
    let mut command = program::command();
    // As systemd would start it.
    command.env("STATE_DIRECTORY", dir.join("state")).stderr(Stdio::null());
    command.args(["run", "--config"]).arg(config).arg("--record").arg(dir.join("events.ndjson"));
    command
}

fn recorded(dir: &Path) -> Vec<Value> {
    let text = fs::read_to_string(dir.join("events.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until so many events were recorded, and half a second more.
fn until_recorded(dir: &Path, events: usize) -> Vec<Value> {
    let deadline = SystemClock.now() + SOON;
    loop {
        let recorded = recorded(dir);
        if recorded.len() >= events {
            sleep(Duration::from_millis(500));
            return recorded;
        }
        assert!(SystemClock.now() < deadline, "only {} events", recorded.len());
        sleep(Duration::from_millis(50));
    }
}

/// What is the same in a recording and in a message, however often it is sent.
fn key(event: &Value) -> Value {
    let mut event = event.clone();
    event.as_object_mut().unwrap().remove("historical");
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_while_the_broker_is_away_loses_nothing_that_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Mosquitto::start();
    broker.kill();
    // Killed twice: what one run left behind is kept by the next.
    let mut must_arrive = Vec::new();
    for run in 0..2 {
        let mut daemon = Daemon(configured(dir.path(), broker.port).spawn().unwrap());
        let before = recorded(dir.path()).len();
        let seen = until_recorded(dir.path(), before + 12);
        daemon.signal("-KILL");
        daemon.ends();
        must_arrive.extend(seen[before..].iter().map(key));
        println!(
            "run {run}: {} events recorded, {} of them must be on the disk",
            recorded(dir.path()).len(),
            must_arrive.len()
        );
    }

    broker.restart();
    let mut listener = Listener::everything(broker.port).await;
    let mut daemon = Daemon(configured(dir.path(), broker.port).spawn().unwrap());
    let mut arrived: Vec<Message> = Vec::new();
    while arrived.len() < must_arrive.len() {
        arrived.push(listener.next_on(EVENTS).await);
    }
    daemon.signal("-TERM");
    arrived.extend(listener.until_stopped().await.into_iter().filter(|message| message.topic == EVENTS));
    daemon.ends();

    arrived.iter().for_each(schema::check);
    let recorded: Vec<_> = recorded(dir.path()).iter().map(key).collect();
    let keys: Vec<_> = arrived.iter().map(|message| key(&message.json())).collect();
    let missing: Vec<_> = recorded.iter().filter(|event| !keys.contains(event)).collect();
    assert!(must_arrive.iter().all(|event| keys.contains(event)), "{missing:#?}");
    // In the order in which they happened, but for what is sent again.
    let mut once = Vec::new();
    keys.iter().for_each(|event| {
        if !once.contains(event) {
            once.push(event.clone())
        }
    });
    let places: Vec<_> = once.iter().map(|event| recorded.iter().position(|other| other == event)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    let historical = |event: &Value| arrived.iter().any(|m| key(&m.json()) == *event && m.json()["historical"] == true);
    assert!(must_arrive.iter().all(historical));
    println!(
        "{} produced, {} delivered, {} twice, {} lost that had not been written when the process was killed",
        recorded.len(),
        once.len(),
        keys.len() - once.len(),
        missing.len()
    );
    assert!(missing.len() <= 8, "{missing:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_commands_neither_delays_nor_loses_an_event() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, "affect/box-1/+", None).await;
    let flood = Listener::to(broker.port, "affect/box-1/cmd/+/reply", None).await;
    let mut command = configured(dir.path(), broker.port);
    let config = dir.path().join("affectd.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + "[commands]\nallow = [\"health\"]\nrate_per_minute = 6000\nburst = 100\n").unwrap();
    let mut daemon = Daemon(command.spawn().unwrap());
    let mut asked = 0;
    while recorded(dir.path()).len() < 9 {
        for verb in ["health", "mute", "make-coffee"] {
            for _ in 0..100 {
                flood.say(&format!("affect/box-1/cmd/{verb}"), "{}", false, Default::default()).await;
                asked += 1;
            }
        }
    }
    daemon.signal("-TERM");
    let arrived: Vec<_> = listener.until_stopped().await.into_iter().filter(|m| m.topic == EVENTS).collect();
    daemon.ends();
    let arrived: Vec<_> = arrived.iter().map(|message| key(&message.json())).collect();
    assert_eq!(arrived, recorded(dir.path()).iter().map(key).collect::<Vec<_>>());
    println!("{asked} commands; {} events produced and delivered, each once", arrived.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_events_wait_in_memory_and_health_says_so_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    // No file may become larger than 100 KiB, which the outbox's would at once.
    let daemon = configured(dir.path(), broker.port);
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' XFSZ; ulimit -S -f 100; exec \"$0\" \"$@\""]).arg(daemon.get_program());
    shell.args(daemon.get_args()).stderr(Stdio::null());
    daemon.get_envs().for_each(|(name, value)| match value {
        Some(value) => drop(shell.env(name, value)),
        None => drop(shell.env_remove(name)),
    });
    let mut daemon = Daemon(shell.spawn().unwrap());
    let outbox = |message: &Message| message.json()["stages"]["outbox"].clone();
    loop {
        let health = listener.next_on("affect/box-1/health").await;
        schema::check(&health);
        let outbox = outbox(&health);
        if outbox["state"] == "degraded" {
            let why = outbox["why"].as_str().unwrap();
            assert!(why.contains("memory only") && why.contains("make room"), "{why}");
            assert_eq!(outbox["kept_in"], "memory");
            break;
        }
    }
    assert!(listener.next_on(EVENTS).await.json()["id"].is_string(), "events go out all the same");
    let room = Command::new("prlimit").args(["--pid", &daemon.0.id().to_string(), "--fsize=unlimited"]).status();
    assert!(room.is_ok_and(|status| status.success()), "prlimit does not run: apt-get install util-linux");
    loop {
        let outbox = outbox(&listener.next_on("affect/box-1/health").await);
        if outbox["state"] == "ok" {
            assert_eq!(outbox["kept_in"], "disk");
            break;
        }
    }
    daemon.signal("-TERM");
    daemon.ends();
}

/// How much is written while the broker is away and while it is there, in the same daemon with the same face. The
/// folder must be on a disk: what is written to memory does not count.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_acknowledges_nothing_is_written_and_without_it_little() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut broker = Mosquitto::start();
    let mut daemon = Daemon(configured(dir.path(), broker.port).spawn().unwrap());
    let mut figures = Vec::new();
    for online in [true, false] {
        if !online {
            broker.kill();
        }
        let settled = recorded(dir.path()).len() + 2;
        until_recorded(dir.path(), settled);
        let (events, wrote, from) = (recorded(dir.path()).len(), daemon.wrote(), SystemClock.now());
        until_recorded(dir.path(), events + 12);
        let (events, wrote) = (recorded(dir.path()).len() - events, daemon.wrote() - wrote);
        let hours = SystemClock.now().since(from).as_secs_f64() / 3600.0;
        let each_hour = |figure: f64| figure / hours;
        println!(
            "broker {}: {:.0} events and {:.2} MiB written in an hour, {} bytes for each event",
            if online { "there" } else { "away" },
            each_hour(events as f64),
            each_hour(wrote as f64) / f64::from(1 << 20),
            wrote / events as u64,
        );
        figures.push(wrote / events as u64);
    }
    // The recording itself dirties one page for each event.
    assert!(figures[0] <= 4096, "{figures:?}");
    assert!(figures[1] <= 128 << 10, "{figures:?}");
    daemon.signal("-TERM");
    daemon.ends();
}
