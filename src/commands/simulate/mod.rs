//! `affectd simulate`: the traffic of many devices that are made up, to see what a broker takes.
//!
//! ```text
//!  script ─► events ─► Publisher ─┐                    ┌─► Listener (events)   ─┐
//!  script ─► events ─► Publisher ─┼─► broker ──────────┼─► Listener (faces)    ─┼─► records ─► report
//!     …                    …      ┘                    └─► Listener (…)        ─┘
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `script` | what a device sees: people who come, show expressions and go; pure |
//! | `device` | one device: a real publisher, and the script instead of a camera |
//! | `audience` | the subscribers |
//! | `ledger`, `records`, `histogram` | what was sent, what arrived, how long it took; pure |
//! | `conductor` | the phases: connect, measure, say goodbye |
//! | `limits`, `broker_process`, `sample` | what the machine allows, and what is used |
//!
//! Everything runs on two threads (a third waits for them), however many devices there are.

use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Builder;

use self::conductor::Conductor;
use self::shared::Plan;
use super::setup;
use crate::cli::SimulateArgs;
use crate::exit::Exit;
use crate::publish::BrokerAddress;

mod audience;
mod broker_process;
mod clock;
mod conductor;
mod device;
mod histogram;
mod ledger;
mod limits;
mod progress;
mod records;
mod report;
mod roster;
mod sample;
mod script;
mod shared;

/// Threads for all devices and subscribers.
const THREADS: usize = 2;
/// Threads for names that are looked up: without a bound there would be one for each device.
const RESOLVERS: usize = 4;

/// Runs the command.
///
/// # Errors
/// When the configuration or the broker's address is wrong, this machine does not allow so many connections, or the
/// broker cannot be reached.
pub fn run(args: &SimulateArgs) -> anyhow::Result<Exit> {
    let config = setup::config(args.config.as_deref())?;
    let mut publish = config.publish_settings()?;
    if let Some(url) = &args.broker {
        publish.broker = url.parse::<BrokerAddress>().context("--broker")?;
    }
    // One folder holds the events of one device.
    publish.outbox.dir = None;
    let devices = args.devices as usize;
    limits::make_room(devices)?;
    let plan = Plan {
        devices,
        faces: args.faces.into(),
        measured: Duration::from_secs(args.seconds.into()),
        ramp: Duration::from_secs_f64(f64::from(args.devices) / f64::from(args.ramp)),
        seed: args.seed,
        events: config.events,
        publish,
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(RESOLVERS)
        .enable_all()
        .build()
        .context("the I/O runtime cannot start")?;
    let report = runtime.block_on(async { Conductor::new(plan).await?.conduct().await })?;
    if args.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    if let Some(caution) = report.caution() {
        eprintln!("affectd: {caution}.");
    }
    let failures = report.failures();
    for failure in &failures {
        eprintln!("affectd: {failure}.");
    }
    Ok(if failures.is_empty() { Exit::Ok } else { Exit::Failed })
}
