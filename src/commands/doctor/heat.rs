//! How warm the processor is, and whether the board slows itself down for heat or a weak supply.

use std::fs;
use std::path::Path;

use super::{Case, Finding};
use crate::thermal::{Zone, telling, zones};

/// Where thermal zones are.
const ZONES: &str = "sys/class/thermal";
/// From here on a zone that does not say itself when it is too warm is so, in degrees Celsius.
const WARM: f32 = 80.0;
/// This close below the temperature at which the board switches off, it fails, in degrees Celsius.
const MARGIN: f32 = 5.0;

const COOL: &str = "give it a heat sink or a fan, air around it and no sun; or ask less of it: fewer frames a second, a \
                    longer face.read_every_ms";

/// Looks at the zones of the board, or all when it names none or has none of these, and at what says that the board
/// is slowed down.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let named = case.board.as_ref().map(|board| board.thermal_zones.as_slice()).unwrap_or_default();
    let mut found = vec![judge(&telling(zones(&case.path(ZONES)), named))];
    found.extend(supply(case));
    found.extend(capped(case));
    found
}

fn judge(zones: &[Zone]) -> Finding {
    if zones.is_empty() {
        return Finding::skipped("heat", "this kernel shows no temperature");
    }
    let says = zones.iter().map(|zone| format!("{} {:.1} °C", zone.name, zone.now)).collect::<Vec<_>>().join(", ");
    let ending = zones.iter().find_map(|zone| zone.ends.filter(|ends| zone.now >= ends - MARGIN));
    let slowing = || {
        zones.iter().find_map(|zone| {
            let slows = zone.slows.or(zone.ends.is_none().then_some(WARM));
            slows.filter(|slows| zone.now >= *slows)
        })
    };
    match (ending, slowing) {
        (Some(at), _) => Finding::wrong("heat", format!("{says}: it switches itself off at {at:.0} °C"), COOL),
        (None, slowing) => match slowing() {
            Some(at) => Finding::warning("heat", format!("{says}: from {at:.0} °C on it slows down"), COOL),
            None => Finding::good("heat", says),
        },
    }
}

/// What a Raspberry Pi says of its supply and its heat since it was started: nothing on other boards, and on kernels
/// that do not show it.
fn supply(case: &Case) -> Option<Finding> {
    let flags = u32::from_str_radix(throttled(case)?.trim_start_matches("0x"), 16).ok()?;
    const WEAK: &str = "use the board's own power supply and a short, thick cable; take power-hungry USB devices off";
    let has = |bit: u32| flags & (1 << bit) != 0;
    Some(match () {
        () if has(0) => Finding::wrong("heat", "the supply's voltage is too low right now", WEAK),
        () if has(1) || has(2) || has(3) => {
            Finding::warning("heat", format!("the board holds its clock down right now (flags {flags:#x})"), COOL)
        }
        () if has(16) => Finding::warning("heat", "the supply's voltage was too low since the start", WEAK),
        () if has(17) || has(18) || has(19) => {
            Finding::warning("heat", format!("the board held its clock down since the start (flags {flags:#x})"), COOL)
        }
        () => Finding::good("heat", "neither heat nor supply slowed it down since the start"),
    })
}

/// The firmware's flags, from wherever this board's device tree has the firmware.
fn throttled(case: &Case) -> Option<String> {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("soc")))
    };
    let outer: Vec<_> = folders(&case.path("sys/devices/platform")).collect();
    let inner = outer.iter().flat_map(|folder| folders(folder)).collect::<Vec<_>>();
    outer.iter().chain(&inner).find_map(|folder| case.text(folder.join("get_throttled")))
}

/// Whether something keeps cores below the clock that they are made for.
fn capped(case: &Case) -> Option<Finding> {
    let folder = case.path("sys/devices/system/cpu/cpufreq");
    let number = |policy: &Path, file: &str| case.text(policy.join(file))?.parse::<u64>().ok();
    let mut policies: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    policies.sort();
    let (may, can) = policies.iter().find_map(|policy| {
        let (may, can) = (number(policy, "scaling_max_freq")?, number(policy, "cpuinfo_max_freq")?);
        (may < can).then_some((may, can))
    })?;
    let says = format!("cores may run at {} MHz of {} MHz", may / 1000, can / 1000);
    Some(Finding::warning("heat", says, "let it cool down; or a power mode holds it (`nvpmodel` on a Jetson)"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{machine, one};
    use super::super::{Case, Grade};
    use super::*;

    fn file(zone: u32, file: &str, content: &str) -> (String, String) {
        (format!("{ZONES}/thermal_zone{zone}/{file}"), format!("{content}\n"))
    }

    fn case(files: &[(String, String)]) -> (tempfile::TempDir, Case) {
        machine(&files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect::<Vec<_>>())
    }

    fn heat_at(thousandths: &str) -> Finding {
        let files = [
            file(0, "type", "cpu-thermal"),
            file(0, "temp", thousandths),
            file(0, "trip_point_0_type", "active"),
            file(0, "trip_point_0_temp", "50000"),
            file(0, "trip_point_1_type", "passive"),
            file(0, "trip_point_1_temp", "80000"),
            file(0, "trip_point_2_type", "critical"),
            file(0, "trip_point_2_temp", "110000"),
        ];
        let (_root, case) = case(&files);
        one(look(&case))
    }

    #[test]
    fn a_zone_says_itself_when_it_is_too_warm() {
        for (now, grade) in
            [("61400", Grade::Good), ("79999", Grade::Good), ("80000", Grade::Warning), ("105000", Grade::Wrong)]
        {
            assert_eq!(heat_at(now).grade, grade, "{now}");
        }
        assert_eq!(heat_at("61400").says, "cpu-thermal 61.4 °C");
    }

    #[test]
    fn a_zone_that_does_not_say_it_is_judged_by_a_common_limit() {
        for (now, grade) in [("79000", Grade::Good), ("81000", Grade::Warning)] {
            let (_root, case) = case(&[file(3, "type", "acpitz"), file(3, "temp", now)]);
            assert_eq!(one(look(&case)).grade, grade);
        }
    }

    #[test]
    fn of_a_known_board_only_the_zones_that_tell_something_are_read() {
        let mut files = vec![
            file(0, "type", "PMIC-Die"),
            file(0, "temp", "100000"),
            file(1, "type", "CPU-therm"),
            file(1, "temp", "34500"),
        ];
        let (_root, unknown) = case(&files);
        assert_eq!(one(look(&unknown)).grade, Grade::Warning);
        files.push(("proc/device-tree/compatible".to_owned(), "nvidia,jetson-nano\0nvidia,tegra210\0".to_owned()));
        let (_root, nano) = case(&files);
        assert_eq!(one(look(&nano)).says, "CPU-therm 34.5 °C");
    }

    #[test]
    fn zones_that_are_switched_off_or_absurd_are_no_temperature() {
        let (_root, case) = case(&[
            file(0, "type", "cv0-thermal"),
            file(1, "type", "broken"),
            file(1, "temp", "-256000"),
            file(2, "type", "garbled"),
            file(2, "temp", "warm"),
        ]);
        assert_eq!(one(look(&case)).grade, Grade::Skipped);
    }

    #[test]
    fn a_raspberry_pi_says_what_slowed_it_down() {
        for folder in ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware", "soc:firmware"] {
            for (flags, grade, says) in [
                ("0\n", Grade::Good, "neither heat nor supply"),
                ("50005\n", Grade::Wrong, "too low right now"),
                ("0x50000\n", Grade::Warning, "too low since the start"),
                ("e0008\n", Grade::Warning, "right now"),
                ("80000\n", Grade::Warning, "since the start"),
            ] {
                let (_root, case) = machine(&[(&format!("sys/devices/platform/{folder}/get_throttled"), flags)]);
                let finding = supply(&case).unwrap();
                assert_eq!(finding.grade, grade, "{flags}");
                assert!(finding.says.contains(says), "{finding:?}");
            }
        }
        let (_root, other) = machine(&[]);
        assert_eq!(supply(&other), None);
    }

    #[test]
    fn a_clock_that_is_held_down_is_a_warning() {
        let policy = "sys/devices/system/cpu/cpufreq/policy4";
        let of = |may: &str| {
            let (max, made) = (format!("{policy}/scaling_max_freq"), format!("{policy}/cpuinfo_max_freq"));
            let (_root, case) = machine(&[(&max, may), (&made, "2400000\n")]);
            capped(&case)
        };
        assert_eq!(of("2400000\n"), None);
        assert!(of("1500000\n").unwrap().says.contains("1500 MHz of 2400 MHz"));
    }
}
