//! Annotated frames as the field ships them: Aff-Wild2's folders, the one list of the multi-task challenges, and
//! submissions, which look the same.
//!
//! ```text
//! DIR/VA_Set/…/VIDEO.txt      valence,arousal            then  0.31,-0.2      −5: not annotated
//! DIR/EXPR_Set/…/VIDEO.txt    Neutral,Anger,…,Other      then  4              −1: not annotated
//! DIR/AU_Set/…/VIDEO.txt      AU1,AU2,…,AU26             then  0,1,…,0        −1: not annotated
//! DIR/C-EXPR_Set/…/VIDEO.txt  Fearfully Surprised,…      then  2              −1: not annotated
//! DIR/anything.txt            image,valence,arousal,expression,aus  then  VIDEO/00001.jpg,0.1,0.2,4,0,…,1
//! ```
//!
//! Line k after the header is about frame k. Headers are believed: a file of 2020 names seven expressions and
//! eight other units, and both are read for what they say. A trailing comma, spaces, CRLF and a missing
//! end of the last line are nothing; anything else that is wrong is an [`AnnotationError`] with file, line
//! and remedy, for that file alone.
//!
//! | file | what it is for |
//! |---|---|
//! | `names` | tasks, classes, units, and how files call them |
//! | `header`, `line` | what a line of text says |
//! | `track` | one file: the frames of one video |
//! | `list` | the one list of all videos and tasks |
//! | `collection` | which files there are below a folder |
//! | `compare` | two tracks of one video, counted |
//! | `submission` | tracks as files |

mod collection;
mod compare;
mod error;
mod header;
mod line;
mod list;
mod names;
mod submission;
#[cfg(test)]
mod tests;
mod track;

pub use collection::{Collection, Split};
pub use compare::{Mismatch, compare};
pub use error::AnnotationError;
pub use names::{CLASSES, Task, UNITS, unit_name};
pub use submission::{write, write_list};
pub use track::{Row, Track};
