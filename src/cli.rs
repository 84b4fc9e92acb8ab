//! The command line, as typed. What it means is decided in [`crate::commands`].

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::affect::{Expression, Label};
use crate::board::NAMES;
use crate::capture::Address;
use crate::capture::paced::Speed;

const AFTER_HELP: &str = "\
Examples:
  affectd replay clip.mp4                     watch a clip turn into events, broker included
  affectd infer photos/ --format csv          one line per face and photo
  affectd infer clip.mp4 --format emotionml   the same in the W3C's markup
  affectd eval --truth DIR --predictions DIR  how far predictions agree with annotations
  affectd run --config /etc/affectd.toml      the daemon
  affectd check --config /etc/affectd.toml    is the configuration right, and this machine ready?
  affectd doctor                              try out this board, and say how to mend what fails

Exit codes: 0 all well, 1 something failed, 64 wrong command line, 78 wrong configuration.
No frame ever leaves the device: only numbers and labels are published.";

/// Reads a camera, estimates on the device how faces appear, and publishes affect events over MQTT.
#[derive(Debug, Parser)]
#[command(name = "affectd", version, about, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// The folder of model packs [default: $AFFECTD_MODELS, ./models, beside the program, /usr/share/affectd/models]
    #[arg(long, global = true, value_name = "DIR", hide_default_value = true)]
    pub models: Option<PathBuf>,

    /// Say more on standard error (-v: progress, -vv: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: camera in, events out, until it is stopped
    Run(RunArgs),
    /// Play a clip through the live pipeline and show its events
    Replay(ReplayArgs),
    /// Estimate affect in photos, clips and sounds: one line per face and frame, or per window of sound
    Infer(InferArgs),
    /// Score predictions, or a pack on videos, against annotations by the rules of the ABAW challenges
    Eval(EvalArgs),
    /// Check a configuration: syntax, meaning, environment
    Check(CheckArgs),
    /// Try out this board: camera, microphone, models, broker, clock, heat, disk, rights; says how to mend what fails
    Doctor(DoctorArgs),
    /// List, show and verify model packs
    #[command(subcommand)]
    Model(ModelCommand),
    /// Measure speed, memory and allocations on this machine
    Bench(BenchArgs),
    /// Load a broker with the traffic of many devices that are made up, and measure what it takes
    Simulate(SimulateArgs),
    /// Print what completes this command line in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages into a folder, for who makes packages
    #[command(hide = true)]
    Man {
        /// The folder
        dir: PathBuf,
    },
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The configuration [default: every key at its default]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Append every event to this file as it is produced, before the outbox, one JSON a line
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A clip or photo; or a camera, as v4l:/dev/video0
    #[arg(value_name = "CLIP")]
    pub clip: Address,

    /// Twice as fast is 2, half as fast 0.5
    #[arg(long, default_value = "1", value_name = "X")]
    pub speed: Speed,

    /// Publish to this broker, as mqtts://HOST or mqtt://localhost:1883 [default: a broker inside this process, for this run only]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,

    /// The device id in the topics
    #[arg(long, default_value = "replay", value_name = "ID")]
    pub device: String,

    /// Write every event as it is produced, before the outbox, one JSON a line
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Keep events that the broker has not acknowledged in this folder, as `run` does [default: in memory only]
    #[arg(long, value_name = "DIR")]
    pub outbox: Option<PathBuf>,

    /// Write every face of every frame, and every window of the voice, into this file
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// How that file is written
    #[arg(long, value_enum, default_value_t = Format::Ndjson, requires = "write")]
    pub format: Format,

    /// Smoothing, event and face settings from this configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Show only the summary
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `infer`.
#[derive(Debug, Args)]
pub struct InferArgs {
    /// Photos, clips, sounds, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Each image is one whole face crop: no detection
    #[arg(long)]
    pub crops: bool,

    /// Read the voices of clips, not their faces
    #[arg(long, conflicts_with = "crops")]
    pub voice: bool,

    /// One line for each sound, its windows averaged by how much voice they have
    #[arg(long)]
    pub summary: bool,

    /// How lines are written
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// Estimates of single frames of clips and windows of sounds, without smoothing over time
    #[arg(long)]
    pub raw: bool,

    /// Face, smoothing, model and event settings from this configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How `infer` and `replay` write what they estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, as published
    Ndjson,
    /// A header and one row per line
    Csv,
    /// EmotionML 1.0: one XML document, without action units
    #[value(name = "emotionml")]
    EmotionMl,
    /// A table of action units like OpenFace's, of faces only; AU.._r is 5 times a probability, no intensity
    #[value(name = "openface")]
    OpenFace,
}

const AFTER_EVAL: &str = "\
Annotations and predictions are laid out alike: DIR/VA_Set/VIDEO.txt, DIR/EXPR_Set/VIDEO.txt \
and DIR/AU_Set/VIDEO.txt (deeper folders such as VA_Set/Validation_Set are looked into), or one \
list of all tasks. A header, then a line for each frame:
  VA_Set    valence,arousal                                      -5: not annotated
  EXPR_Set  Neutral,Anger,Disgust,Fear,Happiness,Sadness,...     -1: not annotated
  AU_Set    AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,...     -1: not annotated
  the list  image,valence,arousal,expression,aus                 341/00001.jpg,-0.02,0.1,7,0,1,...
Headers are believed: the seven classes and eight units of 2020 are scored as such.

Examples:
  affectd eval --truth annotations/ --predictions mine/ --format json
  affectd eval --truth annotations/ --split validation --videos clips/ --write submission/
  affectd eval --truth annotations/ --crops cropped_aligned/ --format markdown

What each figure means: docs/evaluation.md.
Exit codes: 0 scored, 1 nothing could be scored (with --strict: or something was skipped).";

/// Arguments of `eval`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_EVAL, group = ArgGroup::new("scored").required(true))]
pub struct EvalArgs {
    /// The annotations: a folder, or the one list; may be left out when only submissions are written
    #[arg(long, value_name = "PATH", required_unless_present = "write")]
    pub truth: Option<PathBuf>,

    /// Score these predictions: a folder like that of the annotations, or a list
    #[arg(long, value_name = "PATH", group = "scored")]
    pub predictions: Option<PathBuf>,

    /// Run the configured pack on the clips in this folder, named as the annotations are
    #[arg(long, value_name = "DIR", group = "scored")]
    pub videos: Option<PathBuf>,

    /// Run it on cropped faces: DIR/VIDEO/00001.jpg and so on; a missing image is a frame without a face
    #[arg(long, value_name = "DIR", group = "scored")]
    pub crops: Option<PathBuf>,

    /// Only this part of the annotations [default: all of them]
    #[arg(long, value_enum, value_name = "PART")]
    pub split: Option<Split>,

    /// How the report is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,

    /// Write what the pack said, as submissions: DIR/raw, DIR/causal and DIR/offline
    #[arg(long, value_name = "DIR", conflicts_with = "predictions")]
    pub write: Option<PathBuf>,

    /// What is answered where no face was found
    #[arg(long, value_enum, default_value_t = WithoutFace::Mark)]
    pub without_face: WithoutFace,

    /// Cropped images a second
    #[arg(long, value_name = "N", default_value = "30", value_parser = above_zero)]
    pub fps: f32,

    /// Standard deviation of the offline smoothing, in seconds
    #[arg(long, value_name = "S", default_value = "0.5", value_parser = above_zero)]
    pub offline_sigma: f32,

    /// How often the videos are drawn anew for the intervals; 0: no intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub draws: u32,

    /// Where chance begins when they are drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Fail when anything was skipped
    #[arg(long)]
    pub strict: bool,

    /// Face, smoothing and model settings from this configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// Folders and lists that begin with "train"
    Train,
    /// … with "val"
    Validation,
    /// … with "test"
    Test,
}

/// How `eval` writes its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Columns, for a terminal
    Text,
    /// One JSON object
    Json,
    /// Tables, for a document
    Markdown,
}

/// What is answered where there is no face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WithoutFace {
    /// -1, as the challenges ask for; the last valence and arousal, which have no mark
    Mark,
    /// The last answer of all tasks
    Hold,
}

/// A finite number above zero.
fn above_zero(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("write a number above 0".into()),
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,

    /// The findings as JSON
    #[arg(long)]
    pub json: bool,

    /// May this version take over from another one? Configuration, packs, golden vectors and secrets; not what may be
    /// away for a while, as camera and broker
    #[arg(long)]
    pub post_update: bool,
}

const AFTER_DOCTOR: &str = "\
Opens the camera and the microphone for a few seconds, runs every configured model, and logs in \
to the broker under a client id of its own. Stop the service first (`systemctl stop affectd`): \
most cameras serve one program at a time. Nothing that is seen or heard is kept or sent. To the \
broker goes one empty message that it does not keep, on PREFIX/DEVICE/doctor, to learn whether \
this device may publish.

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 64 wrong command line, \
78 wrong configuration.";

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_DOCTOR)]
pub struct DoctorArgs {
    /// Which board this is; `this`: as the machine says
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_value = "this", default_missing_value = "this",
        value_parser = PossibleValuesParser::new(["this"].into_iter().chain(NAMES.iter().copied())))]
    pub board: String,

    /// The configuration [default: /etc/affectd/affectd.toml where there is one, else every key at its default]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The findings as JSON: docs/schema/doctor.schema.json
    #[arg(long)]
    pub json: bool,
}

/// What to do with model packs.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// The packs there are, with their licences
    List(PackArgs),
    /// One pack in full: input, labels, data, measured accuracy
    Show {
        /// The pack's name
        name: String,
        /// How
        #[command(flatten)]
        how: PackArgs,
    },
    /// Run the golden vectors: does this machine's engine compute what the training framework did?
    Verify {
        /// The packs' names [default: all]
        names: Vec<String>,
        /// How
        #[command(flatten)]
        how: PackArgs,
    },
}

/// Arguments of every command on model packs.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// Where packs are, and whose signatures of them are trusted, from this configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    /// The clip, or a sound for the voice path alone, to measure with [default: demo/clip.mp4, which `make demo` makes]
    #[arg(value_name = "CLIP")]
    pub clip: Option<PathBuf>,

    /// Stop after this many frames
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,

    /// As JSON
    #[arg(long)]
    pub json: bool,

    /// Something else than a clip's speed
    #[command(subcommand)]
    pub what: Option<BenchCommand>,
}

/// Other things to measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Recall and false faces of both detectors on photos with known boxes
    Faces {
        /// A folder of photos with a dlib XML file of their boxes
        dir: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What smoothing gains and costs: label changes, jitter, lag and accuracy with it and without
    Smoothing(SmoothingArgs),
}

const AFTER_SMOOTHING: &str = "\
Each clip is watched once as the daemon would watch it; the smoothers are then tried on what was seen.

Photographs become clips first: each is shown for 4 s as a still camera would see a still face (noise, small \
shifts, light that wavers; made up, the same on every run), one after another in the order given, so that two \
of them make a step. Of each, the largest face is shown.

Columns:
  faces      faces that were read
  changes/s  label changes a second; `unknown` is a label
  flips/s    changes that are none of the face's, where the face is known to rest
  jitter     mean absolute difference from frame to frame: valence, arousal, probability of the label
  lag        what smoothing adds to the time from a change of the face until the label, and 50 % and 90 % of a
             change of valence, show it: median and worst
  accuracy   frames whose label is the annotated one; `unknown` never is

Examples:
  affectd bench smoothing --still anna.jpg ben.jpg
  affectd bench smoothing --label happiness smile.mp4
  affectd bench smoothing --labels EXPR_Set/Validation_Set/12.txt 12.mp4
  affectd bench smoothing clips/ --config mine.toml --svg trade-off.svg";

/// Arguments of `bench smoothing`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_SMOOTHING)]
pub struct SmoothingArgs {
    /// Clips and photographs, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The faces of the clips rest: every label change is a flip
    #[arg(long)]
    pub still: bool,

    /// All faces show this expression throughout, as happiness: every label change is a flip, and another label wrong
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "labels", value_parser = expression)]
    pub label: Option<Expression>,

    /// What the face of the one clip shows, frame by frame: an EXPR file of Aff-Wild2
    #[arg(long, value_name = "FILE", conflicts_with = "still")]
    pub labels: Option<PathBuf>,

    /// Try the smoothing settings of this configuration too; its face and model settings are used for all
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Draw flips against added lag for many time constants
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

const AFTER_SIMULATE: &str = "\
Each device is a real publisher with its own connection, will, topics and outbox; what it publishes is made up: people \
come, show expressions and go, and the daemon's own rules make events of it. Their ids are simulated-0001 and so on, and \
board, pack and engine say `simulated`. At the end their retained messages are removed from the broker.

Latency is the time from handing a message to its publisher until a subscriber in this process has it, by the stamp in \
the message; both ends share one clock, and this machine's processors with the broker if that runs here. \
Lost events are those that no subscriber has received at the end.

Examples:
  affectd simulate --devices 1000 --broker mqtt://localhost:1883
  affectd simulate --devices 200 --faces 3 --seconds 300 --config /etc/affectd/affectd.toml --json

What the figures mean for a fleet: docs/fleet.md.
Exit codes: 0 every device was online and no event was lost, 1 otherwise, 64 wrong command line, 78 wrong \
configuration.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_SIMULATE)]
pub struct SimulateArgs {
    /// How many devices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub devices: u32,

    /// How long to measure once all of them are online
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,

    /// The broker, as mqtts://HOST or mqtt://localhost:1883 [default: that of the configuration]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,

    /// The most people each device has in view at a time
    #[arg(long, value_name = "F", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=32))]
    pub faces: u8,

    /// How many devices are started in a second
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub ramp: u32,

    /// Where chance begins: the same people come and go in each run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Broker, login, rates and event rules from this configuration
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// An expression by its name.
fn expression(name: &str) -> Result<Expression, String> {
    Expression::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Expression::ALL.iter().map(|label| label.name()).collect();
        format!("choose one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Terminals wrap each paragraph to their own width: a line that ends within one would stay short there.
    #[test]
    fn no_line_of_the_help_ends_within_a_paragraph() {
        fn look(command: &clap::Command) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for (line, next) in text.lines().zip(text.lines().skip(1)) {
                let goes_on =
                    !line.is_empty() && next.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
                assert!(!goes_on, "{}: {line:?} goes on with {next:?}", command.get_name());
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }

    #[test]
    fn a_format_without_a_file_to_write_is_refused() {
        let parse = |rest: &[&str]| Cli::try_parse_from(["affectd", "replay", "c.mp4"].iter().chain(rest));
        assert!(parse(&["--format", "openface"]).is_err());
        assert!(parse(&["--format", "openface", "--write", "faces.csv"]).is_ok());
        assert!(parse(&[]).is_ok());
    }

    #[test]
    fn a_speed_that_is_not_above_zero_is_refused() {
        for bad in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(Cli::try_parse_from(["affectd", "replay", "c.mp4", "--speed", bad]).is_err(), "{bad}");
        }
    }
}
