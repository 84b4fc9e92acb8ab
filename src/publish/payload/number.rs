//! Numbers and times as they stand in a payload: finite by type, held within their range, rounded so that
//! messages stay small.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::affect::{Arousal, Confidence, Probability, Valence};

/// Rounds to a number of decimals; never gives −0.
fn rounded(value: f32, decimals: i32) -> f32 {
    let scale = 10f64.powi(decimals);
    ((f64::from(value) * scale).round() / scale + 0.0) as f32
}

/// Declares a finite number within a range, with a fixed number of decimals.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $low:literal ..= $high:literal, $decimals:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Serialize)]
        #[serde(transparent)]
        pub struct $name(f32);

        impl $name {
            /// Holds a number within the range and rounds it; `None` when it is not finite.
            pub fn new(value: f32) -> Option<Self> {
                value.is_finite().then(|| Self::held(value))
            }

            fn held(value: f32) -> Self {
                Self(rounded(value.clamp($low, $high), $decimals))
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "number", "minimum": $low, "maximum": $high })
            }
        }
    };
}

number!(
    /// 0 to 1, three decimals.
    Unit, 0.0 ..= 1.0, 3
);
number!(
    /// −1 to 1, three decimals.
    Signed, -1.0 ..= 1.0, 3
);
number!(
    /// −180 to 180 degrees, one decimal.
    Degrees, -180.0 ..= 180.0, 1
);

number!(
    /// Seconds since a start, three decimals; a week at the most.
    Seconds, 0.0 ..= 604_800.0, 3
);

number!(
    /// A level of sound: −120 to 0 decibels of the full range, one decimal.
    Decibels, -120.0 ..= 0.0, 1
);

number!(
    /// Things a second, one decimal.
    PerSecond, 0.0 ..= 10_000.0, 1
);

number!(
    /// A duration in milliseconds, one decimal; a minute at the most.
    Millis, 0.0 ..= 60_000.0, 1
);

number!(
    /// −50 to 150 degrees Celsius, one decimal.
    Celsius, -50.0 ..= 150.0, 1
);

impl From<Probability> for Unit {
    fn from(value: Probability) -> Self {
        Self::held(value.get())
    }
}

impl From<Confidence> for Unit {
    fn from(value: Confidence) -> Self {
        Self::held(value.get())
    }
}

impl From<Valence> for Signed {
    fn from(value: Valence) -> Self {
        Self::held(value.get())
    }
}

impl From<Arousal> for Signed {
    fn from(value: Arousal) -> Self {
        Self::held(value.get())
    }
}

/// Whole pixels; `None` when the number is not finite.
pub(super) fn pixels(value: f32) -> Option<i32> {
    value.is_finite().then(|| value.round() as i32)
}

/// A wall time: RFC 3339 in UTC with microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(Timestamp);

impl Stamp {
    /// The time itself.
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Microseconds since 1970, as published.
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }
}

impl From<Timestamp> for Stamp {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.6}", self.0))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Stamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: impl Serialize) -> String {
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn numbers_are_rounded_and_held_within_their_range() {
        assert_eq!(json(Signed::new(0.310_49)), "0.31");
        assert_eq!(json(Signed::new(-7.0)), "-1.0");
        assert_eq!(json(Unit::new(0.999_9)), "1.0");
        assert_eq!(json(Degrees::new(-3.96)), "-4.0");
    }

    #[test]
    fn a_tiny_negative_number_is_zero_and_not_minus_zero() {
        assert_eq!(json(Signed::new(-0.000_1)), "0.0");
    }

    #[test]
    fn a_number_that_is_not_finite_cannot_be_constructed() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!((Unit::new(bad), Signed::new(bad), Degrees::new(bad)), (None, None, None));
            assert_eq!(pixels(bad), None);
        }
    }

    #[test]
    fn pixels_are_whole_and_beyond_all_range_they_stop() {
        assert_eq!([-0.6, 411.5, 3e20].map(pixels), [Some(-1), Some(412), Some(i32::MAX)]);
    }

    #[test]
    fn a_time_has_microseconds_even_when_they_are_zero() {
        assert_eq!(json(Stamp::from(Timestamp::UNIX_EPOCH)), r#""1970-01-01T00:00:00.000000Z""#);
        let at: Timestamp = "2026-11-22T00:10:01.123456789Z".parse().unwrap();
        assert_eq!(json(Stamp::from(at)), r#""2026-11-22T00:10:01.123456Z""#);
    }
}
