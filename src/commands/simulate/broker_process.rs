//! The broker's own process, when it runs on this machine: found by the port it listens at, read from `/proc`.

use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use tokio::net::lookup_host;

use crate::publish::BrokerAddress;

/// A state of the kernel's list of sockets: waits for connections.
const LISTENS: &str = "0A";

/// A process whose time and memory are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerProcess {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// Where the broker runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// On this machine, as this process.
    Here(BrokerProcess),
    /// On this machine, but nobody says as which process: it belongs to another user.
    Hidden,
    /// On another machine.
    Elsewhere,
}

impl Whereabouts {
    /// Looks for the broker.
    pub async fn of(broker: &BrokerAddress) -> Self {
        let found = lookup_host((broker.host(), broker.port())).await;
        let addresses: Vec<_> = found.into_iter().flatten().collect();
        if !addresses.iter().any(|address| is_ours(address.ip())) {
            return Self::Elsewhere;
        }
        match find(broker.port()) {
            Some(process) => Self::Here(process),
            None => Self::Hidden,
        }
    }
}

/// Whether an address is this machine's: only then may a socket have it. Nothing is sent.
fn is_ours(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// The process that listens at `port`, when its descriptors may be read.
fn find(port: u16) -> Option<BrokerProcess> {
    let lists = ["/proc/net/tcp", "/proc/net/tcp6"].map(|list| fs::read_to_string(list).unwrap_or_default());
    let sockets: Vec<_> =
        lists.iter().flat_map(|list| listening(list, port)).map(|inode| format!("socket:[{inode}]")).collect();
    let mut pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pid: u32 = pids.find(|pid| holds(*pid, &sockets))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(BrokerProcess { pid, name: name.trim().to_owned() })
}

fn holds(pid: u32, sockets: &[String]) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let mut targets = open.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| sockets.iter().any(|socket| target == Path::new(socket)))
}

/// The inodes of the sockets that listen at `port`, from a list of the form of `/proc/net/tcp`: proc_net_tcp(5).
fn listening(list: &str, port: u16) -> Vec<&str> {
    let wanted = format!("{port:04X}");
    let rows = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.get(3) == Some(&LISTENS))
        .filter(|row| row.get(1).and_then(|local| local.rsplit_once(':')).is_some_and(|(_, port)| port == wanted))
        .filter_map(|row| row.get(9).copied())
        .collect()
}

/// The processor time that a process has used, all its threads, in steps of a clock tick.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name, in brackets, may hold spaces: count fields from behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
    // proc(5): fields 14 and 15, utime and stime; Linux gives them at 100 ticks a second.
    Some(Duration::from_millis((ticks(14)? + ticks(15)?) * 10))
}

/// The memory that a process holds now, in bytes.
pub fn memory_of(pid: u32) -> Option<u64> {
    field_of(pid, "VmRSS:").map(|kib| kib * 1024)
}

/// How many threads a process has.
pub fn threads_of(pid: u32) -> Option<u64> {
    field_of(pid, "Threads:")
}

fn field_of(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const LIST: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000   107        0 4242 1 0000 100 0 0 10 0
   1: 0100007F:075B 0100007F:C350 01 00000000:00000000 00:00000000 00000000   107        0 4343 1 0000 100 0 0 10 0
   2: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1 0000 100 0 0 10 0
";

    #[test]
    fn only_a_socket_that_listens_at_the_port_counts() {
        assert_eq!(listening(LIST, 1883), ["4242"]);
        assert_eq!(listening(LIST, 1884), [""; 0]);
    }

    #[tokio::test]
    async fn who_listens_here_is_found_with_time_and_memory() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let broker = BrokerAddress::loopback(listener.local_addr().unwrap().port());
        let Whereabouts::Here(process) = Whereabouts::of(&broker).await else { panic!("not found") };
        assert_eq!(process.pid, std::process::id());
        assert!(cpu_of(process.pid).is_some() && memory_of(process.pid) > Some(1 << 20));
        assert!(threads_of(process.pid) >= Some(1));
    }

    #[tokio::test]
    async fn an_address_that_is_not_ours_is_elsewhere() {
        let broker = "mqtts://192.0.2.1".parse().unwrap();
        assert_eq!(Whereabouts::of(&broker).await, Whereabouts::Elsewhere);
    }
}
