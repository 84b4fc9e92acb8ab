//! Whom we trust, who lets us in, and what we say when it is not so.

use std::sync::Arc;
use std::time::Duration;

use affectd::clock::SystemClock;
use affectd::publish::{
    BrokerAddress, ClientIdentity, Connection, Credentials, Identity, KeyFingerprint, Protocol, PublishSettings,
    Publisher, Secret, Trouble,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::harness::*;
use crate::support::SOON;
use crate::support::mosquitto::{Mosquitto, tls_directory, tls_lines};

/// How to reach the broker that is called "localhost".
fn trusting(broker: &Mosquitto, protocol: Protocol) -> PublishSettings {
    PublishSettings {
        broker: format!("mqtts://localhost:{}", broker.port).parse().unwrap(),
        ca_file: Some(tls_directory().join("ca.pem")),
        protocol,
        ..PublishSettings::default()
    }
}

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
async fn a_brokers_certificate_that_has_expired_is_told_with_both_remedies() {
    let broker = Mosquitto::with(&format!("allow_anonymous true\n{}", tls_lines("expired.pem")));
    for protocol in [Protocol::V5, Protocol::V311] {
        let trouble = trouble(&start(&trusting(&broker, protocol))).await;
        assert_eq!(trouble.stage(), "TLS");
        assert!(trouble.reason().contains("expired"), "{trouble}");
        assert!(trouble.remedy().contains("clock") && trouble.remedy().contains("renew"), "{trouble}");
    }
}

#[tokio::test]
async fn a_pinned_broker_is_trusted_by_its_key_or_its_authoritys_and_any_other_is_not() {
    let broker = Mosquitto::with_tls();
    let pinned = |file: &str| {
        let sum = std::fs::read_to_string(tls_directory().join(file)).unwrap();
        let pinned_keys = vec![KeyFingerprint::parse(sum.trim()).unwrap()];
        PublishSettings { pinned_keys, ..trusting(&broker, Protocol::V5) }
    };
    for file in ["server.sha256", "ca.sha256"] {
        online(&start(&pinned(file))).await;
    }
    let pinned_keys = vec![KeyFingerprint::parse(&"ab".repeat(32)).unwrap()];
    let trouble = trouble(&start(&PublishSettings { pinned_keys, ..pinned("ca.sha256") })).await;
    assert_eq!(trouble.stage(), "TLS");
    assert!(trouble.reason().contains("not pinned") && trouble.remedy().contains("pin that one"), "{trouble}");
}

#[tokio::test]
async fn who_shows_a_certificate_is_let_in_and_who_does_not_is_told_why() {
    for old in [false, true] {
        let broker = match old {
            true => Mosquitto::with_client_certificates_in_tls_1_2(),
            false => Mosquitto::with_client_certificates(""),
        };
        for protocol in [Protocol::V5, Protocol::V311] {
            let with = |certificate: Option<&str>| PublishSettings {
                client: certificate.map(|certificate| ClientIdentity {
                    certificate: tls_directory().join(certificate),
                    key: tls_directory().join("client.key"),
                }),
                ..trusting(&broker, protocol)
            };
            online(&start(&with(Some("client.pem")))).await;
            for (certificate, reason, remedy) in [
                (Some("client-expired.pem"), "our certificate has expired", "renew the device's certificate"),
                (Some("client-stranger.pem"), "who signed our certificate", "an authority that the broker trusts"),
                // In TLS 1.2 the broker says no more than that it breaks off.
                (None, if old { "HandshakeFailure" } else { "shown none" }, "give the device"),
            ] {
                // The broker may hang up before its last words are read; it is asked again then.
                let told = |trouble: &Trouble| {
                    trouble.stage() == "TLS" && trouble.reason().contains(reason) && trouble.remedy().contains(remedy)
                };
                let publisher = start(&with(certificate));
                until(&publisher, |now| matches!(now, Connection::Away(trouble) if told(trouble))).await;
            }
        }
    }
}

#[tokio::test]
async fn a_device_that_is_known_by_its_certificate_writes_below_its_own_id_only() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("acl");
    // As in docs/broker.md.
    std::fs::write(&list, "pattern write affect/%u/#\npattern read affect/%u/cmd/#\n").unwrap();
    let broker =
        Mosquitto::with_client_certificates(&format!("use_identity_as_username true\nacl_file {}\n", list.display()));
    let client =
        ClientIdentity { certificate: tls_directory().join("client.pem"), key: tls_directory().join("client.key") };
    let settings = PublishSettings { client: Some(client), ..trusting(&broker, Protocol::V5) };
    let own = start(&settings);
    own.handle().event(event(1));
    counted(&own.handle(), |counts| counts.events_published == 1).await;
    let another = Identity { device: "kiosk-8".parse().unwrap(), ..identity() };
    let other = Publisher::start(&settings, another, Arc::new(SystemClock), &Handle::current()).unwrap();
    other.handle().event(event(2));
    counted(&other.handle(), |counts| counts.events_refused == 1).await;
}

/// A broker that answers everyone's first words with these.
async fn answering(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut said = [0; 1024];
            let _ = client.read(&mut said).await;
            let _ = client.write_all(answer).await;
            // Whoever hangs up with bytes unread resets the connection, and what was said may be lost.
            while client.read(&mut said).await.is_ok_and(|read| read > 0) {}
        }
    });
    (port, task)
}

#[tokio::test]
async fn a_broker_that_says_why_it_will_not_have_us_is_understood() {
    const LET_IN: [u8; 5] = [0x20, 3, 0, 0, 0];
    const fn then_hung_up(code: u8) -> [u8; 9] {
        let [a, b, c, d, e] = LET_IN;
        [a, b, c, d, e, 0xe0, 2, code, 0]
    }
    static QUOTA: [u8; 9] = then_hung_up(0x97);
    static NOT_ALLOWED: [u8; 9] = then_hung_up(0x87);
    static TOO_LARGE: [u8; 9] = then_hung_up(0x95);
    let cases: [(&[u8], &str, &str); 5] = [
        (&QUOTA, "MQTT", "limits for this client"),
        (&NOT_ALLOWED, "authorisation", "access list"),
        (&TOO_LARGE, "MQTT", "256 KiB"),
        (&[0x20, 3, 0, 0x97, 0], "MQTT", "limits for this client"),
        (&[0x20, 3, 0, 0x8a, 0], "authentication", "access list"),
    ];
    for (answer, stage, remedy) in cases {
        let (port, task) = answering(answer).await;
        let trouble = trouble(&start(&settings(port))).await;
        assert_eq!(trouble.stage(), stage, "{trouble}");
        assert!(trouble.remedy().contains(remedy), "{trouble}");
        task.abort();
    }
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
