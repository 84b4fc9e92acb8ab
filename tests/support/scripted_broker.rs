//! A broker that does as it is told, for what a real one never does. It speaks just enough MQTT 5 and 3.1.1, byte by
//! byte: how each connection goes is written down beforehand, and what came is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How the broker answers who wants in.
#[derive(Debug, Clone)]
pub enum Welcome {
    /// It lets them in: whether it has a session of theirs, and its properties (MQTT 5), as bytes.
    In { session_present: bool, properties: Vec<u8> },
    /// It says no, with this code.
    No(u8),
    /// It sends these bytes instead of an answer.
    Bytes(Vec<u8>),
    /// It says nothing at all.
    Nothing,
    /// It hangs up.
    HangUp,
}

/// How the broker acknowledges messages of QoS 1.
#[derive(Debug, Clone)]
pub enum Acks {
    /// Each at once.
    Each,
    /// Each at once, from some number of events on none.
    Until(usize),
    /// All but the event of this place, which is never acknowledged.
    AllBut(usize),
    /// Each, and once more.
    Twice,
    /// Each a little later.
    After(Duration),
    /// Those of so many events at once, the last one first.
    Reversed(usize),
    /// Each event with this reason (MQTT 5), everything else at once.
    Reason(u8),
}

/// What happens when some number of events came on a connection; the last of them is not acknowledged.
#[derive(Debug, Clone)]
pub enum Then {
    /// Nothing.
    GoOn,
    /// It hangs up.
    HangUp,
    /// It sends these bytes, then hangs up.
    SendAndHangUp(Vec<u8>),
    /// It sends these bytes, acknowledges and goes on.
    Send(Vec<u8>),
    /// It reads and says nothing more, and does not hang up.
    Silence,
}

/// How one connection goes.
#[derive(Debug, Clone)]
pub struct Script {
    pub welcome: Welcome,
    pub acks: Acks,
    /// What happens after so many events.
    pub then: (usize, Then),
}

impl Default for Script {
    /// As a broker should be.
    fn default() -> Self {
        let welcome = Welcome::In { session_present: false, properties: Vec::new() };
        Self { welcome, acks: Acks::Each, then: (usize::MAX, Then::GoOn) }
    }
}

impl Script {
    pub fn welcome(welcome: Welcome) -> Self {
        Self { welcome, ..Self::default() }
    }

    /// Lets in with these properties.
    pub fn properties(properties: &[u8]) -> Self {
        Self::welcome(Welcome::In { session_present: false, properties: properties.to_vec() })
    }

    pub fn acks(acks: Acks) -> Self {
        Self { acks, ..Self::default() }
    }

    pub fn then(events: usize, then: Then) -> Self {
        Self { then: (events, then), ..Self::default() }
    }
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// On which connection, from 0.
    pub connection: usize,
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
}

/// What came so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// Connections that were tried.
    pub connections: usize,
    /// Messages in the order they came.
    pub published: Vec<Published>,
    /// Signs of life that were asked for.
    pub pings: usize,
    /// The most messages of QoS 1 that were unacknowledged at a time.
    pub most_in_flight: usize,
    /// What was wrong with what came.
    pub violations: Vec<String>,
}

/// A listening broker. Connections beyond its scripts go as a broker should.
pub struct ScriptedBroker {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl ScriptedBroker {
    /// Speaks MQTT of this level: 5, or 4 for 3.1.1.
    pub async fn start(level: u8, scripts: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut scripts: VecDeque<Script> = scripts.into_iter().collect();
        let kept = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = kept.lock().unwrap().connections;
                kept.lock().unwrap().connections += 1;
                let script = scripts.pop_front().unwrap_or_default();
                let mut connection = Connection { level, number, script, stream, seen: kept.clone() };
                tokio::spawn(async move { connection.run().await });
            }
        });
        Self { port, seen, task }
    }

    /// Looks at what came so far.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }
}

impl Drop for ScriptedBroker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A packet: its first byte, and what follows its length.
struct Packet(u8, Vec<u8>);

struct Connection {
    level: u8,
    number: usize,
    script: Script,
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl Connection {
    /// Goes by the script until either side hangs up. `None` is how that is said.
    async fn run(&mut self) -> Option<()> {
        let Packet(first, connect) = self.read().await?;
        if first != 0x10 || connect.get(6) != Some(&self.level) {
            self.violation(format!("the first packet is no CONNECT of this version: {first:#x} {connect:?}"));
        }
        match self.script.welcome.clone() {
            Welcome::In { session_present, properties } => self.connack(session_present, 0, &properties).await?,
            Welcome::No(code) => return self.connack(false, code, &[]).await,
            Welcome::Bytes(bytes) => self.write(&bytes).await?,
            Welcome::Nothing => return self.silence().await,
            Welcome::HangUp => return None,
        }
        let (mut events, mut unacknowledged) = (0, Vec::new());
        loop {
            let Packet(first, body) = self.read().await?;
            match first >> 4 {
                3 => {
                    let (id, event) = self.publish(first, &body)?;
                    events += usize::from(event);
                    let Some(id) = id else { continue };
                    unacknowledged.push((id, event));
                    self.keep(|seen| seen.most_in_flight = seen.most_in_flight.max(unacknowledged.len()));
                    if event && events == self.script.then.0 {
                        match self.script.then.1.clone() {
                            Then::GoOn => {}
                            Then::HangUp => return None,
                            Then::SendAndHangUp(bytes) => return self.write(&bytes).await,
                            Then::Send(bytes) => self.write(&bytes).await?,
                            Then::Silence => return self.silence().await,
                        }
                    }
                    self.acknowledge(events, &mut unacknowledged).await?;
                }
                8 => self.suback(&body).await?,
                12 => {
                    self.keep(|seen| seen.pings += 1);
                    self.write(&[0xd0, 0]).await?;
                }
                // Acknowledgements of what was sent by a script.
                4 => {}
                14 => return None,
                _ => self.violation(format!("a packet that no client sends: {first:#x}")),
            }
        }
    }

    async fn acknowledge(&mut self, events: usize, unacknowledged: &mut Vec<(u16, bool)>) -> Option<()> {
        let five = self.level == 5;
        let all = std::mem::take(unacknowledged);
        let mut bytes = Vec::new();
        for (at, &(id, event)) in all.iter().enumerate() {
            let [high, low] = id.to_be_bytes();
            let ack = [0x40, 2, high, low];
            match &self.script.acks {
                _ if !event => bytes.extend(ack),
                Acks::Each => bytes.extend(ack),
                Acks::Until(most) if events <= *most => bytes.extend(ack),
                // Only the newest was not looked at before.
                Acks::AllBut(place) if at + 1 == all.len() && events != *place => bytes.extend(ack),
                Acks::Until(_) | Acks::AllBut(_) => unacknowledged.push((id, event)),
                Acks::Twice => bytes.extend([ack, ack].concat()),
                Acks::After(time) => {
                    sleep(*time).await;
                    bytes.extend(ack);
                }
                Acks::Reversed(count) if events.is_multiple_of(*count) => bytes.splice(..0, ack).for_each(drop),
                Acks::Reversed(_) => unacknowledged.push((id, event)),
                Acks::Reason(reason) if five => bytes.extend([0x40, 4, high, low, *reason, 0]),
                Acks::Reason(_) => bytes.extend(ack),
            }
        }
        self.write(&bytes).await
    }

    /// Keeps a message; its packet id, when it wants to be acknowledged, and whether it is an event.
    fn publish(&self, first: u8, body: &[u8]) -> Option<(Option<u16>, bool)> {
        let qos = (first >> 1) & 3;
        let (length, rest) = body.split_first_chunk()?;
        let (topic, mut rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        if topic.is_empty() {
            self.violation("a message without a topic, and no alias was allowed".to_owned());
        }
        let mut id = None;
        if qos > 0 {
            let (bytes, after) = rest.split_first_chunk()?;
            (id, rest) = (Some(u16::from_be_bytes(*bytes)), after);
        }
        if self.level == 5 {
            let (length, after) = varint(rest)?;
            rest = after.get(length..)?;
        }
        let topic = String::from_utf8_lossy(topic).into_owned();
        let event = topic.ends_with("/events");
        let published = Published { connection: self.number, topic, payload: rest.to_vec(), qos };
        self.keep(|seen| seen.published.push(published));
        Some((id, event))
    }

    async fn suback(&mut self, body: &[u8]) -> Option<()> {
        let (&id, mut rest) = body.split_first_chunk::<2>()?;
        if self.level == 5 {
            let (length, after) = varint(rest)?;
            rest = after.get(length..)?;
        }
        let mut granted = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            rest = after.get(usize::from(u16::from_be_bytes(*length)) + 1..)?;
            granted.push(1);
        }
        let no_properties: &[u8] = if self.level == 5 { &[0] } else { &[] };
        let body = [&id[..], no_properties, &granted].concat();
        self.write(&[&[0x90, body.len() as u8][..], &body].concat()).await
    }

    async fn connack(&mut self, session_present: bool, code: u8, properties: &[u8]) -> Option<()> {
        let mut body = vec![u8::from(session_present), code];
        if self.level == 5 {
            body.push(properties.len() as u8);
            body.extend(properties);
        }
        self.write(&[&[0x20, body.len() as u8][..], &body].concat()).await
    }

    /// Reads on and says nothing.
    async fn silence(&mut self) -> Option<()> {
        loop {
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Option<Packet> {
        let first = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some(Packet(first, body))
    }

    async fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

    fn keep(&self, add: impl FnOnce(&mut Seen)) {
        add(&mut self.seen.lock().unwrap());
    }

    fn violation(&self, what: String) {
        self.keep(|seen| seen.violations.push(what));
    }
}

/// A message from the broker, of QoS 0, with a topic of any bytes.
pub fn publish(level: u8, topic: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend(topic);
    if level == 5 {
        body.push(0);
    }
    body.extend(payload);
    let (mut packet, mut length) = (vec![0x30], body.len());
    while length >= 0x80 {
        packet.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend(body);
    packet
}

/// A length of variable size, and what follows it.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    let (length, rest) = bytes.split_at(end + 1);
    Some((length.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f)), rest))
}
