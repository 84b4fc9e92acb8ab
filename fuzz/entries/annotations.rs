//! Files of annotations and predictions, whose lists share nothing but their layout with ours.

use std::collections::BTreeMap;
use std::path::Path;

use affectd::annotation::{Collection, Task, Track, write, write_list};

/// The first byte says which task the rest is about, or that it is the one list of all tasks. What is understood is
/// within its ranges; what is written of it is understood too, and written the same once more.
pub fn annotations(bytes: &[u8]) {
    let Some((task, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    match Task::ALL.get(usize::from(*task) % (Task::ALL.len() + 1)) {
        Some(&task) => one_file(task, &text),
        None => list(&text),
    }
}

fn one_file(task: Task, text: &str) {
    let Ok(track) = Track::parse(task, Path::new("video.txt"), text) else { return };
    check(&track);
    let folder = tempfile::tempdir().unwrap();
    let written = |track: &Track| std::fs::read_to_string(write(folder.path(), task, "video", track).unwrap()).unwrap();
    let first = written(&track);
    let again = Track::parse(task, Path::new("video.txt"), &first).unwrap();
    assert_eq!(written(&again), first);
    // Only for valence and arousal has an unanswered frame no mark.
    if task != Task::Va {
        assert_eq!(again.rows, track.rows);
    }
}

fn list(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.txt");
    std::fs::write(&path, text).unwrap();
    let Ok(found) = Collection::open(&path, None) else { return };
    found.problems().iter().for_each(|problem| assert!(!problem.to_string().is_empty()));
    let tracks = tracks(&found);
    tracks.values().for_each(check);
    let written = |tracks: &BTreeMap<String, Track>| write_list(folder.path(), tracks).unwrap();
    let first = std::fs::read_to_string(written(&tracks)).unwrap();
    match Collection::open(&folder.path().join("predictions.txt"), None) {
        Ok(again) => {
            let problems = again.problems();
            assert!(problems.is_empty(), "{problems:?}\n{first}");
            let again = self::tracks(&again);
            assert!(again.keys().eq(tracks.keys()));
            assert_eq!(std::fs::read_to_string(written(&again)).unwrap(), first);
        }
        // A list without lines holds nothing.
        Err(error) => assert!(tracks.is_empty(), "{error}"),
    }
}

fn tracks(found: &Collection) -> BTreeMap<String, Track> {
    let videos = found.items().into_iter().filter(|(task, _)| *task == Task::Va);
    videos.map(|(task, video)| (video.to_owned(), found.track(task, video).unwrap().unwrap().into_owned())).collect()
}

fn check(track: &Track) {
    assert!(track.rows.is_sorted_by(|(one, _), (next, _)| one < next));
    for (_, row) in &track.rows {
        assert!(row.affect.into_iter().flatten().all(|value| (-1.0..=1.0).contains(&value)), "{row:?}");
    }
}
