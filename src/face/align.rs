//! Laying a face's points onto the places where a model expects them.
//!
//! Four of the six points take part: both eyes, the nose and the mouth's centre. (What others call five
//! points has the two corners of the mouth; BlazeFace gives its centre.) The ears stay out: turned away
//! they are guessed, and hair hides them.

use super::Landmarks;
use crate::geometry::Similarity;
use crate::model::Align;

/// The transform from a model's input (`template`, in input pixels) to the frame, for a face's points:
/// rotation, scale and shift, least squares in input pixels. `None` when the points coincide.
pub fn to_frame(landmarks: &Landmarks, template: &Align) -> Option<Similarity> {
    let pairs = [
        (landmarks.right_eye, template.right_eye),
        (landmarks.left_eye, template.left_eye),
        (landmarks.nose, template.nose),
        (landmarks.mouth, template.mouth),
    ];
    Similarity::fit(&pairs)?.inverse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    const TEMPLATE: Align = Align {
        right_eye: Point::new(20.0, 24.0),
        left_eye: Point::new(44.0, 24.0),
        nose: Point::new(32.0, 38.0),
        mouth: Point::new(32.0, 50.0),
    };

    fn face(place: impl Fn(Point) -> Point) -> Landmarks {
        let Align { right_eye, left_eye, nose, mouth } = TEMPLATE;
        let ear = Point::new(f32::MAX, f32::MAX);
        Landmarks { right_eye, left_eye, nose, mouth, right_ear: ear, left_ear: ear }.map(place)
    }

    #[test]
    fn each_point_of_the_template_goes_to_the_faces_own() {
        let turned = Similarity { a: 3.0, b: 1.0, tx: 200.0, ty: 90.0 };
        let found = to_frame(&face(|p| turned.apply(p)), &TEMPLATE).unwrap();
        for (mine, its) in [(found.a, turned.a), (found.b, turned.b), (found.tx, turned.tx), (found.ty, turned.ty)] {
            assert!((mine - its).abs() < 1e-3, "{found:?}");
        }
    }

    #[test]
    fn points_that_fell_together_or_are_not_finite_give_none() {
        assert_eq!(to_frame(&face(|_| Point::new(5.0, 5.0)), &TEMPLATE), None);
        assert_eq!(to_frame(&face(|p| Point::new(p.x, f32::NAN)), &TEMPLATE), None);
    }
}
