//! An aligned face, or a whole picture, as a model's input: grey, or red, green and blue.

use super::bilinear::{Bytes, Grid, Onto, Rgb, sample};
use super::cells::Cells;
use super::planes::{Colour, Plane, colour, luma_plane, planes};
use super::resample::{Place, Resampler, Window};
use super::tone::{LUMA, Tone};
use super::{Normalise, Picture, PixelFormat};
use crate::geometry::Similarity;

/// Shrinking by more than this would alias: an interpolation reads only the two nearest pixels.
const SHARP: f32 = 2.0;

/// Shrinking by more than this is held here: any frame is a single cell by then.
const FLAT: f32 = 1e9;

/// Makes inputs; keeps its buffers.
#[derive(Debug, Default)]
pub struct Warper {
    resampler: Resampler,
    /// Red, green and blue, on their way to luma.
    channels: Vec<f32>,
    /// The frame in cells.
    reduced: Vec<f32>,
}

impl Warper {
    /// Fills `out` (one plane, `height` rows of `width`) with what `to_frame` points at: the output
    /// pixel with its centre at (x + ½, y + ½) shows the frame at `to_frame` of that point.
    ///
    /// Interpolated linearly; shrunk by more than 2 the frame is area-averaged first, so nothing aliases.
    /// Beyond the frame its edge goes on.
    ///
    /// # Panics
    /// When `out` has not `width` · `height` numbers.
    pub fn warp_grey(
        &mut self,
        picture: &Picture,
        to_frame: &Similarity,
        width: usize,
        height: usize,
        norm: Normalise,
        out: &mut [f32],
    ) {
        assert_eq!(out.len(), width * height, "a warp fills one plane of {width} x {height}");
        let plane = luma_plane(picture);
        if let Some(cells) = cells(picture, to_frame, width, height) {
            let reduced = room(&mut self.reduced, &cells, Cells::most(width, height), 1);
            resample_luma(&mut self.resampler, &mut self.channels, &plane, &cells.window, reduced);
            sample_cells(reduced, &cells, to_frame, width, out);
        } else {
            let (size, onto) = ((picture.width as usize, picture.height as usize), Onto::frame(to_frame));
            match picture.format {
                PixelFormat::Grey | PixelFormat::I420 | PixelFormat::Nv12 => {
                    sample(&Bytes::<1>::of(&plane, 0), size, &onto, width, out);
                }
                PixelFormat::Yuyv => sample(&Bytes::<2>::of(&plane, 0), size, &onto, width, out),
                PixelFormat::Ycbcr24 => sample(&Bytes::<3>::of(&plane, 0), size, &onto, width, out),
                PixelFormat::Rgb24 => sample(&Rgb(&plane), size, &onto, width, out),
            }
        }
        Tone::of(picture, norm).finish(out);
    }

    /// Fills `out` (red, green and blue planes, each `height` rows of `width`) with what `to_frame` points
    /// at, as [`Warper::warp_grey`] does. A grey picture gives three equal planes.
    ///
    /// # Panics
    /// When `out` has not three numbers for each of `width` · `height` pixels.
    pub fn warp_rgb(
        &mut self,
        picture: &Picture,
        to_frame: &Similarity,
        width: usize,
        height: usize,
        norm: Normalise,
        out: &mut [f32],
    ) {
        let area = width * height;
        assert_eq!(out.len(), 3 * area, "a warp fills three planes of {width} x {height}");
        if area == 0 {
            return;
        }
        let shown = channels_of(picture);
        if let Some(cells) = cells(picture, to_frame, width, height) {
            let each = cells.window.columns * cells.window.rows;
            let reduced = room(&mut self.reduced, &cells, Cells::most(width, height), shown);
            let place = Place { first: 0, pitch: cells.window.columns, channel: each };
            for plane in planes(picture) {
                self.resampler.resample(&plane, &cells.window, reduced, place);
            }
            for (reduced, out) in reduced.chunks_exact(each).zip(out.chunks_exact_mut(area)) {
                sample_cells(reduced, &cells, to_frame, width, out);
            }
        } else {
            for plane in planes(picture) {
                sample_channels(&plane, to_frame, width, area, out);
            }
        }
        finish_rgb(Tone::of(picture, norm), area, out);
    }

    /// Fills `out` (one plane, `height` rows of `width`) with the whole picture, stretched to fit:
    /// interpolated linearly where that enlarges, area-averaged where it shrinks.
    ///
    /// # Panics
    /// When `out` has not `width` · `height` numbers.
    pub fn resize_grey(&mut self, picture: &Picture, width: usize, height: usize, norm: Normalise, out: &mut [f32]) {
        assert_eq!(out.len(), width * height, "a resize fills one plane of {width} x {height}");
        let window = whole(picture, width, height);
        resample_luma(&mut self.resampler, &mut self.channels, &luma_plane(picture), &window, out);
        Tone::of(picture, norm).finish(out);
    }

    /// Fills `out` (red, green and blue planes, each `height` rows of `width`) with the whole picture,
    /// stretched to fit as [`Warper::resize_grey`] does it. A grey picture gives three equal planes.
    ///
    /// # Panics
    /// When `out` has not three numbers for each of `width` · `height` pixels.
    pub fn resize_rgb(&mut self, picture: &Picture, width: usize, height: usize, norm: Normalise, out: &mut [f32]) {
        let area = width * height;
        assert_eq!(out.len(), 3 * area, "a resize fills three planes of {width} x {height}");
        let place = Place { first: 0, pitch: width, channel: area };
        for plane in planes(picture) {
            self.resampler.resample(&plane, &whole(picture, width, height), out, place);
        }
        finish_rgb(Tone::of(picture, norm), area, out);
    }
}

/// How many planes the channels of a picture fill: grey is one.
fn channels_of(picture: &Picture) -> usize {
    match colour(picture.format) {
        Colour::Grey => 1,
        Colour::Ycbcr | Colour::Rgb => 3,
    }
}

/// The whole picture, cut into so many outputs.
fn whole(picture: &Picture, columns: usize, rows: usize) -> Window {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    Window { x: 0.0, y: 0.0, step_x: width / columns as f64, step_y: height / rows as f64, columns, rows }
}

/// What to reduce the frame to first, when interpolating would alias.
fn cells(picture: &Picture, to_frame: &Similarity, width: usize, height: usize) -> Option<Cells> {
    let shrink = to_frame.scale();
    (shrink > SHARP).then(|| Cells::covering(picture, to_frame, width, height, shrink.min(FLAT).floor()))
}

/// Room for the cells of so many channels. `most` of a channel is made once: no face, however large, has more.
fn room<'a>(reduced: &'a mut Vec<f32>, cells: &Cells, most: usize, channels: usize) -> &'a mut [f32] {
    reduced.reserve((channels * most).saturating_sub(reduced.len()));
    reduced.resize(channels * cells.window.columns * cells.window.rows, 0.0);
    reduced
}

/// Fills a plane from a channel of the cells.
fn sample_cells(values: &[f32], cells: &Cells, to_frame: &Similarity, width: usize, out: &mut [f32]) {
    let Window { columns, rows, .. } = cells.window;
    sample(&Grid { values, width: columns }, (columns, rows), &Onto::frame(&cells.inward(to_frame)), width, out);
}

/// Fills the planes of `out`, `area` numbers each, that belong to the channels of a plane of the picture.
fn sample_channels(plane: &Plane<'_>, to_frame: &Similarity, width: usize, area: usize, out: &mut [f32]) {
    for channel in &plane.channels {
        let out = &mut out[channel.index * area..][..area];
        let size = (channel.width, plane.height);
        let onto = Onto::samples(to_frame, channel.density, plane.density);
        match channel.step {
            1 => sample(&Bytes::<1>::of(plane, channel.offset), size, &onto, width, out),
            2 => sample(&Bytes::<2>::of(plane, channel.offset), size, &onto, width, out),
            3 => sample(&Bytes::<3>::of(plane, channel.offset), size, &onto, width, out),
            _ => sample(&Bytes::<4>::of(plane, channel.offset), size, &onto, width, out),
        }
    }
}

/// Makes the picture's channels a model's red, green and blue.
fn finish_rgb(tone: Tone, area: usize, out: &mut [f32]) {
    let (first, others) = out.split_at_mut(area);
    let (second, third) = others.split_at_mut(area);
    tone.finish_rgb([first, second, third]);
}

/// Samples the luma of a plane, which holds either luma or red, green and blue.
fn resample_luma(
    resampler: &mut Resampler,
    channels: &mut Vec<f32>,
    plane: &Plane<'_>,
    window: &Window,
    out: &mut [f32],
) {
    let place = Place { first: 0, pitch: window.columns, channel: out.len() };
    if plane.channels.len() == 1 {
        resampler.resample(plane, window, out, place);
        return;
    }
    channels.resize(3 * out.len(), 0.0);
    resampler.resample(plane, window, channels, place);
    let (red, others) = channels.split_at(out.len());
    let (green, blue) = others.split_at(out.len());
    for (((out, red), green), blue) in out.iter_mut().zip(red).zip(green).zip(blue) {
        *out = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
    }
}

#[cfg(test)]
mod tests;
