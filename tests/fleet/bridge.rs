//! Beyond one broker: the bridge of `docs/examples/fleet` from a site's mosquitto to a central one.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use affectd::publish::{Acceptance, Credentials, Farewell, PublishHandle, PublishSettings, Secret, probe};
use tokio::time::sleep;

use crate::brokers::{Broker, PASSWORD, tls};
use crate::store::Store;
use crate::support::SOON;
use crate::support::harness::{event, none_waiting, number_in, scene, start};

const BELOW: &str = "sites/site-3/affect/kiosk-7";
/// How many messages mosquitto sends before the first is acknowledged: `max_inflight_messages`, unless set.
const IN_FLIGHT: usize = 20;

fn settings(site: &Broker) -> PublishSettings {
    PublishSettings {
        broker: format!("mqtts://localhost:{}", site.port).parse().unwrap(),
        ca_file: Some(tls().join("ca.pem")),
        credentials: Some(Credentials { user: "kiosk-7".to_owned(), password: Secret::new(PASSWORD) }),
        ..PublishSettings::default()
    }
}

fn tell(handle: &PublishHandle, numbers: std::ops::Range<u128>) {
    numbers.for_each(|number| handle.event(event(number)));
}

#[tokio::test]
async fn events_and_retained_topics_arrive_below_the_name_of_the_site_and_states_stay_there() {
    let central = Broker::central();
    let mut store = Store::open(central.port).await;
    let site = Broker::site(central.port);
    store.until("sites/site-3/bridge", "1").await;

    let publisher = start(&settings(&site));
    let handle = publisher.handle();
    tell(&handle, 0..30);
    while handle.counts().states_published == 0 {
        handle.try_state(scene(1));
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(publisher.stop(SOON).await, Farewell { clean: true, lost_events: 0 });

    let mut arrived: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let goodbye = (format!("{BELOW}/status"), b"stopped".to_vec());
    loop {
        let message = store.next().await;
        arrived.entry(message.0.clone()).or_default().push(message.1.clone());
        if message == goodbye {
            break;
        }
    }
    let topics: Vec<_> = arrived.keys().map(|topic| topic.strip_prefix(BELOW).unwrap()).collect();
    assert_eq!(topics, ["/device", "/events", "/status"]);
    assert_eq!(arrived[&format!("{BELOW}/status")], [b"online".to_vec(), b"stopped".to_vec()]);
    let events: Vec<_> = arrived[&format!("{BELOW}/events")].iter().map(|payload| number_in(payload)).collect();
    assert_eq!(events, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_happens_while_the_central_broker_is_away_outlives_a_restart_of_the_sites_and_arrives() {
    let mut central = Broker::central();
    let mut store = Store::open(central.port).await;
    let mut site = Broker::site(central.port);
    store.until("sites/site-3/bridge", "1").await;
    let publisher = start(&settings(&site));
    let handle = publisher.handle();
    tell(&handle, 0..5);
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let (topic, payload) = store.next().await;
        if topic.ends_with("/events") {
            seen.push(number_in(&payload));
        }
    }

    central.stop();
    // More than mosquitto keeps unless told otherwise.
    tell(&handle, 5..1505);
    none_waiting(&handle).await;
    site.stop();
    site.start();
    central.start();

    let mut distinct: HashSet<_> = seen.iter().copied().collect();
    let mut duplicates = 0;
    while distinct.len() < 1505 {
        let (topic, payload) = store.next().await;
        if topic.ends_with("/events") {
            duplicates += usize::from(!distinct.insert(number_in(&payload)));
        }
    }
    while let Some((topic, _)) = store.within(Duration::from_millis(500)).await {
        duplicates += usize::from(topic.ends_with("/events"));
    }
    // QoS 1 allows a duplicate of what was under way when a connection was lost: from the device, and from the site.
    assert!(duplicates <= 2 * IN_FLIGHT, "{duplicates} duplicates");
    publisher.stop(SOON).await;
}

#[tokio::test]
async fn a_device_writes_below_its_own_name_and_nowhere_else() {
    let central = Broker::central();
    let site = Broker::site(central.port);
    for (topic, expected) in
        [("affect/kiosk-7/doctor", true), ("affect/kiosk-8/doctor", false), ("sites/site-3/x", false)]
    {
        let said = probe(&settings(&site), "affectd-kiosk-7-probe", topic.to_owned()).await.unwrap().unwrap();
        assert_eq!(said == Acceptance::Taken, expected, "{topic}: {said:?}");
    }
    let stranger = PublishSettings { credentials: None, ..settings(&site) };
    let said = probe(&stranger, "affectd-stranger", "affect/kiosk-7/doctor".to_owned()).await.unwrap();
    assert!(said.unwrap_err().to_string().contains("check user name and password"));
}
