//! What the stream needs of a device: ALSA's own, or one that a test makes misbehave.

use std::time::Duration;

use alsa::pcm::PCM;

/// A device that captures, and was configured and started.
pub(super) trait Device: Send {
    /// Waits until a period has come, no longer than that; tells whether it has.
    fn wait(&mut self, timeout: Duration) -> alsa::Result<bool>;

    /// How many moments were captured and not read.
    fn waiting(&mut self) -> alsa::Result<u32>;

    /// Reads what is there without waiting; tells how many moments.
    fn read(&mut self, bytes: &mut [u8]) -> alsa::Result<usize>;

    /// Makes the device ready and starts it; what it had captured is lost.
    fn restart(&mut self) -> alsa::Result<()>;

    /// Goes on after a suspend.
    fn resume(&mut self) -> alsa::Result<()>;

    /// Lets that time pass.
    fn pause(&mut self, time: Duration);
}

impl Device for PCM {
    fn wait(&mut self, timeout: Duration) -> alsa::Result<bool> {
        // Rounded up, or the last fraction of a millisecond would be a busy loop; and never so long that it means
        // for ever.
        let millis = timeout.as_micros().div_ceil(1000).min(60_000);
        PCM::wait(self, Some(millis as u32))
    }

    fn waiting(&mut self) -> alsa::Result<u32> {
        // Plugins have been seen to tell less than nothing.
        Ok(u32::try_from(self.delay()?).unwrap_or(0))
    }

    fn read(&mut self, bytes: &mut [u8]) -> alsa::Result<usize> {
        self.io_bytes().readi(bytes)
    }

    fn restart(&mut self) -> alsa::Result<()> {
        self.prepare()?;
        self.start()
    }

    fn resume(&mut self) -> alsa::Result<()> {
        PCM::resume(self)
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}
