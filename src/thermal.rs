//! How warm the board's parts are, as Linux tells it in its thermal zones.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Where Linux keeps the zones.
pub const FOLDER: &str = "/sys/class/thermal";

/// Temperatures that are one, in degrees Celsius; sensors that are switched off or broken say others.
const CREDIBLE: RangeInclusive<f32> = -50.0..=150.0;

/// A thermal zone that could be read; temperatures in degrees Celsius.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// What it is called: `cpu-thermal`. Empty where it has no name.
    pub name: String,
    /// How warm it is.
    pub now: f32,
    /// From where on the board slows itself down (its lowest `passive` trip point).
    pub slows: Option<f32>,
    /// The most that it may be (its lowest `hot` or `critical` trip point): the board switches itself off there.
    pub ends: Option<f32>,
}

/// The zones below `folder`, in the order of their numbers. One that cannot be read, or tells what cannot be, is left
/// out: parts that are switched off have no temperature.
pub fn zones(folder: &Path) -> Vec<Zone> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("thermal_zone")?.parse::<u32>().ok();
    let mut numbered: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    numbered.sort();
    numbered.iter().filter_map(|(_, path)| zone(path)).collect()
}

/// Those of the zones that are named; all, when none is there: boards have zones whose temperature is made up.
pub fn telling(zones: Vec<Zone>, names: &[String]) -> Vec<Zone> {
    let is_named = |zone: &Zone| names.contains(&zone.name);
    if zones.iter().any(is_named) { zones.into_iter().filter(is_named).collect() } else { zones }
}

fn zone(folder: &Path) -> Option<Zone> {
    let trips = (0..).map_while(|n| {
        let kind = text(&folder.join(format!("trip_point_{n}_type")))?;
        // A trip point that is not used stands at 0 or below.
        Some((kind, celsius(&folder.join(format!("trip_point_{n}_temp"))).filter(|at| *at > 0.0)))
    });
    let trips: Vec<_> = trips.collect();
    let lowest = |kinds: &[&str]| {
        let of_kind = trips.iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        of_kind.filter_map(|(_, at)| *at).reduce(f32::min)
    };
    Some(Zone {
        name: text(&folder.join("type")).unwrap_or_default(),
        now: celsius(&folder.join("temp"))?,
        slows: lowest(&["passive"]),
        ends: lowest(&["hot", "critical"]),
    })
}

/// A temperature that Linux tells in thousandths.
fn celsius(path: &Path) -> Option<f32> {
    let thousandths: i32 = text(path)?.parse().ok()?;
    Some(thousandths as f32 / 1000.0).filter(|celsius| CREDIBLE.contains(celsius))
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder like that of Linux.
    fn board(files: &[(&str, &str)]) -> Vec<Zone> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        zones(dir.path())
    }

    #[test]
    fn a_zone_tells_its_temperature_and_the_lowest_of_its_limits() {
        let files = [
            ("thermal_zone10/temp", "20000"),
            ("thermal_zone2/type", "cpu-thermal"),
            ("thermal_zone2/temp", "61350"),
            ("thermal_zone2/trip_point_0_type", "critical"),
            ("thermal_zone2/trip_point_0_temp", "105000"),
            ("thermal_zone2/trip_point_1_type", "passive"),
            ("thermal_zone2/trip_point_1_temp", "85000"),
            ("thermal_zone2/trip_point_2_type", "passive"),
            ("thermal_zone2/trip_point_2_temp", "80000"),
            ("thermal_zone2/trip_point_3_type", "hot"),
            ("thermal_zone2/trip_point_3_temp", "0"),
            ("cooling_device0/type", "pwm-fan"),
        ];
        let found = board(&files);
        let cpu = Zone { name: "cpu-thermal".into(), now: 61.35, slows: Some(80.0), ends: Some(105.0) };
        assert_eq!(found, [cpu, Zone { name: String::new(), now: 20.0, slows: None, ends: None }]);
    }

    #[test]
    fn what_is_no_temperature_is_left_out() {
        let absurd = [("thermal_zone0/temp", "-256000"), ("thermal_zone1/temp", "warm"), ("thermal_zone2/type", "off")];
        assert_eq!(board(&absurd), []);
        assert_eq!(zones(Path::new("/nowhere")), []);
    }

    #[test]
    fn of_a_known_board_only_the_zones_that_tell_something_count() {
        let zones = |names: &[&str]| {
            let zone = |name: &&str| Zone { name: (*name).to_owned(), now: 30.0, slows: None, ends: None };
            names.iter().map(zone).collect::<Vec<_>>()
        };
        let named = ["CPU-therm".to_owned()];
        assert_eq!(telling(zones(&["PMIC-Die", "CPU-therm"]), &named), zones(&["CPU-therm"]));
        assert_eq!(telling(zones(&["acpitz"]), &named), zones(&["acpitz"]));
        assert_eq!(telling(zones(&["acpitz"]), &[]), zones(&["acpitz"]));
    }
}
