//! Every input that the fuzzer kept, without a fuzzer: what was found once stays mended, and what holds for the corpus
//! goes on to hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[path = "../fuzz/entries/mod.rs"]
mod entries;

/// The folders with inputs: what covers much, and what once failed.
const FOLDERS: [&str; 2] = ["corpus", "findings"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_input_that_was_kept_holds() {
    let mut broken = Vec::new();
    for (target, entry) in entries::ALL {
        for kept in FOLDERS.map(|name| folder(name).join(target)).iter().filter(|kept| kept.is_dir()) {
            for name in names(kept) {
                let path = kept.join(name);
                let bytes = fs::read(&path).unwrap();
                if catch_unwind(|| entry(&bytes)).is_err() {
                    broken.push(path);
                }
            }
        }
    }
    assert!(broken.is_empty(), "what must hold does not for {broken:#?}: the messages are above");
}

#[test]
fn every_target_has_a_corpus_and_a_program_and_nothing_else_has() {
    let targets: BTreeSet<_> = entries::ALL.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!(names(&folder("corpus")), targets);
    for target in &targets {
        assert!(!names(&folder("corpus").join(target)).is_empty(), "{target} has no corpus");
    }
    assert!(names(&folder("findings")).is_subset(&targets));
    let programs = names(&folder("targets")).into_iter().map(|name| name.trim_end_matches(".rs").to_owned());
    assert_eq!(programs.collect::<BTreeSet<_>>(), targets);
}
