//! The board: how hot it is, whether it throttles itself, whether its clock can be right. Reads what Linux tells in
//! files; a board that tells nothing is cool.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::thermal::{Zone, telling, zones};

/// Where systemd's time client tells whether a time server has answered.
pub const TIME_SYNC: &str = "/run/systemd/timesync";

/// The limit of a zone that names none, in degrees Celsius: boards throttle themselves from about there.
const USUAL_LIMIT: f32 = 85.0;

/// How far below the temperature at which the board switches itself off the limit is, at the least.
const BEFORE_THE_END: f32 = 10.0;

/// 2026-11-01: no clock can be right that stands before this program was written.
pub const WRITTEN: Timestamp = Timestamp::constant(1_793_491_200, 0);

/// How hot the board is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Heat {
    /// The temperature of the part that is nearest to its limit, in degrees Celsius.
    pub temperature: Option<f32>,
    /// How far that is below its limit.
    pub margin: Option<f32>,
    /// Whether the board runs slower than it could to cool down.
    pub throttled: bool,
}

impl Heat {
    /// Whether it is at its limit.
    pub fn is_hot(&self) -> bool {
        self.throttled || self.margin.is_some_and(|margin| margin <= 0.0)
    }

    /// Whether it is at least so many degrees below it.
    pub fn is_below(&self, degrees: f32) -> bool {
        !self.throttled && self.margin.is_none_or(|margin| margin >= degrees)
    }
}

/// The thermometers of the board.
#[derive(Debug, Clone)]
pub struct Thermometers {
    dir: PathBuf,
    limit: Option<f32>,
    names: Vec<String>,
}

impl Thermometers {
    /// Those in `dir`, as Linux has them in [`crate::thermal::FOLDER`]. `limit` in degrees Celsius stands in place of
    /// what the zones themselves say. Where zones of these names are, the others do not count.
    pub fn new(dir: &Path, limit: Option<f32>, names: Vec<String>) -> Self {
        Self { dir: dir.to_owned(), limit, names }
    }

    /// Reads them all.
    pub fn read(&self) -> Heat {
        let mut heat = Heat { throttled: self.throttled(), ..Heat::default() };
        for zone in telling(zones(&self.dir), &self.names) {
            let margin = self.limit.unwrap_or_else(|| limit(&zone)) - zone.now;
            if heat.margin.is_none_or(|least| margin < least) {
                (heat.temperature, heat.margin) = (Some(zone.now), Some(margin));
            }
        }
        heat
    }

    fn throttled(&self) -> bool {
        let devices = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut cooling = devices.filter(|entry| entry.file_name().to_string_lossy().starts_with("cooling_device"));
        cooling.any(|entry| throttles(&entry.path()))
    }
}

/// The temperature from which on a zone is too hot: where it begins to throttle, or what is usual.
fn limit(zone: &Zone) -> f32 {
    zone.slows.unwrap_or_else(|| zone.ends.map_or(USUAL_LIMIT, |end| USUAL_LIMIT.min(end - BEFORE_THE_END)))
}

/// Whether a cooling device is the processor, and is made to cool: a fan costs nobody anything.
fn throttles(device: &Path) -> bool {
    let is_processor = text(&device.join("type")).is_some_and(|kind| kind == "Processor" || kind.contains("cpufreq"));
    is_processor && text(&device.join("cur_state")).is_some_and(|state| state.parse::<u32>().is_ok_and(|by| by > 0))
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Whether the wall clock can be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockState {
    /// Nothing speaks against it.
    #[default]
    Good,
    /// No time server has set it yet.
    NotSet,
    /// It stands before the making of this program.
    BeforeUs,
}

/// Judges a clock that shows `wall`. `time_sync` is the folder of systemd's time client, [`TIME_SYNC`]; where that
/// does not run, another may keep the time, and nothing is known of it.
pub fn clock(wall: Timestamp, time_sync: &Path) -> ClockState {
    if wall < WRITTEN {
        ClockState::BeforeUs
    } else if time_sync.is_dir() && !time_sync.join("synchronized").exists() {
        ClockState::NotSet
    } else {
        ClockState::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder like that of Linux.
    fn board(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        dir
    }

    fn heat(files: &[(&str, &str)], limit: Option<f32>) -> Heat {
        Thermometers::new(board(files).path(), limit, Vec::new()).read()
    }

    #[test]
    fn a_zone_is_hot_where_it_begins_to_throttle() {
        let files = [
            ("thermal_zone0/temp", "61000"),
            ("thermal_zone0/trip_point_0_type", "critical"),
            ("thermal_zone0/trip_point_0_temp", "105000"),
            ("thermal_zone0/trip_point_1_type", "passive"),
            ("thermal_zone0/trip_point_1_temp", "80000"),
            ("thermal_zone1/temp", "79500"),
            ("thermal_zone1/trip_point_0_type", "passive"),
            ("thermal_zone1/trip_point_0_temp", "79000"),
        ];
        let found = heat(&files, None);
        assert_eq!((found.temperature, found.margin, found.is_hot()), (Some(79.5), Some(-0.5), true));
        let set = heat(&files, Some(90.0));
        assert_eq!((set.margin, set.is_hot(), set.is_below(5.0)), (Some(10.5), false, true));
    }

    #[test]
    fn a_zone_that_names_no_limit_has_the_usual_one_and_none_near_the_end() {
        let critical = |at| {
            let trip = [("thermal_zone0/trip_point_0_type", "critical"), ("thermal_zone0/trip_point_0_temp", at)];
            heat(&[&trip[..], &[("thermal_zone0/temp", "70000")]].concat(), None).margin
        };
        assert_eq!((critical("110000"), critical("90000")), (Some(15.0), Some(10.0)));
        assert_eq!(heat(&[("thermal_zone0/temp", "70000")], None).margin, Some(15.0));
    }

    #[test]
    fn a_processor_that_is_made_to_cool_is_throttled_and_a_fan_is_not() {
        let device =
            |kind, state| heat(&[("cooling_device0/type", kind), ("cooling_device0/cur_state", state)], None).throttled;
        assert!(device("cpufreq-cpu0", "2") && device("thermal-cpufreq-0", "1") && device("Processor", "1"));
        assert!(!device("cpufreq-cpu0", "0") && !device("pwm-fan", "4") && !device("Processor", "nonsense"));
    }

    #[test]
    fn a_board_that_tells_nothing_or_nonsense_is_cool() {
        for files in [&[][..], &[("thermal_zone0/temp", "-274000")], &[("thermal_zone0/temp", "warm")]] {
            let found = heat(files, None);
            assert!(found == Heat::default() && !found.is_hot() && found.is_below(5.0), "{found:?}");
        }
        assert_eq!(Thermometers::new(Path::new("/nowhere"), None, Vec::new()).read(), Heat::default());
    }

    #[test]
    fn a_clock_is_doubted_before_the_making_of_this_program_and_until_a_time_server_answers() {
        let (dir, nowhere) = (tempfile::tempdir().unwrap(), Path::new("/nowhere"));
        let (past, now) = ("2025-11-22T00:00:00Z".parse().unwrap(), "2026-11-22T00:00:00Z".parse().unwrap());
        assert_eq!([clock(past, nowhere), clock(now, nowhere)], [ClockState::BeforeUs, ClockState::Good]);
        assert_eq!(clock(now, dir.path()), ClockState::NotSet);
        fs::write(dir.path().join("synchronized"), "").unwrap();
        assert_eq!([clock(now, dir.path()), clock(past, dir.path())], [ClockState::Good, ClockState::BeforeUs]);
    }
}
