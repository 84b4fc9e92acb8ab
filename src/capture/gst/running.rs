//! A pipeline from its text to its end. Starting and stopping may hang in a driver or on a network, so each is done on
//! a thread of its own and waited for no longer than told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gstreamer::prelude::*;
use gstreamer::{
    Bus, ClockTime, Element, ParseContext, ParseFlags, Pipeline, State, StateChangeSuccess, SystemClock, parse,
};
use gstreamer_app::AppSink;
use tracing::warn;

use super::complaint::{Complaint, FORM, Hearing};
use super::unpack::FORMATS;

/// How long a pipeline may take to start; that its source answers is not waited for.
const STARTING: Duration = Duration::from_secs(3);

/// How long a pipeline may take to stop.
const STOPPING: Duration = Duration::from_secs(2);

/// So many starts and stops at a time that more would only add to what hangs.
const MOST_CHANGING: usize = 8;

/// What is added to a pipeline is called by these names.
const QUEUE: &str = "affectd_queue";
const SINK: &str = "affectd_sink";

/// How many pipelines are being started or stopped in this process.
static CHANGING: AtomicUsize = AtomicUsize::new(0);

/// Whether pictures are converted to a format of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The pipeline gives one already.
    AsGiven,
    /// By the processor, which costs time.
    Converted,
}

/// A pipeline that was built. Dropping it stops it.
pub(super) struct Running {
    pipeline: Pipeline,
    queue: Element,
    pub sink: AppSink,
    pub bus: Bus,
    /// Whether its pictures come when they are taken, as a camera's do, and not when they are asked for, as a file's.
    pub live: bool,
}

impl Running {
    /// Builds a pipeline of its text, with our sink. Nothing is opened.
    ///
    /// # Errors
    /// When the text is no pipeline, or one of its elements is not installed.
    pub fn build(line: &str, form: Form) -> Result<Self, Complaint> {
        let convert = if form == Form::Converted { "videoconvert ! " } else { "" };
        // The sink keeps the newest picture and lets the others go; the queue makes a decoder that is ahead of it wait
        // on a thread of its own.
        let text = format!(
            "{line} ! queue name={QUEUE} max-size-buffers=1 max-size-bytes=0 max-size-time=0 ! {convert}\
             appsink name={SINK} max-buffers=1 drop=true enable-last-sample=false wait-on-eos=false \
             caps=\"video/x-raw,format=(string){FORMATS}\""
        );
        let mut context = ParseContext::new();
        let built = parse::launch_full(&text, Some(&mut context), ParseFlags::FATAL_ERRORS).map_err(|error| {
            let missing = context.missing_elements();
            Complaint::of_text(&error, missing.first().map(String::as_str))
        })?;
        let pipeline = built.downcast::<Pipeline>().map_err(|_| Complaint::new("it is no pipeline", FORM))?;
        let sink = pipeline.by_name(SINK).and_then(|sink| sink.downcast::<AppSink>().ok());
        let (Some(sink), Some(queue), Some(bus)) = (sink, pipeline.by_name(QUEUE), pipeline.bus()) else {
            return Err(Complaint::new("it does not end where its text ends", "check its quotation marks"));
        };
        Ok(Self { pipeline, queue, sink, bus, live: false })
    }

    /// Starts it.
    ///
    /// # Errors
    /// When GStreamer refuses, or hangs.
    pub fn start(self) -> Result<Self, Complaint> {
        if CHANGING.load(Ordering::Relaxed) >= MOST_CHANGING {
            let reason = "earlier pipelines neither start nor stop";
            return Err(Complaint::new(reason, "check the camera and its driver, and restart affectd"));
        }
        within(STARTING, move || self.start_now()).unwrap_or_else(|| {
            let reason = format!("it does not start within {} s", STARTING.as_secs());
            Err(Complaint::new(reason, "check the camera and its driver, or the file"))
        })
    }

    fn start_now(mut self) -> Result<Self, Complaint> {
        // Pictures are dated by the clock that everything here reckons in, whatever clocks the elements bring.
        self.pipeline.use_clock(Some(&SystemClock::obtain()));
        self.live = self.change(State::Paused)? == StateChangeSuccess::NoPreroll;
        if self.live {
            // The newest is wanted at once, whatever the latency of the whole is said to be.
            self.sink.set_sync(false);
            if self.queue.has_property("leaky") {
                self.queue.set_property_from_str("leaky", "downstream");
            }
        }
        self.change(State::Playing)?;
        Ok(self)
    }

    fn change(&self, to: State) -> Result<StateChangeSuccess, Complaint> {
        self.pipeline.set_state(to).map_err(|_| {
            let said = Hearing::default().listen(&self.bus);
            said.unwrap_or_else(|| Complaint::new("it cannot start", "try it with gst-launch-1.0, fakesink at its end"))
        })
    }

    /// How long ago a picture was taken that has this running time; `None` when it was not, or the clock is unknown.
    pub fn age(&self, running_time: ClockTime) -> Option<Duration> {
        let taken = self.pipeline.base_time()?.checked_add(running_time)?;
        let age = self.pipeline.clock()?.time().checked_sub(taken)?;
        Some(age.into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pipeline = self.pipeline.clone();
        // What cannot be stopped cannot be helped either.
        if within(STOPPING, move || pipeline.set_state(State::Null).is_ok()).is_none() {
            warn!("A GStreamer pipeline does not stop; it is left to itself.");
        }
    }
}

/// Counts a change while it lasts.
struct Change;

impl Change {
    fn begin() -> Self {
        CHANGING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        CHANGING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Does something on a thread of its own; `None` when it takes longer than `patience`. It then goes on, and what
/// comes of it is dropped.
fn within<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, outcome) = mpsc::channel();
    let change = Change::begin();
    let work = move || {
        // Nobody may wait any more.
        let _ = done.send(work());
        drop(change);
    };
    thread::Builder::new().name("gst-state".into()).spawn(work).ok()?;
    outcome.recv_timeout(patience).ok()
}
