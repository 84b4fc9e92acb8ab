//! What `replay` shows: a head, a line for each event, a line that lives below them, a summary.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::super::session::Ending;
use crate::publish::{Identity, PublishSettings};

/// Shows events as they arrive and counts them.
pub struct Screen {
    shown: bool,
    colour: bool,
    live: ProgressBar,
    arrived: BTreeMap<String, u64>,
    first_at: Option<jiff::Timestamp>,
}

impl Screen {
    /// A screen that shows everything, or nothing but the summary. On a terminal it has colour and a live line.
    pub fn new(shown: bool, terminal: bool) -> Self {
        let target = if shown && terminal { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
        let live = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg}") {
            live.set_style(style);
        }
        Self { shown, colour: terminal, live, arrived: BTreeMap::new(), first_at: None }
    }

    /// What is about to happen.
    pub fn opening(&self, clip: &str, identity: &Identity, publish: &PublishSettings, embedded: bool) {
        if !self.shown {
            return;
        }
        let place = if embedded { "a broker inside this process" } else { "your broker" };
        println!("{} {}", self.bold("affectd"), identity.version);
        println!("  source   {clip}");
        println!("  model    {} on {}", identity.pack, identity.engine);
        println!("  broker   {} ({place})", publish.broker);
        println!("  topics   {}/{}/…", publish.prefix, identity.device);
        let (host, port) = (publish.broker.host(), publish.broker.port());
        println!("  look in  mosquitto_sub -V mqttv5 -h {host} -p {port} -t '{}/#' -v", publish.prefix);
        println!();
        println!("  {}", self.dim("  time    face  event    what appears                          peak"));
    }

    /// An event has arrived from the broker.
    pub fn event(&mut self, event: &Value) {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let (stage, kind, label) = (text("type"), text("kind"), text("label"));
        *self.arrived.entry(kind.replace('_', " ")).or_default() += u64::from(stage == "new");
        let at: Option<jiff::Timestamp> = text("at").parse().ok();
        let since = at.map(|at| at.duration_since(*self.first_at.get_or_insert(at)).as_secs_f64());
        if !self.shown {
            return;
        }
        let what = match kind {
            "presence" => "a face is there".to_owned(),
            "voice" => "someone speaks".to_owned(),
            "valence" | "arousal" => format!("{kind} appears {label}"),
            "action_unit" => format!("{label} appears active"),
            _ => format!("appears: {label}"),
        };
        let face = event.get("face").map(Value::to_string).unwrap_or_default();
        let peak = event.get("peak").and_then(Value::as_f64).unwrap_or_default();
        let bar = "█".repeat((peak * 8.0).round() as usize);
        let line = format!("  {:6.1} s  {face:>4}  {stage:<7}  {what:<36}  {peak:.2} {bar}", since.unwrap_or_default());
        let line = match stage {
            "new" => self.bold(&line),
            "end" => self.dim(&line),
            _ => line,
        };
        if self.live.is_hidden() {
            println!("{line}");
        } else {
            self.live.println(line);
        }
    }

    /// A face's state has arrived from the broker.
    pub fn face(&self, state: &Value) {
        let number = |key: &str| state.get(key).and_then(Value::as_f64);
        let signed = |key: &str| number(key).map_or("  –  ".to_owned(), |v| format!("{v:+.2}"));
        let answer = |key: &str| state.get("expression").and_then(|e| e.get(key));
        let label = answer("label").and_then(Value::as_str).unwrap_or("not readable");
        let sure = answer("confidence").and_then(Value::as_f64).unwrap_or_default() * 100.0;
        let face = state.get("face").map(Value::to_string).unwrap_or_default();
        let (valence, arousal) = (signed("valence"), signed("arousal"));
        self.live.set_message(format!("face {face}  valence {valence}  arousal {arousal}  {label} {sure:.0} %"));
        self.live.tick();
    }

    /// What it all came to.
    pub fn summary(&self, ending: &Ending) {
        self.live.finish_and_clear();
        let (report, counts) = (&ending.report, &ending.counts);
        let ms = |q| report.latency.percentile(q).unwrap_or(Duration::ZERO).as_secs_f64() * 1e3;
        println!();
        println!("{}", self.bold("Summary"));
        println!(
            "  frames   {} processed, {} skipped for a newer one, {} failed",
            report.frames, report.replaced, report.failed
        );
        println!("  latency  {:.1} ms from capture to publisher (median), {:.1} ms (99 of 100)", ms(0.5), ms(0.99));
        let kinds: Vec<_> = self.arrived.iter().map(|(kind, n)| format!("{n} × {kind}")).collect();
        println!("  events   {}", if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") });
        println!(
            "  MQTT     {} event messages acknowledged, {} states sent, {} states dropped, {} events lost",
            counts.events_published, counts.states_published, counts.states_dropped, ending.farewell.lost_events
        );
    }

    fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
