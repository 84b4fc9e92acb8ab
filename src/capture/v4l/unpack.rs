//! From what a camera put into a buffer to a picture.

use v4l::buffer::{Flags, Metadata};

use super::super::address::CameraFormat;
use crate::picture::{MAX_SIDE, Picture, PictureError, PixelFormat, Range, jpeg};

/// What the frames of a camera are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The format.
    pub format: CameraFormat,
    /// Which luma values stand for black and white; ignored for MJPEG and RGB.
    pub range: Range,
    /// The width, in pixels.
    pub width: u32,
    /// The height, in pixels.
    pub height: u32,
    /// The bytes from one row to the next; those beyond a row's end mean nothing. 0 when packed.
    pub stride: usize,
}

/// Turns a buffer into a picture. A driver marks what it knows to be damaged.
///
/// # Errors
/// What is wrong with the buffer. What the picture holds then is of no use.
pub fn unpack(
    layout: &Layout,
    bytes: &[u8],
    about: &Metadata,
    decoder: &mut jpeg::Decoder,
    picture: &mut Picture,
) -> Result<(), String> {
    if about.flags.contains(Flags::ERROR) {
        return Err("the driver marks it as damaged".into());
    }
    let Layout { format, range, width, height, stride } = *layout;
    if format != CameraFormat::Mjpeg && width.max(height) > MAX_SIDE {
        return Err(PictureError::Size { width, height }.to_string());
    }
    let (format, row, rows) = match format {
        CameraFormat::Mjpeg => return decoder.decode(bytes, picture).map_err(|error| error.to_string()),
        CameraFormat::Grey => (PixelFormat::Grey, width, height),
        CameraFormat::Rgb24 => (PixelFormat::Rgb24, 3 * width, height),
        CameraFormat::Yuyv => (PixelFormat::Yuyv, 4 * width.div_ceil(2), height),
        // The rows of chroma are as long as those of luma, and half as many.
        CameraFormat::Nv12 => (PixelFormat::Nv12, 2 * width.div_ceil(2), height + height.div_ceil(2)),
    };
    let (row, rows) = (row as usize, rows as usize);
    let stride = if stride == 0 { row } else { stride };
    let needed = stride.saturating_mul(rows - rows.min(1)).saturating_add(row);
    if bytes.len() < needed || stride < row {
        return Err(format!("a frame has {} bytes in rows of {stride}, and should have {needed}", bytes.len()));
    }
    let packed = picture.reset(format, range, width, height).map_err(|error| error.to_string())?;
    // An odd width makes the packed rows of NV12's luma a byte shorter than those of its chroma.
    let luma_row = if format == PixelFormat::Nv12 { width as usize } else { row };
    let (luma, chroma) = packed.split_at_mut(luma_row * height as usize);
    let mut from = bytes.chunks(stride);
    for (to, from) in luma.chunks_exact_mut(luma_row).zip(&mut from) {
        to.copy_from_slice(&from[..luma_row]);
    }
    for (to, from) in chroma.chunks_exact_mut(row).zip(&mut from) {
        to.copy_from_slice(&from[..row]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};
    use proptest::prelude::*;

    use super::*;

    fn unpacked(
        format: CameraFormat,
        (width, height): (u32, u32),
        stride: usize,
        bytes: &[u8],
    ) -> Result<Picture, String> {
        let layout = Layout { format, range: Range::Limited, width, height, stride };
        let mut picture = Picture::default();
        unpack(&layout, bytes, &Metadata::default(), &mut jpeg::Decoder::default(), &mut picture).map(|()| picture)
    }

    #[test]
    fn packed_buffers_are_taken_as_they_are() {
        let bytes: Vec<u8> = (0..24).collect();
        for (format, size, expected) in [
            (CameraFormat::Yuyv, (4, 3), PixelFormat::Yuyv),
            (CameraFormat::Nv12, (4, 4), PixelFormat::Nv12),
            (CameraFormat::Grey, (8, 3), PixelFormat::Grey),
            (CameraFormat::Rgb24, (4, 2), PixelFormat::Rgb24),
        ] {
            let picture = unpacked(format, size, 0, &bytes).unwrap();
            assert_eq!((picture.format(), picture.range(), picture.data()), (expected, Range::Limited, &bytes[..]));
        }
    }

    #[test]
    fn a_size_beyond_every_picture_is_an_error() {
        for format in CameraFormat::ALL {
            for size in [(u32::MAX, 1), (1, u32::MAX), (u32::MAX, u32::MAX), (MAX_SIDE + 1, 2)] {
                assert!(unpacked(format, size, 0, &[0; 64]).is_err(), "{format:?} {size:?}");
            }
        }
    }

    #[test]
    fn padding_at_the_end_of_rows_is_left_out() {
        let grey = unpacked(CameraFormat::Grey, (2, 2), 3, &[1, 2, 0, 3, 4]).unwrap();
        assert_eq!(grey.data(), [1, 2, 3, 4]);
        let nv12 =
            unpacked(CameraFormat::Nv12, (3, 2), 6, &[1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0, 0, 7, 8, 9, 10, 0, 0]).unwrap();
        assert_eq!(nv12.data(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn a_jpeg_frame_brings_its_own_size_and_range() {
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes).write_image(&[90; 16 * 8 * 3], 16, 8, ExtendedColorType::Rgb8).unwrap();
        let picture = unpacked(CameraFormat::Mjpeg, (640, 480), 0, &bytes).unwrap();
        assert_eq!((picture.width(), picture.height(), picture.range()), (16, 8, Range::Full));
        assert!(unpacked(CameraFormat::Mjpeg, (16, 8), 0, &bytes[..bytes.len() / 2]).is_err());
    }

    #[test]
    fn what_the_driver_marks_as_damaged_is_left_out() {
        let layout = Layout { format: CameraFormat::Grey, range: Range::Limited, width: 1, height: 1, stride: 0 };
        let (mut decoder, mut picture) = (jpeg::Decoder::default(), Picture::default());
        let marked = Metadata { flags: Flags::ERROR | Flags::DONE, ..Metadata::default() };
        assert!(unpack(&layout, &[7], &marked, &mut decoder, &mut picture).is_err());
        assert!(unpack(&layout, &[7], &Metadata::default(), &mut decoder, &mut picture).is_ok());
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        let reason = unpacked(CameraFormat::Yuyv, (4, 2), 10, &[0; 17]).unwrap_err();
        assert_eq!(reason, "a frame has 17 bytes in rows of 10, and should have 18");
        assert!(unpacked(CameraFormat::Grey, (4, 2), 2, &[0; 100]).is_err());
    }

    proptest! {
        #[test]
        fn no_buffer_panics(
            format in prop::sample::select(&CameraFormat::ALL[..]),
            size in (0..9u32, 0..9u32),
            stride in 0..40usize,
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let _ = unpacked(format, size, stride, &bytes);
        }
    }
}
