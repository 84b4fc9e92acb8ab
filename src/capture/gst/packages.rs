//! Which Debian package brings an element.

/// What to do about an element that is not installed.
pub(super) fn remedy(element: &str) -> String {
    match package(element) {
        Some(package) => format!("install it: apt-get install {package}"),
        None => {
            "check its name (gst-inspect-1.0 lists what is installed), or install the plugin that has it".to_owned()
        }
    }
}

/// The package of an element that is often in a camera's pipeline; Debian's, or that of the board's maker.
fn package(element: &str) -> Option<&'static str> {
    const WHOLE: [(&str, &[&str]); 4] = [
        (
            "gstreamer1.0-plugins-base",
            &[
                "appsink",
                "appsrc",
                "decodebin",
                "decodebin3",
                "parsebin",
                "rawvideoparse",
                "tcpclientsrc",
                "uridecodebin",
                "uridecodebin3",
                "videoconvert",
                "videoconvertscale",
                "videorate",
                "videoscale",
                "videotestsrc",
            ],
        ),
        (
            "gstreamer1.0-plugins-good",
            &[
                "imagefreeze",
                "jpegdec",
                "matroskademux",
                "multipartdemux",
                "pngdec",
                "qtdemux",
                "rtpbin",
                "rtpjitterbuffer",
                "rtspsrc",
                "souphttpsrc",
                "udpsrc",
                "v4l2src",
                "videobox",
                "videocrop",
                "videoflip",
                "vp8dec",
                "vp9dec",
            ],
        ),
        (
            "gstreamer1.0-plugins-bad",
            &[
                "av1parse",
                "h264parse",
                "h265parse",
                "hlsdemux",
                "jpegparse",
                "openh264dec",
                "srtsrc",
                "tsdemux",
                "vp9parse",
                "dashdemux",
                "rtmp2src",
                "webrtcbin",
            ],
        ),
        ("gstreamer1.0-libcamera", &["libcamerasrc"]),
    ];
    const BEGINNINGS: [(&str, &str); 10] = [
        ("avdec_", "gstreamer1.0-libav"),
        ("rtp", "gstreamer1.0-plugins-good"),
        ("v4l2sl", "gstreamer1.0-plugins-bad"),
        ("v4l2", "gstreamer1.0-plugins-good (it shows only where the driver has the codec)"),
        ("vaapi", "gstreamer1.0-vaapi"),
        ("va", "gstreamer1.0-plugins-bad (it shows only where the driver has the codec)"),
        ("nvarguscamera", "nvidia-l4t-gstreamer (of JetPack)"),
        ("nvv", "nvidia-l4t-gstreamer (of JetPack)"),
        ("nvjpeg", "nvidia-l4t-gstreamer (of JetPack)"),
        ("pipewire", "gstreamer1.0-pipewire"),
    ];
    let whole = WHOLE.iter().find(|(_, elements)| elements.contains(&element)).map(|(package, _)| *package);
    whole.or_else(|| BEGINNINGS.iter().find(|(begins, _)| element.starts_with(begins)).map(|(_, package)| *package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_a_cameras_element_is_known() {
        for (element, named) in [
            ("rtspsrc", "apt-get install gstreamer1.0-plugins-good"),
            ("rtph265depay", "gstreamer1.0-plugins-good"),
            ("h264parse", "gstreamer1.0-plugins-bad"),
            ("avdec_h264", "gstreamer1.0-libav"),
            ("v4l2slh264dec", "gstreamer1.0-plugins-bad"),
            ("nvarguscamerasrc", "nvidia-l4t-gstreamer"),
            ("nvvidconv", "nvidia-l4t-gstreamer"),
            ("libcamerasrc", "gstreamer1.0-libcamera"),
            ("videofoo", "gst-inspect-1.0"),
        ] {
            assert!(remedy(element).contains(named), "{element}: {}", remedy(element));
        }
    }
}
