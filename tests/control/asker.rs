//! Somebody with commands: sends them, and takes the replies. Speaks MQTT 5.

use std::time::Duration;

use affectd::clock::Stopwatch;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{SOON, schema};

/// Where the devices of these tests are.
pub const BASE: &str = "affect/control-1";

pub struct Asker {
    client: AsyncClient,
    messages: mpsc::UnboundedReceiver<Publish>,
    asked: u32,
}

impl Asker {
    /// Hears everything on the broker at `port`.
    pub async fn at(port: u16) -> Self {
        let mut options = MqttOptions::new(format!("asker-{}", uuid::Uuid::now_v7()), "127.0.0.1", port);
        options.set_max_packet_size(Some(1 << 20));
        let (client, mut line) = AsyncClient::new(options, 512);
        client.subscribe("#", QoS::AtLeastOnce).await.unwrap();
        let (sender, messages) = mpsc::unbounded_channel();
        let (subscribed, is_subscribed) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut subscribed = Some(subscribed);
            while let Ok(event) = line.poll().await {
                match event {
                    Event::Incoming(Packet::SubAck(_)) => drop(subscribed.take().map(|told| told.send(()))),
                    Event::Incoming(Packet::Publish(publish)) => {
                        // When nobody listens any more the runtime, too, is about to end.
                        let _ = sender.send(publish);
                    }
                    _ => {}
                }
            }
        });
        timeout(SOON, is_subscribed).await.expect("no subscription in time").expect("the broker is gone");
        Self { client, messages, asked: 0 }
    }

    /// Sends what may be a command.
    pub async fn send(&self, verb: &str, payload: impl Into<Vec<u8>>) {
        self.send_with(verb, payload, false, PublishProperties::default()).await;
    }

    /// The same with the retain flag, and what MQTT 5 says along.
    pub async fn send_with(
        &self,
        verb: &str,
        payload: impl Into<Vec<u8>>,
        retain: bool,
        properties: PublishProperties,
    ) {
        let topic = format!("{BASE}/cmd/{verb}");
        let sent = self.client.publish_with_properties(topic, QoS::AtLeastOnce, retain, payload.into(), properties);
        sent.await.unwrap();
    }

    /// Sends a command under an id of its own and waits for the reply with that id.
    pub async fn ask(&mut self, verb: &str, mut command: Value) -> Value {
        self.asked += 1;
        let id = format!("asked-{}", self.asked);
        command["id"] = json!(id);
        self.send(verb, command.to_string()).await;
        loop {
            let reply = self.reply(verb).await;
            if reply["id"] == id {
                return reply;
            }
        }
    }

    /// The same, when it must work: its result.
    pub async fn done(&mut self, verb: &str, command: Value) -> Value {
        let reply = self.ask(verb, command).await;
        assert_eq!(reply["ok"], true, "{reply:#}");
        reply["result"].clone()
    }

    /// The same, when it must not: the code, the reason and the remedy.
    pub async fn refused(&mut self, verb: &str, command: Value) -> (String, String, String) {
        told(&self.ask(verb, command).await)
    }

    /// The next reply where those to `verb` go, checked against its schema.
    pub async fn reply(&mut self, verb: &str) -> Value {
        let reply = self.on(&format!("{BASE}/cmd/{verb}/reply")).await;
        serde_json::from_slice(&reply.payload).unwrap()
    }

    /// The next message on a topic; one on the topic of a reply is checked.
    pub async fn on(&mut self, topic: &str) -> Publish {
        loop {
            let message = self.next().await;
            if message.topic == topic {
                return message;
            }
        }
    }

    /// The next message that is no command.
    pub async fn next(&mut self) -> Publish {
        let message =
            timeout(SOON, self.messages.recv()).await.expect("no message in time").expect("the broker is gone");
        if message.topic.ends_with(b"/reply") && message.payload.first() == Some(&b'{') {
            assert!(!message.retain, "a reply is of the moment");
            let topic = String::from_utf8_lossy(&message.topic);
            schema::fits("reply", &serde_json::from_slice(&message.payload).unwrap(), &topic);
        }
        message
    }

    /// The next event of that kind that is new, goes on or ends.
    pub async fn event(&mut self, stage: &str, kind: &str) -> Value {
        loop {
            let event: Value = serde_json::from_slice(&self.on(&format!("{BASE}/events")).await.payload).unwrap();
            if event["type"] == stage && event["kind"] == kind {
                return event;
            }
        }
    }

    /// Waits until the device says that it is there.
    pub async fn online(&mut self) {
        while self.on(&format!("{BASE}/status")).await.payload != "online" {}
    }

    /// Waits until the device has seen a face, and gives its number.
    pub async fn face(&mut self) -> u64 {
        self.state().await["face"].as_u64().unwrap()
    }

    /// The next state of any face.
    pub async fn state(&mut self) -> Value {
        loop {
            let message = self.next().await;
            if String::from_utf8_lossy(&message.topic).contains("/faces/") {
                return serde_json::from_slice(&message.payload).unwrap();
            }
        }
    }

    /// Waits until it is told of a stage in health that it is as wanted, and gives the stage.
    pub async fn stage(&mut self, stage: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let watch = Stopwatch::start();
        loop {
            let health: Value = serde_json::from_slice(&self.on(&format!("{BASE}/health")).await.payload).unwrap();
            if wanted(&health["stages"][stage]) {
                return health["stages"][stage].clone();
            }
            assert!(watch.elapsed() < 2 * SOON, "{health:#}");
        }
    }

    /// Whether a message comes for which this holds, within a while that is short.
    pub async fn hears(&mut self, within: Duration, wanted: impl Fn(&Publish) -> bool) -> bool {
        let watch = Stopwatch::start();
        while let Some(rest) = within.checked_sub(watch.elapsed()) {
            match timeout(rest, self.messages.recv()).await {
                Ok(Some(message)) if wanted(&message) => return true,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
        false
    }
}

/// Code, reason and remedy of a reply that says no.
pub fn told(reply: &Value) -> (String, String, String) {
    assert_eq!((&reply["ok"], reply.get("result")), (&json!(false), None), "{reply:#}");
    let text = |key: &str| reply[key].as_str().unwrap_or_else(|| panic!("no {key}: {reply:#}")).to_owned();
    (text("code"), text("reason"), text("remedy"))
}
