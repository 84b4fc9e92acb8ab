//! Who stores events: a client of the central broker with a certificate and a session that waits for it.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{sleep, timeout};

use crate::brokers::tls;
use crate::support::SOON;

/// The client; it connects again by itself.
pub struct Store {
    client: AsyncClient,
    line: EventLoop,
}

impl Store {
    /// Logs in and subscribes to everything of all sites.
    pub async fn open(port: u16) -> Self {
        let mut options = MqttOptions::new("event-store", "localhost", port);
        options.set_clean_session(false).set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(login())));
        let (client, line) = AsyncClient::new(options, 16);
        let mut store = Self { client, line };
        store.client.subscribe("sites/#", QoS::AtLeastOnce).await.unwrap();
        while !matches!(store.event().await, Event::Incoming(Packet::SubAck(_))) {}
        store
    }

    /// The next message: topic and payload.
    pub async fn next(&mut self) -> (String, Vec<u8>) {
        loop {
            if let Event::Incoming(Packet::Publish(message)) = self.event().await {
                return (message.topic, message.payload.to_vec());
            }
        }
    }

    /// Waits for a message on a topic; what comes before is passed over.
    pub async fn until(&mut self, topic: &str, payload: &str) {
        while self.next().await != (topic.to_owned(), payload.as_bytes().to_vec()) {}
    }

    /// A message that comes within a short while, if any does.
    pub async fn within(&mut self, while_: Duration) -> Option<(String, Vec<u8>)> {
        timeout(while_, self.next()).await.ok()
    }

    async fn event(&mut self) -> Event {
        let connected = async {
            loop {
                match self.line.poll().await {
                    Ok(event) => return event,
                    // The broker is away: it is asked again.
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        timeout(SOON, connected).await.expect("nothing came in time")
    }
}

fn login() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls().join("ca.pem")).unwrap()).unwrap();
    let certificate = CertificateDer::from_pem_file(tls().join("event-store.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls().join("event-store.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_client_auth_cert(vec![certificate], key).unwrap())
}
