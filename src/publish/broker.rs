//! A broker in this very process, for demonstrations and tests: `affectd replay` without a broker's address
//! starts one. It listens on the loopback only and keeps everything in memory.
//!
//! Two listeners share one router: one for MQTT 5, one for MQTT 3.1.1 (what `mosquitto_sub` speaks unless
//! told otherwise). Both run on one thread of ours and end with [`EmbeddedBroker`]. The router's own thread
//! cannot be ended from outside: it sleeps on its queue until the process ends.
//!
//! The listeners log nothing. The router's thread logs to the process's subscriber: [`crate::logging`]
//! keeps it quiet.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rumqttd::protocol::Protocol;
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::v5::V5;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use thiserror::Error;
use tokio::sync::oneshot;
use tracing::subscriber::{NoSubscriber, with_default};

use super::address::BrokerAddress;
use crate::clock::{Clock, SystemClock};

/// How long the listeners may take to open.
const OPENING: Duration = Duration::from_secs(10);
/// How often another pair of ports is tried when someone was faster.
const ATTEMPTS: usize = 4;

/// Why there is no broker.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// No port could be had.
    #[error("the embedded broker found no free port on the loopback: {0}; give the address of a broker instead")]
    NoPort(#[source] io::Error),
    /// Its thread could not be started.
    #[error("the embedded broker's thread could not be started: {0}")]
    Thread(#[source] io::Error),
    /// It did not open its ports.
    #[error("the embedded broker did not open its ports: {reason}; give the address of a broker instead")]
    NotListening {
        /// What it said.
        reason: String,
    },
}

/// A broker on the loopback. Dropping it closes all connections.
pub struct EmbeddedBroker {
    v5: u16,
    v311: u16,
    /// Dropped first: the thread ends when it goes.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker on two free ports, and waits until both listen. Blocks for some milliseconds.
    ///
    /// # Errors
    /// When no port or thread could be had.
    pub fn start() -> Result<Self, BrokerError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (v5, v311) = free_ports().map_err(BrokerError::NoPort)?;
            match Self::listen(v5, v311) {
                // Someone may have taken a port between finding and opening it.
                Err(BrokerError::NotListening { reason }) => last = Some(reason),
                result => return result,
            }
        }
        Err(BrokerError::NotListening { reason: last.unwrap_or_default() })
    }

    /// Where MQTT 5 is spoken.
    pub fn address(&self) -> BrokerAddress {
        BrokerAddress::loopback(self.v5)
    }

    /// Where MQTT 3.1.1 is spoken.
    pub fn address_v311(&self) -> BrokerAddress {
        BrokerAddress::loopback(self.v311)
    }

    fn listen(v5: u16, v311: u16) -> Result<Self, BrokerError> {
        let (stop, stopped) = oneshot::channel();
        let (fails, failed) = mpsc::channel();
        let serve = move || with_default(NoSubscriber::new(), || serve(v5, v311, stopped, &fails));
        let thread =
            thread::Builder::new().name("embedded-broker".to_owned()).spawn(serve).map_err(BrokerError::Thread)?;
        let broker = Self { v5, v311, stop: Some(stop), thread: Some(thread) };
        let deadline = SystemClock.now() + OPENING;
        while !(answers(v5) && answers(v311)) {
            match failed.recv_timeout(Duration::from_millis(5)) {
                Ok(reason) => return Err(BrokerError::NotListening { reason }),
                Err(_) if SystemClock.now() < deadline => {}
                Err(_) => return Err(BrokerError::NotListening { reason: "it took too long".to_owned() }),
            }
        }
        Ok(broker)
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell us when it ends.
            let _ = thread.join();
        }
    }
}

/// Serves until the other end of `stopped` is dropped.
fn serve(v5: u16, v311: u16, stopped: oneshot::Receiver<()>, fails: &mpsc::Sender<String>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = fails.send(error.to_string());
            return;
        }
    };
    let router = Router::new(0, router_config()).spawn();
    let mut v5 = Server::new(listener("v5", v5), router.clone(), V5);
    let mut v311 = Server::new(listener("v3.1.1", v311), router, V4);
    runtime.block_on(async {
        tokio::select! {
            () = run(&mut v5, fails) => {}
            () = run(&mut v311, fails) => {}
            _ = stopped => {}
        }
    });
}

/// Runs one listener; it ends only by failing.
async fn run<P: Protocol + Clone + Send + 'static>(server: &mut Server<P>, fails: &mpsc::Sender<String>) {
    if let Err(error) = server.start(LinkType::Remote).await {
        // After the start nobody listens, and the clients see their connections close.
        let _ = fails.send(error.to_string());
    }
}

fn router_config() -> RouterConfig {
    RouterConfig {
        max_connections: 64,
        max_outgoing_packet_count: 200,
        max_segment_size: 1024 * 1024,
        max_segment_count: 4,
        custom_segment: None,
        initialized_filters: None,
        ..RouterConfig::default()
    }
}

fn listener(name: &str, port: u16) -> ServerSettings {
    ServerSettings {
        name: name.to_owned(),
        listen: loopback(port),
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 5000,
            max_payload_size: 256 * 1024,
            max_inflight_count: 100,
            auth: None::<HashMap<String, String>>,
            external_auth: None,
            dynamic_filters: true,
        },
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Two ports that nobody listens on right now. Both are held while they are sought, so they differ.
fn free_ports() -> io::Result<(u16, u16)> {
    let (first, second) = (TcpListener::bind(loopback(0))?, TcpListener::bind(loopback(0))?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

fn answers(port: u16) -> bool {
    TcpStream::connect_timeout(&loopback(port), Duration::from_millis(200)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_two_ports_and_closes_them_when_it_goes() {
        let broker = EmbeddedBroker::start().unwrap();
        let ports = [broker.address().port(), broker.address_v311().port()];
        assert!(ports.into_iter().all(answers) && ports[0] != ports[1]);
        drop(broker);
        assert!(!ports.into_iter().any(answers));
    }
}
