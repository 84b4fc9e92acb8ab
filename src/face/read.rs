//! Reading one face: laid onto the model's points, judged, estimated.

use super::settings::FaceSettings;
use super::{FaceError, Landmarks, Quality, TrackId, align, quality};
use crate::affect::Estimate;
use crate::clock::Monotonic;
use crate::geometry::Rect;
use crate::model::{Align, Channels, FrameModel, InputSpec};
use crate::picture::Picture;
use crate::picture::warp::Warper;

/// A model that reads an aligned face.
pub trait FaceModel {
    /// The input's size, channels and normalisation.
    fn input_spec(&self) -> &InputSpec;

    /// Where the face's points must lie in the input, as fractions.
    fn align(&self) -> &Align;

    /// The input to fill: one plane of luma, or planes of red, green and blue.
    fn input_mut(&mut self) -> &mut [f32];

    /// Reads the input.
    ///
    /// # Errors
    /// When the model failed; it may be asked again.
    fn estimate(&mut self) -> Result<Estimate, FaceError>;

    /// The embedding of the last estimate, when the model gives one.
    fn embedding(&self) -> Option<&[f32]> {
        None
    }
}

/// Sees every reading of a face, with what a model of sequences needs of it. Runs on the frames' thread, between two
/// readings: it must not block.
pub trait Witness {
    /// A face was read in the frame captured at `at`. The embedding lives until the next reading.
    fn read(&mut self, track: TrackId, at: Monotonic, estimate: &Estimate, embedding: Option<&[f32]>);
}

/// Nobody.
impl Witness for () {
    fn read(&mut self, _: TrackId, _: Monotonic, _: &Estimate, _: Option<&[f32]>) {}
}

impl<W: Witness> Witness for Option<W> {
    fn read(&mut self, track: TrackId, at: Monotonic, estimate: &Estimate, embedding: Option<&[f32]>) {
        if let Some(witness) = self {
            witness.read(track, at, estimate, embedding);
        }
    }
}

impl FaceModel for FrameModel {
    fn input_spec(&self) -> &InputSpec {
        self.input_spec()
    }

    fn align(&self) -> &Align {
        self.align()
    }

    fn input_mut(&mut self) -> &mut [f32] {
        self.input_mut()
    }

    fn estimate(&mut self) -> Result<Estimate, FaceError> {
        Ok(self.estimate()?)
    }

    fn embedding(&self) -> Option<&[f32]> {
        self.embedding()
    }
}

/// Reads faces with one model.
#[derive(Debug)]
pub struct Reader<M> {
    model: M,
    input: InputSpec,
    /// In input pixels.
    template: Align,
    warper: Warper,
    /// What a face is judged by when the model's own input has colours.
    judged: Box<[f32]>,
}

impl<M: FaceModel> Reader<M> {
    /// A reader with a model.
    pub fn new(model: M) -> Self {
        let input = *model.input_spec();
        let judged = match input.channels {
            Channels::Grey => Box::default(),
            Channels::Rgb => vec![0.0; quality::INPUT.len()].into_boxed_slice(),
        };
        let template = model.align().in_pixels(&input);
        Self { model, input, template, warper: Warper::default(), judged }
    }

    /// Lays a face onto the model's points and judges what is seen. A face whose eyes, nose or mouth lie
    /// outside of the picture is not usable.
    pub fn look(&mut self, picture: &Picture, rect: &Rect, landmarks: &Landmarks, settings: &FaceSettings) -> Quality {
        let values = self.model.input_mut();
        lay(&mut self.warper, picture, landmarks, &self.template, &self.input, values);
        let crop = match self.input.channels {
            Channels::Grey => quality::Crop { values, width: self.input.width, norm: self.input.norm },
            Channels::Rgb => {
                let template = quality::POINTS.in_pixels(&quality::INPUT);
                lay(&mut self.warper, picture, landmarks, &template, &quality::INPUT, &mut self.judged);
                quality::Crop { values: &self.judged, width: quality::INPUT.width, norm: quality::INPUT.norm }
            }
        };
        let seen = quality::judge(rect, landmarks, crop, settings);
        Quality { usable: seen.usable && within(picture, landmarks), ..seen }
    }

    /// Estimates the face that was looked at last.
    ///
    /// # Errors
    /// When the model failed.
    pub fn estimate(&mut self) -> Result<Estimate, FaceError> {
        self.model.estimate()
    }

    /// The embedding of the last estimate, when the model gives one.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.model.embedding()
    }

    /// Estimates a picture that is a face crop already, as data sets have them: the whole of it, resized.
    ///
    /// # Errors
    /// When the model failed.
    pub fn estimate_crop(&mut self, crop: &Picture) -> Result<Estimate, FaceError> {
        let InputSpec { width, height, channels, norm } = self.input;
        let values = self.model.input_mut();
        match channels {
            Channels::Grey => self.warper.resize_grey(crop, width, height, norm, values),
            Channels::Rgb => self.warper.resize_rgb(crop, width, height, norm, values),
        }
        self.model.estimate()
    }
}

/// Fills an input with a face, laid onto `template`; with black when its points coincide.
fn lay(
    warper: &mut Warper,
    picture: &Picture,
    landmarks: &Landmarks,
    template: &Align,
    input: &InputSpec,
    values: &mut [f32],
) {
    let InputSpec { width, height, channels, norm } = *input;
    match (align::to_frame(landmarks, template), channels) {
        (Some(to_frame), Channels::Grey) => warper.warp_grey(picture, &to_frame, width, height, norm, values),
        (Some(to_frame), Channels::Rgb) => warper.warp_rgb(picture, &to_frame, width, height, norm, values),
        (None, _) => values.fill(norm.offset),
    }
}

fn within(picture: &Picture, landmarks: &Landmarks) -> bool {
    let Landmarks { right_eye, left_eye, nose, mouth, .. } = landmarks;
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    [right_eye, left_eye, nose, mouth].iter().all(|p| (0.0..=width).contains(&p.x) && (0.0..=height).contains(&p.y))
}
