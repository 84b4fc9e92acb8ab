//! Networks that see what they are told to.

use super::*;

const FULL: Size = Size::square(192);
const SHORT: Size = Size::square(128);
const PLAIN: Letterbox = Letterbox { scale: 1.0, pad_x: 0.0, pad_y: 0.0, origin: Point::new(0.0, 0.0) };

fn half() -> Confidence {
    Confidence::new(0.5).unwrap()
}

/// The raw output of a network that sees nothing.
fn nothing(layout: Layout) -> (Vec<f32>, Vec<f32>) {
    let anchors = layout.anchors(Size::square(layout.side()));
    (vec![0.0; anchors * NUMBERS], vec![-20.0; anchors])
}

/// Lets anchor `i` see a square face of `side`, at its own centre plus `shift`.
fn see(output: &mut (Vec<f32>, Vec<f32>), i: usize, side: f32, shift: f32, logit: f32) {
    output.1[i] = logit;
    let numbers = &mut output.0[i * NUMBERS..][..NUMBERS];
    numbers.fill(shift);
    numbers[2..4].fill(side);
}

#[test]
fn the_layouts_have_the_anchors_of_the_published_networks() {
    let full = anchors(Layout::FullRange, FULL);
    assert_eq!((full.len(), full[0], full[2303]), (2304, Point::new(2.0, 2.0), Point::new(190.0, 190.0)));
    assert_eq!(full[49], Point::new(6.0, 6.0));
    let short = anchors(Layout::ShortRange, SHORT);
    assert_eq!((short.len(), short[1], short[2]), (896, Point::new(4.0, 4.0), Point::new(12.0, 4.0)));
    assert_eq!(
        (short[511], short[512], short[518]),
        (Point::new(124.0, 124.0), Point::new(8.0, 8.0), Point::new(24.0, 8.0))
    );
}

#[test]
fn a_wider_input_has_more_anchors_a_row_at_the_same_distances() {
    let wide = anchors(Layout::FullRange, Size { width: 192, height: 128 });
    assert_eq!((wide.len(), wide[47], wide[48]), (48 * 32, Point::new(190.0, 2.0), Point::new(2.0, 6.0)));
    let short = anchors(Layout::ShortRange, Size { width: 96, height: 128 });
    assert_eq!((short.len(), short[24]), (2 * 12 * 16 + 6 * 6 * 8, Point::new(4.0, 12.0)));
    assert_eq!(short[2 * 12 * 16 + 36], Point::new(8.0, 24.0));
}

#[test]
fn box_and_points_come_back_in_frame_pixels() {
    let mut output = nothing(Layout::FullRange);
    see(&mut output, 0, 20.0, 0.0, 2.0);
    for (i, number) in output.0[4..16].iter_mut().enumerate() {
        *number = i as f32;
    }
    // A frame twice as large as the input shows it, and 10 pixels of black at the top.
    let letterbox = Letterbox { scale: 0.5, pad_x: 0.0, pad_y: 10.0, origin: Point::new(100.0, 0.0) };
    let faces = Decoder::new(Layout::FullRange, FULL).decode(&output.0, &output.1, half(), &letterbox).unwrap();
    let [face] = faces.largest.as_slice() else { panic!("{faces:?}") };
    assert_eq!(face.rect, Rect::new(84.0, -36.0, 40.0, 40.0));
    assert!((face.score.get() - 0.880_797).abs() < 1e-6);
    assert_eq!(face.landmarks.right_eye, Point::new(104.0, -14.0));
    assert_eq!(face.landmarks.left_ear, Point::new(124.0, 6.0));
}

#[test]
fn neighbouring_anchors_are_merged_into_a_mean_weighted_by_score() {
    let mut output = nothing(Layout::FullRange);
    see(&mut output, 100, 40.0, 0.0, 3.0);
    see(&mut output, 101, 40.0, 0.0, 1.0);
    let faces = Decoder::new(Layout::FullRange, FULL).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
    let [face] = faces.largest.as_slice() else { panic!("{faces:?}") };
    let (heavy, light) = (0.952_574_1, 0.731_058_6);
    let left = anchors(Layout::FullRange, FULL)[100].x;
    let expected = left + 4.0 * light / (heavy + light);
    assert!((face.rect.centre().x - expected).abs() < 1e-4, "{face:?}");
    assert!((face.score.get() - heavy).abs() < 1e-6);
}

#[test]
fn a_score_at_the_threshold_counts_and_one_below_does_not() {
    let mut output = nothing(Layout::ShortRange);
    see(&mut output, 0, 10.0, 0.0, 0.0);
    see(&mut output, 700, 10.0, 0.0, -0.01);
    let faces = Decoder::new(Layout::ShortRange, SHORT).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
    assert_eq!((faces.largest.len(), faces.beyond), (1, 0));
}

#[test]
fn numbers_that_are_not_finite_and_boxes_without_area_are_left_out() {
    let mut output = nothing(Layout::FullRange);
    for (i, (side, shift, logit)) in [
        (10.0, 0.0, f32::NAN),
        (10.0, 0.0, f32::INFINITY),
        (10.0, f32::NAN, 5.0),
        (f32::INFINITY, 0.0, 5.0),
        (f32::MAX, 0.0, 5.0),
        (-10.0, 0.0, 5.0),
        (0.0, 0.0, 5.0),
    ]
    .into_iter()
    .enumerate()
    {
        see(&mut output, i * 300, side, shift, logit);
    }
    let faces = Decoder::new(Layout::FullRange, FULL).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
    assert_eq!(faces, Faces::default());
}

#[test]
fn of_two_hundred_faces_the_largest_are_kept_and_the_rest_counted() {
    let mut output = nothing(Layout::FullRange);
    for n in 0..200 {
        // Every third anchor of every third row: 12 pixels apart, none overlaps another.
        let anchor = (n / 16) * 3 * 48 + (n % 16) * 3;
        see(&mut output, anchor, 4.0 + n as f32 * 0.03, 0.0, 1.0 + (n % 7) as f32);
    }
    let mut decoder = Decoder::new(Layout::FullRange, FULL);
    let room = decoder.candidates.capacity();
    let faces = decoder.decode(&output.0, &output.1, half(), &PLAIN).unwrap();
    assert_eq!((faces.largest.len(), faces.beyond), (MAX_FACES, 200 - MAX_FACES));
    let sides: Vec<f32> = faces.largest.iter().map(|face| face.rect.width).collect();
    assert!(sides.is_sorted_by(|a, b| a >= b));
    assert!(sides.iter().all(|&side| side > 4.0 + 167.0 * 0.03), "{sides:?}");
    assert_eq!(decoder.candidates.capacity(), room);
}

#[test]
fn an_output_of_another_length_is_refused() {
    let (regressors, scores) = nothing(Layout::ShortRange);
    let refused = Decoder::new(Layout::FullRange, FULL).decode(&regressors, &scores, half(), &PLAIN);
    assert!(matches!(refused, Err(FaceError::Outputs { anchors: 2304, scores: 896, .. })));
}
