//! JPEG: the frames of MJPEG cameras.
//!
//! A frame that was cut short on its way is an error, not a picture with a grey lower half: a face in it
//! would be judged by what is missing.

use thiserror::Error;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{MAX_SIDE, Picture, PictureError, PixelFormat, Range};

/// Why a JPEG gave no picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum JpegError {
    /// It is cut short, corrupt or no JPEG at all.
    #[error("the JPEG is damaged: {reason}")]
    Damaged {
        /// What the decoder said.
        reason: String,
    },
    /// It is too large.
    #[error(transparent)]
    Size(#[from] PictureError),
}

/// Decodes JPEGs; keeps its buffer.
#[derive(Debug, Default)]
pub struct Decoder {
    completed: Vec<u8>,
}

impl Decoder {
    /// Decodes a whole JPEG, baseline or progressive: grey to [`PixelFormat::Grey`], colour to
    /// [`PixelFormat::Ycbcr24`], RGB and CMYK to [`PixelFormat::Rgb24`], all in full range.
    ///
    /// Frames without Huffman tables, as some cameras send them, are decoded with the standard ones.
    ///
    /// # Errors
    /// When it is damaged or too large. What the picture holds then is of no use.
    pub fn decode(&mut self, bytes: &[u8], picture: &mut Picture) -> Result<(), JpegError> {
        if is_padded(bytes) && !is_whole(bytes) {
            return Err(JpegError::Damaged { reason: "it breaks off, and zeros follow".into() });
        }
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(MAX_SIDE as usize)
            .set_max_height(MAX_SIDE as usize);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(self.complete(bytes)), options);
        let damaged = |reason: &dyn std::fmt::Display| JpegError::Damaged { reason: reason.to_string() };
        decoder.decode_headers().map_err(|error| damaged(&error))?;
        let (format, space) = match decoder.input_colorspace() {
            Some(ColorSpace::Luma) => (PixelFormat::Grey, ColorSpace::Luma),
            Some(ColorSpace::YCbCr) => (PixelFormat::Ycbcr24, ColorSpace::YCbCr),
            _ => (PixelFormat::Rgb24, ColorSpace::RGB),
        };
        decoder.set_options(options.jpeg_set_out_colorspace(space));
        let (width, height) = decoder.dimensions().ok_or_else(|| damaged(&"it has no size"))?;
        // Memory for a picture is taken only when its data are there.
        if width.div_ceil(BLOCK) * height.div_ceil(BLOCK) > bytes.len() * MOST_BLOCKS {
            return Err(damaged(&format!("{} bytes cannot hold {width} x {height} pixels", bytes.len())));
        }
        let data = picture.reset(format, Range::Full, width as u32, height as u32)?;
        // Of what a scan leaves out the decoder writes nothing: the picture before must not stand there.
        data.fill(0);
        decoder.decode_into(data).map_err(|error| damaged(&error))
    }

    /// The same JPEG, marked as one that relies on the standard Huffman tables if it brings none.
    fn complete<'a>(&'a mut self, bytes: &'a [u8]) -> &'a [u8] {
        /// What AVI files mark such frames with, and the decoder knows.
        const STANDARD_TABLES: [u8; 9] = *b"\xff\xe0\x00\x07AVI1\x00";
        let has_tables = markers(bytes).take_while(|&marker| marker != START_OF_SCAN).any(|marker| marker == TABLES);
        let Some((start, rest)) = bytes.split_at_checked(2).filter(|_| !has_tables) else { return bytes };
        self.completed.clear();
        self.completed.extend_from_slice(start);
        self.completed.extend_from_slice(&STANDARD_TABLES);
        self.completed.extend_from_slice(rest);
        &self.completed
    }
}

/// The side of a block of luma, in pixels.
const BLOCK: usize = 8;
/// The most blocks that a byte can hold: a bit is the shortest code of a block's mean.
const MOST_BLOCKS: usize = 8;

const TABLES: u8 = 0xc4;
const END: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Whether a JPEG goes on to its end marker; what comes after it, as in motion photos, is not looked at.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    markers(bytes).any(|marker| marker == END)
}

/// Whether it ends with more zeros than compressed data ever holds: the rest of a buffer. To the decoder they would be
/// data, of a grey picture.
fn is_padded(bytes: &[u8]) -> bool {
    const MANY: usize = 32;
    bytes.last_chunk::<MANY>().is_some_and(|end| *end == [0; MANY])
}

/// The markers of a JPEG in turn, up to its end marker or where it breaks off.
fn markers(bytes: &[u8]) -> impl Iterator<Item = u8> {
    // Past the start marker.
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let found = rest.iter().position(|&byte| byte == 0xff)? + 1;
            let marker = *rest.get(found)?;
            rest = &rest[found..];
            match marker {
                // A fill byte, or within a scan's data a stuffed byte or a restart.
                0x00 | 0x01 | 0xd0..=0xd7 | 0xff => continue,
                END => rest = &[],
                _ => {
                    let length = usize::from(u16::from_be_bytes([*rest.get(1)?, *rest.get(2)?]));
                    rest = rest.get(1 + length..)?;
                }
            }
            return Some(marker);
        }
    })
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};
    use proptest::prelude::*;

    use super::super::testing::ycbcr;
    use super::*;

    const COLOUR: [u8; 3] = [200, 90, 40];

    fn encoded(width: u32, height: u32, colour: ExtendedColorType, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let grey = colour == ExtendedColorType::L8;
        let pixels: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| pixel(x, y).into_iter().take(if grey { 1 } else { 3 }))
            .collect();
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).write_image(&pixels, width, height, colour).unwrap();
        bytes
    }

    fn busy() -> Vec<u8> {
        encoded(160, 120, ExtendedColorType::Rgb8, |x, y| [(x * 7 + y) as u8, (y * 5) as u8, (x ^ y) as u8])
    }

    fn decoded(bytes: &[u8]) -> Result<Picture, JpegError> {
        let mut picture = Picture::default();
        Decoder::default().decode(bytes, &mut picture).map(|()| picture)
    }

    #[test]
    fn colour_stays_luma_and_colour_difference() {
        let picture = decoded(&encoded(19, 11, ExtendedColorType::Rgb8, |_, _| COLOUR)).unwrap();
        assert_eq!((picture.format(), picture.range()), (PixelFormat::Ycbcr24, Range::Full));
        assert_eq!((picture.width(), picture.height()), (19, 11));
        let expected = ycbcr(COLOUR.map(f64::from));
        for pixel in picture.data().chunks_exact(3) {
            assert!(pixel.iter().zip(expected).all(|(&p, e)| (f64::from(p) - e).abs() < 3.0), "{pixel:?}");
        }
    }

    #[test]
    fn grey_stays_grey() {
        let picture = decoded(&encoded(9, 5, ExtendedColorType::L8, |_, _| [77; 3])).unwrap();
        assert_eq!(picture.format(), PixelFormat::Grey);
        assert!(picture.data().iter().all(|value| value.abs_diff(77) < 3));
    }

    #[test]
    fn a_frame_without_huffman_tables_is_decoded_with_the_standard_ones() {
        let whole = busy();
        let mut bare = whole.clone();
        while let Some(at) = bare.windows(2).position(|pair| pair == [0xff, TABLES]) {
            let length = usize::from(u16::from_be_bytes([bare[at + 2], bare[at + 3]]));
            bare.drain(at..at + 2 + length);
        }
        assert!(bare.len() < whole.len());
        assert_eq!(decoded(&bare).unwrap(), decoded(&whole).unwrap());
    }

    #[test]
    fn a_frame_that_is_cut_short_is_an_error() {
        let whole = busy();
        assert!(is_whole(&whole));
        for percent in 0..95 {
            let cut = &whole[..whole.len() * percent / 100];
            assert!(decoded(cut).is_err(), "{percent} %");
            assert!(!is_whole(cut), "{percent} %");
        }
    }

    #[test]
    fn a_frame_that_is_cut_short_within_a_larger_buffer_is_an_error() {
        for whole in [&busy(), photo()] {
            for percent in 0..95 {
                let cut = [&whole[..whole.len() * percent / 100], &vec![0; whole.len() * 4]].concat();
                assert!(decoded(&cut).is_err(), "{percent} %");
            }
        }
    }

    #[test]
    fn what_follows_the_end_does_not_matter() {
        let padded = [busy(), vec![0; 500], vec![0xff, 0xd8, 0xff]].concat();
        assert_eq!(decoded(&padded).unwrap(), decoded(&busy()).unwrap());
        assert!(is_whole(&padded));
    }

    #[test]
    fn a_frame_beyond_the_limit_is_an_error() {
        let mut bytes = busy();
        let header = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[header + 7..header + 9].copy_from_slice(&40_000_u16.to_be_bytes());
        assert!(decoded(&bytes).is_err());
    }

    #[test]
    fn a_size_that_the_bytes_cannot_hold_takes_no_memory() {
        let mut bytes = busy();
        let header = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[header + 5..header + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        let mut picture = Picture::default();
        let error = Decoder::default().decode(&bytes, &mut picture).unwrap_err().to_string();
        assert!(error.contains("cannot hold 16384 x 16384 pixels"), "{error}");
        assert_eq!(picture, Picture::default());
    }

    #[test]
    fn a_large_picture_of_one_colour_has_data_enough() {
        let picture = decoded(&encoded(1024, 1024, ExtendedColorType::L8, |_, _| [90; 3])).unwrap();
        assert_eq!((picture.width(), picture.height()), (1024, 1024));
    }

    /// A photograph as cameras give them.
    fn photo() -> &'static [u8] {
        include_bytes!("../../tests/fixtures/astronaut.jpg")
    }

    #[test]
    fn neither_nothing_nor_what_is_no_jpeg_gives_a_picture() {
        for bytes in [&b""[..], b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xd9", &[0; 5000], &[0xff; 5000]] {
            assert!(decoded(bytes).is_err(), "{} bytes", bytes.len());
        }
        assert!(decoded(&photo()[photo().len() / 3..]).is_err());
    }

    proptest! {
        #[test]
        fn a_photo_that_breaks_off_is_an_error(at in 0..photo().len() * 95 / 100, follows in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(decoded(&photo()[..at]).is_err());
            // Or goes on with something else, which may even be whole.
            let _ = decoded(&[&photo()[..at], &follows].concat());
            let _ = decoded(&[&photo()[..at], photo()].concat());
        }

        #[test]
        fn a_photo_with_a_part_missing_never_panics(from in any::<prop::sample::Index>(), length in 1..20_000_usize) {
            let from = from.index(photo().len());
            let to = (from + length).min(photo().len());
            let _ = decoded(&[&photo()[..from], &photo()[to..]].concat());
        }

        #[test]
        fn damaged_bytes_never_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
            let mut bytes = busy();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = (decoded(&bytes), is_whole(&bytes));
        }
    }
}
