//! Frames with a real face in them: the one in the detector's golden vectors, a photograph by NASA, in the
//! public domain.

use std::fs;
use std::path::{Path, PathBuf};

use affectd::geometry::Rect;
use affectd::model::{Pack, Registry};
use affectd::picture::{Picture, PixelFormat, Range};

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 480;

/// The side of the photograph, in pixels, and where its face is.
pub const SIDE: usize = 192;
pub const FACE: Rect = Rect::new(71.5, 33.2, 52.4, 52.4);

pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

pub fn pack(name: &str) -> Pack {
    let pack = Registry::at(&models()).and_then(|registry| registry.pack(name));
    pack.unwrap_or_else(|e| panic!("{e}\nThis test needs the real packs: run `make models` first."))
}

/// The photograph, red, green and blue for each pixel.
pub fn photograph() -> Vec<[u8; 3]> {
    let golden = pack("blazeface-full").golden.unwrap().input.path;
    let bytes = fs::read(models().join("blazeface-full").join(golden)).unwrap();
    let number = |i: usize| f32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[4 * i + byte]));
    let pixel = |i: usize| [0, 1, 2].map(|channel| ((number(channel * SIDE * SIDE + i) + 1.0) * 127.5).round() as u8);
    (0..SIDE * SIDE).map(pixel).collect()
}

/// A frame with the photograph in some places, each given by its top left corner and its scale.
pub fn scene(photograph: &[[u8; 3]], places: &[(f32, f32, f32)]) -> Picture {
    scene_of((WIDTH, HEIGHT), photograph, places)
}

/// The same, of another width and height.
pub fn scene_of((width, height): (u32, u32), photograph: &[[u8; 3]], places: &[(f32, f32, f32)]) -> Picture {
    let mut picture = Picture::default();
    let bytes = picture.reset(PixelFormat::Rgb24, Range::Full, width, height).unwrap();
    bytes.fill(96);
    for &(left, top, scale) in places {
        let reach = SIDE as f32 * scale;
        for y in top.max(0.0) as u32..((top + reach).max(0.0) as u32).min(height) {
            for x in left.max(0.0) as u32..((left + reach).max(0.0) as u32).min(width) {
                let at = |v: u32, from: f32| ((v as f32 + 0.5 - from) / scale - 0.5).clamp(0.0, SIDE as f32 - 1.001);
                let (px, py) = (at(x, left), at(y, top));
                let (column, row, right, down) = (px as usize, py as usize, px.fract(), py.fract());
                for channel in 0..3 {
                    let pixel = |dx: usize, dy: usize| f32::from(photograph[(row + dy) * SIDE + column + dx][channel]);
                    let above = pixel(0, 0) + right * (pixel(1, 0) - pixel(0, 0));
                    let below = pixel(0, 1) + right * (pixel(1, 1) - pixel(0, 1));
                    let mixed = (above + down * (below - above)).round() as u8;
                    bytes[3 * (y * width + x) as usize + channel] = mixed;
                }
            }
        }
    }
    picture
}

/// Where a photograph in that place has its face.
pub fn face_at((left, top, scale): (f32, f32, f32)) -> Rect {
    Rect::new(left + FACE.x * scale, top + FACE.y * scale, FACE.width * scale, FACE.height * scale)
}
