//! What is wrong with a file of annotations.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file, or a line of it, cannot be used. Each names the file and says what to do.
#[derive(Debug, Error)]
pub enum AnnotationError {
    /// The system does not give it.
    #[error("{} cannot be read: {source}; check the path and who may read it", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not take it.
    #[error("{} cannot be written: {source}; check who may write there, and whether the disk is full", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("{} is empty: its first line must be a header such as {expected:?}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// A header as it should be.
        expected: &'static str,
    },
    /// Its first line is no header of its task.
    #[error("{}, line 1: {found:?} is not the header of this task: {reason}; write {expected:?}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What stands there.
        found: String,
        /// What is wrong with it.
        reason: String,
        /// A header as it should be.
        expected: &'static str,
    },
    /// A line says nothing that can be meant.
    #[error("{}, line {line}: {found:?}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1; the header is the first.
        line: usize,
        /// What stands there, the beginning of it.
        found: String,
        /// What is wrong, and what should stand there.
        reason: String,
    },
    /// There are two files for one video and task.
    #[error(
        "{} and {} are both about the same video and task: the first is used; choose with --split, or move one away",
        first.display(), second.display()
    )]
    Twice {
        /// The one that is used.
        first: PathBuf,
        /// The one that is not.
        second: PathBuf,
    },
    /// Nothing to read was found.
    #[error(
        "{} holds neither annotations nor predictions{}: expected VA_Set, EXPR_Set or AU_Set with one .txt for each video, \
         or one list that begins with image,valence,arousal,expression,aus",
        path.display(), split.map(|split| format!(" of the {split} split")).unwrap_or_default()
    )]
    Nothing {
        /// Where it was looked.
        path: PathBuf,
        /// Which part was asked for.
        split: Option<&'static str>,
    },
}
