//! What a camera may put into a buffer.

use affectd::capture::address::CameraFormat;
use affectd::capture::v4l::unpack::{Layout, unpack};
use affectd::geometry::{Rect, Size};
use affectd::picture::letterbox::Letterboxer;
use affectd::picture::{Normalise, Picture, PixelFormat, Range, jpeg};
use v4l::buffer::Metadata;

/// A compressed frame is refused, or gives a picture.
pub fn mjpeg(bytes: &[u8]) {
    let layout = Layout { format: CameraFormat::Mjpeg, range: Range::Limited, width: 64, height: 48, stride: 0 };
    check(&layout, bytes);
}

/// Frames as they are: the first bytes say of which format and size. Sides are small, or anything at all.
pub fn raw_frames(bytes: &[u8]) {
    let Some((&[choice, a, b, c, d, e, f, g, h, stride], bytes)) = bytes.split_first_chunk() else { return };
    let formats = [CameraFormat::Yuyv, CameraFormat::Nv12, CameraFormat::Grey, CameraFormat::Rgb24];
    let any_size = choice & 0x80 != 0;
    let side = |bytes: [u8; 4]| if any_size { u32::from_le_bytes(bytes) } else { u32::from(bytes[0] % 80) };
    let layout = Layout {
        format: formats[usize::from(choice & 3)],
        range: if choice & 4 == 0 { Range::Limited } else { Range::Full },
        width: side([a, b, c, d]),
        height: side([e, f, g, h]),
        stride: usize::from(stride),
    };
    check(&layout, bytes);
}

/// What comes of a frame is of the size it says, can be read by a model, and owes nothing to the frame before.
fn check(layout: &Layout, bytes: &[u8]) {
    let mut decoder = jpeg::Decoder::default();
    let mut unpacked = |picture: &mut Picture| unpack(layout, bytes, &Metadata::default(), &mut decoder, picture);
    let mut fresh = Picture::default();
    let Ok(()) = unpacked(&mut fresh) else { return };
    let mut used = Picture::default();
    used.reset(PixelFormat::Rgb24, Range::Full, 200, 150).unwrap().fill(0xa5);
    unpacked(&mut used).unwrap();
    assert!(fresh == used, "the frame before shows through");

    assert_eq!(fresh.data().len(), fresh.format().len(fresh.width(), fresh.height()));
    let (size, mut input) = (Size { width: 24, height: 16 }, [f32::NAN; 3 * 24 * 16]);
    let whole = Rect::new(0.0, 0.0, fresh.width() as f32, fresh.height() as f32);
    Letterboxer::default().letterbox(&fresh, whole, size, Normalise { scale: 1.0 / 255.0, offset: 0.0 }, &mut input);
    assert!(input.iter().all(|value| value.is_finite()));
}
