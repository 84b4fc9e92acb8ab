//! What this machine lets one process have: each device is a connection of its own, with a file descriptor and a port.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// Descriptors beside the connections: standard streams, the runtime, the subscribers, what a look into /proc opens.
const BESIDE: u64 = 64;

/// The ports that Linux gives out for connections.
const PORTS: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Why so many devices cannot be simulated here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TooMany {
    /// Not enough file descriptors.
    #[error(
        "{devices} devices need {needed} open files, and this process may have {allowed}; raise the limit \
         (`ulimit -Hn {needed}` as root, or LimitNOFILE= of the service), or simulate fewer devices"
    )]
    Files {
        /// The devices asked for.
        devices: usize,
        /// What they need.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// Not enough ports.
    #[error(
        "{devices} devices need a port each, and this machine gives out {ports} to one broker; simulate fewer devices \
         here and the others on another machine, or widen {PORTS}"
    )]
    Ports {
        /// The devices asked for.
        devices: usize,
        /// How many ports there are.
        ports: u64,
    },
    /// The limit could not be raised.
    #[error("{devices} devices need {needed} open files, and the limit could not be raised: {reason}")]
    Refused {
        /// The devices asked for.
        devices: usize,
        /// What they need.
        needed: u64,
        /// What the system said.
        reason: String,
    },
}

/// Makes room for so many connections.
///
/// # Errors
/// When the system's limits do not allow them.
pub fn make_room(devices: usize) -> Result<(), TooMany> {
    let needed = devices as u64 + BESIDE;
    if let Some(ports) = fs::read_to_string(PORTS).ok().as_deref().and_then(count_ports)
        && needed > ports
    {
        return Err(TooMany::Ports { devices, ports });
    }
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No number stands for no limit.
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(allowed) = maximum.filter(|&maximum| maximum < needed) {
        return Err(TooMany::Files { devices, needed, allowed });
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).map_err(|error| TooMany::Refused {
        devices,
        needed,
        reason: error.to_string(),
    })
}

/// How many ports a range such as "32768 60999" has.
fn count_ports(range: &str) -> Option<u64> {
    let mut ends = range.split_whitespace().map(|end| end.parse::<u64>().ok());
    let (first, last) = (ends.next()??, ends.next()??);
    (last + 1).checked_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_counted_with_both_ends() {
        assert_eq!(count_ports("32768\t60999\n"), Some(28_232));
        assert_eq!(count_ports("9 8 7"), Some(0));
        for bad in ["", "1", "a b", "9 1"] {
            assert_eq!(count_ports(bad), None, "{bad}");
        }
    }

    #[test]
    fn more_than_the_machine_has_is_refused_with_the_remedy() {
        let error = make_room(10_000_000).unwrap_err();
        assert!(error.to_string().contains("simulate fewer devices"), "{error}");
    }
}
