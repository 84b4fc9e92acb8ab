//! Which annotations there are below a folder.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::AnnotationError;
use super::list::{self, is_list};
use super::names::Task;
use super::track::{Track, text};

/// How deep annotations are looked for: `DIR/annotations/VA_Set/Validation_Set` is three below `DIR`.
const DEPTH: usize = 5;

/// Enough of a file to know a list by its header.
const HEAD: u64 = 256;

/// A part of a data set, told by the name of a folder or of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// For training.
    Train,
    /// For choosing and comparing.
    Validation,
    /// Held back.
    Test,
}

impl Split {
    /// As it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// By how a folder or file begins: `Training_Set`, `Train_Set`, `validation_set_annotations.txt`.
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let begins = |with| name.starts_with(with);
        [("train", Self::Train), ("val", Self::Validation), ("test", Self::Test)]
            .into_iter()
            .find_map(|(with, split)| begins(with).then_some(split))
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Annotations, or a submission: files by task and video, or what a list says.
#[derive(Debug, Default)]
pub struct Collection {
    files: BTreeMap<(Task, String), PathBuf>,
    listed: BTreeMap<String, Track>,
    splits: BTreeSet<Split>,
    problems: Vec<AnnotationError>,
}

impl Collection {
    /// Looks below a folder, or reads the one list that `path` is. With `split` only that part is taken. Where
    /// there is a list, it counts and the folders do not, because it says the same again.
    ///
    /// # Errors
    /// When there is nothing to read. What is wrong with single files is kept in [`Collection::problems`].
    pub fn open(path: &Path, split: Option<Split>) -> Result<Self, AnnotationError> {
        let mut found = Self::default();
        let is_dir = fs::metadata(path).map_err(|source| AnnotationError::Read { path: path.into(), source })?.is_dir();
        if is_dir {
            let mut place = Place::default();
            // Whoever names DIR/VA_Set/Validation_Set means what is in it.
            let own = fs::canonicalize(path).unwrap_or_else(|_| path.into());
            for name in own.components().rev().take(2).collect::<Vec<_>>().into_iter().rev() {
                place = place.below(&name.as_os_str().to_string_lossy());
            }
            let mut lists = Vec::new();
            found.walk(path, place, split, DEPTH, &mut lists)?;
            for list in lists {
                found.add_list(&list)?;
            }
        } else {
            found.add_list(path)?;
        }
        if found.files.is_empty() && found.listed.is_empty() && found.problems.is_empty() {
            return Err(AnnotationError::Nothing { path: path.into(), split: split.map(Split::name) });
        }
        Ok(found)
    }

    /// What is wrong with what was read so far; such videos and lines are left out.
    pub fn problems(&self) -> &[AnnotationError] {
        &self.problems
    }

    /// The parts that folders and lists speak of.
    pub fn splits(&self) -> &BTreeSet<Split> {
        &self.splits
    }

    /// The tasks and videos there is something about, sorted.
    pub fn items(&self) -> BTreeSet<(Task, &str)> {
        if self.listed.is_empty() {
            return self.files.keys().map(|(task, video)| (*task, &**video)).collect();
        }
        let tasks = [Task::Va, Task::Expr, Task::Au];
        self.listed.keys().flat_map(|video| tasks.map(|task| (task, &**video))).collect()
    }

    /// The file that speaks of a video; `None` when a list does, or nothing.
    pub fn file(&self, task: Task, video: &str) -> Option<&Path> {
        self.files.get(&(task, video.to_owned())).map(PathBuf::as_path)
    }

    /// What there is about a video; `None` when there is nothing.
    ///
    /// # Errors
    /// What is wrong with its file.
    pub fn track(&self, task: Task, video: &str) -> Result<Option<Cow<'_, Track>>, AnnotationError> {
        if let Some(track) = self.listed.get(video) {
            return Ok((task != Task::Compound).then_some(Cow::Borrowed(track)));
        }
        self.file(task, video).map(|path| Track::read(task, path).map(Cow::Owned)).transpose()
    }

    fn add_list(&mut self, path: &Path) -> Result<(), AnnotationError> {
        let list = list::parse(path, &text(path)?)?;
        self.problems.extend(list.problems);
        // A video stands in one list only; should it stand in two, the frames of the later one count.
        self.listed.extend(list.tracks);
        Ok(())
    }

    fn walk(
        &mut self,
        folder: &Path,
        place: Place,
        split: Option<Split>,
        depth: usize,
        lists: &mut Vec<PathBuf>,
    ) -> Result<(), AnnotationError> {
        let reading = |source| AnnotationError::Read { path: folder.into(), source };
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(reading)? {
            entries.push(entry.map_err(reading)?.path());
        }
        entries.sort();
        for path in entries {
            let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            // Pictures of videos are many, and nothing is annotated among them.
            if name.starts_with('.') || name.starts_with("cropped") {
                continue;
            }
            if path.is_dir() {
                if depth > 0 {
                    self.walk(&path, place.below(&name), split, depth - 1, lists)?;
                }
            } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("txt")) {
                match place.task {
                    Some(task) if split.is_none_or(|split| place.split == Some(split)) => {
                        self.splits.extend(place.split);
                        self.add_file(task, path);
                    }
                    Some(_) => {}
                    None => {
                        let of = Split::of(&name).or(place.split);
                        if split.is_none_or(|split| of == Some(split)) && begins_as_list(&path) {
                            self.splits.extend(of);
                            lists.push(path);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn add_file(&mut self, task: Task, path: PathBuf) {
        let video = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match self.files.get(&(task, video.clone())) {
            Some(first) => self.problems.push(AnnotationError::Twice { first: first.clone(), second: path }),
            None => {
                self.files.insert((task, video), path);
            }
        }
    }
}

/// What the folders on the way say of the files in them; the nearest one counts.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    task: Option<Task>,
    split: Option<Split>,
}

impl Place {
    fn below(self, name: &str) -> Self {
        Self { task: Task::of_folder(name).or(self.task), split: Split::of(name).or(self.split) }
    }
}

/// Whether a file begins as a list does; one that cannot be read is none.
fn begins_as_list(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && is_list(&String::from_utf8_lossy(&head))
}
