//! An ffmpeg process that decodes a file into a pipe.
//!
//! It may hang, die or chatter: reads wait no longer than they are told, what it says is kept in bounds,
//! and it never outlives its owner.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tracing::warn;

use super::CaptureError;
use super::ffmpeg_log::Log;

/// How long it may take to go once its output has ended.
const FAREWELL: Duration = Duration::from_secs(2);

const REMEDY: &str = "check that it plays elsewhere, or convert it";

/// How filling a buffer went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// To the brim.
    Whole,
    /// Not yet: time is up.
    TimedOut,
    /// No more will come.
    Ended,
}

/// A running ffmpeg. Dropping it ends it.
pub(super) struct Ffmpeg {
    child: Child,
    output: ChildStdout,
    chatter: Option<ChildStderr>,
    log: Log,
    source_name: String,
}

impl Ffmpeg {
    /// Starts decoding a file; `output` are the arguments that say what to.
    ///
    /// # Errors
    /// When ffmpeg cannot be started.
    pub fn start(source_name: &str, path: &Path, output: &[&str]) -> Result<Self, CaptureError> {
        let mut command = Command::new("ffmpeg");
        // One thread spends the least time in all, and leaves the other cores to inference. A playlist
        // may name further files, but nothing on the network.
        command.args(["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]);
        command.args(["-threads", "1", "-protocol_whitelist", "file,pipe", "-i"]);
        // The prefix keeps ffmpeg from seeing an option or a protocol in the name.
        let mut input = OsStr::new("file:").to_owned();
        input.push(path);
        command.arg(input).args(output).arg("pipe:1");
        Self::spawn(source_name, command)
    }

    fn spawn(source_name: &str, mut command: Command) -> Result<Self, CaptureError> {
        let open = |error: io::Error| CaptureError::Open {
            source_name: source_name.into(),
            reason: match error.kind() {
                ErrorKind::NotFound => "ffmpeg is not installed".into(),
                _ => format!("ffmpeg cannot be started: {error}"),
            },
            remedy: "install it: apt-get install ffmpeg".into(),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(open)?;
        let (Some(output), chatter) = (child.stdout.take(), child.stderr.take()) else {
            return Err(open(ErrorKind::BrokenPipe.into()));
        };
        Ok(Self { child, output, chatter, log: Log::default(), source_name: source_name.into() })
    }

    /// Fills `buffer` from byte `filled` on, which is moved along, until `deadline`.
    ///
    /// # Errors
    /// When the pipe cannot be read.
    pub fn fill(&mut self, buffer: &mut [u8], filled: &mut usize, deadline: Instant) -> Result<Filled, CaptureError> {
        while *filled < buffer.len() {
            if !self.wait(deadline).map_err(|error| self.failed(error.to_string()))? {
                return Ok(Filled::TimedOut);
            }
            match self.output.read(&mut buffer[*filled..]) {
                Ok(0) => return Ok(Filled::Ended),
                Ok(read) => *filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error.to_string())),
            }
        }
        Ok(Filled::Whole)
    }

    /// Waits until there is output, and takes in what ffmpeg says meanwhile.
    fn wait(&mut self, deadline: Instant) -> io::Result<bool> {
        loop {
            let chatter = self.chatter.as_ref().map_or(self.output.as_fd(), |chatter| chatter.as_fd());
            let [output, chatter] = ready([self.output.as_fd(), chatter], deadline)?;
            if chatter && self.chatter.is_some() {
                self.listen();
            }
            if output || Instant::now() >= deadline {
                return Ok(output);
            }
        }
    }

    /// Takes in what ffmpeg has said; there is something.
    fn listen(&mut self) {
        let mut said = [0; 4096];
        match self.chatter.as_mut().map(|chatter| chatter.read(&mut said)) {
            Some(Ok(read)) if read > 0 => self.log.take_in(&said[..read]),
            Some(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            _ => self.chatter = None,
        }
    }

    /// The source, as its messages call it.
    pub fn source_name(&self) -> &str {
        &self.source_name
    }

    /// What ffmpeg has said.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// After the output has ended: sees ffmpeg off. What it complained of on the way is logged.
    ///
    /// # Errors
    /// Why ffmpeg did not get through the file.
    pub fn finish(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + FAREWELL;
        while let Some(chatter) = &self.chatter {
            match ready([chatter.as_fd()], deadline) {
                Ok([true]) => self.listen(),
                _ => break,
            }
        }
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
                Ok(None) => return Err("ffmpeg does not end".into()),
                Err(error) => return Err(error.to_string()),
            }
        };
        let complaints = self.log.complaints();
        if !status.success() {
            return Err(complaints.unwrap_or_else(|| format!("ffmpeg ended with {status}")));
        }
        if let Some(complaints) = complaints {
            warn!(source = %self.source_name, complaints, "The clip was read to its end, but parts of it are damaged.");
        }
        Ok(())
    }

    /// The error of a file that was open and failed.
    pub fn failed(&self, reason: impl ToString) -> CaptureError {
        CaptureError::Failed {
            source_name: self.source_name.clone(),
            reason: reason.to_string(),
            remedy: REMEDY.into(),
        }
    }

    /// The error of a file that cannot be opened.
    pub fn refused(&self, reason: impl ToString) -> CaptureError {
        CaptureError::Open { source_name: self.source_name.clone(), reason: reason.to_string(), remedy: REMEDY.into() }
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        // Either fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until one of the ends can be read or has closed, or until the deadline; tells which.
fn ready<const N: usize>(ends: [BorrowedFd<'_>; N], deadline: Instant) -> io::Result<[bool; N]> {
    let mut polled = ends.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN));
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) => return Ok(polled.each_ref().map(|end| !end.revents().is_empty())),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Ffmpeg {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Ffmpeg::spawn("file:clip.mp4", command).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn what_came_before_the_deadline_is_kept_and_gone_on_with() {
        let mut ffmpeg = shell("printf abc; sleep 0.4; printf def");
        let (mut buffer, mut filled) = ([0; 6], 0);
        assert_eq!(
            ffmpeg.fill(&mut buffer, &mut filled, Instant::now() + Duration::from_millis(200)).unwrap(),
            Filled::TimedOut
        );
        assert_eq!(&buffer[..filled], b"abc");
        assert_eq!(ffmpeg.fill(&mut buffer, &mut filled, later()).unwrap(), Filled::Whole);
        assert_eq!(&buffer, b"abcdef");
    }

    #[test]
    fn a_process_that_hangs_is_waited_for_no_longer_than_told_and_ended_with_its_owner() {
        let mut ffmpeg = shell("exec sleep 600");
        let begun = Instant::now();
        assert_eq!(ffmpeg.fill(&mut [0], &mut 0, soon()).unwrap(), Filled::TimedOut);
        drop(ffmpeg);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn chatter_neither_blocks_the_output_nor_wakes_the_reader() {
        // More than its pipe holds, before the first byte of output.
        let mut ffmpeg = shell("head -c 300000 /dev/zero | tr '\\0' '\\n' >&2; printf x");
        assert_eq!(ffmpeg.fill(&mut [0], &mut 0, later()).unwrap(), Filled::Whole);
        assert_eq!(ffmpeg.fill(&mut [0], &mut 0, later()).unwrap(), Filled::Ended);
        assert_eq!(ffmpeg.finish(), Ok(()));
    }

    #[test]
    fn the_reason_of_a_failure_is_what_it_said() {
        let mut ffmpeg = shell("echo '[mov @ 0x55] [error] moov atom not found' >&2; exit 1");
        assert_eq!(ffmpeg.fill(&mut [0], &mut 0, later()).unwrap(), Filled::Ended);
        assert_eq!(ffmpeg.finish(), Err("moov atom not found".into()));
        let mut ffmpeg = shell("kill -9 $$");
        assert_eq!(ffmpeg.fill(&mut [0], &mut 0, later()).unwrap(), Filled::Ended);
        assert!(ffmpeg.finish().unwrap_err().contains("signal: 9"));
    }

    #[test]
    fn a_missing_ffmpeg_says_how_to_get_it() {
        let error = Ffmpeg::spawn("file:clip.mp4", Command::new("no-such-program")).err().unwrap().to_string();
        assert!(error.contains("ffmpeg is not installed; install it: apt-get install ffmpeg"), "{error}");
    }
}
