//! The files in `docs/examples/payloads` are what is published: what reads them in other languages is tested with them.

use std::collections::BTreeSet;
use std::fs;

use super::{payloads, repository, schemas};

const FOLDER: &str = "docs/examples/payloads";

#[test]
fn the_example_payloads_are_what_is_published() {
    for (name, _, payload) in payloads() {
        let path = repository(FOLDER).join(format!("{name}.json"));
        let text = format!("{payload}\n");
        if std::env::var_os(schemas::UPDATE).is_some() {
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, text, "{FOLDER}/{name}.json is out of date: run with {}=1", schemas::UPDATE);
    }
}

#[test]
fn there_is_no_example_of_what_is_not_published() {
    let known: BTreeSet<_> = payloads().iter().map(|(name, ..)| format!("{name}.json")).collect();
    let files = fs::read_dir(repository(FOLDER)).unwrap();
    let there: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, known);
}
