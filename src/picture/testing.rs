//! Pictures painted from a formula, in any format: what the tests of sampling hold it against.

use super::{Picture, PixelFormat, Range};

/// Every format there is.
pub const FORMATS: [PixelFormat; 6] = [
    PixelFormat::Grey,
    PixelFormat::I420,
    PixelFormat::Nv12,
    PixelFormat::Yuyv,
    PixelFormat::Ycbcr24,
    PixelFormat::Rgb24,
];

/// BT.601 as its text has it: R'G'B' of 0 to 255 to Y'CbCr of 0 to 255.
pub fn ycbcr([r, g, b]: [f64; 3]) -> [f64; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    [y, 128.0 + 0.564_334 * (b - y), 128.0 + 0.713_267 * (r - y)]
}

fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A picture whose point (x, y) has the colour `rgb(x, y)`, 0 to 255. Grey keeps the luma.
pub fn paint(
    format: PixelFormat,
    range: Range,
    (width, height): (u32, u32),
    rgb: impl Fn(f64, f64) -> [f64; 3],
) -> Picture {
    let coded = |x: f64, y: f64| {
        let [luma, blue, red] = ycbcr(rgb(x, y));
        match range {
            Range::Full => [luma, blue, red].map(byte),
            Range::Limited => [
                byte(16.0 + luma * 219.0 / 255.0),
                byte(128.0 + (blue - 128.0) * 224.0 / 255.0),
                byte(128.0 + (red - 128.0) * 224.0 / 255.0),
            ],
        }
    };
    let rows = || (0..height).map(|y| f64::from(y) + 0.5);
    let columns = || (0..width).map(|x| f64::from(x) + 0.5);
    // Where a chroma sample that serves two pixels has its centre.
    let pairs = |length: u32| (0..length.div_ceil(2)).map(|i| f64::from(2 * i) + 1.0);
    let mut bytes = Vec::new();
    match format {
        PixelFormat::Grey | PixelFormat::I420 | PixelFormat::Nv12 => {
            rows().for_each(|y| bytes.extend(columns().map(|x| coded(x, y)[0])));
        }
        PixelFormat::Yuyv => {
            for y in rows() {
                for x in pairs(width) {
                    let [_, blue, red] = coded(x, y);
                    bytes.extend([coded(x - 0.5, y)[0], blue, coded(x + 0.5, y)[0], red]);
                }
            }
        }
        PixelFormat::Ycbcr24 => rows().for_each(|y| bytes.extend(columns().flat_map(|x| coded(x, y)))),
        PixelFormat::Rgb24 => rows().for_each(|y| bytes.extend(columns().flat_map(|x| rgb(x, y).map(byte)))),
    }
    let chroma = |y: f64| pairs(width).map(move |x| (x, y));
    match format {
        PixelFormat::I420 => {
            for channel in [1, 2] {
                bytes.extend(pairs(height).flat_map(chroma).map(|(x, y)| coded(x, y)[channel]));
            }
        }
        PixelFormat::Nv12 => {
            bytes.extend(pairs(height).flat_map(chroma).flat_map(|(x, y)| [coded(x, y)[1], coded(x, y)[2]]));
        }
        _ => {}
    }
    let mut picture = Picture::default();
    picture.reset(format, range, width, height).unwrap().copy_from_slice(&bytes);
    picture
}
