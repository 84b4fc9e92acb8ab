//! Which files the user meant: paths as given, folders opened.

use std::io;
use std::path::{Path, PathBuf};

use crate::capture::file::{is_photo, is_sound};

/// Endings of clips that are looked for in folders; a file named outright may have any ending.
const CLIPS: &[&str] = &["avi", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ts", "webm", "wmv"];

/// The files behind a path: itself, or for a folder all photos, clips and sounds below it, sorted.
///
/// # Errors
/// When the path, or a folder below it, cannot be read.
pub fn expand(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.metadata()?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let path = entry.path();
            // Links to folders are not followed: they may lead round in a circle.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_photo(&path) || is_clip(&path) || is_sound(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a clip, by its name.
pub fn is_clip(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| CLIPS.iter().any(|clip| clip.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_gives_its_photos_clips_and_sounds_sorted_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        for name in ["b.JPG", "a/c.mp4", "d.flac", "notes.txt", "a/.hidden"] {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        let found = expand(dir.path()).unwrap();
        assert_eq!(found, ["a/c.mp4", "b.JPG", "d.flac"].map(|name| dir.path().join(name)));
    }

    #[test]
    fn a_file_named_outright_is_taken_whatever_its_ending() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(expand(file.path()).unwrap(), [file.path()]);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(expand(Path::new("/no/such/photo.jpg")).is_err());
    }
}
