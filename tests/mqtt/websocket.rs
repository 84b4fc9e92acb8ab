//! MQTT over WebSocket, for networks that let only the web pass.

use affectd::publish::{Protocol, PublishSettings, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::*;
use crate::support::SOON;
use crate::support::listener::Listener;
use crate::support::mosquitto::{Mosquitto, tls_directory, tls_lines};
use crate::support::schema;

fn at(url: &str) -> PublishSettings {
    PublishSettings { broker: url.parse().unwrap(), ..PublishSettings::default() }
}

#[tokio::test]
async fn events_and_the_will_pass_through_a_websocket() {
    let (broker, port) = Mosquitto::with_websockets("");
    for protocol in [Protocol::V5, Protocol::V311] {
        let mut listener = Listener::to(broker.port, EVENTS, None).await;
        let publisher = start(&PublishSettings { protocol, ..at(&format!("ws://localhost:{port}")) });
        let handle = publisher.handle();
        online(&publisher).await;
        (0..40).for_each(|number| handle.event(event(number)));
        for expected in 0..40 {
            let message = listener.next().await;
            schema::check(&message);
            assert_eq!((number(&message), message.qos), (expected, 1));
        }
        none_waiting(&handle).await;
        let mut status = Listener::to(broker.port, STATUS, None).await;
        assert_eq!(status.next().await.text(), "online");
        drop(publisher);
        assert_eq!(status.next().await.text(), "offline");
    }
}

#[tokio::test]
async fn a_websocket_with_tls_is_trusted_as_any_other_connection() {
    let (_broker, port) = Mosquitto::with_websockets(&tls_lines("server.pem"));
    for protocol in [Protocol::V5, Protocol::V311] {
        let with = |authority: &str, host: &str| PublishSettings {
            ca_file: Some(tls_directory().join(authority)),
            protocol,
            ..at(&format!("wss://{host}:{port}/mqtt"))
        };
        let publisher = start(&with("ca.pem", "localhost"));
        let handle = publisher.handle();
        handle.event(event(1));
        none_waiting(&handle).await;
        assert!(publisher.stop(SOON).await.clean);
        for (settings, remedy) in [
            (with("stranger.pem", "localhost"), "certificate authority that signed"),
            (with("ca.pem", "127.0.0.1"), "a name that stands in its certificate"),
        ] {
            let trouble = trouble(&start(&settings)).await;
            assert_eq!(trouble.stage(), "TLS");
            assert!(trouble.remedy().contains(remedy), "{trouble}");
        }
    }
}

/// A web server that says this to everyone.
async fn web_server(status: &'static str) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = client.read(&mut asked).await;
            let _ = client.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
        }
    });
    (port, task)
}

#[tokio::test]
async fn a_web_server_that_has_no_websocket_there_is_told_with_what_it_says() {
    for protocol in [Protocol::V5, Protocol::V311] {
        for (status, words) in [("404 Not Found", "404"), ("200 OK", "200")] {
            let (port, _task) = web_server(status).await;
            let trouble = trouble(&start(&PublishSettings { protocol, ..at(&format!("ws://127.0.0.1:{port}")) })).await;
            assert!(matches!(trouble, Trouble::NoWebSocket { .. }), "{trouble}");
            assert!(trouble.reason().contains(words) && trouble.remedy().contains("path"), "{trouble}");
        }
        let (port, _task) = web_server("401 Unauthorized").await;
        let trouble = trouble(&start(&PublishSettings { protocol, ..at(&format!("ws://127.0.0.1:{port}")) })).await;
        assert_eq!(trouble.stage(), "authentication", "{trouble}");
    }
}

#[tokio::test]
async fn a_broker_without_websockets_is_told_so() {
    let broker = Mosquitto::start();
    let trouble = trouble(&start(&at(&format!("ws://127.0.0.1:{}", broker.port)))).await;
    assert!(matches!(trouble, Trouble::NoWebSocket { .. } | Trouble::Refused { .. }), "{trouble}");
    assert!(trouble.remedy().contains("port"), "{trouble}");
}
