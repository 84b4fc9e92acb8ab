//! What the operator reads when there is trouble.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::subscriber::set_default;

use crate::harness::*;
use crate::support::gate::Gate;
use crate::support::mosquitto::Mosquitto;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines about the broker so far: level and text.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("affectd::publish")).map(|line| line.trim().to_owned()).collect()
    }
}

#[tokio::test]
async fn trouble_is_told_once_and_again_when_it_changes() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().without_time().with_ansi(false).with_writer(move || writer.clone());
    let _guard = set_default(subscriber.finish());

    let mut broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    gate.shut();
    let publisher = start(&settings(gate.port));
    counted(&publisher.handle(), |counts| counts.failures >= 3).await;
    assert_eq!(log.lines().len(), 1, "{:#?}", log.lines());
    assert!(log.lines()[0].starts_with("WARN") && log.lines()[0].contains("see its log"), "{:#?}", log.lines());

    gate.open();
    online(&publisher).await;
    assert!(log.lines()[1].starts_with("INFO") && log.lines()[1].contains("Connected"), "{:#?}", log.lines());

    broker.kill();
    trouble(&publisher).await;
    assert!(log.lines()[2].starts_with("WARN") && log.lines()[2].contains("hung up"), "{:#?}", log.lines());
}
