//! What GStreamer complains of, and what to do about it.

use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer::{Bus, CoreError, MessageRef, MessageView, ParseError, ResourceError, StreamError};

use super::packages;
use crate::capture::CaptureError;
use crate::capture::launch_line::LaunchLine;

/// The longest detail that is repeated, in characters.
const DETAIL: usize = 300;

/// What a pipeline must end in.
pub(super) const FORM: &str = "let the pipeline end in raw pictures in the processor's memory, without a sink, \
    for example … ! video/x-raw,format=NV12";

/// Something that went wrong, in GStreamer's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub reason: String,
    pub remedy: String,
    /// Whether it may be that the pipeline's pictures are of no format of ours.
    pub about_format: bool,
}

impl Complaint {
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into(), about_format: false }
    }

    /// Of a text that is no pipeline; `missing` is the element, where that is what is wrong.
    pub fn of_text(error: &glib::Error, missing: Option<&str>) -> Self {
        let remedy = match (error.kind::<ParseError>(), missing) {
            (Some(ParseError::NoSuchElement), Some(element)) => packages::remedy(element),
            (Some(ParseError::NoSuchProperty | ParseError::CouldNotSetProperty), _) => {
                "gst-inspect-1.0 ELEMENT lists the properties and their values".to_owned()
            }
            (Some(ParseError::Link), _) => FORM.to_owned(),
            _ => "try it with gst-launch-1.0, fakesink at its end".to_owned(),
        };
        let about_format = error.kind::<ParseError>() == Some(ParseError::Link);
        Self { reason: error.message().to_owned(), remedy, about_format }
    }

    /// Of an error of a running pipeline.
    fn of_error(error: &glib::Error, debug: Option<&str>, element: Option<&str>, missing: Option<&str>) -> Self {
        let mut reason = element.map_or_else(String::new, |element| format!("{element}: "));
        reason += error.message().trim_end_matches('.');
        // The first line tells where in GStreamer's source it was.
        let detail = debug.and_then(|debug| debug.split_once('\n')).map_or("", |(_, detail)| detail.trim());
        if !detail.is_empty() {
            let detail: String = detail.replace('\n', "; ").chars().take(DETAIL).collect();
            reason += &format!(" ({detail})");
        }
        if let Some(missing) = missing {
            reason += &format!("; there is no {missing}");
        }
        let remedy = match (error.kind::<ResourceError>(), error.kind::<StreamError>(), error.kind::<CoreError>()) {
            (Some(ResourceError::NotAuthorized), ..) => "check the user and the password in the pipeline",
            (Some(ResourceError::Busy), ..) => "another program uses it: stop that program",
            (Some(_), ..) => "check that the camera, server or file of the pipeline is there and may be read",
            (_, Some(StreamError::CodecNotFound), _) | (.., Some(CoreError::MissingPlugin)) => {
                "install its plugin: apt-get install gstreamer1.0-libav gstreamer1.0-plugins-bad has most"
            }
            _ if missing.is_some() => {
                "install its plugin: apt-get install gstreamer1.0-libav gstreamer1.0-plugins-bad has most"
            }
            (_, Some(_), _) | (.., Some(CoreError::Negotiation | CoreError::Caps | CoreError::Pad)) => FORM,
            _ => "try it with gst-launch-1.0, fakesink at its end",
        };
        // A source that cannot be opened and a decoder that is not there stay so, however the pictures are converted.
        let about_format = missing.is_none() && remedy == FORM;
        Self { reason, remedy: remedy.to_owned(), about_format }
    }

    /// As the error of a source that cannot be opened, without the pipeline's secrets.
    pub fn refused(self, line: &LaunchLine) -> CaptureError {
        CaptureError::Open { source_name: format!("gst:{line}"), reason: line.scrub(&self.reason), remedy: self.remedy }
    }

    /// As the error of a source that was open, without the pipeline's secrets.
    pub fn failed(self, line: &LaunchLine) -> CaptureError {
        CaptureError::Failed {
            source_name: format!("gst:{line}"),
            reason: line.scrub(&self.reason),
            remedy: self.remedy,
        }
    }
}

/// What is said on a pipeline's bus. Everything must be taken off it, or it would grow.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// What no plugin was found for, in words.
    missing: Option<String>,
}

impl Hearing {
    /// Takes in what was said; the first error, if there was one.
    pub fn listen(&mut self, bus: &Bus) -> Option<Complaint> {
        while let Some(message) = bus.pop() {
            match message.view() {
                MessageView::Error(error) => {
                    let element = message.src().map(|source| source.name());
                    let (debug, missing) = (error.debug(), self.missing.as_deref());
                    let complaint = Complaint::of_error(&error.error(), debug.as_deref(), element.as_deref(), missing);
                    return Some(complaint);
                }
                MessageView::Element(_) => self.missing = missing_plugin(&message).or(self.missing.take()),
                _ => {}
            }
        }
        None
    }
}

/// What a message says that no plugin was found for.
fn missing_plugin(message: &MessageRef) -> Option<String> {
    let about = message.structure().filter(|about| about.name() == "missing-plugin")?;
    about.get::<String>("name").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: glib::Error, debug: Option<&str>, missing: Option<&str>) -> Complaint {
        Complaint::of_error(&error, debug, Some("src0"), missing)
    }

    #[test]
    fn the_detail_is_told_and_the_place_in_the_source_is_not() {
        let error = glib::Error::new(ResourceError::OpenRead, "Could not open.");
        let told = of(error, Some("gstfile.c(3): start (): /GstPipeline:p:\nFailed to connect.\nTwice."), None);
        assert_eq!(told.reason, "src0: Could not open (Failed to connect.; Twice.)");
        assert!(told.remedy.starts_with("check that the camera") && !told.about_format);
    }

    #[test]
    fn only_what_a_conversion_may_mend_is_about_the_format() {
        let format = of(glib::Error::new(StreamError::Failed, "Internal data stream error."), None, None);
        assert!(format.about_format && format.remedy == FORM);
        let missing = of(glib::Error::new(StreamError::Failed, "No decoder."), None, Some("H.264 decoder"));
        assert!(!missing.about_format && missing.reason.ends_with("; there is no H.264 decoder"));
        let password = of(glib::Error::new(ResourceError::NotAuthorized, "Unauthorized"), None, None);
        assert!(!password.about_format && password.remedy.contains("password"));
        let link = Complaint::of_text(&glib::Error::new(ParseError::Link, "could not link a to b"), None);
        assert!(link.about_format && link.remedy == FORM);
    }
}
