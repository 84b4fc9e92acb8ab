//! A gate between a client and a broker: open, shut (new connections are refused), frozen (connections stay and nothing
//! passes, as when a cable was pulled), or deaf (what the client says is taken and goes nowhere).

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Open,
    Shut,
    Frozen,
    Deaf,
}

/// A question of a client whether the broker is there (PINGREQ).
const PING: [u8; 2] = [0xc0, 0];

/// Forwards from its own port to a broker's.
pub struct Gate {
    pub port: u16,
    position: Arc<watch::Sender<Position>>,
    broker: Arc<AtomicU16>,
    pings: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Gate {
    /// An open gate to the broker at `port`.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let position = Arc::new(watch::Sender::new(Position::Open));
        let watched = position.clone();
        let broker = Arc::new(AtomicU16::new(port));
        let pings = Arc::new(AtomicUsize::new(0));
        let (asked, counted) = (broker.clone(), pings.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() != Position::Open {
                    continue;
                }
                let Ok(broker) = TcpStream::connect(("127.0.0.1", asked.load(Ordering::Relaxed))).await else {
                    continue;
                };
                tokio::spawn(pass(client, broker, watched.subscribe(), counted.clone()));
            }
        });
        Self { port: own, position, broker, pings, task }
    }

    /// Leads new connections to another broker.
    pub fn lead_to(&self, port: u16) {
        self.broker.store(port, Ordering::Relaxed);
    }

    /// Lets new connections pass.
    pub fn open(&self) {
        self.position.send_replace(Position::Open);
    }

    /// Breaks all connections off and refuses new ones.
    pub fn shut(&self) {
        self.position.send_replace(Position::Shut);
    }

    /// Holds back every byte from now on, without a word to either side.
    pub fn freeze(&self) {
        self.position.send_replace(Position::Frozen);
    }

    /// Takes what the client says from now on, and passes on nothing either way.
    pub fn turn_deaf(&self) {
        self.position.send_replace(Position::Deaf);
    }

    /// How often the client of a deaf gate, which said nothing else meanwhile, asked whether the broker is there.
    pub fn pings(&self) -> usize {
        self.pings.load(Ordering::Relaxed)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes both ways until one side, or the gate, closes. What is read while frozen is held back.
async fn pass(client: TcpStream, broker: TcpStream, mut position: watch::Receiver<Position>, pings: Arc<AtomicUsize>) {
    let ((mut from_client, mut to_client), (mut from_broker, mut to_broker)) =
        (client.into_split(), broker.into_split());
    let (mut up, mut down) = (vec![0; 4096], vec![0; 4096]);
    loop {
        let now = *position.borrow_and_update();
        let moving = now == Position::Open;
        let ended = tokio::select! {
            changed = position.changed() => changed.is_err(),
            n = from_client.read(&mut up), if now != Position::Frozen => match n {
                Ok(n) if n > 0 && now == Position::Deaf => {
                    pings.fetch_add(up[..n].chunks_exact(2).filter(|chunk| **chunk == PING).count(), Ordering::Relaxed);
                    false
                }
                Ok(n) if n > 0 => to_broker.write_all(&up[..n]).await.is_err(),
                _ => true,
            },
            n = from_broker.read(&mut down), if moving => match n {
                Ok(n) if n > 0 => to_client.write_all(&down[..n]).await.is_err(),
                _ => true,
            },
        };
        if ended || *position.borrow() == Position::Shut {
            return;
        }
    }
}
