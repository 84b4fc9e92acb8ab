//! Whom we trust, who lets us in, and what we say when it is not so.

use std::sync::Arc;
use std::time::Duration;

use affectd::clock::SystemClock;
use affectd::publish::{BrokerAddress, Credentials, Protocol, PublishSettings, Publisher, Secret, Trouble};
use tokio::runtime::Handle;

use crate::harness::*;
use crate::support::SOON;
use crate::support::mosquitto::{Mosquitto, tls_directory};

#[tokio::test]
async fn a_wrong_password_is_told_with_the_remedy() {
    let broker = Mosquitto::with_password("kiosk", "right");
    for protocol in [Protocol::V5, Protocol::V311] {
        let login = |password: &str| Some(Credentials { user: "kiosk".to_owned(), password: Secret::new(password) });
        let wrong = PublishSettings { protocol, credentials: login("wrong"), ..settings(broker.port) };
        let trouble = trouble(&start(&wrong)).await;
        assert!(matches!(trouble, Trouble::Denied { .. }), "{trouble}");
        assert!(trouble.to_string().contains("check user name and password"), "{trouble}");
        online(&start(&PublishSettings { credentials: login("right"), ..wrong })).await;
    }
}

#[tokio::test]
async fn an_event_that_the_broker_refuses_is_counted_and_does_not_hold_up_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("acl");
    std::fs::write(&list, format!("topic readwrite {STATUS}\ntopic readwrite {DEVICE}\ntopic read {EVENTS}\n"))
        .unwrap();
    let broker = Mosquitto::with(&format!("allow_anonymous true\nacl_file {}\n", list.display()));
    let publisher = start(&settings(broker.port));
    let handle = publisher.handle();
    (0..40).for_each(|number| handle.event(event(number)));
    let counts = counted(&handle, |counts| counts.events_refused == 40).await;
    assert_eq!((handle.waiting_events(), counts.events_published), (0, 0));
}

#[tokio::test]
async fn a_broker_with_a_private_authority_is_trusted_by_its_file_and_by_its_name_only() {
    let broker = Mosquitto::with_tls();
    let with = |host: &str, authority: &str, protocol| PublishSettings {
        broker: format!("mqtts://{host}:{}", broker.port).parse().unwrap(),
        ca_file: Some(tls_directory().join(authority)),
        protocol,
        ..PublishSettings::default()
    };
    for protocol in [Protocol::V5, Protocol::V311] {
        let publisher = start(&with("localhost", "ca.pem", protocol));
        let handle = publisher.handle();
        handle.event(event(1));
        none_waiting(&handle).await;
        assert!(publisher.stop(SOON).await.clean);

        let stranger = trouble(&start(&with("localhost", "stranger.pem", protocol))).await.to_string();
        assert!(stranger.contains("certificate authority that signed"), "{stranger}");
        let name = trouble(&start(&with("127.0.0.1", "ca.pem", protocol))).await.to_string();
        assert!(name.contains("a name that stands in its certificate"), "{name}");
    }
    let plain = Mosquitto::start();
    let settings = PublishSettings {
        broker: format!("mqtts://localhost:{}", plain.port).parse().unwrap(),
        ..with("localhost", "ca.pem", Protocol::V5)
    };
    let trouble = trouble(&start(&settings)).await;
    assert!(matches!(trouble, Trouble::Tls { .. } | Trouble::Refused { .. }), "{trouble}");
}

#[tokio::test]
async fn two_devices_with_one_id_are_told_so() {
    let broker = Mosquitto::start();
    let first = start(&settings(broker.port));
    online(&first).await;
    let _second = start(&settings(broker.port));
    // A broker need not say that it was a take-over; this one only hangs up.
    let trouble = trouble(&first).await;
    assert!(matches!(trouble, Trouble::TakenOver { .. } | Trouble::HungUp { .. }), "{trouble}");
    assert!(trouble.to_string().contains("affectd-kiosk-7"), "{trouble}");
}

#[test]
fn without_tls_a_broker_elsewhere_is_refused_with_the_remedy() {
    let error = "mqtt://broker.example".parse::<BrokerAddress>().unwrap_err().to_string();
    assert!(error.contains("must be encrypted") && error.contains("mqtts://broker.example"), "{error}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let start = |settings: PublishSettings| {
        Publisher::start(&settings, identity(), Arc::new(SystemClock), &Handle::current()).err().unwrap().to_string()
    };
    let too_short = start(PublishSettings { keep_alive: Duration::from_secs(1), ..settings(1) });
    assert!(too_short.contains("5 s"), "{too_short}");
    let no_file = start(PublishSettings {
        broker: "mqtts://localhost".parse().unwrap(),
        ca_file: Some("/nowhere/ca.pem".into()),
        ..PublishSettings::default()
    });
    assert!(no_file.contains("/nowhere/ca.pem"), "{no_file}");
}
