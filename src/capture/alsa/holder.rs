//! Which program holds a microphone, from what the kernel tells in `/proc/asound`.

use std::fmt;
use std::fs;
use std::path::Path;

/// A program that holds a microphone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name, where the system tells.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (process {})", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// The programs that capture from a device of a card, or from any of its devices; empty where the kernel does not tell.
pub(super) fn holders_of((card, device): (i32, Option<u32>)) -> Vec<Holder> {
    let wanted = |name: &str| device.map_or(is_capture(name), |device| name == format!("pcm{device}c"));
    holders(Path::new("/proc"), |name| name == format!("card{card}"), wanted)
}

/// The programs that capture from any device of any card.
pub(super) fn all_holders() -> Vec<Holder> {
    holders(Path::new("/proc"), is_card, is_capture)
}

fn is_capture(name: &str) -> bool {
    name.starts_with("pcm") && name.ends_with('c')
}

fn is_card(name: &str) -> bool {
    // Beside card0 there is `cards`, and a link by the card's id.
    name.strip_prefix("card").is_some_and(|number| number.parse::<u32>().is_ok())
}

fn holders(proc: &Path, card: impl Fn(&str) -> bool, device: impl Fn(&str) -> bool) -> Vec<Holder> {
    let mut found = Vec::new();
    for card in entries(&proc.join("asound"), card) {
        for device in entries(&card, &device) {
            for part in entries(&device, |name| name.starts_with("sub")) {
                let Some(pid) = fs::read_to_string(part.join("status")).ok().as_deref().and_then(owner) else {
                    continue;
                };
                let holder = program(proc, pid);
                if !found.contains(&holder) {
                    found.push(holder);
                }
            }
        }
    }
    found
}

fn entries(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

/// The program that a thread belongs to.
fn program(proc: &Path, thread: u32) -> Holder {
    let read = |pid: u32, file: &str| fs::read_to_string(proc.join(pid.to_string()).join(file)).ok();
    let pid = read(thread, "status").as_deref().and_then(|status| field(status, "Tgid")).unwrap_or(thread);
    Holder { pid, name: read(pid, "comm").map(|name| name.trim().to_owned()) }
}

/// The id of the thread in the status of a stream: `closed`, or lines such as `owner_pid   : 812`.
fn owner(status: &str) -> Option<u32> {
    field(status, "owner_pid").filter(|&pid| pid > 0)
}

fn field(status: &str, key: &str) -> Option<u32> {
    let (_, value) = status.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == key)?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(proc: &Path, path: &str, text: &str) {
        let path = proc.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_program_that_captures_is_named_and_one_that_plays_is_not() {
        let proc = tempfile::tempdir().unwrap();
        let held = |pid: u32| format!("state: RUNNING\nowner_pid   : {pid}\ntrigger_time: 12.5\n");
        put(proc.path(), "asound/card1/pcm0c/sub0/status", &held(812));
        put(proc.path(), "asound/card1/pcm0c/sub1/status", "closed\n");
        put(proc.path(), "asound/card1/pcm0p/sub0/status", &held(99));
        put(proc.path(), "asound/card2/pcm3c/sub0/status", &held(813));
        put(proc.path(), "asound/cards", "");
        put(proc.path(), "812/status", "Name:\tsound\nTgid:\t810\nPid:\t812\n");
        put(proc.path(), "812/comm", "sound\n");
        put(proc.path(), "810/comm", "recorder\n");
        let one = holders(proc.path(), |name| name == "card1", |name| name == "pcm0c");
        assert_eq!(one, [Holder { pid: 810, name: Some("recorder".into()) }]);
        let all = holders(proc.path(), is_card, is_capture);
        let told: Vec<String> = all.iter().map(Holder::to_string).collect();
        assert_eq!(told, ["recorder (process 810)", "process 813"]);
    }

    #[test]
    fn where_the_kernel_tells_nothing_nobody_is_named() {
        assert_eq!(holders_of((31, Some(0))), []);
        assert_eq!(holders_of((31, None)), []);
        assert_eq!(owner("closed\n"), None);
        assert_eq!(owner("owner_pid : many\n"), None);
    }
}
