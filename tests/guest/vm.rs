//! What the tests do to the machine they run in.

#![allow(dead_code, reason = "each test uses its own part of it")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, panicking, sleep, spawn};
use std::time::Duration;

use affectd::clock::{Clock, SystemClock};

use super::support::SOON;

/// Where vivid is unplugged from and plugged in to.
const VIVID: &str = "/sys/bus/platform/drivers/vivid";

/// Runs a program to its end, which must be a good one; gives what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{program} {arguments:?}: {text}{}", String::from_utf8_lossy(&ran.stderr));
    text
}

/// Waits until something is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = SystemClock.now() + SOON;
    while !is_so() {
        assert!(SystemClock.now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(50));
    }
}

/// A kernel module, unloaded at the end of the test. Refuses to work outside the guest.
pub struct Module(&'static str);

impl Module {
    /// Loads it with its options.
    pub fn load(name: &'static str, options: &[&str]) -> Self {
        assert!(std::env::var_os("IN_GUEST").is_some(), "these tests change drivers: run tests/guest/test.sh");
        run("modprobe", &[&[name], options].concat());
        Self(name)
    }

    /// One camera like a webcam, /dev/video0, giving pictures of this size and format, 15 a second.
    pub fn vivid(width: u32, height: u32, format: &str) -> Self {
        let vivid = Self::load("vivid", &["n_devs=1", "node_types=0x1", "input_types=0x00", "num_inputs=1"]);
        wait_until("vivid's node is there", || Path::new("/dev/video0").exists());
        let picture = format!("--set-fmt-video=width={width},height={height},pixelformat={format}");
        // Without it, it gives five a second.
        run("v4l2-ctl", &["-d", "/dev/video0", &picture, "--set-parm=15"]);
        vivid
    }

    /// A camera whose pictures a program of ours writes: /dev/video`number`.
    pub fn loopback(number: u32, label: &str) -> Self {
        let (nr, label) = (format!("video_nr={number}"), format!("card_label={label}"));
        let module = Self::load("v4l2loopback", &["devices=1", &nr, &label, "exclusive_caps=0"]);
        wait_until("the loopback's node is there", || Path::new(&format!("/dev/video{number}")).exists());
        module
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // A program that a test killed may hold it for a moment.
        for _ in 0..100 {
            let unloaded = Command::new("modprobe").args(["-r", self.0]).stderr(Stdio::null()).status();
            if unloaded.is_ok_and(|status| status.success()) {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        eprintln!("{} stays loaded", self.0);
    }
}

/// Pulls vivid's cable.
pub fn unplug_vivid() {
    fs::write(format!("{VIVID}/unbind"), "vivid.0").unwrap();
}

/// Plugs it in again.
pub fn plug_vivid() {
    fs::write(format!("{VIVID}/bind"), "vivid.0").unwrap();
}

/// A program that is killed at the end of the test.
pub struct Running(Child);

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// A clip, over and over, into a loopback camera; `as_it_is` hands its JPEGs on, else it becomes YUYV.
    pub fn feeder(clip: &Path, number: u32, as_it_is: bool) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i"]).arg(clip);
        let format: &[&str] = if as_it_is { &["-c:v", "copy"] } else { &["-pix_fmt", "yuyv422"] };
        command.args(format).args(["-f", "v4l2", &format!("/dev/video{number}")]);
        Self::start(&mut command)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        run("kill", &[&format!("-{name}"), &self.id().to_string()]);
    }

    /// Waits for its end; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes frames into a loopback camera, byte for byte.
pub struct LoopbackWriter(File);

impl LoopbackWriter {
    /// Opens /dev/video`number` and says what will be written.
    pub fn open(number: u32, width: u32, height: u32, format: &str) -> Self {
        let node = format!("/dev/video{number}");
        let file = OpenOptions::new().write(true).open(&node).unwrap();
        let picture = format!("--set-fmt-video-out=width={width},height={height},pixelformat={format}");
        run("v4l2-ctl", &["-d", &node, &picture]);
        Self(file)
    }

    /// Writes frame after frame, some twenty a second, until what is returned is dropped.
    pub fn keep_writing(mut self, mut frame: impl FnMut(u64) -> Vec<u8> + Send + 'static) -> Writing {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = spawn(move || {
            for i in 0.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let bytes = frame(i);
                assert_eq!(self.0.write(&bytes).unwrap(), bytes.len());
                sleep(Duration::from_millis(50));
            }
        });
        Writing { stop, thread: Some(thread) }
    }
}

/// A thread that writes until this is dropped.
pub struct Writing {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || panicking(), "the writer failed");
    }
}

/// The daemon on a camera, with a configuration of its own; `more` are further lines of it.
pub fn daemon(dir: &Path, video: &str, port: u16, more: &str) -> Running {
    let config: PathBuf = dir.join("affectd.toml");
    let text = format!(
        "[device]\nid = \"guest\"\n[source]\nvideo = \"{video}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n{more}"
    );
    fs::write(&config, text).unwrap();
    Running::start(super::support::program::command().arg("run").arg("--config").arg(config))
}
