//! Looking for faces: a detector pack from picture to faces.
//!
//! A detector sees its input's few pixels only, so a face that is small in the picture, or fills it, gets
//! a low score and coarse points. Hence the close look: the same detector, shown the face's surroundings
//! only. It tells faces from what merely resembles one: of 705 faces from photographs that had scored 0.45
//! to 0.7, a close look gave 99 of 100 more than 0.53, and a cartoon's title that had scored as much never
//! more than 0.37. Its points are as exact for a face of 9 input pixels as for a large one: they deviate
//! by 1 to 1.5 % of the face's size, where a look at the whole picture deviates by 8 to 12 %.

use super::blazeface::{Decoder, Faces};
use super::{Detection, FaceError};
use crate::affect::Confidence;
use crate::geometry::{Rect, Size};
use crate::model::{Channels, DetectorSpec, Engines, InputSpec, Model, ModelFile, OutputSpec, Pack};
use crate::picture::Picture;
use crate::picture::letterbox::Letterboxer;

/// A close look shows this many times the face's size.
const SURROUNDINGS: f32 = 3.0;
/// The input pixels of a close look that only places the points of a face anew: the face gets some 40 of them,
/// which is plenty for that. What merely resembles a face scores higher in so few than in all, so they do not judge.
pub const REFINING_SIDE: usize = 128;
/// What a close look finds is the face that was meant when they overlap this much.
const MEANT: f32 = 0.3;
/// Two faces that overlap this much are one.
const SAME: f32 = 0.3;
/// In fewer input pixels than this a face's points are coarse.
const COARSE: f32 = 20.0;

/// Finds faces in a picture.
pub trait Detect {
    /// The faces in a region of the picture whose score is at least `threshold`, in frame pixels.
    ///
    /// `side`: how many pixels of the detector's input the region's longer side is to get, at most
    /// [`Detect::side`]. Fewer are cheaper and see less.
    ///
    /// # Errors
    /// When the detector failed; it may be asked again.
    fn detect(
        &mut self,
        picture: &Picture,
        region: Rect,
        side: usize,
        threshold: Confidence,
    ) -> Result<Faces, FaceError>;

    /// The score from which on the detector is to be believed.
    fn score_threshold(&self) -> Confidence;

    /// The longer side of the detector's input, in pixels.
    fn side(&self) -> usize;
}

/// A BlazeFace pack, opened. Its buffers are made once for each size of its input.
pub struct BlazeFace {
    file: ModelFile,
    input: InputSpec,
    outputs: Vec<OutputSpec>,
    spec: DetectorSpec,
    letterboxer: Letterboxer,
    opened: Vec<Opened>,
}

/// The network, settled for one size of its input: engines want to know all shapes beforehand.
struct Opened {
    size: Size,
    model: Model,
    decoder: Decoder,
}

impl BlazeFace {
    /// Opens a pack of kind detector.
    ///
    /// # Errors
    /// When it is of another kind, does not read RGB, or the engine refuses it.
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, FaceError> {
        let spec = pack.detector()?;
        let input = pack.picture()?;
        if input.channels != Channels::Rgb {
            return Err(FaceError::Channels { kind: "detector", wanted: "rgb" });
        }
        engines.open(pack, |variant| Self::open_file(pack, input, spec, ModelFile::read(pack, variant, engines)?))
    }

    fn open_file(pack: &Pack, input: InputSpec, spec: DetectorSpec, file: ModelFile) -> Result<Self, FaceError> {
        let mut detector = Self {
            file,
            input,
            outputs: pack.outputs.clone(),
            spec,
            letterboxer: Letterboxer::default(),
            opened: Vec::new(),
        };
        // What every camera needs sooner or later; the size for its whole frames is opened with the first of them.
        for side in [spec.layout.side(), REFINING_SIDE] {
            detector.place_of(input_size(&spec, &Rect::new(0.0, 0.0, 1.0, 1.0), side))?;
        }
        Ok(detector)
    }

    /// Does what would otherwise happen with the first frame of that size: opens what it needs, and lets the
    /// engine run once, which takes it longer than later runs.
    ///
    /// # Errors
    /// When the engine refuses that size or fails.
    pub fn prepare(&mut self, width: u32, height: u32) -> Result<(), FaceError> {
        let whole = Rect::new(0.0, 0.0, width as f32, height as f32);
        self.place_of(input_size(&self.spec, &whole, self.spec.layout.side()))?;
        self.opened.iter_mut().try_for_each(|opened| Ok(opened.model.run()?))
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &str {
        self.file.engine()
    }

    /// Where in `opened` the network for that size is; opens it when it is met first.
    fn place_of(&mut self, size: Size) -> Result<usize, FaceError> {
        if let Some(place) = self.opened.iter().position(|opened| opened.size == size) {
            return Ok(place);
        }
        let outputs = self.spec.outputs_for(size, &self.outputs);
        let model = self.file.open(&self.input.sized(size).shape(), &outputs)?;
        self.opened.push(Opened { size, model, decoder: Decoder::new(self.spec.layout, size) });
        Ok(self.opened.len() - 1)
    }
}

impl Detect for BlazeFace {
    fn detect(
        &mut self,
        picture: &Picture,
        region: Rect,
        side: usize,
        threshold: Confidence,
    ) -> Result<Faces, FaceError> {
        let size = input_size(&self.spec, &region, side);
        let place = self.place_of(size)?;
        let Opened { model, decoder, .. } = &mut self.opened[place];
        let letterbox = self.letterboxer.letterbox(picture, region, size, self.input.norm, model.input_mut());
        model.run()?;
        decoder.decode(model.output(0), model.output(1), threshold, &letterbox)
    }

    fn score_threshold(&self) -> Confidence {
        self.spec.score_threshold
    }

    fn side(&self) -> usize {
        self.spec.layout.side()
    }
}

/// The smallest input that shows a region with `side` pixels along its longer side. Its shorter side is
/// never less than two thirds of the longer: there are few sizes, then, and each has to be opened once.
fn input_size(spec: &DetectorSpec, region: &Rect, side: usize) -> Size {
    let (most, multiple) = (spec.layout.side(), spec.layout.multiple());
    if !spec.resizable {
        return Size::square(most);
    }
    let up = |pixels: f32| (pixels / multiple as f32).ceil() as usize * multiple;
    let longer = up(side as f32).clamp(multiple, most);
    let least = up(longer as f32 * 2.0 / 3.0);
    let along = |extent: f32| up(longer as f32 * extent / region.width.max(region.height)).clamp(least, longer);
    Size { width: along(region.width), height: along(region.height) }
}

/// All of a picture.
pub fn whole(picture: &Picture) -> Rect {
    Rect::new(0.0, 0.0, picture.width() as f32, picture.height() as f32)
}

/// The size of the smallest face, in frame pixels, that a look at the whole picture places well.
pub fn coarse_below(detector: &impl Detect, picture: &Picture) -> f32 {
    COARSE * picture.width().max(picture.height()) as f32 / detector.side() as f32
}

/// Looks closely, with `side` input pixels, at what may be a face; `None` when it is none.
///
/// # Errors
/// When the detector failed.
pub fn look_closely(
    detector: &mut impl Detect,
    picture: &Picture,
    rect: &Rect,
    side: usize,
) -> Result<Option<Detection>, FaceError> {
    let (centre, reach) = (rect.centre(), SURROUNDINGS * rect.width.max(rect.height));
    let region = Rect::new(centre.x - reach / 2.0, centre.y - reach / 2.0, reach, reach);
    let faces = detector.detect(picture, region, side, detector.score_threshold())?;
    let meant = faces.largest.into_iter().filter(|face| face.rect.iou(rect) > MEANT);
    Ok(meant.max_by(|a, b| a.score.get().total_cmp(&b.score.get())))
}

/// Searches a single picture thoroughly: whatever scores at least `doubt` is looked at closely, and kept
/// when it is then believed or had scored at least `sure`.
///
/// # Errors
/// When the detector failed.
pub fn search(
    detector: &mut impl Detect,
    picture: &Picture,
    doubt: Confidence,
    sure: Confidence,
) -> Result<Faces, FaceError> {
    let candidates = detector.detect(picture, whole(picture), detector.side(), doubt)?;
    let mut faces = Faces { beyond: candidates.beyond, ..Faces::default() };
    for candidate in &candidates.largest {
        let close = look_closely(detector, picture, &candidate.rect, detector.side())?;
        let believed = close.or((candidate.score >= sure).then_some(*candidate));
        if let Some(face) = believed
            && !faces.largest.iter().any(|known| known.rect.iou(&face.rect) > SAME)
        {
            faces.add(face);
        }
    }
    Ok(faces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Layout;

    fn spec(layout: Layout, resizable: bool) -> DetectorSpec {
        DetectorSpec { layout, resizable, score_threshold: Confidence::MAX }
    }

    fn sized(layout: Layout, region: (f32, f32), side: usize) -> (usize, usize) {
        let size = input_size(&spec(layout, true), &Rect::new(7.0, -3.0, region.0, region.1), side);
        (size.width, size.height)
    }

    #[test]
    fn the_input_has_the_regions_shape_as_nearly_as_the_network_can() {
        for (region, expected) in [
            ((1280.0, 720.0), (192, 128)),
            ((640.0, 480.0), (192, 160)),
            ((480.0, 640.0), (160, 192)),
            ((600.0, 600.0), (192, 192)),
            ((1080.0, 1920.0), (128, 192)),
        ] {
            assert_eq!(sized(Layout::FullRange, region, 192), expected, "{region:?}");
        }
        assert_eq!(sized(Layout::ShortRange, (1280.0, 720.0), 128), (128, 96));
        assert_eq!(sized(Layout::FullRange, (50.0, 50.0), REFINING_SIDE), (128, 128));
    }

    #[test]
    fn no_region_makes_an_input_that_is_thin_or_larger_than_the_networks_own() {
        for region in [(5000.0, 1.0), (1.0, 5000.0), (0.0, 0.0), (f32::NAN, 9.0), (-4.0, 9.0)] {
            for side in [0, 1, 128, 5000] {
                let (width, height) = sized(Layout::FullRange, region, side);
                let (longer, shorter) = (width.max(height), width.min(height));
                assert!(longer <= 192 && 3 * shorter >= 2 * longer && shorter >= 32, "{region:?} {side}");
                assert!(width.is_multiple_of(32) && height.is_multiple_of(32), "{region:?} {side}");
            }
        }
    }

    #[test]
    fn a_network_of_one_size_gets_that_size() {
        let size = input_size(&spec(Layout::FullRange, false), &Rect::new(0.0, 0.0, 1280.0, 720.0), REFINING_SIDE);
        assert_eq!(size, Size::square(192));
    }
}
