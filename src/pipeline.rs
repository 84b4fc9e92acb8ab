//! The only wiring: a frame goes in, faces and events come out; live, on threads that come back when they die.
//!
//! ```text
//!  thread "camera"                  thread "frames"
//!  source ─► pace ─► mailbox ─(newest only)─► face path ─► (sequences) ─► smoother ─► fusion ─► events ─► teller ─► sink
//!  thread "sound"                                                                       ▲
//!  source ─► voice path ─────────(bounded, drops are counted)──────────────────────────┘
//!
//!  thread "supervisor": starts these, and starts them again; has a watch look at their pulses
//! ```
//!
//! [`Chain`] is the path without a thread or a clock. [`Live`] drives one as fast as frames come and never with an old
//! one, and has another opened when a chain dies. What passes between threads (`mailbox`, [`sound`], [`swap`],
//! `teller`) outlives them, and knows whose turn it is.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::capture::mailbox::Mailbox;
use crate::capture::{Frame, VideoSource};
use crate::clock::{Clock, Monotonic, Stopwatch};
use crate::events::Event;
use crate::health::Pulse;
use crate::latency::Latencies;
use crate::privacy::Gate;
use crate::scene::Scene;
use crate::smooth::{Smoothed, SmoothedVoice};
use crate::supervise::Worker;
use crate::voice::VoiceRead;

mod camera;
mod chain;
mod frames;
pub mod pace;
pub mod sound;
mod supply;
pub mod swap;
mod teller;
pub mod wishes;

use camera::Camera;
pub use chain::Chain;
use frames::Frames;
pub use frames::Fresh;
use pace::Pace;
use sound::{Ears, Hearing};
pub use supply::{Lack, Supply};
use swap::{Offers, Swaps};
use teller::Teller;
use wishes::{Part, Restart, Restarted, Wisher, Wishes};

/// How long a thread waits before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// A thread that shows no sign of life for so long is left behind; longer than a decoder may take to open a file.
const HANGING: Duration = Duration::from_secs(12);

/// How long a thread rests that must not sense anything, before it looks whether it may again.
const REST: Duration = Duration::from_millis(50);

/// How often the supervisor looks.
const TICK: Duration = Duration::from_millis(100);

/// How long the threads may take to end.
const DRAIN: Duration = Duration::from_secs(2);

/// Takes what the chain gives. Runs on the frames' thread: it must not block.
pub trait Sink {
    /// Everyone in view in this frame; called for every frame, also an empty one.
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], scene: &Scene);

    /// What stands of the voice that is heard; called for every window of sound, where there is any.
    fn voice(&mut self, _voice: &SmoothedVoice) {}

    /// Nothing is sensed any more: what waits to be told is of no interest.
    fn muted(&mut self) {}

    /// A step in an event's life.
    fn event(&mut self, event: &Event);
}

/// The signs of life of every stage, and what is set from outside while they work.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Frames from the camera. What it lost was more than the pace allows.
    pub camera: Arc<Pulse>,
    /// Frames through the chain.
    pub faces: Arc<Pulse>,
    /// Sound from the microphone.
    pub microphone: Arc<Pulse>,
    /// Sound through the voice path. What it lost was heard while the frames' thread had no time.
    pub voice: Arc<Pulse>,
    /// Looks at the packs' folders.
    pub packs: Arc<Pulse>,
    /// How many frames are let into the chain.
    pub pace: Pace,
}

/// What a live run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Frames that went through the chain.
    pub frames: u64,
    /// Frames that a newer one replaced before the chain had time.
    pub replaced: u64,
    /// Frames on which a model failed.
    pub failed: u64,
    /// From capture to the sink.
    pub latency: Latencies,
    /// What was heard that nobody had time for.
    pub unheard: u64,
    /// Why the source ended, when it failed.
    pub error: Option<String>,
}

/// The parts of a live pipeline, before it starts.
pub struct Live<S> {
    sources: Supply<Box<dyn VideoSource>>,
    chains: Supply<Fresh>,
    sink: S,
    clock: Arc<dyn Clock>,
    vitals: Arc<Vitals>,
    stop: Arc<AtomicBool>,
    gate: Gate,
    swaps: Option<Swaps>,
    ears: Option<Ears>,
    others: Vec<Worker>,
    wishes: Option<(Wishes, Wishes<Restart>)>,
    /// Those of which no second thread could have what it needs.
    once: Vec<Part>,
}

impl<S: Sink + Send + 'static> Live<S> {
    /// Frames from a source through a chain to a sink; source and chain are taken from their supplies, again when a
    /// thread has died with one.
    pub fn new(
        sources: Supply<Box<dyn VideoSource>>,
        chains: Supply<Fresh>,
        sink: S,
        clock: Arc<dyn Clock>,
        vitals: Arc<Vitals>,
    ) -> Self {
        let (stop, others, gate) = (Arc::default(), Vec::new(), Gate::open(clock.now()));
        let renewals = [(Part::Camera, sources.renews()), (Part::Frames, chains.renews())];
        let once = renewals.into_iter().filter(|(_, renews)| !renews).map(|(part, _)| part).collect();
        let (swaps, ears, wishes) = (None, None, None);
        Self { sources, chains, sink, clock, vitals, stop, gate, swaps, ears, others, wishes, once }
    }

    /// Puts a gate before camera and microphone: while it is shut, both are let go of and nothing is read. To be done
    /// before it [listens](Live::listen).
    #[must_use]
    pub fn behind(self, gate: Gate) -> Self {
        Self { gate, ..self }
    }

    /// A way to exchange the models while the pipeline is live; a former way is closed.
    pub fn offers(&mut self) -> Offers {
        let (offers, swaps) = swap::handover();
        self.swaps = Some(swaps);
        offers
    }

    /// A way to wish for something while the pipeline is live; a former way is closed.
    pub fn wisher(&mut self) -> Wisher {
        let (wisher, calibrations, restarts) = wishes::wishing();
        self.wishes = Some((calibrations, restarts));
        wisher
    }

    /// Listens, too.
    pub fn listen<M: VoiceRead + Send + 'static>(&mut self, hearing: Hearing<M>) {
        if !hearing.sources.renews() || !hearing.paths.renews() {
            self.once.push(Part::Sound);
        }
        let (worker, ears) =
            sound::worker(hearing, self.gate.clone(), self.vitals.clone(), self.clock.clone(), self.stop.clone());
        self.ears = Some(ears);
        self.others.push(worker);
    }

    /// Tells whether the pipeline is to stop; for workers that are [employed](Live::employ).
    pub fn stopping(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Supervises another thread beside its own.
    pub fn employ(&mut self, worker: Worker) {
        self.others.push(worker);
    }

    /// Starts the threads. Each time the supervisor has looked after them it calls `watch`, and in the end `ended`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start<W, E>(self, mut watch: W, ended: E) -> io::Result<Running>
    where
        W: FnMut(Monotonic) + Send + 'static,
        E: FnOnce() + Send + 'static,
    {
        let Self { sources, chains, sink, clock, vitals, stop, gate, swaps, ears, others, wishes, once } = self;
        let (calibrations, restarts) = wishes.unzip();
        let frames = Arc::new(Mailbox::<Frame>::default());
        let camera = Arc::new(Camera {
            sources,
            gate: gate.clone(),
            frames: frames.clone(),
            vitals: vitals.clone(),
            clock: clock.clone(),
            stop: stop.clone(),
            error: Mutex::new(None),
        });
        let faces = Arc::new(Frames {
            chains,
            gate,
            frames: frames.clone(),
            teller: Teller::new(sink),
            swaps: Mutex::new(swaps),
            ears: Mutex::new(ears),
            wishes: Mutex::new(calibrations),
            vitals: vitals.clone(),
            clock: clock.clone(),
            stop: stop.clone(),
            report: Mutex::default(),
        });
        let (seeing, reading) = (camera.clone(), faces.clone());
        let camera_pulses = vec![vitals.camera.clone()];
        let faces_pulses = vec![vitals.faces.clone()];
        // The frames' thread is the first: when its work is done, all is.
        let mut workers = vec![
            Worker::new("frames", faces_pulses, Some(HANGING), Arc::new(move |lease| reading.work(lease))),
            Worker::new("camera", camera_pulses, Some(HANGING), Arc::new(move |lease| seeing.work(lease))),
        ];
        workers.extend(others);
        let stopped = stop.clone();
        let supervisor = thread::Builder::new().name("supervisor".into()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) && !workers[0].is_done() {
                let now = clock.now();
                restart(&mut workers, restarts.as_ref(), &once);
                workers.iter_mut().for_each(|worker| worker.tend(now));
                watch(now);
                thread::park_timeout(TICK);
            }
            stopped.store(true, Ordering::Relaxed);
            faces.close_exchange();
            drop(restarts);
            drain(&mut workers, &*clock);
            faces.teller.finish(clock.now());
            let mut report = take(&faces.report);
            report.replaced = frames.replaced();
            report.unheard = vitals.voice.read().lost;
            report.error = report.error.or(take(&camera.error));
            ended();
            report
        })?;
        Ok(Running { stop, supervisor })
    }
}

/// Starts anew what somebody wished to be.
fn restart(workers: &mut [Worker], wishes: Option<&Wishes<Restart>>, once: &[Part]) {
    while let Some(Restart { part, tell }) = wishes.and_then(Wishes::next) {
        let worker = workers.iter_mut().find(|worker| worker.name() == part.thread());
        tell(match worker {
            Some(_) if once.contains(&part) => Restarted::Once,
            Some(worker) => worker.replace().into(),
            None => Restarted::Absent,
        });
    }
}

/// Lets every thread end; one that does not in time is left behind.
fn drain(workers: &mut [Worker], clock: &dyn Clock) {
    let watch = Stopwatch::start();
    workers.iter_mut().for_each(Worker::rest_for_good);
    while workers.iter().any(|worker| !worker.is_done()) && watch.elapsed() < DRAIN {
        thread::park_timeout(TICK / 10);
        for worker in workers.iter_mut() {
            worker.tend(clock.now());
            worker.rest_for_good();
        }
    }
    workers.iter_mut().for_each(Worker::leave_behind);
}

fn take<T: Default>(mutex: &Mutex<T>) -> T {
    std::mem::take(&mut *lock(mutex))
}

/// What is behind the pipeline's locks is changed in single steps, so a panic leaves nothing half done; a sink that
/// panicked has told what it has told.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A live pipeline at work.
pub struct Running {
    stop: Arc<AtomicBool>,
    supervisor: JoinHandle<Report>,
}

impl Running {
    /// Asks the threads to stop; they do within a fraction of a second, or are left behind.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.supervisor.thread().unpark();
    }

    /// Waits for the end.
    pub fn join(self) -> Report {
        self.supervisor.join().unwrap_or_else(|_| Report {
            error: Some("the thread \"supervisor\" panicked; this is a bug, please report it".into()),
            ..Report::default()
        })
    }
}
