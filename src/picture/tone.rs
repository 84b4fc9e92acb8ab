//! From luma and colour difference to what a model reads.
//!
//! BT.601 throughout. Video of 720 lines and more is often BT.709; taken as 601 its hues shift by a few
//! levels, its luma not at all, and no model here is that fine.

use super::planes::{Colour, colour};
use super::{Normalise, Picture, Range};

/// The shares of red, green and blue in luma.
pub(super) const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Takes the samples of one format and range to 0 (black) to 255 (white), and on to a model's numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tone {
    colour: Colour,
    black: f32,
    luma: f32,
    chroma: f32,
    norm: Normalise,
}

impl Tone {
    /// The tone of a picture, for a model. RGB is always full range.
    pub fn of(picture: &Picture, norm: Normalise) -> Self {
        let colour = colour(picture.format);
        match picture.range {
            Range::Limited if colour != Colour::Rgb => {
                Self { colour, black: 16.0, luma: 255.0 / 219.0, chroma: 255.0 / 224.0, norm }
            }
            _ => Self { colour, black: 0.0, luma: 1.0, chroma: 1.0, norm },
        }
    }

    /// Makes luma, or any channel of RGB, a model's numbers in place.
    pub fn finish(self, values: &mut [f32]) {
        for value in values {
            *value = self.normalised(self.stretched(*value));
        }
    }

    /// Makes the picture's channels a model's red, green and blue in place. Grey is in the first channel.
    pub fn finish_rgb(self, [first, second, third]: [&mut [f32]; 3]) {
        match self.colour {
            Colour::Ycbcr => self.finish_ycbcr(first, second, third),
            Colour::Rgb => [first, second, third].into_iter().for_each(|channel| self.finish(channel)),
            Colour::Grey => {
                self.finish(first);
                second.copy_from_slice(first);
                third.copy_from_slice(first);
            }
        }
    }

    fn finish_ycbcr(self, luma: &mut [f32], blue: &mut [f32], red: &mut [f32]) {
        const TO_RED: f32 = 2.0 * (1.0 - LUMA[0]);
        const TO_BLUE: f32 = 2.0 * (1.0 - LUMA[2]);
        const RED_TO_GREEN: f32 = TO_RED * LUMA[0] / LUMA[1];
        const BLUE_TO_GREEN: f32 = TO_BLUE * LUMA[2] / LUMA[1];
        for ((first, second), third) in luma.iter_mut().zip(blue).zip(red) {
            let y = self.stretched(*first);
            let (cb, cr) = ((*second - 128.0) * self.chroma, (*third - 128.0) * self.chroma);
            *first = self.normalised(y + TO_RED * cr);
            *second = self.normalised(y - BLUE_TO_GREEN * cb - RED_TO_GREEN * cr);
            *third = self.normalised(y + TO_BLUE * cb);
        }
    }

    fn stretched(self, luma: f32) -> f32 {
        (luma - self.black) * self.luma
    }

    fn normalised(self, pixel: f32) -> f32 {
        pixel.clamp(0.0, 255.0) * self.norm.scale + self.norm.offset
    }
}
