//! affectd reads a camera and a microphone, estimates on the device how faces and voices appear and publishes affect
//! events.
//!
//! ```text
//!  camera ─► picture ─► detect ─► track ─► align ─► face model ─► smooth ─► events ─► publish ─► MQTT
//!            └──────────────── face ───────────────────────────┘      ▲
//!  microphone ─► 16 kHz ─► voice activity, log-mel ─► voice model ─────┘
//!                └──────────────── voice ────────────────────────┘
//! ```
//!
//! Data flows in that one direction. Blocking work (capture, inference) runs on named threads, which are started
//! anew when they die; beside them `health` tells, and slows the frames when the board is hot. tokio does I/O only. A link is either *latest only* (frames: an old frame is worthless) or *bounded with a
//! counted drop*. From `smooth` to `events` everything is pure: values in, values out, time as an
//! argument.
//!
//! | room | what it is for |
//! |---|---|
//! | [`affect`] | valence, arousal, expressions, action units: the words everything else speaks |
//! | [`clock`], [`geometry`] | time and space, without a device |
//! | [`board`], [`thermal`] | which board this is, what is known of it, how warm it is |
//! | [`capture`] | cameras, microphones, files: small traits, a fake beside each |
//! | [`picture`] | a frame in the camera's own format; sampling it for a model |
//! | [`model`] | model packs, the engines that run them, golden vectors |
//! | [`face`] | detect, track, judge quality, estimate |
//! | [`voice`] | resample, find voice, log-mel features, estimate |
//! | [`fuse`], [`smooth`], [`events`], [`scene`] | the pure heart |
//! | [`privacy`] | what may be sensed, and what of it may be told |
//! | [`control`] | what a device is told to do over MQTT |
//! | [`publish`] | topics, payloads, MQTT |
//! | [`annotation`], [`metrics`] | annotated frames of the field's data sets, and how far estimates agree with them |
//! | [`export`] | estimates in the formats of others: EmotionML, tables of OpenFace |
//! | [`config`] | what the user typed, and what it means |
//! | [`pipeline`], [`outlet`] | the only wiring, and where it ends |
//! | [`supervise`], [`health`] | threads that come back; how each stage is, and why |
//! | [`latency`], [`logging`], [`exit`] | what is measured, said, and returned |
//! | [`cli`], [`commands`] | the command line as typed; one file per sub-command |
//! | `handover` | to a build for this processor, where a package holds one |

pub mod affect;
pub mod annotation;
pub mod board;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod events;
pub mod exit;
pub mod export;
pub mod face;
pub mod fuse;
pub mod geometry;
#[cfg(target_arch = "x86_64")]
pub mod handover;
pub mod health;
pub mod latency;
pub mod logging;
pub mod metrics;
pub mod model;
pub mod outlet;
pub mod picture;
pub mod pipeline;
pub mod privacy;
pub mod publish;
pub mod scene;
pub mod sequence;
pub mod smooth;
pub mod supervise;
pub mod thermal;
pub mod voice;
