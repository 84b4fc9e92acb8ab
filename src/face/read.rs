//! Reading one face: laid onto the model's points, judged, estimated.

use super::settings::FaceSettings;
use super::{FaceError, Landmarks, Quality, align, quality};
use crate::affect::Estimate;
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

    /// The input to fill: one plane of luma.
    fn input_mut(&mut self) -> &mut [f32];

    /// Reads the input.
    ///
    /// # Errors
    /// When the model failed; it may be asked again.
    fn estimate(&mut self) -> Result<Estimate, FaceError>;
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
}

/// Reads faces with one model.
#[derive(Debug)]
pub struct Reader<M> {
    model: M,
    input: InputSpec,
    /// In input pixels.
    template: Align,
    warper: Warper,
}

impl<M: FaceModel> Reader<M> {
    /// A reader with a model that reads luma.
    ///
    /// # Errors
    /// When the model reads other channels.
    pub fn new(model: M) -> Result<Self, FaceError> {
        let input = *model.input_spec();
        if input.channels != Channels::Grey {
            return Err(FaceError::Channels { kind: "frame", wanted: "grey" });
        }
        let template = model.align().in_pixels(&input);
        Ok(Self { model, input, template, warper: Warper::default() })
    }

    /// Lays a face onto the model's points and judges what is seen. A face whose eyes, nose or mouth lie
    /// outside of the picture is not usable.
    pub fn look(&mut self, picture: &Picture, rect: &Rect, landmarks: &Landmarks, settings: &FaceSettings) -> Quality {
        let InputSpec { width, height, norm, .. } = self.input;
        let values = self.model.input_mut();
        match align::to_frame(landmarks, &self.template) {
            Some(to_frame) => self.warper.warp_grey(picture, &to_frame, width, height, norm, values),
            None => values.fill(norm.offset),
        }
        let seen = quality::judge(rect, landmarks, quality::Crop { values, width, norm }, settings);
        Quality { usable: seen.usable && within(picture, landmarks), ..seen }
    }

    /// Estimates the face that was looked at last.
    ///
    /// # Errors
    /// When the model failed.
    pub fn estimate(&mut self) -> Result<Estimate, FaceError> {
        self.model.estimate()
    }

    /// Estimates a picture that is a face crop already, as data sets have them: the whole of it, resized.
    ///
    /// # Errors
    /// When the model failed.
    pub fn estimate_crop(&mut self, crop: &Picture) -> Result<Estimate, FaceError> {
        let InputSpec { width, height, norm, .. } = self.input;
        self.warper.resize_grey(crop, width, height, norm, self.model.input_mut());
        self.model.estimate()
    }
}

fn within(picture: &Picture, landmarks: &Landmarks) -> bool {
    let Landmarks { right_eye, left_eye, nose, mouth, .. } = landmarks;
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    [right_eye, left_eye, nose, mouth].iter().all(|p| (0.0..=width).contains(&p.x) && (0.0..=height).contains(&p.y))
}
