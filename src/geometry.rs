//! Points, rectangles and similarity transforms in pixels.
//!
//! The picture's origin is its top left corner, x to the right and y down. Coordinates are continuous:
//! the centre of the first pixel lies at (0.5, 0.5).

/// A point, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Point {
    /// A point at (x, y).
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The distance to another point.
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Whether both coordinates are finite.
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// How many pixels a grid has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub width: usize,
    /// Down.
    pub height: usize,
}

impl Size {
    /// As many pixels across as down.
    pub const fn square(side: usize) -> Self {
        Self { width: side, height: side }
    }

    /// All pixels.
    pub const fn area(self) -> usize {
        self.width * self.height
    }
}

/// An upright rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// The left edge.
    pub x: f32,
    /// The top edge.
    pub y: f32,
    /// The width, not negative.
    pub width: f32,
    /// The height, not negative.
    pub height: f32,
}

impl Rect {
    /// A rectangle from its top left corner and its size.
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    /// The middle.
    pub fn centre(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// The area, in square pixels.
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The same rectangle, moved.
    pub fn shifted(&self, dx: f32, dy: f32) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..*self }
    }

    /// The area shared with another rectangle; 0 when they do not touch.
    pub fn overlap(&self, other: &Self) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.overlap(other);
        let all = self.area() + other.area() - shared;
        if all > 0.0 { shared / all } else { 0.0 }
    }
}

/// Rotation, uniform scale and shift: (x, y) ↦ (a·x − b·y + tx, b·x + a·y + ty).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// scale · cos(angle)
    pub a: f32,
    /// scale · sin(angle)
    pub b: f32,
    /// The shift to the right.
    pub tx: f32,
    /// The shift down.
    pub ty: f32,
}

impl Similarity {
    /// The transform that changes nothing.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0 };

    /// The least-squares similarity that takes each `from` to its `to` (Umeyama 1991, without
    /// reflection); `None` when the points coincide or are not finite.
    pub fn fit(pairs: &[(Point, Point)]) -> Option<Self> {
        let n = pairs.len() as f32;
        let sum = pairs.iter().fold([0.0; 4], |s, (f, t)| [s[0] + f.x, s[1] + f.y, s[2] + t.x, s[3] + t.y]);
        let [fx, fy, tx, ty] = sum.map(|s| s / n);
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (f, t) in pairs {
            let (px, py, qx, qy) = (f.x - fx, f.y - fy, t.x - tx, t.y - ty);
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (a, b) = (dot / spread, cross / spread);
        let fitted = Self { a, b, tx: tx - (a * fx - b * fy), ty: ty - (b * fx + a * fy) };
        (fitted.is_finite() && fitted.scale() > 0.0).then_some(fitted)
    }

    /// Where a point goes.
    pub fn apply(&self, p: Point) -> Point {
        Point::new(self.a * p.x - self.b * p.y + self.tx, self.b * p.x + self.a * p.y + self.ty)
    }

    /// The transform back; `None` when this one has scale zero.
    pub fn inverse(&self) -> Option<Self> {
        let d = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / d, -self.b / d);
        let back = Self { a, b, tx: -(a * self.tx - b * self.ty), ty: -(b * self.tx + a * self.ty) };
        back.is_finite().then_some(back)
    }

    /// How much longer a line becomes.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    fn is_finite(&self) -> bool {
        [self.a, self.b, self.tx, self.ty].iter().all(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Similarity = Similarity { a: 1.2, b: -0.7, tx: 40.0, ty: -3.0 };

    #[test]
    fn a_fit_finds_the_transform_that_made_the_points() {
        let points = [(0.0, 0.0), (10.0, 0.0), (3.0, 7.0), (5.0, 12.0)].map(|(x, y)| Point::new(x, y));
        let pairs = points.map(|p| (p, TURN.apply(p)));
        let found = Similarity::fit(&pairs).unwrap();
        for p in points {
            assert!(found.apply(p).distance(TURN.apply(p)) < 1e-3);
        }
    }

    #[test]
    fn points_that_coincide_or_are_not_finite_have_no_fit() {
        let p = Point::new(1.0, 1.0);
        assert_eq!(Similarity::fit(&[]), None);
        assert_eq!(Similarity::fit(&[(p, p), (p, p)]), None);
        let bad = Point::new(f32::NAN, 0.0);
        assert_eq!(Similarity::fit(&[(p, bad), (bad, p)]), None);
    }

    #[test]
    fn the_inverse_undoes_the_transform() {
        let p = Point::new(17.0, -4.0);
        assert!(TURN.inverse().unwrap().apply(TURN.apply(p)).distance(p) < 1e-4);
        assert_eq!(Similarity { a: 0.0, b: 0.0, tx: 0.0, ty: 0.0 }.inverse(), None);
    }

    #[test]
    fn iou_is_one_for_the_same_and_zero_for_apart() {
        let r = Rect::new(0.0, 0.0, 4.0, 2.0);
        assert_eq!(r.iou(&r), 1.0);
        assert_eq!(r.iou(&r.shifted(10.0, 0.0)), 0.0);
        assert_eq!(Rect::default().iou(&Rect::default()), 0.0);
    }
}
