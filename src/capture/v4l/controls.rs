//! How a camera exposes: the controls that the configuration sets at each opening.
//!
//! Cameras forget their controls when they are unplugged, and other programs change them. What is not set stays as the
//! camera has it.

use std::io;

use v4l::control::{Control, Value};
use v4l::{Device, v4l_sys};

use super::guard::guarded;

/// What is set at each opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Controls {
    /// How long the light is gathered, in units of 100 µs.
    pub exposure: Option<Tuned>,
    /// How much the picture is amplified, in the camera's own units.
    pub gain: Option<Tuned>,
    /// What is taken for white, in kelvin.
    pub white_balance: Option<Tuned>,
    /// Which flicker of lamps is evened out.
    pub power_line: Option<PowerLine>,
}

/// Left to the camera, or fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuned {
    /// The camera finds it.
    Auto,
    /// It is this.
    To(u32),
}

/// The frequency of the mains that lamps flicker with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLine {
    /// No flicker is evened out.
    Off,
    /// 50 Hz.
    Hz50,
    /// 60 Hz.
    Hz60,
}

/// Something with controls: a camera.
pub(super) trait Knobs {
    /// What a control is at.
    fn get(&self, id: u32) -> io::Result<i64>;
    /// Turns a control.
    fn set(&self, id: u32, to: i64) -> io::Result<()>;
    /// The names of all controls, as far as they can be told.
    fn names(&self) -> Vec<String>;
}

impl Knobs for Device {
    fn get(&self, id: u32) -> io::Result<i64> {
        match guarded("a control", || self.control(id))?.value {
            Value::Integer(value) => Ok(value),
            Value::Boolean(value) => Ok(value.into()),
            _ => Err(io::Error::other("the control holds no number")),
        }
    }

    fn set(&self, id: u32, to: i64) -> io::Result<()> {
        guarded("a control", || self.set_control(Control { id, value: Value::Integer(to) }))
    }

    fn names(&self) -> Vec<String> {
        let listed = guarded("its controls", || self.query_controls()).unwrap_or_default();
        let is_class = |control: &v4l::control::Description| control.typ == v4l::control::Type::CtrlClass;
        listed.into_iter().filter(|control| !is_class(control)).map(|control| control.name).collect()
    }
}

/// One control to turn.
struct Step {
    id: u32,
    /// As the key of the configuration.
    key: &'static str,
    /// What it is turned to; where the camera refuses, the next.
    to: &'static [i64],
    fixed: Option<i64>,
    /// A switch between automatic and fixed, which cameras without the automatic lack.
    is_switch: bool,
}

/// The steps of something that has a switch for its automatic.
fn tuned(
    key: &'static str,
    tuned: Option<Tuned>,
    (switch, auto, fixed): (u32, &'static [i64], &'static [i64]),
    value: u32,
) -> Vec<Step> {
    let turn = |to, is_switch| Step { id: switch, key, to, fixed: None, is_switch };
    match tuned {
        None => Vec::new(),
        Some(Tuned::Auto) => vec![turn(auto, false)],
        Some(Tuned::To(to)) => {
            vec![turn(fixed, true), Step { id: value, key, to: &[], fixed: Some(to.into()), is_switch: false }]
        }
    }
}

fn steps(controls: &Controls) -> Vec<Step> {
    // Of automatic exposures, most cameras have only the one that keeps the aperture, as they have none.
    let exposure = (v4l_sys::V4L2_CID_EXPOSURE_AUTO, &[3, 0][..], &[1][..]);
    let gain = (v4l_sys::V4L2_CID_AUTOGAIN, &[1][..], &[0][..]);
    let white = (v4l_sys::V4L2_CID_AUTO_WHITE_BALANCE, &[1][..], &[0][..]);
    let mut steps = tuned("exposure", controls.exposure, exposure, v4l_sys::V4L2_CID_EXPOSURE_ABSOLUTE);
    steps.extend(tuned("gain", controls.gain, gain, v4l_sys::V4L2_CID_GAIN));
    let kelvin = v4l_sys::V4L2_CID_WHITE_BALANCE_TEMPERATURE;
    steps.extend(tuned("white_balance", controls.white_balance, white, kelvin));
    steps.extend(controls.power_line.map(|power_line| Step {
        id: v4l_sys::V4L2_CID_POWER_LINE_FREQUENCY,
        key: "power_line_hz",
        to: match power_line {
            PowerLine::Off => &[0],
            PowerLine::Hz50 => &[1],
            PowerLine::Hz60 => &[2],
        },
        fixed: None,
        is_switch: false,
    }));
    steps
}

/// Sets the controls, and tells what the camera would not take: each a sentence for the log.
pub(super) fn apply(controls: &Controls, knobs: &impl Knobs) -> Vec<String> {
    steps(controls).into_iter().filter_map(|step| turn(&step, knobs)).collect()
}

fn turn(step: &Step, knobs: &impl Knobs) -> Option<String> {
    let key = step.key;
    if knobs.get(step.id).is_err() {
        let has = knobs.names().join(", ");
        return (!step.is_switch).then(|| format!("The camera cannot be told its {key}; it has: {has}."));
    }
    let mut refused = None;
    for &to in step.fixed.as_slice().iter().chain(step.to) {
        match knobs.set(step.id, to) {
            Ok(()) => {
                let taken = knobs.get(step.id).ok().filter(|taken| *taken != to)?;
                return Some(format!("The camera took {taken} for its {key} instead of {to}."));
            }
            Err(error) => refused = Some(format!("The camera refuses {to} for its {key}: {error}.")),
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use rustix::io::Errno;

    use super::*;

    const EXPOSURE_MODE: u32 = v4l_sys::V4L2_CID_EXPOSURE_AUTO;
    const EXPOSURE: u32 = v4l_sys::V4L2_CID_EXPOSURE_ABSOLUTE;
    const GAIN: u32 = v4l_sys::V4L2_CID_GAIN;

    /// Controls with what they are at and may be.
    struct Fake(RefCell<BTreeMap<u32, (i64, Vec<i64>)>>);

    impl Fake {
        fn new(controls: &[(u32, &[i64])]) -> Self {
            Self(RefCell::new(controls.iter().map(|(id, allowed)| (*id, (allowed[0], allowed.to_vec()))).collect()))
        }
    }

    impl Knobs for Fake {
        fn get(&self, id: u32) -> io::Result<i64> {
            self.0.borrow().get(&id).map(|(at, _)| *at).ok_or(Errno::INVAL.into())
        }

        fn set(&self, id: u32, to: i64) -> io::Result<()> {
            let mut controls = self.0.borrow_mut();
            let (at, allowed) = controls.get_mut(&id).ok_or(Errno::INVAL)?;
            match id {
                // Numbers are brought into their range, names are not.
                EXPOSURE | GAIN => *at = to.clamp(allowed[0], allowed[allowed.len() - 1]),
                _ if allowed.contains(&to) => *at = to,
                _ => return Err(Errno::RANGE.into()),
            }
            Ok(())
        }

        fn names(&self) -> Vec<String> {
            vec!["Brightness".into(), "Gain".into()]
        }
    }

    #[test]
    fn a_fixed_exposure_is_set_after_the_automatic_is_switched_off() {
        let camera = Fake::new(&[(EXPOSURE_MODE, &[3, 1]), (EXPOSURE, &[3, 2047])]);
        let controls = Controls { exposure: Some(Tuned::To(156)), ..Controls::default() };
        assert_eq!(apply(&controls, &camera), [""; 0]);
        assert_eq!((camera.get(EXPOSURE_MODE).unwrap(), camera.get(EXPOSURE).unwrap()), (1, 156));
    }

    #[test]
    fn the_automatic_that_the_camera_has_is_taken() {
        for (modes, taken) in [(&[1_i64, 3][..], 3), (&[1, 0], 0)] {
            let camera = Fake::new(&[(EXPOSURE_MODE, modes)]);
            let controls = Controls { exposure: Some(Tuned::Auto), ..Controls::default() };
            assert_eq!(apply(&controls, &camera), [""; 0]);
            assert_eq!(camera.get(EXPOSURE_MODE).unwrap(), taken);
        }
    }

    #[test]
    fn a_gain_without_an_automatic_is_set_all_the_same_and_what_was_taken_is_told() {
        let camera = Fake::new(&[(GAIN, &[0, 100])]);
        let controls = Controls { gain: Some(Tuned::To(255)), ..Controls::default() };
        assert_eq!(apply(&controls, &camera), ["The camera took 100 for its gain instead of 255."]);
    }

    #[test]
    fn what_the_camera_lacks_is_told_with_what_it_has() {
        let controls =
            Controls { white_balance: Some(Tuned::To(4600)), power_line: Some(PowerLine::Hz50), ..Controls::default() };
        let told = apply(&controls, &Fake::new(&[]));
        assert_eq!(told[0], "The camera cannot be told its white_balance; it has: Brightness, Gain.");
        assert!(told.len() == 2 && told[1].contains("power_line_hz"), "{told:?}");
    }

    #[test]
    fn nothing_is_turned_that_was_not_asked_for() {
        assert_eq!(apply(&Controls::default(), &Fake::new(&[])), [""; 0]);
    }

    #[test]
    fn a_refusal_is_told() {
        let camera = Fake::new(&[(v4l_sys::V4L2_CID_POWER_LINE_FREQUENCY, &[0])]);
        let controls = Controls { power_line: Some(PowerLine::Hz60), ..Controls::default() };
        assert!(apply(&controls, &camera)[0].starts_with("The camera refuses 2 for its power_line_hz"));
    }
}
