//! A subscriber that collects everything below a topic.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{SOON, schema};

/// One message as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Whether the broker had kept it for us.
    pub retained: bool,
    /// 0, 1 or 2.
    pub qos: u8,
    /// What MQTT 5 said along with it.
    pub properties: PublishProperties,
}

impl Message {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

/// A client that has subscribed. It speaks MQTT 5.
pub struct Listener {
    messages: mpsc::UnboundedReceiver<Message>,
    task: tokio::task::JoinHandle<()>,
    client: AsyncClient,
}

impl Listener {
    /// Listens to everything on the broker at `port`; returns when the broker has taken the subscription.
    pub async fn everything(port: u16) -> Self {
        Self::to(port, "#", None).await
    }

    /// Listens to `filter`.
    pub async fn to(port: u16, filter: &str, login: Option<(&str, &str)>) -> Self {
        Self::subscribed(port, filter, QoS::AtLeastOnce, login).await
    }

    /// Listens to `filter` and acknowledges nothing. So whatever a broker had passed on when it was killed is heard: it
    /// had left nothing unread for which the kernel would break the connection off, with what is still in it.
    pub async fn to_the_last(port: u16, filter: &str) -> Self {
        Self::subscribed(port, filter, QoS::AtMostOnce, None).await
    }

    async fn subscribed(port: u16, filter: &str, qos: QoS, login: Option<(&str, &str)>) -> Self {
        let mut options = MqttOptions::new(format!("listener-{}", uuid::Uuid::now_v7()), "127.0.0.1", port);
        // By itself the client takes 10 KiB.
        options.set_max_packet_size(Some(1 << 20));
        if let Some((user, password)) = login {
            options.set_credentials(user, password);
        }
        let (client, mut line) = AsyncClient::new(options, 16);
        client.subscribe(filter, qos).await.unwrap();
        let (sender, messages) = mpsc::unbounded_channel();
        let (subscribed, is_subscribed) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut subscribed = Some(subscribed);
            let mut take = |event| match event {
                Event::Incoming(Packet::SubAck(_)) => {
                    let _ = subscribed.take().map(|subscribed| subscribed.send(()));
                }
                Event::Incoming(Packet::Publish(publish)) => {
                    let _ = sender.send(Message {
                        topic: String::from_utf8(publish.topic.to_vec()).unwrap(),
                        payload: publish.payload.to_vec(),
                        retained: publish.retain,
                        qos: publish.qos as u8,
                        properties: publish.properties.unwrap_or_default(),
                    });
                }
                _ => {}
            };
            // When the broker goes the listener ends: what it would miss meanwhile is not its to know.
            while let Ok(event) = line.poll().await {
                take(event);
            }
            // What came together with the end, the client has understood and not told.
            line.state.events.drain(..).for_each(take);
        });
        timeout(SOON, is_subscribed).await.expect("no subscription in time").expect("the broker is gone");
        Self { messages, task, client }
    }

    /// Publishes something, with QoS 1.
    pub async fn say(&self, topic: &str, payload: &str, retain: bool, properties: PublishProperties) {
        let at_least_once = QoS::AtLeastOnce;
        let payload = payload.to_owned();
        self.client.publish_with_properties(topic, at_least_once, retain, payload, properties).await.unwrap();
    }

    /// The next message.
    pub async fn next(&mut self) -> Message {
        timeout(SOON, self.messages.recv()).await.expect("no message came in time").expect("the broker is gone")
    }

    /// The next message on `topic`; others are passed over.
    pub async fn next_on(&mut self, topic: &str) -> Message {
        loop {
            let message = self.next().await;
            if message.topic == topic {
                return message;
            }
        }
    }

    /// Everything up to the goodbye, each message checked against its schema.
    pub async fn until_stopped(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().await;
            schema::check(&message);
            let stopped = message.topic.ends_with("/status") && message.text() == "stopped";
            messages.push(message);
            if stopped {
                return messages;
            }
        }
    }

    /// A message that comes within a short while, if any does.
    pub async fn within(&mut self, while_: Duration) -> Option<Message> {
        timeout(while_, self.messages.recv()).await.ok().flatten()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
