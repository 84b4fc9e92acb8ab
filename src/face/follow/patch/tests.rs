//! A drawn surface, moved.

use super::*;

const STAY: Similarity = Similarity::IDENTITY;

/// Something smooth with detail in every direction, moved by `warp`.
fn scene(warp: Similarity, gain: f32, light: f32) -> Vec<f32> {
    let back = warp.inverse().unwrap();
    let value = |i: usize| {
        let p = Point::new((i % WINDOW) as f32 + 0.5 - MIDDLE, (i / WINDOW) as f32 + 0.5 - MIDDLE);
        let q = back.apply(p);
        let wave = (q.x * 0.33).sin() + (q.y * 0.29 + 1.0).sin() + (0.21 * (q.x + q.y)).cos() * (q.x * 0.1).sin();
        gain * (128.0 + 30.0 * wave) + light
    };
    (0..WINDOW * WINDOW).map(value).collect()
}

fn found(warp: Similarity, gain: f32, light: f32) -> Option<Found> {
    let (disc, mut patch) = (Disc::default(), Patch::default());
    patch.take(&disc, &scene(STAY, 1.0, 0.0));
    patch.find(&disc, &scene(warp, gain, light), STAY, &mut Vec::new())
}

/// How far apart two warps put the rim of the disc, in samples.
fn apart(a: &Similarity, b: &Similarity) -> f32 {
    let rim = [(RADIUS, 0.0), (-RADIUS, 0.0), (0.0, RADIUS), (0.0, -RADIUS)].map(|(x, y)| Point::new(x, y));
    rim.iter().map(|&p| a.apply(p).distance(b.apply(p))).fold(0.0, f32::max)
}

#[test]
fn a_patch_that_moved_turned_and_grew_is_found_to_a_tenth_of_a_sample() {
    for warp in [
        STAY,
        Similarity { tx: 3.2, ty: -2.6, ..STAY },
        Similarity { a: 1.08, b: 0.05, tx: -1.0, ty: 2.0 },
        Similarity { a: 0.95, b: -0.08, tx: 1.5, ty: 0.0 },
    ] {
        let found = found(warp, 1.0, 0.0).unwrap();
        assert!(apart(&found.warp, &warp) < 0.1, "{found:?} for {warp:?}");
        assert!(found.likeness > 0.995, "{found:?}");
    }
}

#[test]
fn a_change_of_light_and_contrast_does_not_matter() {
    let warp = Similarity { tx: 1.5, ty: 1.0, ..STAY };
    let found = found(warp, 0.5, 60.0).unwrap();
    assert!(apart(&found.warp, &warp) < 0.1 && found.likeness > 0.995, "{found:?}");
}

#[test]
fn something_else_in_its_place_is_not_alike() {
    let (disc, mut patch) = (Disc::default(), Patch::default());
    patch.take(&disc, &scene(STAY, 1.0, 0.0));
    let noise: Vec<f32> = (0..WINDOW * WINDOW).map(|i| ((i * 7919) % 256) as f32).collect();
    let found = patch.find(&disc, &noise, STAY, &mut Vec::new());
    assert!(found.is_none_or(|found| found.likeness < 0.5), "{found:?}");
}

#[test]
fn an_even_surface_cannot_be_taken_or_found() {
    let (disc, mut patch) = (Disc::default(), Patch::default());
    let even = vec![77.0; WINDOW * WINDOW];
    patch.take(&disc, &even);
    assert_eq!(patch.find(&disc, &scene(STAY, 1.0, 0.0), STAY, &mut Vec::new()), None);
    patch.take(&disc, &scene(STAY, 1.0, 0.0));
    assert_eq!(patch.find(&disc, &even, STAY, &mut Vec::new()), None);
    assert_eq!(patch.find(&disc, &vec![f32::NAN; WINDOW * WINDOW], STAY, &mut Vec::new()), None);
}

#[test]
fn stripes_that_could_slide_unseen_are_not_taken() {
    let (disc, mut patch) = (Disc::default(), Patch::default());
    let stripes: Vec<f32> = (0..WINDOW * WINDOW).map(|i| 128.0 + 60.0 * ((i / WINDOW) as f32 * 0.4).sin()).collect();
    patch.take(&disc, &stripes);
    assert_eq!(patch.find(&disc, &stripes, STAY, &mut Vec::new()), None);
}

#[test]
fn a_start_beyond_the_window_fails() {
    let (disc, mut patch) = (Disc::default(), Patch::default());
    let scene = scene(STAY, 1.0, 0.0);
    patch.take(&disc, &scene);
    assert_eq!(patch.find(&disc, &scene, Similarity { tx: 40.0, ..STAY }, &mut Vec::new()), None);
}
