//! The live pipeline with the real packs and a camera that misbehaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use affectd::affect::Estimate;
use affectd::capture::{CaptureError, Frame, Read, Sound, SoundSource, VideoSource};
use affectd::clock::{Clock, Monotonic, SystemClock};
use affectd::events::{Event, EventMachine, EventSettings, Kind, Stage, Subject};
use affectd::face::detect::BlazeFace;
use affectd::face::{FacePath, FaceSettings};
use affectd::health::judge::is_progress;
use affectd::health::{Reading, Standing};
use affectd::model::{Engines, FrameModel};
use affectd::picture::Picture;
use affectd::pipeline::sound::Hearing;
use affectd::pipeline::{Chain, Fresh, Live, Sink, Supply, Vitals};
use affectd::scene::Scene;
use affectd::smooth::{SmoothSettings, Smoothed, Smoother, VoiceSmoother};
use affectd::voice::{VoiceError, VoicePath, VoiceRead};
use support::SOON;
use support::portrait::{pack, photograph, scene};
use uuid::Uuid;

/// Shows one picture again and again; gives nothing any more once it is told that enough was seen.
struct Cable {
    picture: Picture,
    number: u64,
    pulled: mpsc::Receiver<()>,
    gone: bool,
}

impl VideoSource for Cable {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        self.gone |= self.pulled.try_recv().is_ok();
        if self.gone {
            std::thread::sleep(timeout);
            return Ok(Read::TimedOut);
        }
        std::thread::sleep(Duration::from_millis(30));
        self.number += 1;
        *frame = Frame { picture: self.picture.clone(), number: self.number, captured_at: SystemClock.now() };
        Ok(Read::Filled)
    }

    fn frame_rate(&self) -> Option<f32> {
        None
    }
}

/// Passes events on; it is a channel's end.
struct Events(mpsc::Sender<Event>);

impl Sink for Events {
    fn faces(&mut self, _: &Frame, _: &[Smoothed], _: &Scene) {}

    fn event(&mut self, event: &Event) {
        // Whoever has seen enough does not listen any more.
        let _ = self.0.send(event.clone());
    }
}

fn chain() -> Chain {
    let (detector, model) = (pack("blazeface-full"), pack("mtanet"));
    let engines = Engines::embedded();
    let (detector, model) =
        (BlazeFace::open(&detector, &engines).unwrap(), FrameModel::open(&model, &engines).unwrap());
    let path = FacePath::new(detector, model, FaceSettings::default());
    let new_id: fn(Monotonic) -> Uuid = |_| Uuid::now_v7();
    Chain::new(path, Smoother::new(SmoothSettings::default()), EventMachine::new(EventSettings::default(), new_id))
}

#[test]
fn a_presence_ends_although_the_camera_gives_nothing_any_more() {
    let (pull, pulled) = mpsc::channel();
    let picture = scene(&photograph(), &[(100.0, 60.0, 2.0)]);
    let camera = Cable { picture, number: 0, pulled, gone: false };
    let (sender, events) = mpsc::channel();
    let (sources, chains) = (Supply::once(Box::new(camera) as _), Supply::once(chain().into()));
    let live = Live::new(sources, chains, Events(sender), Arc::new(SystemClock), Arc::default());
    let live = live.start(|_| {}, || {}).unwrap();
    let next = |stage: Stage| loop {
        let event = events.recv_timeout(SOON).unwrap();
        if event.kind == Kind::Presence && event.stage == stage {
            return event;
        }
    };
    let began = next(Stage::New);
    pull.send(()).unwrap();
    let ended = next(Stage::End);
    assert_eq!(ended.id, began.id);
    live.stop();
    assert_eq!(live.join().error, None);
}

/// A camera that shows the photograph, with nobody who pulls its cable.
fn steady() -> (Box<dyn VideoSource>, mpsc::Sender<()>) {
    let (pull, pulled) = mpsc::channel();
    let picture = scene(&photograph(), &[(100.0, 60.0, 2.0)]);
    (Box::new(Cable { picture, number: 0, pulled, gone: false }), pull)
}

/// Panics once, in the first frame after an event has begun.
struct Fragile {
    events: mpsc::Sender<Event>,
    begun: bool,
    broken: bool,
}

impl Sink for Fragile {
    fn faces(&mut self, _: &Frame, _: &[Smoothed], _: &Scene) {
        if self.begun && !std::mem::replace(&mut self.broken, true) {
            panic!("as the test wants it");
        }
    }

    fn event(&mut self, event: &Event) {
        self.begun = true;
        let _ = self.events.send(event.clone());
    }
}

#[test]
fn a_chain_that_panics_is_made_anew_its_events_end_and_others_begin() {
    let (events, told) = mpsc::channel();
    let (camera, _cable) = steady();
    let chains = Supply::of(|| Ok::<_, String>(chain().into()));
    let sink = Fragile { events, begun: false, broken: false };
    let vitals = Arc::new(Vitals::default());
    let live = Live::new(Supply::once(camera), chains, sink, Arc::new(SystemClock), vitals.clone());
    let live = live.start(|_| {}, || {}).unwrap();
    let next = |stage: Stage| loop {
        let event = told.recv_timeout(SOON).unwrap();
        if event.kind == Kind::Presence && event.stage == stage {
            return event;
        }
    };
    let (began, ended, again) = (next(Stage::New), next(Stage::End), next(Stage::New));
    assert_eq!(ended.id, began.id, "what the first chain began is not left open");
    assert_ne!(again.id, began.id);
    let number = |event: &Event| match event.subject {
        Subject::Face(track) => track.0,
        Subject::Scene => panic!("{event:?}"),
    };
    assert!(number(&again) > number(&began), "a number was given twice");
    assert_eq!(vitals.faces.read().restarts, 1);
    live.stop();
    assert_eq!(next(Stage::End).id, again.id);
    assert_eq!(live.join().error, None);
}

/// A thread that hangs until its test ends.
#[derive(Clone)]
struct Hang(Arc<Mutex<mpsc::Receiver<()>>>);

impl Hang {
    fn new() -> (mpsc::Sender<()>, Self) {
        let (free, hangs) = mpsc::channel();
        (free, Self(Arc::new(Mutex::new(hangs))))
    }

    fn here(&self) {
        // An error means that the test is over.
        let _ = self.0.lock().unwrap().recv();
    }
}

impl VideoSource for Hang {
    fn read(&mut self, _: &mut Frame, _: Duration) -> Result<Read, CaptureError> {
        self.here();
        Ok(Read::TimedOut)
    }

    fn frame_rate(&self) -> Option<f32> {
        None
    }
}

/// Waits for something to come about.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let watch = affectd::clock::Stopwatch::start();
    while !holds() {
        assert!(watch.elapsed() < 2 * SOON, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn progress(vitals: &Vitals) -> bool {
    is_progress(&vitals.camera.read(), &vitals.faces.read(), SystemClock.now())
}

#[test]
fn a_driver_that_never_returns_starves_the_watchdog_until_another_thread_takes_over() {
    let (camera, _cable) = steady();
    let (_free, hang) = Hang::new();
    let sources: Mutex<Vec<Box<dyn VideoSource>>> = Mutex::new(vec![camera, Box::new(hang)]);
    let sources = Supply::of(move || sources.lock().unwrap().pop().ok_or("no more"));
    let (sender, events) = mpsc::channel();
    let vitals = Arc::new(Vitals::default());
    let live = Live::new(sources, Supply::once(chain().into()), Events(sender), Arc::new(SystemClock), vitals.clone());
    let live = live.start(|_| {}, || {}).unwrap();
    until("no progress", || !progress(&vitals));
    assert_eq!(vitals.camera.read().restarts, 0);
    until("progress", || progress(&vitals));
    assert_eq!(vitals.camera.read().restarts, 1);
    assert_eq!(events.recv_timeout(SOON).unwrap().stage, Stage::New);
    live.stop();
    assert_eq!(live.join().error, None);
}

#[test]
fn a_chain_that_hangs_starves_the_watchdog_until_another_takes_over() {
    let (camera, _cable) = steady();
    let (_free, hang) = Hang::new();
    let hangs = Fresh { announce: Some(Box::new(move || hang.here())), ..chain().into() };
    let chains = Supply::of(|| Ok::<_, String>(chain().into())).starting_with(hangs);
    let (sender, events) = mpsc::channel();
    let vitals = Arc::new(Vitals::default());
    let live = Live::new(Supply::once(camera), chains, Events(sender), Arc::new(SystemClock), vitals.clone());
    let live = live.start(|_| {}, || {}).unwrap();
    until("no progress", || !progress(&vitals));
    assert!(events.try_recv().is_err());
    until("progress", || progress(&vitals));
    assert_eq!((vitals.faces.read().restarts, vitals.camera.read().restarts), (1, 0));
    assert_eq!(events.recv_timeout(SOON).unwrap().stage, Stage::New);
    live.stop();
    assert_eq!(live.join().error, None);
}

#[test]
fn threads_that_hang_do_not_hold_up_the_end() {
    let (_free, hang) = Hang::new();
    let (sender, _events) = mpsc::channel();
    let (ended, end) = mpsc::channel();
    let source: Box<dyn VideoSource> = Box::new(hang);
    let chains = Supply::once(chain().into());
    let live = Live::new(Supply::once(source), chains, Events(sender), Arc::new(SystemClock), Arc::default());
    let live = live.start(|_| {}, move || ended.send(()).unwrap()).unwrap();
    live.stop();
    end.recv_timeout(SOON).unwrap();
    assert_eq!(live.join().error, None);
}

/// Has never heard anything.
struct Deaf;

impl VoiceRead for Deaf {
    fn rows(&self) -> usize {
        100
    }

    fn hop(&self) -> usize {
        50
    }

    fn input_mut(&mut self) -> &mut [f32] {
        &mut []
    }

    fn estimate(&mut self) -> Result<Estimate, VoiceError> {
        Ok(Estimate::default())
    }

    fn embedding(&self) -> Option<&[f32]> {
        None
    }
}

/// A microphone whose driver brings its thread down.
struct Cursed;

impl SoundSource for Cursed {
    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn read(&mut self, _: &mut Sound, _: Duration) -> Result<Read, CaptureError> {
        panic!("as the test wants it")
    }
}

#[test]
fn a_microphone_that_dies_again_and_again_fails_alone() {
    let (camera, _cable) = steady();
    let (sender, _events) = mpsc::channel();
    let vitals = Arc::new(Vitals::default());
    let chains = Supply::once(chain().into());
    let mut live = Live::new(Supply::once(camera), chains, Events(sender), Arc::new(SystemClock), vitals.clone());
    live.listen(Hearing {
        sources: Supply::of(|| Ok::<_, String>(Box::new(Cursed) as Box<dyn SoundSource>)),
        paths: Supply::of(|| Ok::<_, String>(VoicePath::new(Deaf))),
        smoother: VoiceSmoother::new(SmoothSettings::default()),
    });
    let live = live.start(|_| {}, || {}).unwrap();
    let failed = |reading: Reading| matches!(reading.standing, Standing::Resting { failed: true, .. });
    until("failure", || failed(vitals.microphone.read()));
    let before = vitals.faces.read().works;
    until("more frames", || vitals.faces.read().works > before + 5);
    assert_eq!((vitals.microphone.read().restarts, vitals.faces.read().restarts), (5, 0));
    assert!(progress(&vitals), "the watchdog is not the microphone's");
    live.stop();
    assert_eq!(live.join().error, None);
}
