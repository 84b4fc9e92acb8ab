//! What becomes of events when something goes wrong: one scenario for each fault, then a table with what was produced,
//! what arrived, how often more than once, and what was lost.
//!
//! A program of its own, without the usual test harness, because the table is its result: `cargo test --test faults`,
//! with words behind `--` for those scenarios only whose names hold one of them. Each scenario has a thread and a
//! runtime of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use affectd::publish::Protocol;

#[path = "../../support/mod.rs"]
mod support;

mod broker;
mod clock;
mod ledger;
mod line;
mod nonsense;
mod options;
mod restart;
mod several;
mod trust;

use ledger::Tally;
use support::harness;

/// Scenarios at a time: most of them wait most of the time.
const AT_A_TIME: usize = 8;

/// A scenario in one version of MQTT.
struct Scenario {
    name: &'static str,
    protocol: Protocol,
    run: fn(Protocol) -> Pin<Box<dyn Future<Output = Tally>>>,
}

macro_rules! scenarios {
    ($($room:ident::$name:ident in $protocols:expr;)*) => {{
        let mut scenarios = Vec::new();
        $(for protocol in $protocols {
            let run: fn(Protocol) -> Pin<Box<dyn Future<Output = Tally>>> = |protocol| Box::pin($room::$name(protocol));
            scenarios.push(Scenario { name: stringify!($name), protocol, run });
        })*
        scenarios
    }};
}

fn scenarios() -> Vec<Scenario> {
    use Protocol::{V5, V311};
    let (both, five) = ([V5, V311], [V5]);
    scenarios! {
        broker::is_down_at_the_start in both;
        broker::is_killed_in_the_middle in both;
        broker::denies_to_publish in five;
        broker::has_a_consumer_that_reads_nothing in both;
        broker::passes_on_a_flood_of_messages_to_us in both;
        broker::passes_on_a_message_of_256_kilobytes_to_us in both;
        trust::a_certificate_of_a_stranger in both;
        trust::a_certificate_that_has_expired in both;
        clock::jumps_a_day_ahead in both;
        clock::jumps_a_day_back in both;
        clock::jumps_while_a_stamp_is_taken in five;
        line::goes_dead in both;
        line::breaks_in_the_middle_of_messages in both;
        line::breaks_in_the_middle_of_a_packet in both;
        line::is_silent_from_some_event_on in both;
        options::no_answer_at_first in both;
        options::no_room_at_first in both;
        options::a_session_that_nobody_knows in both;
        options::one_unacknowledged_at_a_time in five;
        options::no_topic_alias in five;
        options::a_keep_alive_of_the_servers_own in five;
        options::packets_of_some_size_at_most in five;
        options::no_room_for_a_single_message in five;
        several::the_preferred_one_is_killed_and_a_spare_takes_over in both;
        several::both_brokers_are_killed_by_turns in both;
        restart::the_device_restarts_while_the_broker_is_away in both;
        nonsense::acknowledgements_are_withheld in both;
        nonsense::one_acknowledgement_is_withheld in both;
        nonsense::acknowledgements_come_twice in both;
        nonsense::acknowledgements_of_what_was_not_sent in both;
        nonsense::acknowledgements_come_late_and_out_of_order in both;
        nonsense::the_broker_has_no_quota_left_for_a_while in five;
        nonsense::the_broker_shuts_down_with_a_word in five;
        nonsense::bytes_that_are_no_mqtt in both;
        nonsense::a_topic_that_is_no_text in both;
        nonsense::a_message_of_256_kilobytes in both;
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut chosen = scenarios();
    chosen.retain(|scenario| words.is_empty() || words.iter().any(|word| scenario.name.contains(word)));
    if std::env::args().any(|word| word == "--list") {
        chosen.iter().for_each(|scenario| println!("{}: test", scenario.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} scenarios", chosen.len());
    let (waiting, done) = (Mutex::new(chosen.iter().enumerate()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some((at, scenario)) = waiting.lock().unwrap().next() else { break };
                    let tally = run(scenario);
                    let word = if tally.is_some() { "ok" } else { "FAILED" };
                    println!("{} ({}) ... {word}", scenario.name, version(scenario.protocol));
                    done.lock().unwrap().push((at, tally));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    let failed = done.iter().filter(|(_, tally)| tally.is_none()).count();
    print_table(&chosen, done.into_iter().filter_map(|(at, tally)| Some((at, tally?))));
    println!("\n{failed} of {} scenarios failed", chosen.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a scenario; `None` when something in it did not hold, which stands in the output.
fn run(scenario: &Scenario) -> Option<Tally> {
    let body = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on((scenario.run)(scenario.protocol))
    };
    catch_unwind(AssertUnwindSafe(body))
        .inspect_err(|_| {
            eprintln!("{} over MQTT {} did not hold, see above", scenario.name, version(scenario.protocol))
        })
        .ok()
}

fn version(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::V5 => "5",
        Protocol::V311 => "3.1.1",
    }
}

fn print_table(scenarios: &[Scenario], tallies: impl Iterator<Item = (usize, Tally)>) {
    let line = |name: &str, version: &str, columns: [&dyn std::fmt::Display; 5]| {
        let [produced, delivered, duplicates, refused, lost] = columns;
        println!("{name:<50} {version:<5} {produced:>9} {delivered:>9} {duplicates:>10} {refused:>8} {lost:>5}");
    };
    println!();
    line("events", "MQTT", [&"produced", &"delivered", &"duplicates", &"refused", &"lost"]);
    let mut sum = Tally::default();
    for (at, tally) in tallies {
        let Scenario { name, protocol, .. } = scenarios[at];
        let Tally { produced, delivered, duplicates, refused, lost } = tally;
        line(&name.replace('_', " "), version(protocol), [&produced, &delivered, &duplicates, &refused, &lost]);
        sum += tally;
    }
    let Tally { produced, delivered, duplicates, refused, lost } = sum;
    line("all", "", [&produced, &delivered, &duplicates, &refused, &lost]);
}
