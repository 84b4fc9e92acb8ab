//! One supervised thread.

use std::any::Any;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{debug, error, warn};

use super::lease::{Lease, Office};
use super::policy::{Policy, Rest};
use crate::clock::Monotonic;
use crate::health::{Pulse, Standing};

/// The stack of a stage's thread, in bytes: as large as the main thread's, where models are opened otherwise. Unoptimised
/// builds need more than the usual two MiB to open one. Only what is used of it takes memory.
pub const STACK: usize = 8 << 20;

/// How long a thread may take to make itself ready: an engine may compile its models first.
const PREPARATION: Duration = Duration::from_secs(600);

/// The threads that may hang at a time before no more are started: each keeps its memory.
const HANGING: usize = 8;

/// Why a stage was started anew that nothing ailed.
const ASKED: &str = "somebody asked for a new one";

/// What becomes of a thread that is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It was asked to end; another follows.
    Asked,
    /// There is none at work: the stage rests after a death, and starts by itself.
    Resting,
    /// The stage has done its work.
    Done,
}

/// How a thread left by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Its work is done, or nobody wants it any more.
    Done,
    /// It cannot go on, for this reason; another may.
    Again(String),
}

/// What a thread does. It looks at its lease after everything that may block, and returns when that has ended.
pub type Body = Arc<dyn Fn(&Lease) -> Left + Send + Sync>;

enum State {
    Resting { until: Monotonic },
    Working { thread: JoinHandle<Left>, since: Monotonic },
    Done,
}

/// A stage's thread, and those that came before it.
pub struct Worker {
    name: &'static str,
    body: Body,
    pulses: Vec<Arc<Pulse>>,
    patience: Option<Duration>,
    office: Office,
    policy: Policy,
    state: State,
    hanging: Vec<JoinHandle<Left>>,
    /// Whether the thread at work was asked to end, to make room for another.
    replaced: bool,
}

impl Worker {
    /// A thread of that name, not started yet. Its signs of life are in `pulses`; one that gives none for longer than
    /// `patience`, if there is one, is left behind.
    pub fn new(name: &'static str, pulses: Vec<Arc<Pulse>>, patience: Option<Duration>, body: Body) -> Self {
        let state = State::Resting { until: Monotonic::default() };
        let (office, policy) = (Office::default(), Policy::default());
        Self { name, body, pulses, patience, office, policy, state, hanging: Vec::new(), replaced: false }
    }

    /// Starts it when it is time, and sees to it when it has died or hangs.
    pub fn tend(&mut self, now: Monotonic) {
        self.hanging.retain(|thread| !thread.is_finished());
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Resting { until } if now >= until && self.hanging.len() < HANGING => self.start(now),
            State::Working { thread, since } if thread.is_finished() => match thread.join() {
                Ok(Left::Done) if std::mem::take(&mut self.replaced) => self.died(since, now, ASKED, false),
                Ok(Left::Done) => self.done(),
                Ok(Left::Again(why)) => self.died(since, now, &why, false),
                Err(panic) => self.died(since, now, &format!("it panicked: {}", said(&*panic)), false),
            },
            State::Working { thread, since } if self.hangs(since, now) => {
                self.office.revoke();
                self.hanging.push(thread);
                self.died(since, now, "it hung", true)
            }
            same => same,
        };
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Has its thread end, and another take its place after a rest, as if it had died: it counts against the budget.
    pub fn replace(&mut self) -> Replaced {
        match self.state {
            State::Working { .. } => {
                self.office.revoke();
                self.replaced = true;
                Replaced::Asked
            }
            State::Resting { .. } => Replaced::Resting,
            State::Done => Replaced::Done,
        }
    }

    /// Whether it has done its work.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Ends the lease of a thread that will not end in time, and forgets it.
    pub fn leave_behind(&mut self) {
        if !self.is_done() {
            warn!(stage = self.name, "Thread does not end; leaving it behind.");
        }
        self.office.revoke();
        self.state = self.done();
    }

    /// One that is not at work is not started any more.
    pub fn rest_for_good(&mut self) {
        if let State::Resting { .. } = self.state {
            self.state = self.done();
        }
    }

    fn start(&mut self, now: Monotonic) -> State {
        let (body, lease) = (self.body.clone(), self.office.next());
        let builder = thread::Builder::new().name(self.name.into()).stack_size(STACK);
        match builder.spawn(move || body(&lease)) {
            Ok(thread) => {
                for pulse in &self.pulses {
                    pulse.preparing(false);
                    pulse.stand(Standing::Working { since: now });
                }
                State::Working { thread, since: now }
            }
            Err(error) => self.died(now, now, &format!("the system refuses a thread: {error}"), false),
        }
    }

    fn hangs(&self, since: Monotonic, now: Monotonic) -> bool {
        let Some(patience) = self.patience else { return false };
        let latest = self.pulses.iter().map(|pulse| pulse.last_sign()).max().unwrap_or_default();
        let preparing = self.pulses.iter().any(|pulse| pulse.is_preparing());
        now.since(latest.max(since)) >= if preparing { PREPARATION } else { patience }
    }

    fn died(&mut self, since: Monotonic, now: Monotonic, why: &str, hung: bool) -> State {
        self.replaced = false;
        let Rest { until, failed } = self.policy.died(since, now, chance());
        let seconds = until.since(now).as_secs_f32();
        if failed {
            error!(stage = self.name, why, seconds, "Stage failed; trying it once a minute.");
        } else {
            warn!(stage = self.name, why, seconds, "Stage died; starting it again.");
        }
        let why: Arc<str> = why.into();
        for pulse in &self.pulses {
            pulse.stand(Standing::Resting { why: why.clone(), failed, hung });
        }
        State::Resting { until }
    }

    fn done(&self) -> State {
        if !self.is_done() {
            debug!(stage = self.name, "Stage ended.");
        }
        self.pulses.iter().for_each(|pulse| pulse.stand(Standing::Done));
        State::Done
    }
}

/// The words of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

/// A number from 0 to 1 that differs between boards, and from one time to the next.
fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Condvar, Mutex};

    use super::super::policy::{BUDGET, WINDOW};
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);
    const SOON: Duration = Duration::from_secs(30);

    /// A stage whose lives are told what to do, and the time it is.
    struct Stage {
        worker: Worker,
        pulse: Arc<Pulse>,
        orders: Sender<Order>,
        lives: Arc<AtomicUsize>,
        now: Monotonic,
    }

    #[derive(Debug)]
    enum Order {
        Panic,
        End(Left),
        /// Hangs until the gate is opened, then tells whether its lease still holds.
        Hang(Arc<Gate>, Sender<bool>),
    }

    #[derive(Debug, Default)]
    struct Gate(Mutex<bool>, Condvar);

    impl Gate {
        fn open(&self) {
            *self.0.lock().unwrap() = true;
            self.1.notify_all();
        }

        fn pass(&self) {
            drop(self.1.wait_while(self.0.lock().unwrap(), |open| !*open).unwrap());
        }
    }

    fn obey(orders: &Receiver<Order>, lease: &Lease) -> Left {
        match orders.recv().unwrap() {
            Order::Panic => panic!("as ordered"),
            Order::End(left) => left,
            Order::Hang(gate, tell) => {
                gate.pass();
                tell.send(lease.holds()).unwrap();
                Left::Done
            }
        }
    }

    impl Stage {
        fn new() -> Self {
            let (orders, ordered) = channel();
            let (pulse, lives) = (Arc::new(Pulse::default()), Arc::new(AtomicUsize::new(0)));
            let (ordered, count) = (Mutex::new(Some(ordered)), lives.clone());
            let body: Body = Arc::new(move |lease| {
                count.fetch_add(1, Ordering::SeqCst);
                // A thread that hangs takes the orders with it only for as long as it obeys one.
                let taken = ordered.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take().unwrap();
                let back = Back(&ordered, Some(taken));
                obey(back.1.as_ref().unwrap(), lease)
            });
            let worker = Worker::new("stage", vec![pulse.clone()], Some(PATIENCE), body);
            Self { worker, pulse, orders, lives, now: Monotonic::new(SOON) }
        }

        /// Tends it until it stands so.
        fn until(&mut self, stands: impl Fn(&Standing) -> bool) -> Standing {
            let begun = crate::clock::Stopwatch::start();
            loop {
                self.worker.tend(self.now);
                let standing = self.pulse.read().standing;
                if stands(&standing) {
                    return standing;
                }
                assert!(begun.elapsed() < SOON, "it is {standing:?}");
                thread::yield_now();
            }
        }

        fn dies(&mut self, order: Order) -> Standing {
            self.until(|standing| matches!(standing, Standing::Working { .. }));
            self.orders.send(order).unwrap();
            self.until(|standing| matches!(standing, Standing::Resting { .. }))
        }

        fn later(&mut self, by: Duration) {
            self.now = self.now + by;
        }
    }

    /// Gives the orders back when a thread ends, however it does.
    struct Back<'a>(&'a Mutex<Option<Receiver<Order>>>, Option<Receiver<Order>>);

    impl Drop for Back<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = self.1.take();
        }
    }

    fn resting(why: &str, failed: bool, hung: bool) -> Standing {
        Standing::Resting { why: why.into(), failed, hung }
    }

    #[test]
    fn a_stage_that_panics_or_gives_up_is_started_again_after_a_rest() {
        let mut stage = Stage::new();
        assert_eq!(stage.dies(Order::Panic), resting("it panicked: as ordered", false, false));
        stage.worker.tend(stage.now);
        assert_eq!(stage.lives.load(Ordering::SeqCst), 1, "it did not rest");
        stage.later(Duration::from_secs(1));
        assert_eq!(stage.dies(Order::End(Left::Again("no model".into()))), resting("no model", false, false));
        stage.later(Duration::from_secs(2));
        stage.until(|standing| matches!(standing, Standing::Working { .. }));
        stage.orders.send(Order::End(Left::Done)).unwrap();
        stage.until(|standing| *standing == Standing::Done);
        assert!(stage.worker.is_done());
        assert_eq!((stage.lives.load(Ordering::SeqCst), stage.pulse.read().restarts), (3, 2));
    }

    #[test]
    fn a_stage_that_spends_its_budget_has_failed_and_recovers_by_itself() {
        let mut stage = Stage::new();
        for n in 1..=BUDGET {
            assert_eq!(stage.dies(Order::Panic), resting("it panicked: as ordered", n == BUDGET, false));
            stage.later(Duration::from_secs(5));
        }
        stage.worker.tend(stage.now);
        assert_eq!(stage.lives.load(Ordering::SeqCst), BUDGET, "it was tried at once");
        stage.later(WINDOW + WINDOW / 4);
        stage.until(|standing| matches!(standing, Standing::Working { .. }));
        stage.later(WINDOW);
        stage.pulse.beat(stage.now);
        assert_eq!(stage.dies(Order::Panic), resting("it panicked: as ordered", false, false));
    }

    #[test]
    fn a_stage_that_hangs_is_left_behind_without_its_lease() {
        let mut stage = Stage::new();
        stage.until(|standing| matches!(standing, Standing::Working { .. }));
        let (gate, (tell, told)) = (Arc::new(Gate::default()), channel());
        stage.orders.send(Order::Hang(gate.clone(), tell)).unwrap();
        stage.later(PATIENCE - Duration::from_millis(1));
        stage.worker.tend(stage.now);
        assert!(matches!(stage.pulse.read().standing, Standing::Working { .. }), "too early");
        stage.later(Duration::from_millis(1));
        stage.worker.tend(stage.now);
        assert_eq!(stage.pulse.read().standing, resting("it hung", false, true));
        gate.open();
        assert!(!told.recv_timeout(SOON).unwrap(), "it may still act");
    }

    #[test]
    fn a_stage_that_is_replaced_ends_first_and_is_started_again_on_its_budget() {
        let mut stage = Stage::new();
        for n in 1..=BUDGET {
            stage.until(|standing| matches!(standing, Standing::Working { .. }));
            assert_eq!(stage.worker.replace(), Replaced::Asked);
            let (gate, (tell, told)) = (Arc::new(Gate::default()), channel());
            stage.orders.send(Order::Hang(gate.clone(), tell)).unwrap();
            stage.worker.tend(stage.now);
            assert!(matches!(stage.pulse.read().standing, Standing::Working { .. }), "two threads would be at work");
            gate.open();
            assert!(!told.recv_timeout(SOON).unwrap(), "it may still act");
            let rests = stage.until(|standing| matches!(standing, Standing::Resting { .. }));
            assert_eq!(rests, resting(ASKED, n == BUDGET, false));
            assert_eq!(stage.worker.replace(), Replaced::Resting);
            stage.later(Duration::from_secs(5));
        }
        assert_eq!((stage.lives.load(Ordering::SeqCst), stage.pulse.read().restarts), (BUDGET, BUDGET as u64));
        stage.later(WINDOW + WINDOW / 4);
        stage.until(|standing| matches!(standing, Standing::Working { .. }));
        stage.orders.send(Order::End(Left::Done)).unwrap();
        stage.until(|standing| *standing == Standing::Done);
        assert_eq!(stage.worker.replace(), Replaced::Done);
    }

    #[test]
    fn a_stage_that_gives_signs_of_life_or_makes_itself_ready_does_not_hang() {
        let mut stage = Stage::new();
        stage.until(|standing| matches!(standing, Standing::Working { .. }));
        for _ in 0..5 {
            stage.later(PATIENCE - Duration::from_millis(1));
            stage.pulse.beat(stage.now);
            stage.worker.tend(stage.now);
        }
        stage.pulse.preparing(true);
        stage.later(3 * PATIENCE);
        stage.worker.tend(stage.now);
        assert!(matches!(stage.pulse.read().standing, Standing::Working { .. }));
        stage.orders.send(Order::End(Left::Done)).unwrap();
        stage.until(|standing| *standing == Standing::Done);
    }

    #[test]
    fn threads_that_hang_are_bounded() {
        let (pulse, gate) = (Arc::new(Pulse::default()), Arc::new(Gate::default()));
        let (lives, closed) = (Arc::new(AtomicUsize::new(0)), gate.clone());
        let count = lives.clone();
        let body: Body = Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            closed.pass();
            Left::Done
        });
        let mut worker = Worker::new("stage", vec![pulse], Some(PATIENCE), body);
        for n in 1..200 {
            worker.tend(Monotonic::new(PATIENCE * n));
        }
        assert_eq!(worker.hanging.len(), HANGING);
        gate.open();
        let begun = crate::clock::Stopwatch::start();
        while lives.load(Ordering::SeqCst) < HANGING && begun.elapsed() < SOON {
            thread::yield_now();
        }
        assert_eq!(lives.load(Ordering::SeqCst), HANGING);
    }
}
