use std::collections::VecDeque;
use std::sync::Mutex;

use super::super::samples::Encoding;
use super::*;
use crate::clock::ManualClock;

/// What a device does when it is next waited for.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// A period comes when it is due, and is read so late.
    Period { late: u64 },
    /// It says at once that there is sound; there is none.
    Lies,
    /// It gives a period at once, as often as it is asked.
    Floods,
    /// Nothing, and no error.
    Nothing,
    /// An error.
    Fails(Errno),
    /// Nothing else than an error from now on.
    Broken(Errno),
}

/// A device of 16 kHz, mono, in periods of 20 ms, whose time is made up.
struct Made {
    clock: Arc<ManualClock>,
    script: VecDeque<Does>,
    resumes: Result<(), Errno>,
    late: u64,
    done: Arc<Mutex<Vec<&'static str>>>,
}

const PERIOD: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_millis(200);

fn error(errno: Errno) -> alsa::Error {
    alsa::Error::new("made", errno.raw_os_error())
}

impl Made {
    fn did(&self, what: &'static str) {
        self.done.lock().unwrap().push(what);
    }
}

impl Device for Made {
    fn wait(&mut self, timeout: Duration) -> alsa::Result<bool> {
        let does = match self.script.front().copied() {
            Some(Does::Broken(errno)) => Does::Fails(errno),
            Some(Does::Floods) => Does::Floods,
            Some(does) => {
                self.script.pop_front();
                does
            }
            None => Does::Nothing,
        };
        match does {
            Does::Period { late } => {
                self.late = late;
                self.clock.advance(PERIOD + Duration::from_millis(late));
                Ok(true)
            }
            Does::Lies => {
                self.late = u64::MAX;
                Ok(true)
            }
            Does::Floods => {
                self.late = 0;
                Ok(true)
            }
            Does::Nothing => {
                self.did("waited");
                self.clock.advance(timeout);
                Ok(false)
            }
            Does::Fails(errno) | Does::Broken(errno) => Err(error(errno)),
        }
    }

    fn waiting(&mut self) -> alsa::Result<u32> {
        Ok(320)
    }

    fn read(&mut self, bytes: &mut [u8]) -> alsa::Result<usize> {
        if self.late == u64::MAX {
            self.did("read nothing");
            return Err(error(Errno::AGAIN));
        }
        self.did("read");
        bytes.fill(0x40);
        Ok(bytes.len() / 2)
    }

    fn restart(&mut self) -> alsa::Result<()> {
        self.did("restarted");
        Ok(())
    }

    fn resume(&mut self) -> alsa::Result<()> {
        self.did("resumed");
        self.resumes.map_err(error)
    }

    fn pause(&mut self, time: Duration) {
        if !time.is_zero() {
            self.did("paused");
            self.clock.advance(time);
        }
    }
}

struct Case {
    stream: Stream<Made>,
    clock: Arc<ManualClock>,
    done: Arc<Mutex<Vec<&'static str>>>,
    sound: Sound,
}

impl Case {
    fn new(script: &[Does]) -> Self {
        let (clock, done) = (Arc::new(ManualClock::default()), Arc::default());
        clock.advance(Duration::from_secs(100));
        let hardware = Hardware { encoding: Encoding::S16, channels: 1, rate: 16_000, period: 320, buffer: 16_000 };
        let script = script.iter().copied().collect();
        let device = Made { clock: clock.clone(), script, resumes: Ok(()), late: 0, done: Arc::clone(&done) };
        Self { stream: Stream::new(device, hardware, clock.clone()), clock, done, sound: Sound::default() }
    }

    fn read(&mut self) -> Result<Read, Fault> {
        let before = self.clock.now();
        let read = self.stream.read(&mut self.sound, PATIENCE);
        let took = self.clock.now().since(before);
        assert!(took <= PATIENCE + PERIOD, "a read took {took:?}");
        read
    }

    fn stamp(&mut self) -> f64 {
        assert_eq!(self.read(), Ok(Read::Filled));
        self.sound.captured_at.since_zero().as_secs_f64()
    }

    fn count(&self, what: &str) -> usize {
        self.done.lock().unwrap().iter().filter(|done| **done == what).count()
    }
}

const ON_TIME: Does = Does::Period { late: 0 };

#[test]
fn periods_come_one_after_the_other_with_the_time_of_their_first_sample() {
    let mut case = Case::new(&[ON_TIME; 3]);
    assert_eq!([case.stamp(), case.stamp(), case.stamp()], [100.0, 100.02, 100.04]);
    assert_eq!(case.sound.samples, [f32::from(0x4040_i16) / 32_768.0; 320]);
    assert_eq!(case.stream.losses(), 0);
}

#[test]
fn an_overrun_is_counted_and_the_stamps_show_how_much_was_lost() {
    let mut case = Case::new(&[ON_TIME, Does::Period { late: 700 }]);
    assert_eq!(case.stamp(), 100.0);
    // Nobody reads for much longer than a stall lasts.
    case.clock.advance(Duration::from_millis(5500));
    case.stream.device.script = [Does::Fails(Errno::PIPE), ON_TIME, ON_TIME].into();
    let after = case.stamp();
    // Half a period went by before the device was asked again.
    assert!((after - 105.53).abs() < 1e-6, "{after}");
    assert!((case.stamp() - after - 0.02).abs() < 1e-6);
    assert_eq!((case.count("restarted"), case.stream.losses()), (1, 1));
}

#[test]
fn a_suspended_device_is_resumed_and_started_again_where_it_cannot_be() {
    let mut case = Case::new(&[Does::Fails(Errno::STRPIPE), ON_TIME]);
    case.stamp();
    assert_eq!((case.count("resumed"), case.count("restarted"), case.stream.losses()), (1, 0, 1));

    let mut case = Case::new(&[Does::Fails(Errno::STRPIPE), ON_TIME]);
    case.stream.device.resumes = Err(Errno::NOSYS);
    case.stamp();
    assert_eq!((case.count("resumed"), case.count("restarted"), case.stream.losses()), (1, 1, 1));
}

#[test]
fn a_device_that_is_not_awake_yet_is_asked_again_with_pauses_until_it_is() {
    let mut case = Case::new(&[Does::Broken(Errno::STRPIPE)]);
    case.stream.device.resumes = Err(Errno::AGAIN);
    assert_eq!(case.read(), Ok(Read::TimedOut));
    assert!((10..=25).contains(&case.count("paused")), "{}", case.count("paused"));
    case.stream.device.resumes = Ok(());
    case.stream.device.script = [Does::Fails(Errno::STRPIPE), ON_TIME].into();
    case.stamp();
}

#[test]
fn an_unplugged_device_is_given_up_at_once() {
    for errno in [Errno::NODEV, Errno::IO, Errno::NXIO] {
        let mut case = Case::new(&[ON_TIME, Does::Broken(errno)]);
        case.stamp();
        assert_eq!(case.read(), Err(Fault::Errno(errno.raw_os_error())));
        assert_eq!(case.count("restarted"), 0);
    }
}

#[test]
fn a_device_that_breaks_again_and_again_is_given_up_without_spinning() {
    let mut case = Case::new(&[Does::Broken(Errno::PIPE)]);
    let given_up = (0..9).find_map(|_| case.read().err());
    assert_eq!(given_up, Some(Fault::Errno(Errno::PIPE.raw_os_error())));
    assert_eq!((case.count("restarted"), case.count("paused")), (TRIES as usize, TRIES as usize));
}

#[test]
fn a_device_that_stalls_times_out_and_is_given_up_after_two_seconds() {
    let mut case = Case::new(&[ON_TIME]);
    case.stamp();
    for _ in 0..10 {
        assert_eq!(case.read(), Ok(Read::TimedOut));
    }
    assert!(matches!(case.read(), Err(Fault::Stalled(silent)) if silent > STALL));
    assert_eq!(case.count("waited"), 11);
}

#[test]
fn a_device_that_promises_sound_and_has_none_is_not_asked_in_a_loop() {
    let mut case = Case::new(&[Does::Lies; 60]);
    assert_eq!(case.read(), Ok(Read::TimedOut));
    assert!(case.count("read nothing") <= 21, "{}", case.count("read nothing"));
}

#[test]
fn a_device_that_floods_is_read_no_faster_than_time_passes() {
    let mut case = Case::new(&[Does::Floods]);
    let (begun, mut periods) = (case.clock.now(), 0);
    while case.clock.now().since(begun) < Duration::from_secs(1) {
        periods += u32::from(case.read() == Ok(Read::Filled));
        let end = case.sound.captured_at + PERIOD;
        assert!(end.since(case.clock.now()) <= Duration::from_millis(60), "{end:?}");
    }
    assert!((45..=60).contains(&periods), "{periods} periods of 20 ms in a second");
}

#[test]
fn sound_that_is_read_late_and_not_lost_keeps_its_time() {
    let mut case = Case::new(&[ON_TIME, Does::Period { late: 90 }, ON_TIME]);
    let stamps = [case.stamp(), case.stamp(), case.stamp()];
    assert!((stamps[1] - 100.02).abs() < 2e-3 && (stamps[2] - 100.04).abs() < 4e-3, "{stamps:?}");
    assert_eq!(case.stream.losses(), 0);
}

#[test]
fn a_steady_stream_allocates_nothing() {
    let mut case = Case::new(&[ON_TIME; 60]);
    case.stamp();
    case.done.lock().unwrap().reserve(200);
    let counted = allocation_counter::measure(|| {
        for _ in 0..50 {
            case.stamp();
        }
    });
    assert_eq!(counted.count_total, 0);
}
