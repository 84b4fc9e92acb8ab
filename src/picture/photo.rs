//! Photos: one picture from a file, upright.

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

use super::{MAX_SIDE, Picture, PictureError, PixelFormat, Range, jpeg};

/// The most memory that decoding may take: a photo of 170 megapixels.
const MAX_BYTES: u64 = 512 << 20;

/// Why a photo could not be loaded.
#[derive(Debug, Error)]
pub enum PhotoError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty; copy or take the photo again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is in no format that is read.
    #[error("{} is not a photo that can be read: {reason}; convert it to JPEG or PNG", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// It is cut short or corrupt.
    #[error("{} is damaged: {reason}; copy or take the photo again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// It is too large.
    #[error("{} is too large: {reason}; scale it to at most {MAX_SIDE} pixels a side", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Which limit it breaks.
        reason: String,
    },
}

/// Loads a photo (BMP, GIF, JPEG, PNG, PNM, TIFF or WebP, told by its content) and turns it upright as
/// its EXIF orientation says: grey to [`PixelFormat::Grey`], else [`PixelFormat::Rgb24`]. Transparency is
/// dropped.
///
/// # Errors
/// When the file cannot be read, is no photo, is damaged or too large; the picture then stays as it was.
pub fn load(path: &Path, picture: &mut Picture) -> Result<(), PhotoError> {
    let bytes = std::fs::read(path).map_err(|source| PhotoError::Read { path: path.into(), source })?;
    if bytes.is_empty() {
        return Err(PhotoError::Empty { path: path.into() });
    }
    let image = decode(&bytes).map_err(|error| named(path, error))?;
    if image.color().has_color() {
        keep(PixelFormat::Rgb24, image.width(), image.height(), &image.into_rgb8(), picture)
    } else {
        keep(PixelFormat::Grey, image.width(), image.height(), &image.into_luma8(), picture)
    }
    .map_err(|error| PhotoError::Size { path: path.into(), reason: error.to_string() })
}

/// Why bytes gave no image.
enum DecodeError {
    CutShort,
    Image(ImageError),
}

impl From<ImageError> for DecodeError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, DecodeError> {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(ImageError::IoError)?;
    reader.limits(limits);
    // The decoder would fill what is missing with grey.
    if reader.format() == Some(ImageFormat::Jpeg) && !jpeg::is_whole(bytes) {
        return Err(DecodeError::CutShort);
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn named(path: &Path, error: DecodeError) -> PhotoError {
    let path = path.into();
    match error {
        DecodeError::CutShort => PhotoError::Damaged { path, reason: "it is cut short".into() },
        DecodeError::Image(ImageError::Unsupported(error)) => PhotoError::Format { path, reason: error.to_string() },
        DecodeError::Image(ImageError::Limits(error)) => PhotoError::Size { path, reason: error.to_string() },
        DecodeError::Image(error) => PhotoError::Damaged { path, reason: error.to_string() },
    }
}

fn keep(format: PixelFormat, width: u32, height: u32, bytes: &[u8], picture: &mut Picture) -> Result<(), PictureError> {
    picture.reset(format, Range::Full, width, height)?.copy_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, codecs};

    use super::*;

    const RED: [u8; 3] = [220, 30, 20];
    const BLUE: [u8; 3] = [20, 40, 210];

    fn near(found: &[u8], expected: [u8; 3]) -> bool {
        found.iter().zip(expected).all(|(&f, e)| f.abs_diff(e) < 6)
    }

    fn saved(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    fn loaded(name: &str, bytes: &[u8]) -> Result<Picture, PhotoError> {
        let (_dir, path) = saved(name, bytes);
        let mut picture = Picture::default();
        load(&path, &mut picture).map(|()| picture)
    }

    /// 32 × 16 pixels, the left half red and the right half blue.
    fn halves() -> Vec<u8> {
        (0..16).flat_map(|_| [RED; 16].into_iter().chain([BLUE; 16])).flatten().collect()
    }

    fn jpeg() -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 98);
        encoder.write_image(&halves(), 32, 16, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    fn png(pixels: &[u8], width: u32, height: u32, colour: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        codecs::png::PngEncoder::new(&mut bytes).write_image(pixels, width, height, colour).unwrap();
        bytes
    }

    /// An EXIF segment that holds nothing but an orientation.
    fn turned(orientation: u8) -> Vec<u8> {
        let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]];
        let body = [b"Exif\0\0".as_slice(), &tiff.concat()].concat();
        let length = (body.len() as u16 + 2).to_be_bytes();
        let jpeg = jpeg();
        [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
    }

    #[test]
    fn a_photo_becomes_rgb_whatever_its_name_says() {
        let picture = loaded("photo.png", &jpeg()).unwrap();
        assert_eq!((picture.format(), picture.range()), (PixelFormat::Rgb24, Range::Full));
        assert_eq!((picture.width(), picture.height()), (32, 16));
        assert!(near(&picture.data()[..3], RED) && near(&picture.data()[31 * 3..], BLUE));
    }

    #[test]
    fn a_grey_photo_stays_grey() {
        let picture = loaded("grey.png", &png(&[7, 8, 9, 10], 4, 1, ExtendedColorType::L8)).unwrap();
        assert_eq!((picture.format(), picture.data()), (PixelFormat::Grey, &[7, 8, 9, 10][..]));
    }

    #[test]
    fn a_turned_photo_is_put_upright() {
        // 6: the camera was turned to the left, so the left half belongs on top.
        let picture = loaded("turned.jpg", &turned(6)).unwrap();
        assert_eq!((picture.width(), picture.height()), (16, 32));
        let (top, bottom) = (&picture.data()[..3], &picture.data()[31 * 16 * 3..]);
        assert!(near(top, RED) && near(bottom, BLUE), "{top:?}");
        // 2: mirrored.
        let picture = loaded("mirrored.jpg", &turned(2)).unwrap();
        assert!(near(&picture.data()[..3], BLUE));
    }

    #[test]
    fn what_is_no_photo_is_refused_with_its_name_and_a_remedy() {
        let whole = jpeg();
        let png = png(&halves(), 32, 16, ExtendedColorType::Rgb8);
        for (name, bytes, expected) in [
            ("nothing.jpg", &[][..], "is empty; copy or take the photo again"),
            ("text.jpg", b"not a photo at all", "is not a photo that can be read"),
            ("half.jpg", &whole[..whole.len() / 2], "is damaged: it is cut short"),
            ("end.jpg", &whole[..whole.len() - 2], "is damaged: it is cut short"),
            ("head.jpg", &whole[..20], "is damaged"),
            ("half.png", &png[..png.len() / 2], "is damaged"),
        ] {
            let message = loaded(name, bytes).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains(expected), "{message}");
        }
        let message = load(Path::new("/no/such/photo.jpg"), &mut Picture::default()).unwrap_err().to_string();
        assert!(message.starts_with("/no/such/photo.jpg cannot be read: No such file"), "{message}");
    }

    #[test]
    fn a_photo_beyond_the_limit_is_refused_before_it_is_decoded() {
        let mut png = png(&[0; 3], 1, 1, ExtendedColorType::Rgb8);
        // The width in the header, and the header's checksum.
        png[16..20].copy_from_slice(&(MAX_SIDE + 1).to_be_bytes());
        let checksum = crc32(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&checksum);
        let message = loaded("wide.png", &png).unwrap_err().to_string();
        assert!(message.contains("wide.png is too large") && message.contains("at most 16384 pixels"), "{message}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        })
    }
}
