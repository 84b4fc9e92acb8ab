//! A picture as rows of bytes in which channels lie interleaved.
//!
//! Every format is one to three planes; a plane's rows are added up as they are, and only then does a
//! channel's offset and step matter. So one loop serves all formats, and it is free of branches.

use std::iter;

use heapless::Vec;

use super::{Picture, PixelFormat};

/// What the channels of a picture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// One channel: luma.
    Grey,
    /// Three channels: luma, blue difference, red difference.
    Ycbcr,
    /// Three channels: red, green, blue.
    Rgb,
}

/// One colour channel within the rows of a plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    /// The number of the channel within the picture, 0 to 2.
    pub index: usize,
    /// Where in a row its first sample is.
    pub offset: usize,
    /// The distance between its samples: 1 to 4.
    pub step: usize,
    /// The number of its samples in a row.
    pub width: usize,
    /// Samples a pixel, horizontally: 1 or ½.
    pub density: f64,
}

/// Rows of bytes.
#[derive(Debug, Clone)]
pub(super) struct Plane<'a> {
    bytes: &'a [u8],
    pitch: usize,
    /// The number of rows.
    pub height: usize,
    /// Rows a pixel, vertically: 1 or ½.
    pub density: f64,
    /// What lies in a row, luma first.
    pub channels: Vec<Channel, 3>,
}

impl<'a> Plane<'a> {
    fn new(bytes: &'a [u8], pitch: usize, density: f64, channels: &[Channel]) -> Self {
        Self { bytes, pitch, height: bytes.len() / pitch, density, channels: channels.iter().copied().collect() }
    }

    /// The bytes of row `y`.
    pub fn row(&self, y: usize) -> &'a [u8] {
        &self.bytes[y * self.pitch..][..self.pitch]
    }

    /// All bytes from one of the first row on, and how many lie between two rows.
    pub fn bytes_from(&self, offset: usize) -> (&'a [u8], usize) {
        (&self.bytes[offset..], self.pitch)
    }
}

/// What the channels of a format mean.
pub(super) fn colour(format: PixelFormat) -> Colour {
    match format {
        PixelFormat::Grey => Colour::Grey,
        PixelFormat::Rgb24 => Colour::Rgb,
        PixelFormat::I420 | PixelFormat::Nv12 | PixelFormat::Yuyv | PixelFormat::Ycbcr24 => Colour::Ycbcr,
    }
}

/// All planes of a picture.
pub(super) fn planes(picture: &Picture) -> impl Iterator<Item = Plane<'_>> {
    iter::once(first_plane(picture)).chain(chroma_planes(picture).into_iter().flatten())
}

/// What luma is made from: the luma channel alone, or red, green and blue.
pub(super) fn luma_plane(picture: &Picture) -> Plane<'_> {
    let mut plane = first_plane(picture);
    if colour(picture.format) != Colour::Rgb {
        plane.channels.truncate(1);
    }
    plane
}

fn first_plane(picture: &Picture) -> Plane<'_> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let whole = |index, step| Channel { index, offset: index, step, width, density: 1.0 };
    let half = |index, offset| Channel { index, offset, step: 4, width: width.div_ceil(2), density: 0.5 };
    match picture.format {
        PixelFormat::Grey | PixelFormat::I420 | PixelFormat::Nv12 => {
            Plane::new(&picture.data[..width * height], width, 1.0, &[whole(0, 1)])
        }
        PixelFormat::Yuyv => {
            Plane::new(&picture.data, 4 * width.div_ceil(2), 1.0, &[whole(0, 2), half(1, 1), half(2, 3)])
        }
        PixelFormat::Ycbcr24 | PixelFormat::Rgb24 => {
            Plane::new(&picture.data, 3 * width, 1.0, &[whole(0, 3), whole(1, 3), whole(2, 3)])
        }
    }
}

/// The chroma planes of the formats that keep chroma apart.
fn chroma_planes(picture: &Picture) -> [Option<Plane<'_>>; 2] {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let half = |index, offset, step| Channel { index, offset, step, width: half_width, density: 0.5 };
    match picture.format {
        PixelFormat::I420 => {
            let (blue, red) = picture.data[width * height..].split_at(half_width * half_height);
            [
                Some(Plane::new(blue, half_width, 0.5, &[half(1, 0, 1)])),
                Some(Plane::new(red, half_width, 0.5, &[half(2, 0, 1)])),
            ]
        }
        PixelFormat::Nv12 => {
            let chroma = &picture.data[width * height..];
            [Some(Plane::new(chroma, 2 * half_width, 0.5, &[half(1, 0, 2), half(2, 1, 2)])), None]
        }
        PixelFormat::Grey | PixelFormat::Yuyv | PixelFormat::Ycbcr24 | PixelFormat::Rgb24 => [None, None],
    }
}
