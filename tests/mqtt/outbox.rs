//! What happens to events that the broker has not acknowledged when affectd ends and starts again, and when the disk
//! does not do as it should.

use std::fs;
use std::path::Path;
use std::time::Duration;

use affectd::clock::{Clock, SystemClock};
use affectd::publish::{
    Farewell, OUTBOX_DAMAGED, OUTBOX_FILE, OutboxSettings, OutboxStanding, Place, PublishHandle, PublishSettings,
    Publisher,
};
use tokio::time::{Instant, sleep};

use crate::harness::*;
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::{SOON, free_port, schema};

const SHORT: Duration = Duration::from_millis(300);

/// On the disk in `dir`, written after a short while.
fn kept(dir: &Path, port: u16) -> PublishSettings {
    let commit_every = Duration::from_millis(20);
    let outbox = OutboxSettings { dir: Some(dir.to_owned()), commit_every, ..OutboxSettings::default() };
    PublishSettings { outbox, ..settings(port) }
}

/// Waits until the outbox is as it should be.
async fn standing(handle: &PublishHandle, what: impl Fn(&OutboxStanding) -> bool) -> OutboxStanding {
    let deadline = Instant::now() + SOON;
    loop {
        let standing = handle.outbox();
        if what(&standing) {
            return standing;
        }
        assert!(Instant::now() < deadline, "{standing:?}");
        sleep(Duration::from_millis(2)).await;
    }
}

async fn on_disk(publisher: &Publisher) {
    standing(&publisher.handle(), |standing| standing.place == Place::Disk).await;
}

/// A file in which so many events wait.
async fn left_behind(dir: &Path, events: u128) {
    let publisher = start(&kept(dir, free_port()));
    on_disk(&publisher).await;
    (0..events).for_each(|number| publisher.handle().event(event(number)));
    assert_eq!(publisher.stop(SHORT).await, Farewell { clean: false, lost_events: 0 });
}

#[tokio::test]
async fn events_outlast_a_restart_and_say_that_they_are_of_the_past() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(&kept(dir.path(), free_port()));
    on_disk(&first).await;
    let happened = SystemClock.now();
    (0..700).for_each(|number| first.handle().event(event_at(number, happened)));
    // More than are held in memory besides, and more than one batch.
    assert_eq!(first.stop(SHORT).await, Farewell { clean: false, lost_events: 0 });

    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let second = start(&kept(dir.path(), broker.port));
    let handle = second.handle();
    (700..710).for_each(|number| handle.event(event(number)));
    for expected in 0..710 {
        let message = listener.next().await;
        schema::check(&message);
        let event = message.json();
        assert_eq!((number(&message), &event["historical"]), (expected, &serde_json::json!(expected < 700)));
        if expected < 700 {
            let at = event["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            assert!(at.duration_since(SystemClock.wall(happened)).abs() < jiff::SignedDuration::from_millis(50));
        }
    }
    none_waiting(&handle).await;
    let counts = handle.counts();
    assert_eq!((counts.events_restored, counts.events_published, counts.events_dropped), (700, 710, 0));
    assert_eq!(second.stop(SOON).await, Farewell { clean: true, lost_events: 0 });
    // What the broker has acknowledged does not come again.
    let third = start(&kept(dir.path(), broker.port));
    on_disk(&third).await;
    assert_eq!(third.handle().counts().events_restored, 0);
}

#[tokio::test]
async fn events_that_the_broker_acknowledges_at_once_never_touch_the_disk() {
    let (dir, broker) = (tempfile::tempdir().unwrap(), Mosquitto::start());
    let outbox = OutboxSettings { commit_every: Duration::from_secs(60), ..kept(dir.path(), broker.port).outbox };
    let publisher = start(&PublishSettings { outbox, ..settings(broker.port) });
    online(&publisher).await;
    on_disk(&publisher).await;
    let before = fs::read(dir.path().join(OUTBOX_FILE)).unwrap();
    for number in 0..1000 {
        publisher.handle().event(event(number));
        if number % 100 == 0 {
            none_waiting(&publisher.handle()).await;
        }
    }
    none_waiting(&publisher.handle()).await;
    assert!(fs::read(dir.path().join(OUTBOX_FILE)).unwrap() == before, "something was written");
    assert_eq!(publisher.handle().counts().events_published, 1000);
}

#[tokio::test]
async fn hours_without_a_broker_fill_no_more_than_the_disk_may_hold() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = OutboxSettings { max_bytes: 65_536, ..kept(dir.path(), free_port()).outbox };
    let publisher = start(&PublishSettings { outbox: outbox.clone(), ..settings(free_port()) });
    let handle = publisher.handle();
    on_disk(&publisher).await;
    (0..2000).for_each(|number| handle.event(event(number)));
    let (waiting, lost) = (handle.waiting_events() as u64, handle.counts().events_dropped);
    assert!(waiting + lost == 2000 && (300..600).contains(&waiting), "{waiting} wait, {lost} are lost");
    let standing = handle.outbox();
    assert_eq!((standing.overflowing, standing.waiting, standing.lost), (true, waiting, lost));
    assert_eq!(publisher.stop(SHORT).await.lost_events, 0);

    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let publisher = start(&PublishSettings { outbox, ..settings(broker.port) });
    for expected in lost..2000 {
        assert_eq!(number(&listener.next().await), expected.into(), "the oldest went, the others are in order");
    }
    assert_eq!(publisher.handle().counts().events_restored, waiting);
}

#[tokio::test]
async fn an_old_backlog_is_not_sent_but_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (yesterday, today) = (ago(Duration::from_secs(7200)), SystemClock.now());
    let publisher = start(&kept(dir.path(), free_port()));
    on_disk(&publisher).await;
    (0..5).for_each(|number| publisher.handle().event(event_at(number, yesterday)));
    (5..10).for_each(|number| publisher.handle().event(event_at(number, today)));
    publisher.stop(SHORT).await;
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let outbox = OutboxSettings { max_age: Some(Duration::from_secs(3600)), ..kept(dir.path(), broker.port).outbox };
    let publisher = start(&PublishSettings { outbox, ..settings(broker.port) });
    assert_eq!(number(&listener.next().await), 5);
    assert_eq!(publisher.handle().counts().events_expired, 5);
}

/// The file is cut off at many places, or something else is in its place. Whatever is left of it: affectd starts, says
/// so, and goes on; and what is whole arrives.
#[tokio::test]
async fn a_damaged_file_is_set_aside_and_what_is_whole_in_it_arrives() {
    let broker = Mosquitto::start();
    let dir = tempfile::tempdir().unwrap();
    left_behind(dir.path(), 40).await;
    let whole = fs::read(dir.path().join(OUTBOX_FILE)).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut damaged: Vec<(Vec<u8>, u64)> =
        [1, 100, 320, 4096, used / 2].into_iter().map(|length| (whole[..length].to_owned(), 0)).collect();
    damaged.push((whole[..used].to_owned(), 40));
    damaged.push((b"this is no database".repeat(1000), 0));
    let header_gone = [vec![0xFF; 512], whole[512..].to_owned()].concat();
    damaged.push((header_gone, 40));
    for (case, (bytes, found)) in damaged.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(OUTBOX_FILE), &bytes).unwrap();
        let mut listener = Listener::to(broker.port, EVENTS, None).await;
        let publisher = start(&kept(dir.path(), broker.port));
        let handle = publisher.handle();
        on_disk(&publisher).await;
        let restored = handle.counts().events_restored;
        match fs::read(dir.path().join(OUTBOX_DAMAGED)) {
            Ok(aside) => assert!(aside == bytes, "{case}: it is kept as it was"),
            Err(_) => assert_eq!(restored, 40, "{case}: it could be mended"),
        }
        assert!(restored >= found && restored <= 40, "{case}: {restored}");
        handle.event(event(1000));
        for expected in (40 - u128::from(restored)..40).chain([1000]) {
            let number = number(&listener.next().await);
            assert!(number == expected || found == 0, "{case}: {number} instead of {expected}");
        }
        publisher.stop(SOON).await;
    }
}

#[tokio::test]
async fn an_empty_file_is_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(OUTBOX_FILE), "").unwrap();
    left_behind(dir.path(), 3).await;
    assert!(!dir.path().join(OUTBOX_DAMAGED).exists());
}

#[tokio::test]
async fn a_second_affectd_on_the_same_folder_says_so_and_takes_over_when_the_first_has_gone() {
    let (dir, broker) = (tempfile::tempdir().unwrap(), Mosquitto::start());
    let first = start(&kept(dir.path(), free_port()));
    on_disk(&first).await;
    first.handle().event(event(1));
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let second = start(&kept(dir.path(), broker.port));
    let held = standing(&second.handle(), |standing| standing.trouble.is_some()).await;
    let trouble = held.trouble.unwrap();
    assert!(held.place == Place::Memory && trouble.contains("held by another affectd"), "{trouble}");
    second.handle().event(event(2));
    assert_eq!(number(&listener.next().await), 2, "what it has in memory goes out all the same");
    first.stop(SHORT).await;
    let taken_over = standing(&second.handle(), |standing| standing.place == Place::Disk).await;
    assert_eq!(taken_over.trouble, None);
    assert_eq!(number(&listener.next().await), 1, "what the first left behind");
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_told_with_what_to_do_and_events_go_out_all_the_same() {
    let (dir, broker) = (tempfile::tempdir().unwrap(), Mosquitto::start());
    fs::write(dir.path().join("file"), "").unwrap();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let publisher = start(&kept(&dir.path().join("file/outbox"), broker.port));
    publisher.handle().event(event(1));
    assert_eq!(number(&listener.next().await), 1);
    let trouble = standing(&publisher.handle(), |standing| standing.trouble.is_some()).await.trouble.unwrap();
    assert!(trouble.contains("memory only") && trouble.contains("outbox.dir"), "{trouble}");
    let gate = Gate::to(broker.port).await;
    gate.freeze();
    drop(publisher);
    let publisher = start(&kept(&dir.path().join("file/outbox"), gate.port));
    publisher.handle().event(event(2));
    assert_eq!(publisher.stop(SHORT).await.lost_events, 1, "what is in memory only is lost, and counted");
}
