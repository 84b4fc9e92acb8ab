//! A frame in the camera's own format.
//!
//! Nothing here converts a whole frame: a model's input is sampled straight from the planes, at the
//! model's resolution ([`letterbox`] for detectors, [`warp`] for aligned faces).

use std::fmt;

use thiserror::Error;

mod bilinear;
mod cells;
pub mod jpeg;
pub mod letterbox;
pub mod photo;
mod planes;
mod resample;
mod taps;
#[cfg(test)]
pub(crate) mod testing;
mod tone;
pub mod warp;

/// The largest width or height that is accepted; above every camera, below every overflow.
pub const MAX_SIDE: u32 = 16_384;

/// How the bytes of a picture are laid out. Rows are packed, without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// One byte of luma a pixel.
    Grey,
    /// Planar YUV 4:2:0: Y, then U and V, each of half width and height (rounded up).
    I420,
    /// Y, then interleaved U V of half width and height (rounded up).
    Nv12,
    /// Interleaved Y U Y V: two pixels in four bytes; the width is rounded up to even.
    Yuyv,
    /// Interleaved Y Cb Cr, three bytes a pixel (what a JPEG decodes to).
    Ycbcr24,
    /// Interleaved R G B, three bytes a pixel.
    Rgb24,
}

impl PixelFormat {
    /// The number of bytes of a picture of that size.
    pub fn len(self, width: u32, height: u32) -> usize {
        let (w, h) = (width as usize, height as usize);
        match self {
            Self::Grey => w * h,
            Self::I420 | Self::Nv12 => w * h + 2 * w.div_ceil(2) * h.div_ceil(2),
            Self::Yuyv => 4 * w.div_ceil(2) * h,
            Self::Ycbcr24 | Self::Rgb24 => 3 * w * h,
        }
    }
}

/// Which luma values stand for black and white (BT.601/709). Ignored for RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Range {
    /// 16 to 235: video and most cameras.
    #[default]
    Limited,
    /// 0 to 255: JPEG and photos.
    Full,
}

/// What is wrong with a picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PictureError {
    /// A side is zero or too long.
    #[error("a picture of {width}x{height} pixels cannot be used: each side must be 1 to {MAX_SIDE} pixels")]
    Size {
        /// The width, in pixels.
        width: u32,
        /// The height, in pixels.
        height: u32,
    },
}

/// A picture and its buffer, which is kept and used again from frame to frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    format: PixelFormat,
    range: Range,
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl fmt::Debug for Picture {
    /// Its form; what is to be seen on it has no text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, range, width, height, data: _ } = self;
        write!(f, "Picture({width}x{height} {format:?} {range:?})")
    }
}

impl Default for Picture {
    /// One black pixel.
    fn default() -> Self {
        Self { format: PixelFormat::Grey, range: Range::Full, width: 1, height: 1, data: vec![0] }
    }
}

impl Picture {
    /// Takes on a format and size and hands out the bytes to fill. Allocates only when the picture grows.
    ///
    /// # Errors
    /// When a side is zero or longer than [`MAX_SIDE`]; the picture then stays as it was.
    pub fn reset(
        &mut self,
        format: PixelFormat,
        range: Range,
        width: u32,
        height: u32,
    ) -> Result<&mut [u8], PictureError> {
        let fits = |side| (1..=MAX_SIDE).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(PictureError::Size { width, height });
        }
        (self.format, self.range, self.width, self.height) = (format, range, width, height);
        self.data.resize(format.len(width, height), 0);
        Ok(&mut self.data)
    }

    /// The layout of the bytes.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Which luma values stand for black and white.
    pub fn range(&self) -> Range {
        self.range
    }

    /// The width, in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The height, in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes: [`PixelFormat::len`] of them.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

/// What a model makes of a pixel: `value = pixel · scale + offset`, pixel 0 (black) to 255 (white).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalise {
    /// The factor.
    pub scale: f32,
    /// What is added.
    pub offset: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sides_round_their_chroma_up() {
        assert_eq!(PixelFormat::I420.len(3, 3), 9 + 8);
        assert_eq!(PixelFormat::Yuyv.len(3, 1), 8);
        assert_eq!(PixelFormat::Grey.len(1, 1), 1);
    }

    #[test]
    fn a_side_of_zero_or_beyond_the_limit_is_refused_and_changes_nothing() {
        let mut picture = Picture::default();
        for (width, height) in [(0, 4), (4, 0), (MAX_SIDE + 1, 4)] {
            let refused = picture.reset(PixelFormat::Grey, Range::Full, width, height);
            assert_eq!(refused.unwrap_err(), PictureError::Size { width, height });
        }
        assert_eq!(picture, Picture::default());
    }
}
