//! What this process and its children have used, from `/proc`: Linux only, like the daemon.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The processor time this process has used so far, all threads.
pub fn own_cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec as u32)
}

/// The processor time of the children that have ended so far (the decoder), in steps of a clock tick.
pub fn ended_children_cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may hold spaces: count fields from behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
    // proc(5): fields 16 and 17, cutime and cstime; Linux gives them at 100 ticks a second.
    Some(Duration::from_millis((ticks(16)? + ticks(17)?) * 10))
}

/// The most memory this process has held at once, in bytes.
pub fn own_peak_memory() -> Option<u64> {
    peak_memory("self")
}

/// The most memory that the children alive now have held, added up, in bytes.
pub fn children_peak_memory() -> u64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0 };
    let children = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|pids| pids.split_whitespace().filter_map(peak_memory).collect::<Vec<_>>()).sum()
}

fn peak_memory(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn memory_and_processor_time_are_read() {
        assert!(own_peak_memory().unwrap() > 1 << 20);
        let before = own_cpu();
        let mut sum = 0u64;
        while own_cpu() < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }

    #[test]
    fn a_living_child_is_counted_for_memory_and_an_ended_one_for_time() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        while children_peak_memory() == 0 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ended_children_cpu().is_some());
    }
}
