//! The board, its processor and its memory.

use std::fs;

use super::Case;
use super::Finding;
use crate::board;
use crate::commands::check::count;

/// The memory that should be free before the start, in MiB. The daemon itself was measured to take 60 to 82; the rest
/// is for the system not to begin to swap.
const ROOM: u64 = 160;

/// The features of a processor that make models faster, by the names that Linux gives them.
const ARM: [&str; 4] = ["asimd", "asimdhp", "asimddp", "i8mm"];
const X86: [&str; 4] = ["avx", "avx2", "fma", "avx512_vnni"];

/// Drivers that call `powersave` what steps up on demand.
const OWN_GOVERNORS: [&str; 3] = ["intel_pstate", "amd-pstate", "amd-pstate-epp"];

/// Which board it is, and what should be known of it.
pub(super) fn board(case: &Case) -> Vec<Finding> {
    let machine = &case.signs;
    let recognised = board::all().ok().and_then(|boards| board::recognise(machine, boards));
    let first = match (&case.board, recognised) {
        (Some(board), Some(found)) if found.name != board.name => Finding::warning(
            "board",
            format!("taken for {}, and it says that it is {machine}", board.title),
            format!("leave --board out, or write --board {}", found.name),
        ),
        (Some(board), _) if case.named.is_some() => {
            Finding::good("board", format!("{machine}, taken for {}", board.title))
        }
        (Some(board), _) => Finding::good("board", format!("{machine}: {}", board.name)),
        (None, _) => Finding::good("board", format!("{machine}: none that affectd knows, taken as any Linux machine")),
    };
    let notes = case.board.iter().flat_map(|board| &board.notes);
    [first].into_iter().chain(notes.map(|note| Finding::good("board", note))).collect()
}

/// How many cores, what they can, and whether they may run as fast as they can.
pub(super) fn processor(case: &Case) -> Vec<Finding> {
    let mut found = vec![abilities(case)];
    found.extend(governor(case));
    found
}

fn abilities(case: &Case) -> Finding {
    let Some(text) = case.text("proc/cpuinfo") else {
        return Finding::skipped("processor", "/proc/cpuinfo cannot be read");
    };
    let cores = count(text.lines().filter(|line| line.starts_with("processor")).count(), "core");
    let arm = text.lines().find_map(|line| Some((line.strip_prefix("Features")?, &ARM)));
    let x86 = || text.lines().find_map(|line| Some((line.strip_prefix("flags")?, &X86)));
    let Some((list, wanted)) = arm.or_else(x86) else {
        return Finding::good("processor", cores);
    };
    let has: Vec<_> = wanted.iter().filter(|feature| list.split_whitespace().any(|word| word == **feature)).collect();
    let names = has.iter().map(|feature| **feature).collect::<Vec<_>>().join(", ");
    match has.is_empty() {
        true => Finding::good("processor", format!("{cores}, none of {}", wanted.join(", "))),
        false => Finding::good("processor", format!("{cores} with {names}")),
    }
}

/// What sets the clock of the cores; nothing where the kernel does not say.
fn governor(case: &Case) -> Option<Finding> {
    let folder = "sys/devices/system/cpu/cpufreq";
    let mut policies: Vec<_> = fs::read_dir(case.path(folder)).ok()?.flatten().map(|entry| entry.path()).collect();
    policies.sort();
    let read =
        |file: &str| -> Vec<String> { policies.iter().filter_map(|policy| case.text(policy.join(file))).collect() };
    let (mut governors, drivers) = (read("scaling_governor"), read("scaling_driver"));
    governors.dedup();
    let named = (!governors.is_empty()).then(|| governors.join(", "))?;
    let own = drivers.iter().all(|driver| OWN_GOVERNORS.contains(&driver.as_str()));
    let slow = governors.iter().any(|governor| governor == "powersave") && (drivers.is_empty() || !own);
    Some(match slow {
        true => Finding::warning(
            "processor",
            format!("the governor {named} keeps the cores at their lowest clock"),
            "echo schedutil | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
        ),
        false => Finding::good("processor", format!("governor {named}")),
    })
}

/// Whether there is room for the daemon.
pub(super) fn memory(case: &Case) -> Vec<Finding> {
    let text = case.text("proc/meminfo").unwrap_or_default();
    let mib = |key: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        Some(rest.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
    };
    let (Some(total), Some(available)) = (mib("MemTotal"), mib("MemAvailable")) else {
        return vec![Finding::skipped("memory", "/proc/meminfo does not say how much there is")];
    };
    let says = format!("{available} MiB of {total} MiB available");
    vec![match available >= ROOM {
        true => Finding::good("memory", says),
        false => Finding::warning(
            "memory",
            says,
            format!("end other programs, a desktop perhaps: affectd should find {ROOM} MiB"),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{machine, one};
    use super::super::{Case, Grade};
    use super::*;
    use crate::config::{self, Environment};

    #[test]
    fn the_board_is_told_with_its_notes_and_a_wrong_name_is_a_warning() {
        let files = [
            ("proc/device-tree/model", "Radxa ROCK 5B\0"),
            ("proc/device-tree/compatible", "radxa,rock-5b\0rockchip,rk3588\0"),
        ];
        let (root, case) = machine(&files);
        let found = board(&case);
        assert_eq!(found[0].says, "Radxa ROCK 5B: rk3588");
        assert!(found[1].says.contains("neural processor"), "{found:?}");
        let config = config::parse("no file", "", &Environment::named("kiosk")).unwrap();
        let named = Case::new(config, None, Some("jetson-nano".to_owned()), root.path()).unwrap();
        let first = board(&named).remove(0);
        assert_eq!(first.grade, Grade::Warning);
        assert!(first.remedy.unwrap().contains("--board rk3588"));
    }

    #[test]
    fn the_features_that_make_models_faster_are_named() {
        let pi = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 asimdhp cpuid asimddp\n\nprocessor\t: 1\n";
        let (_root, case) = machine(&[("proc/cpuinfo", pi)]);
        assert_eq!(one(processor(&case)).says, "2 cores with asimd, asimdhp, asimddp");
        let (_root, case) = machine(&[("proc/cpuinfo", "processor : 0\nflags : fpu sse2\n")]);
        assert_eq!(one(processor(&case)).says, "1 core, none of avx, avx2, fma, avx512_vnni");
    }

    #[test]
    fn a_governor_that_keeps_the_clock_low_is_a_warning_unless_it_only_says_so() {
        let policy = "sys/devices/system/cpu/cpufreq/policy0/";
        let of = |governor: &str, driver: &str| {
            let (governed, driven) = (format!("{policy}scaling_governor"), format!("{policy}scaling_driver"));
            let files = [(governed.as_str(), governor), (driven.as_str(), driver), ("proc/cpuinfo", "processor : 0\n")];
            let (_root, case) = machine(&files);
            processor(&case)[1].grade
        };
        assert_eq!(of("powersave\n", "cpufreq-dt\n"), Grade::Warning);
        assert_eq!(of("powersave\n", "intel_pstate\n"), Grade::Good);
        assert_eq!(of("schedutil\n", "cpufreq-dt\n"), Grade::Good);
    }

    #[test]
    fn little_memory_is_a_warning() {
        let of = |available: &str| {
            let text = format!("MemTotal:        1000000 kB\nMemFree: 5 kB\nMemAvailable:   {available} kB\n");
            let (_root, case) = machine(&[("proc/meminfo", &text)]);
            one(memory(&case)).grade
        };
        assert_eq!(of("900000"), Grade::Good);
        assert_eq!(of("100000"), Grade::Warning);
        assert_eq!(of("much"), Grade::Skipped);
    }
}
