//! Pictures from a GStreamer pipeline: cameras on a ribbon cable, hardware decoders, cameras on the network.
//!
//! The pipeline is the user's; we add a queue of one picture and a sink. GStreamer works on its own threads, and we
//! take the newest picture from the sink: nothing of ours is called by them. Frames are copied once, from its buffer
//! into our picture.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use gstreamer::{BufferFlags, Caps, ClockTime, Sample};
use tracing::{debug, info};

use self::complaint::{Complaint, FORM, Hearing};
use self::running::{Form, Running};
use self::unpack::{Layout, unpack};
use super::launch_line::LaunchLine;
use super::{CaptureError, Frame, Read, VideoSource};
use crate::clock::{Clock, Monotonic};

mod complaint;
mod packages;
mod running;
mod unpack;

/// How long the first picture may take: a network camera is asked, answers, and sends until a picture is whole.
const FIRST: Duration = Duration::from_secs(10);

/// How long each further picture may take.
const FURTHER: Duration = Duration::from_secs(5);

/// How long is waited for a picture without looking for complaints.
const SLICE: Duration = Duration::from_millis(100);

/// An older stamp is not believed.
const OLDEST: Duration = Duration::from_secs(30);

/// A pipeline that plays.
pub struct Source {
    line: LaunchLine,
    /// Nothing when it failed.
    running: Option<Running>,
    form: Form,
    hearing: Hearing,
    /// What the last caps said.
    layout: Option<(Caps, Layout)>,
    /// How many pictures came.
    number: u64,
    newest: Monotonic,
    /// When the last usable picture came, or the pipeline began.
    heard: Instant,
    /// What was wrong with the picture after that.
    damage: Option<String>,
    clock: Arc<dyn Clock>,
}

/// Checks that a text is a pipeline whose elements are installed. Nothing is opened.
///
/// # Errors
/// When it is not.
pub fn check(line: &LaunchLine) -> Result<(), CaptureError> {
    let built = initialised().and_then(|()| build(line, Form::AsGiven));
    built.map(drop).map_err(|complaint| complaint.refused(line))
}

impl Source {
    /// Builds and starts a pipeline. A camera that does not answer shows in the first reads.
    ///
    /// # Errors
    /// When the text is no pipeline, an element of it is not installed, or it cannot be started.
    pub fn open(line: &LaunchLine, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        let started = initialised().and_then(|()| match start(line, Form::AsGiven) {
            Err(complaint) if complaint.about_format => start(line, Form::Converted),
            other => other,
        });
        let (running, form) = started.map_err(|complaint| complaint.refused(line))?;
        info!(source = %format_args!("gst:{line}"), live = running.live, "The pipeline plays.");
        Ok(Self {
            line: line.clone(),
            running: Some(running),
            form,
            hearing: Hearing::default(),
            layout: None,
            number: 0,
            newest: Monotonic::default(),
            heard: Instant::now(),
            damage: None,
            clock,
        })
    }

    fn attempt(&mut self, frame: &mut Frame, deadline: Instant) -> Result<Read, Complaint> {
        loop {
            let Some(running) = &self.running else {
                return Err(Complaint::new("it has failed before", "open it again"));
            };
            if let Some(complaint) = self.hearing.listen(&running.bus) {
                self.convert_after(complaint)?;
                continue;
            }
            let begun = Instant::now();
            let slice = deadline.saturating_duration_since(begun).min(SLICE);
            let sample = running.sink.try_pull_sample(ClockTime::try_from(slice).unwrap_or(ClockTime::ZERO));
            let ended = sample.is_none() && running.sink.is_eos();
            if ended && running.bus.have_pending() {
                // Why it ended was said meanwhile.
                continue;
            }
            match sample {
                Some(sample) if self.take(&sample, frame)? => return Ok(Read::Filled),
                Some(_) => {}
                None if ended => return self.ended(),
                // A sink that does not play returns at once.
                None => thread::sleep(slice.saturating_sub(begun.elapsed())),
            }
            self.check_patience()?;
            if Instant::now() >= deadline {
                return Ok(Read::TimedOut);
            }
        }
    }

    /// Takes a picture out of its sample; false when it is damaged.
    fn take(&mut self, sample: &Sample, frame: &mut Frame) -> Result<bool, Complaint> {
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Ok(false) };
        let layout = match self.layout.take() {
            Some((known, layout)) if *known == *caps => (known, layout),
            _ => {
                let layout = Layout::of(caps)
                    .ok_or_else(|| Complaint::new(format!("its pictures are described as {caps}"), FORM))?;
                debug!(%caps, "The pipeline's pictures are of this form from now on.");
                (caps.to_owned(), layout)
            }
        };
        let (_, layout) = self.layout.insert(layout);
        if buffer.flags().contains(BufferFlags::CORRUPTED) {
            self.damage = Some("the picture is marked as damaged".into());
            return Ok(false);
        }
        if let Err(reason) = unpack(layout, buffer, &mut frame.picture) {
            debug!(reason, "A frame cannot be read and is left out.");
            self.damage = Some(reason);
            return Ok(false);
        }
        frame.number = self.number;
        frame.captured_at = self.captured_at(sample).max(self.newest);
        self.newest = frame.captured_at;
        self.number += 1;
        self.heard = Instant::now();
        self.damage = None;
        Ok(true)
    }

    /// When a picture was taken, by its time stamp; without one that can be believed, it is new.
    fn captured_at(&self, sample: &Sample) -> Monotonic {
        let now = self.clock.now();
        let running_time = || {
            let stamp = sample.buffer()?.pts()?;
            sample.segment()?.downcast_ref::<ClockTime>()?.to_running_time(stamp)
        };
        let age = running_time().and_then(|at| self.running.as_ref()?.age(at));
        now - age.filter(|&age| age <= OLDEST).unwrap_or_default()
    }

    /// After a complaint: tries once more with a conversion, where there was no picture yet and that may help.
    fn convert_after(&mut self, complaint: Complaint) -> Result<(), Complaint> {
        if self.number > 0 || self.form == Form::Converted || !complaint.about_format {
            return Err(complaint);
        }
        debug!(
            reason = self.line.scrub(&complaint.reason),
            "The pipeline does not play; it is tried with a conversion."
        );
        // A camera must be closed before it can be opened again.
        self.running = None;
        let (running, form) = start(&self.line, Form::Converted)?;
        (self.running, self.form) = (Some(running), form);
        self.hearing = Hearing::default();
        self.heard = Instant::now();
        Ok(())
    }

    /// A file may end; what is live has failed then, and may come back.
    fn ended(&self) -> Result<Read, Complaint> {
        let live = self.running.as_ref().is_some_and(|running| running.live);
        match self.number {
            0 => Err(Complaint::new("it ended without a picture", FORM)),
            _ if live => Err(Complaint::new("the stream has ended", "check that the camera or server still runs")),
            _ => Ok(Read::Ended),
        }
    }

    fn check_patience(&self) -> Result<(), Complaint> {
        let patience = if self.number == 0 { FIRST } else { FURTHER };
        if self.heard.elapsed() < patience {
            return Ok(());
        }
        let mut reason = format!("it gave no picture for {} s", patience.as_secs());
        if let Some(damage) = &self.damage {
            reason += &format!(" that could be read: {damage}");
        }
        Err(Complaint::new(reason, "check the camera and the network to it"))
    }
}

impl VideoSource for Source {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        self.attempt(frame, Instant::now() + timeout).map_err(|complaint| {
            self.running = None;
            complaint.failed(&self.line)
        })
    }

    fn frame_rate(&self) -> Option<f32> {
        let fps = self.layout.as_ref()?.1.info.fps();
        let rate = fps.numer() as f32 / fps.denom() as f32;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }
}

fn initialised() -> Result<(), Complaint> {
    gstreamer::init().map_err(|error| Complaint::new(error.message(), "install GStreamer again"))
}

fn build(line: &LaunchLine, form: Form) -> Result<Running, Complaint> {
    Running::build(line.with_secrets(), form)
}

fn start(line: &LaunchLine, form: Form) -> Result<(Running, Form), Complaint> {
    Ok((build(line, form)?.start()?, form))
}
