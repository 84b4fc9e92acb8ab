//! The live pipeline with the real packs and a camera that misbehaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use affectd::capture::{CaptureError, Frame, Read, VideoSource};
use affectd::clock::{Clock, Monotonic, SystemClock};
use affectd::events::{Event, EventMachine, EventSettings, Kind, Stage};
use affectd::face::detect::BlazeFace;
use affectd::face::{FacePath, FaceSettings};
use affectd::model::{Engines, FrameModel};
use affectd::picture::Picture;
use affectd::pipeline::{Chain, Live, Sink, Supply};
use affectd::scene::Scene;
use affectd::smooth::{SmoothSettings, Smoothed, Smoother};
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
