//! The YUV4MPEG2 stream header: what each frame of raw video is.

use std::time::Duration;

use crate::picture::{PixelFormat, Range};

/// What precedes the bytes of each frame.
pub(super) const FRAME: &[u8; 6] = b"FRAME\n";

/// What a stream's header says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Header {
    pub width: u32,
    pub height: u32,
    pub format: PixelFormat,
    pub range: Range,
    /// Frames a second, as a fraction of numbers above zero.
    rate: (u32, u32),
}

impl Header {
    /// Reads a header line, without its line end. The error says what is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some("YUV4MPEG2") {
            return Err("it is not a YUV4MPEG2 stream".into());
        }
        let (mut width, mut height, mut rate) = (None, None, None);
        let (mut format, mut range) = (PixelFormat::I420, Range::Limited);
        for word in words {
            match word.split_at_checked(1) {
                Some(("W", number)) => width = number.parse().ok(),
                Some(("H", number)) => height = number.parse().ok(),
                Some(("F", fraction)) => rate = parse_rate(fraction),
                Some(("C", "mono")) => format = PixelFormat::Grey,
                // Sitings of 4:2:0 in 8 bits; they differ by a quarter of a pixel of chroma.
                Some(("C", "420" | "420jpeg" | "420mpeg2" | "420paldv")) => format = PixelFormat::I420,
                Some(("C", other)) => return Err(format!("its pixel format {other} is not read")),
                Some(("X", "COLORRANGE=FULL")) => range = Range::Full,
                _ => {}
            }
        }
        let rate = rate.ok_or("it has no frame rate")?;
        let (width, height) = width.zip(height).ok_or("it has no size")?;
        Ok(Self { width, height, format, range, rate })
    }

    /// Frames a second.
    pub fn frame_rate(&self) -> f32 {
        self.rate.0 as f32 / self.rate.1 as f32
    }

    /// When frame `number` begins, from the start of the stream.
    pub fn time(&self, number: u64) -> Duration {
        let nanos = u128::from(number) * u128::from(self.rate.1) * 1_000_000_000 / u128::from(self.rate.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn parse_rate(fraction: &str) -> Option<(u32, u32)> {
    let (numerator, denominator) = fraction.split_once(':')?;
    let rate = (numerator.parse().ok()?, denominator.parse().ok()?);
    (rate.0 > 0 && rate.1 > 0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn size_rate_format_and_range_are_read() {
        let line = b"YUV4MPEG2 W1280 H720 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED";
        let header = Header::parse(line).unwrap();
        assert_eq!((header.width, header.height), (1280, 720));
        assert_eq!((header.format, header.range), (PixelFormat::I420, Range::Limited));
        assert!((header.frame_rate() - 29.97).abs() < 1e-3);
        assert_eq!(header.time(30_000), Duration::from_secs(1001));

        let header = Header::parse(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 Cmono XCOLORRANGE=FULL").unwrap();
        assert_eq!((header.format, header.range), (PixelFormat::Grey, Range::Full));
    }

    #[test]
    fn a_header_that_says_too_little_is_refused() {
        for (line, reason) in [
            (&b"RIFF"[..], "not a YUV4MPEG2 stream"),
            (b"YUV4MPEG2 W64 F25:1", "no size"),
            (b"YUV4MPEG2 W64 H48 F0:0", "no frame rate"),
            (b"YUV4MPEG2 W64 H48 F25:1 C444", "pixel format 444"),
        ] {
            assert!(Header::parse(line).unwrap_err().contains(reason));
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Header::parse(&[b"YUV4MPEG2 ", line.as_slice()].concat());
        }
    }
}
