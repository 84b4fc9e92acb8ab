//! How a face moves: a Kalman filter for each of its centre's coordinates and one for its size.
//!
//! The model is a velocity that fades (a head that is out of sight does not fly on for ever) and is
//! pushed about by noise whose effect depends on the time that passes, not on the number of frames.

use std::time::Duration;

use crate::geometry::Rect;

/// How uncertain a measured position is, in face sizes.
const BLUR: f32 = 0.03;
/// How fast a face is that was just found, in face sizes a second.
const AGILITY: f32 = 1.0;
/// How fast its velocity's variance grows, in square face sizes a second cubed.
const PUSH: f32 = 10.0;
/// How uncertain a measured size is, as the logarithm of a factor.
const SIZE_BLUR: f32 = 0.04;
/// How fast a size changes, and how fast that variance grows, as above.
const SIZE_AGILITY: f32 = 0.3;
const SIZE_PUSH: f32 = 0.5;

/// Velocity fades to 1/e of itself in this time, in seconds.
const FADING: f32 = 0.5;

/// The size of a face: the geometric mean of its sides.
pub fn size(rect: &Rect) -> f32 {
    rect.area().sqrt()
}

/// How a face's box moves. Its proportions stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    x: Axis,
    y: Axis,
    /// The logarithm of the size.
    size: Axis,
}

impl Motion {
    /// The motion of a face that was just found.
    pub fn new(rect: &Rect) -> Self {
        let (centre, size) = (rect.centre(), size(rect));
        let along = |position| Axis::new(position, (BLUR * size).powi(2), (AGILITY * size).powi(2));
        let size = Axis::new(size.ln(), SIZE_BLUR.powi(2), SIZE_AGILITY.powi(2));
        Self { x: along(centre.x), y: along(centre.y), size }
    }

    /// Lets time pass; `rect` is where the face was, and what comes back is where it is expected.
    pub fn predict(&mut self, rect: &Rect, dt: Duration) -> Rect {
        let (seconds, before) = (dt.as_secs_f32(), size(rect));
        self.x.predict(seconds, PUSH * before * before);
        self.y.predict(seconds, PUSH * before * before);
        self.size.predict(seconds, SIZE_PUSH);
        let factor = self.size.position().exp() / before;
        let (width, height) = (rect.width * factor, rect.height * factor);
        Rect::new(self.x.position() - width / 2.0, self.y.position() - height / 2.0, width, height)
    }

    /// Takes in where the face was seen; `vagueness` times as uncertain as usual (1 or more).
    pub fn correct(&mut self, rect: &Rect, vagueness: f32) {
        let (centre, size) = (rect.centre(), size(rect));
        self.x.correct(centre.x, (vagueness * BLUR * size).powi(2));
        self.y.correct(centre.y, (vagueness * BLUR * size).powi(2));
        self.size.correct(size.ln(), (vagueness * SIZE_BLUR).powi(2));
    }
}

/// A coordinate and its velocity, with their uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    position: f32,
    /// Units a second.
    velocity: f32,
    /// The covariance: position, position with velocity, velocity.
    covariance: [f32; 3],
}

impl Axis {
    /// A coordinate just measured with variance `noise`, at rest as far as is known: its velocity has the
    /// variance `agility`.
    fn new(position: f32, noise: f32, agility: f32) -> Self {
        Self { position, velocity: 0.0, covariance: [noise, 0.0, agility] }
    }

    /// The coordinate.
    fn position(&self) -> f32 {
        self.position
    }

    /// Lets `dt` seconds pass (not negative). `push` is how fast the velocity's variance grows, in
    /// square units per second cubed.
    fn predict(&mut self, dt: f32, push: f32) {
        let fade = (-dt / FADING).exp();
        let reach = FADING * (1.0 - fade);
        self.position += reach * self.velocity;
        self.velocity *= fade;
        let [p, c, v] = self.covariance;
        self.covariance = [
            p + 2.0 * reach * c + reach * reach * v + push * dt.powi(3) / 3.0,
            fade * (c + reach * v) + push * dt * dt / 2.0,
            fade * fade * v + push * dt,
        ];
    }

    /// Takes in a measurement with variance `noise` (more than zero).
    fn correct(&mut self, measured: f32, noise: f32) {
        let [p, c, v] = self.covariance;
        let (gain, turn) = (p / (p + noise), c / (p + noise));
        let surprise = measured - self.position;
        self.position += gain * surprise;
        self.velocity += turn * surprise;
        self.covariance = [(1.0 - gain) * p, (1.0 - gain) * c, v - turn * c];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is expected at time 1 of something that moves at 40 units a second, watched at `fps`.
    fn at_one(fps: u32) -> f32 {
        let dt = 1.0 / fps as f32;
        let mut axis = Axis::new(0.0, 1.0, 1000.0);
        for frame in 1..fps {
            axis.predict(dt, 1000.0);
            axis.correct(40.0 * frame as f32 * dt, 1.0);
        }
        axis.predict(dt, 1000.0);
        axis.position()
    }

    #[test]
    fn steady_motion_is_foreseen_at_any_frame_rate() {
        for fps in [5, 10, 30, 60, 120] {
            let error = at_one(fps) - 40.0;
            assert!(error.abs() < 0.5 * 40.0 / fps as f32 + 0.7, "{error} at {fps}");
        }
    }

    #[test]
    fn what_is_out_of_sight_comes_to_rest() {
        let mut axis = Axis::new(0.0, 1.0, 1000.0);
        axis.predict(0.1, 1000.0);
        axis.correct(10.0, 1.0);
        let mut last = axis.position();
        for _ in 0..100 {
            axis.predict(0.1, 1000.0);
        }
        let rest = axis.position();
        assert!(rest > last && rest < last + 100.0 * FADING * 1.01, "{rest}");
        last = rest;
        axis.predict(1.0, 1000.0);
        assert!((axis.position() - last).abs() < 1e-3);
    }

    #[test]
    fn no_time_changes_nothing() {
        let mut axis = Axis::new(5.0, 1.0, 100.0);
        let before = axis;
        axis.predict(0.0, 1000.0);
        assert_eq!(axis, before);
    }
}
