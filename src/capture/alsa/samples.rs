//! From the bytes of a device to samples: every encoding of numbers that microphones have, channels mixed into one.

use alsa::pcm::Format;

/// How a device writes a sample. Devices write little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 16 bits.
    S16,
    /// 32 bits.
    S32,
    /// 24 bits, in the lower three of four bytes.
    S24,
    /// 24 bits, in three bytes.
    S24Packed,
    /// 32-bit floating point, from −1 to 1.
    Float,
    /// 8 bits, 128 is zero.
    U8,
}

impl Encoding {
    /// Every encoding; the first that a device has is taken. 16 bits are 96 dB, more than any room has.
    pub(super) const ALL: [Self; 6] = [Self::S16, Self::S32, Self::S24, Self::S24Packed, Self::Float, Self::U8];

    pub(super) fn format(self) -> Format {
        match self {
            Self::S16 => Format::S16LE,
            Self::S32 => Format::S32LE,
            Self::S24 => Format::S24LE,
            Self::S24Packed => Format::S243LE,
            Self::Float => Format::FloatLE,
            Self::U8 => Format::U8,
        }
    }

    /// ALSA's name of it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::S16 => "S16_LE",
            Self::S32 => "S32_LE",
            Self::S24 => "S24_LE",
            Self::S24Packed => "S24_3LE",
            Self::Float => "FLOAT_LE",
            Self::U8 => "U8",
        }
    }

    /// The bytes of a sample.
    pub(super) fn width(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24Packed => 3,
            Self::S32 | Self::S24 | Self::Float => 4,
        }
    }

    /// Makes one channel of several: the mean of each moment, from −1 to 1. A number that is not finite counts as 0.
    pub(super) fn mix(self, bytes: &[u8], channels: usize, samples: &mut Vec<f32>) {
        match self {
            Self::S16 => {
                mix(bytes, channels, samples, |bytes: [u8; 2]| f32::from(i16::from_le_bytes(bytes)) / 32_768.0)
            }
            Self::S32 => mix(bytes, channels, samples, |bytes| i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0),
            // The highest byte may hold anything.
            Self::S24 => mix(bytes, channels, samples, |[low, middle, high, _]: [u8; 4]| of_24([low, middle, high])),
            Self::S24Packed => mix(bytes, channels, samples, of_24),
            Self::Float => mix(bytes, channels, samples, |bytes| {
                let sample = f32::from_le_bytes(bytes);
                if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
            }),
            Self::U8 => mix(bytes, channels, samples, |[byte]: [u8; 1]| (f32::from(byte) - 128.0) / 128.0),
        }
    }
}

fn of_24([low, middle, high]: [u8; 3]) -> f32 {
    // In the upper three bytes the sign is where it belongs.
    i32::from_le_bytes([0, low, middle, high]) as f32 / 2_147_483_648.0
}

fn mix<const WIDTH: usize>(bytes: &[u8], channels: usize, samples: &mut Vec<f32>, value: impl Fn([u8; WIDTH]) -> f32) {
    let channels = channels.max(1);
    samples.clear();
    samples.extend(bytes.chunks_exact(WIDTH * channels).map(|moment| {
        let (values, _) = moment.as_chunks::<WIDTH>();
        values.iter().map(|&bytes| value(bytes)).sum::<f32>() / channels as f32
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(encoding: Encoding, channels: usize, bytes: &[u8]) -> Vec<f32> {
        let mut samples = vec![9.0; 7];
        encoding.mix(bytes, channels, &mut samples);
        samples
    }

    #[test]
    fn every_encoding_gives_the_same_half_down_half_up_and_zero() {
        for (encoding, bytes) in [
            (Encoding::S16, &[0x00, 0xc0, 0x00, 0x40, 0, 0][..]),
            (Encoding::S32, &[0, 0, 0, 0xc0, 0, 0, 0, 0x40, 0, 0, 0, 0]),
            (Encoding::S24, &[0, 0, 0xc0, 0xff, 0, 0, 0x40, 0xaa, 0, 0, 0, 0]),
            (Encoding::S24Packed, &[0, 0, 0xc0, 0, 0, 0x40, 0, 0, 0]),
            (Encoding::Float, &[0, 0, 0, 0xbf, 0, 0, 0, 0x3f, 0, 0, 0, 0]),
            (Encoding::U8, &[64, 192, 128]),
        ] {
            assert_eq!(mixed(encoding, 1, bytes), [-0.5, 0.5, 0.0], "{encoding:?}");
            assert_eq!(bytes.len(), 3 * encoding.width());
            let wide = usize::try_from(encoding.format().physical_width().unwrap()).unwrap();
            assert_eq!(wide, 8 * encoding.width(), "{encoding:?}");
            assert_eq!(encoding.format().to_string(), encoding.name());
        }
    }

    #[test]
    fn channels_are_mixed_to_their_mean() {
        let samples = [i16::MAX, i16::MAX, 16_384, -16_384, i16::MIN, 0];
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(mixed(Encoding::S16, 2, &bytes), [32_767.0 / 32_768.0, 0.0, -0.5]);
        assert_eq!(mixed(Encoding::U8, 8, &[0, 128, 128, 128, 128, 128, 128, 128]), [-0.125]);
    }

    #[test]
    fn what_is_not_finite_or_out_of_range_does_not_pass() {
        let bytes: Vec<u8> = [f32::NAN, f32::INFINITY, -7.0].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(mixed(Encoding::Float, 1, &bytes), [0.0, 0.0, -1.0]);
    }
}
