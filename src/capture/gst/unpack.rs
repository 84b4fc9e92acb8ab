//! From GStreamer's buffer to a picture: one copy, rows and planes where the buffer says they are.

use gstreamer::{BufferRef, CapsRef};
use gstreamer_video::{VideoColorRange, VideoFormat, VideoInfo, VideoMeta};

use crate::picture::{Picture, PixelFormat, Range};

/// The formats that are taken as they are, the preferred first, as caps write them.
pub(super) const FORMATS: &str = "{ NV12, I420, YUY2, RGB, GRAY8 }";

/// The most planes of a format of ours.
const MAX_PLANES: usize = 3;

/// What caps say of pictures.
pub(super) struct Layout {
    pub info: VideoInfo,
    range: Range,
}

impl Layout {
    /// Reads caps; `None` when they are not of raw video.
    pub fn of(caps: &CapsRef) -> Option<Self> {
        let info = VideoInfo::from_caps(caps).ok()?;
        // Where nothing is said, grey counts as full in GStreamer; but its elements and most cameras make video's.
        let said = info.is_rgb() || caps.structure(0).is_some_and(|structure| structure.has_field("colorimetry"));
        let full = said && info.colorimetry().range() == VideoColorRange::Range0_255;
        Some(Self { info, range: if full { Range::Full } else { Range::Limited } })
    }
}

/// A plane as it is packed in a picture: its bytes in a row, and its rows.
type Plane = (usize, usize);

/// Copies a buffer into a picture. Where the buffer describes itself, that holds; otherwise what the caps say.
///
/// # Errors
/// What is wrong with the buffer. What the picture holds then is of no use.
pub(super) fn unpack(layout: &Layout, buffer: &BufferRef, picture: &mut Picture) -> Result<(), String> {
    let (info, meta) = (&layout.info, buffer.meta::<VideoMeta>());
    let (name, width, height, offsets, strides) = match &meta {
        Some(meta) => (meta.format(), meta.width(), meta.height(), meta.offset(), meta.stride()),
        None => (info.format(), info.width(), info.height(), info.offset(), info.stride()),
    };
    let format = format(name).ok_or_else(|| format!("frames of the format {name} cannot be read"))?;
    let mut packed = picture.reset(format, layout.range, width, height).map_err(|error| error.to_string())?;
    let (planes, count) = planes(format, width as usize, height as usize);
    for (index, &(row, rows)) in planes[..count].iter().enumerate() {
        let (offset, stride) = match (offsets.get(index), strides.get(index)) {
            (Some(&offset), Some(&stride)) => (offset, usize::try_from(stride).unwrap_or(0)),
            _ => return Err(format!("a frame has fewer than {count} planes")),
        };
        let (plane, rest) = packed.split_at_mut(row * rows);
        packed = rest;
        copy_plane(buffer, offset, stride, row, plane)?;
    }
    Ok(())
}

/// The planes of a picture, and how many there are.
fn planes(format: PixelFormat, width: usize, height: usize) -> ([Plane; MAX_PLANES], usize) {
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let none = (0, 0);
    match format {
        PixelFormat::Grey => ([(width, height), none, none], 1),
        PixelFormat::Yuyv => ([(4 * half_width, height), none, none], 1),
        PixelFormat::Rgb24 | PixelFormat::Ycbcr24 => ([(3 * width, height), none, none], 1),
        PixelFormat::Nv12 => ([(width, height), (2 * half_width, half_height), none], 2),
        PixelFormat::I420 => ([(width, height), (half_width, half_height), (half_width, half_height)], 3),
    }
}

/// Copies the rows of a plane, `stride` bytes apart from `offset` on, each of `row` bytes, into `packed`.
fn copy_plane(buffer: &BufferRef, offset: usize, stride: usize, row: usize, packed: &mut [u8]) -> Result<(), String> {
    let rows = packed.len() / row;
    // What pads the last row need not be there.
    let needed = stride.checked_mul(rows.saturating_sub(1)).and_then(|before| before.checked_add(row));
    let short = || format!("a frame has {} bytes, too few for rows {stride} bytes apart", buffer.size());
    let needed = needed.filter(|_| stride >= row).ok_or_else(short)?;
    let end = offset.checked_add(needed).filter(|&end| end <= buffer.size()).ok_or_else(short)?;
    let (memories, skip) = buffer.find_memory(offset..end).ok_or_else(short)?;
    let unmapped = |_| "the memory of a frame cannot be read".to_owned();
    if memories.len() == 1 {
        // Planes may lie in memories of their own, and mapping the whole buffer would copy them together first.
        let memory = buffer.peek_memory(memories.start).map_readable().map_err(unmapped)?;
        copy_rows(memory.get(skip..skip + needed).ok_or_else(short)?, stride, row, packed);
    } else {
        let whole = buffer.map_readable().map_err(unmapped)?;
        copy_rows(whole.get(offset..end).ok_or_else(short)?, stride, row, packed);
    }
    Ok(())
}

fn copy_rows(from: &[u8], stride: usize, row: usize, packed: &mut [u8]) {
    if stride == row {
        packed.copy_from_slice(from);
        return;
    }
    for (to, from) in packed.chunks_exact_mut(row).zip(from.chunks(stride)) {
        to.copy_from_slice(&from[..row]);
    }
}

fn format(name: VideoFormat) -> Option<PixelFormat> {
    match name {
        VideoFormat::Nv12 => Some(PixelFormat::Nv12),
        VideoFormat::I420 => Some(PixelFormat::I420),
        VideoFormat::Yuy2 => Some(PixelFormat::Yuyv),
        VideoFormat::Rgb => Some(PixelFormat::Rgb24),
        VideoFormat::Gray8 => Some(PixelFormat::Grey),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gstreamer::{Buffer, Caps, Memory};
    use gstreamer_video::VideoFrameFlags;
    use proptest::prelude::*;

    use super::*;

    /// Bytes that count from 0 on, in memories of these sizes.
    fn counting(sizes: &[usize]) -> Buffer {
        let mut buffer = Buffer::new();
        let mut next = 0u8;
        for &size in sizes {
            let bytes: Vec<u8> = (0..size).map(|at| next.wrapping_add(at as u8)).collect();
            next = next.wrapping_add(size as u8);
            buffer.get_mut().unwrap().append_memory(Memory::from_slice(bytes));
        }
        buffer
    }

    fn layout(format: VideoFormat, width: u32, height: u32) -> Layout {
        gstreamer::init().unwrap();
        Layout::of(&VideoInfo::builder(format, width, height).build().unwrap().to_caps().unwrap()).unwrap()
    }

    fn unpacked(layout: &Layout, buffer: &BufferRef) -> Result<Picture, String> {
        let mut picture = Picture::default();
        unpack(layout, buffer, &mut picture).map(|()| picture)
    }

    fn describe(buffer: &mut Buffer, format: VideoFormat, (width, height): (u32, u32), planes: &[(usize, i32)]) {
        let (offsets, strides): (Vec<_>, Vec<_>) = planes.iter().copied().unzip();
        let flags = VideoFrameFlags::empty();
        VideoMeta::add_full(buffer.get_mut().unwrap(), flags, format, width, height, &offsets, &strides).unwrap();
    }

    #[test]
    fn rows_that_gstreamer_pads_to_four_bytes_are_packed() {
        // Luma of 3x3 in rows of 4, then chroma of 2x2 in rows of 4.
        let odd = layout(VideoFormat::I420, 3, 3);
        let picture = unpacked(&odd, &counting(&[odd.info.size()])).unwrap();
        assert_eq!(picture.format(), PixelFormat::I420);
        assert_eq!(picture.data(), [0, 1, 2, 4, 5, 6, 8, 9, 10, 16, 17, 20, 21, 24, 25, 28, 29]);
    }

    #[test]
    fn planes_lie_where_the_buffer_says_and_its_own_size_holds() {
        let caps = layout(VideoFormat::Nv12, 64, 64);
        let mut buffer = counting(&[40]);
        describe(&mut buffer, VideoFormat::Nv12, (2, 2), &[(10, 5), (30, 9)]);
        let picture = unpacked(&caps, &buffer).unwrap();
        assert_eq!((picture.width(), picture.height()), (2, 2));
        assert_eq!(picture.data(), [10, 11, 15, 16, 30, 31]);
    }

    #[test]
    fn planes_in_memories_of_their_own_and_across_two_are_read() {
        let nv12 = layout(VideoFormat::Nv12, 4, 2);
        let expected: Vec<u8> = (0..12).collect();
        for sizes in [&[8, 4][..], &[6, 6], &[3, 3, 3, 3]] {
            assert_eq!(unpacked(&nv12, &counting(sizes)).unwrap().data(), expected, "{sizes:?}");
        }
    }

    #[test]
    fn the_last_row_needs_no_padding_but_all_of_its_bytes() {
        let grey = layout(VideoFormat::Gray8, 3, 2);
        assert_eq!(unpacked(&grey, &counting(&[7])).unwrap().data(), [0, 1, 2, 4, 5, 6]);
        let reason = unpacked(&grey, &counting(&[6])).unwrap_err();
        assert_eq!(reason, "a frame has 6 bytes, too few for rows 4 bytes apart");
    }

    #[test]
    fn the_range_is_what_the_caps_say_and_videos_where_they_say_nothing() {
        gstreamer::init().unwrap();
        for (said, expected) in [
            ("format=I420", Range::Limited),
            ("format=I420,colorimetry=bt601", Range::Limited),
            ("format=I420,colorimetry=(string)1:4:0:0", Range::Full),
            ("format=GRAY8", Range::Limited),
            ("format=GRAY8,colorimetry=(string)1:4:0:0", Range::Full),
            ("format=RGB", Range::Full),
        ] {
            let caps: Caps = format!("video/x-raw,{said},width=2,height=2,framerate=0/1").parse().unwrap();
            assert_eq!(Layout::of(&caps).unwrap().range, expected, "{said}");
        }
        let sound: Caps = "audio/x-raw,format=S16LE".parse().unwrap();
        assert!(Layout::of(&sound).is_none());
    }

    proptest! {
        #[test]
        fn no_description_of_a_buffer_panics(
            format in prop::sample::select(&[VideoFormat::Nv12, VideoFormat::I420, VideoFormat::Yuy2, VideoFormat::Bgr][..]),
            size in (0..9u32, 0..9u32),
            planes in prop::collection::vec((prop_oneof![0..60usize, Just(usize::MAX)], -9..20i32), 0..=4),
            memories in prop::collection::vec(0..40usize, 0..4),
        ) {
            let caps = layout(VideoFormat::Nv12, 4, 4);
            let mut buffer = counting(&memories);
            describe(&mut buffer, format, size, &planes);
            let _ = unpacked(&caps, &buffer);
        }
    }
}
