//! The buffers that the driver fills and we read in place.
//!
//! Much of this keeps clear of what the library does when something fails: its stream waits without end, gives up a
//! buffer that it could not queue, and panics when it cannot clean up.

use std::io::{self, ErrorKind};
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use tracing::warn;
use v4l::Device;
use v4l::buffer::{Metadata, Type};
use v4l::device::Handle;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};

/// The buffers that the driver may fill ahead; a frame is overwritten only when all are waiting.
const COUNT: u32 = 4;

/// A running stream of frames. Dropping it stops the camera.
pub(super) struct Buffers {
    /// Taken out only to be dropped.
    stream: Option<Stream<'static>>,
    handle: Arc<Handle>,
    /// How many buffers there are.
    count: usize,
    /// Whether one of them is ours, as the library takes for granted.
    in_hand: bool,
}

impl Buffers {
    /// Maps the buffers and starts the stream with one of them in hand, as the library's `next` expects: it would
    /// otherwise start the stream by itself and wait for the first frame without end.
    ///
    /// # Errors
    /// When the driver refuses: another program may be streaming.
    pub fn start(device: &Device) -> io::Result<Self> {
        let mut stream = Stream::with_buffers(device, Type::VideoCapture, COUNT)?;
        // Whether something waits is asked before; the library need not wait.
        stream.set_timeout(Duration::ZERO);
        let mut buffers = Self { stream: Some(stream), handle: device.handle(), count: 1, in_hand: true };
        let Some(stream) = &mut buffers.stream else { return Err(gone()) };
        // Drivers may map more or fewer than asked; how many is known only by queueing them.
        buffers.count += (1..).take_while(|&index| stream.queue(index).is_ok()).count();
        if buffers.count < 2 {
            return Err(io::Error::other("it has fewer than two buffers"));
        }
        stream.start()?;
        Ok(buffers)
    }

    /// Waits until a frame waits, or the device has something to complain of.
    ///
    /// # Errors
    /// When a signal came, or the device is gone.
    pub fn wait(&self, timeout: Duration) -> io::Result<bool> {
        // Rounded up, so that a rest of less than a millisecond is not spent spinning.
        let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        Ok(self.handle.poll(PollFlags::IN.bits() as i16, millis)? > 0)
    }

    /// Reads the newest frame that waits, where it lies; older ones are given back unread.
    ///
    /// # Errors
    /// What the driver says. One that [`passes`] says only that no frame waits yet.
    pub fn newest<T>(&mut self, read: impl FnOnce(&[u8], &Metadata) -> T) -> io::Result<T> {
        if !self.in_hand {
            self.take_in_hand()?;
        }
        // A driver that is faster than we are must not keep us here.
        for waiting in (0..self.count).rev() {
            let newer = waiting > 0;
            let Some(stream) = &mut self.stream else { return Err(gone()) };
            match stream.next() {
                Ok((buffer, about)) => {
                    if newer && self.handle.poll(PollFlags::IN.bits() as i16, 0).is_ok_and(|ready| ready > 0) {
                        continue;
                    }
                    let bytes = buffer.get(..about.bytesused as usize).unwrap_or(buffer);
                    return Ok(read(bytes, about));
                }
                Err(error) => {
                    self.in_hand = false;
                    return Err(error);
                }
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    /// Sets right what a failure left: whether the buffer in hand was queued is not known then. All are queued (those
    /// that were already refuse it), and one is taken back; its frame is lost.
    fn take_in_hand(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Err(gone()) };
        for index in 0..self.count {
            match stream.queue(index) {
                Err(error) if error.raw_os_error() != Some(Errno::INVAL.raw_os_error()) => return Err(error),
                _ => {}
            }
        }
        stream.dequeue()?;
        self.in_hand = true;
        Ok(())
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        let stopped = (0..10).find_map(|_| match stream.stop() {
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            other => Some(other),
        });
        match stopped {
            Some(Err(error)) if error.raw_os_error() != Some(Errno::NODEV.raw_os_error()) => {
                // The library's own clean-up would try the same, and panic twice, which ends the process. What leaks
                // is four buffers and a file.
                warn!(%error, "The camera could not be stopped; its buffers are left.");
                mem::forget(stream);
            }
            // Giving back the buffers may still fail; by then they are unmapped.
            _ => {
                if panic::catch_unwind(AssertUnwindSafe(|| drop(stream))).is_err() {
                    warn!("The camera's buffers could not be given back.");
                }
            }
        }
    }
}

/// Whether an error passes by itself.
pub(super) fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn gone() -> io::Error {
    Errno::NODEV.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_pass_are_told_from_those_that_do_not() {
        for errno in [Errno::INTR, Errno::AGAIN] {
            assert!(passes(&errno.into()));
        }
        for errno in [Errno::NODEV, Errno::IO, Errno::INVAL] {
            assert!(!passes(&errno.into()));
        }
    }
}
