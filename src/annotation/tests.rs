use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::metrics::{self, Figures, Shape, Tally};

const EXPR: &str = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";
const AU: &str = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26";

fn parsed(task: Task, text: &str) -> Result<Track, String> {
    Track::parse(task, Path::new("v.txt"), text).map_err(|error| error.to_string())
}

fn classes(track: &Track) -> Vec<Option<usize>> {
    track.rows.iter().map(|(_, row)| row.class).collect()
}

fn unit(row: &Row, number: u8) -> Option<bool> {
    row.units[UNITS.iter().position(|&unit| unit == number).unwrap()]
}

#[test]
fn headers_and_lines_are_read_in_all_their_variants() {
    let plain = parsed(Task::Expr, &format!("{EXPR}\n0\n-1\n7\n")).unwrap();
    assert_eq!(classes(&plain), [Some(0), None, Some(7)]);
    let spaced = EXPR.replace(',', ", ");
    for text in [
        format!("{EXPR},\n0\n-1\n7\n"),
        format!("{EXPR} \n0\n-1\n7\n"),
        format!("{EXPR}, \r\n0\r\n-1\r\n7\r\n"),
        format!("{EXPR}\n0\n-1\n7"),
        format!("{EXPR}\n0,\n-1 \n 7 ,\n\n\n"),
        format!("\u{feff}{}\n0.0\n-1\n7\n", spaced.to_uppercase()),
    ] {
        assert_eq!(parsed(Task::Expr, &text).unwrap(), plain, "{text:?}");
    }
    let va = parsed(Task::Va, "Valence, Arousal,\r\n-5,-5\r\n0.25, -1\r\n-5.0,1").unwrap();
    let affect: Vec<_> = va.rows.iter().map(|(_, row)| row.affect).collect();
    assert_eq!(affect, [[None, None], [Some(0.25), Some(-1.0)], [None, Some(1.0)]]);
    assert_eq!(va.rows[2].0, 3);
}

#[test]
fn units_are_read_by_their_names_in_both_orders() {
    let now = parsed(Task::Au, &format!("{AU}\n1,0,0,0,1,0,0,0,0,0,0,-1\n")).unwrap();
    let row = now.rows[0].1;
    assert_eq!((unit(&row, 1), unit(&row, 7), unit(&row, 26), unit(&row, 20)), (Some(true), Some(true), None, None));
    assert_eq!(now.shape.units.iter().filter(|named| **named).count(), 12);
    let then = parsed(Task::Au, "AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25\n0,0,0,0,0,0,1,1\n").unwrap();
    let row = then.rows[0].1;
    assert_eq!(
        (unit(&row, 20), unit(&row, 25), unit(&row, 12), unit(&row, 7)),
        (Some(true), Some(true), Some(false), None)
    );
    assert_eq!(then.shape.units.iter().filter(|named| **named).count(), 8);
    // What no edition scores is passed over; zeros in the number are nothing.
    let more = parsed(Task::Au, "AU01, AU05, au26\n1,1,0").unwrap();
    assert_eq!((unit(&more.rows[0].1, 1), unit(&more.rows[0].1, 26)), (Some(true), Some(false)));
}

#[test]
fn expressions_are_read_by_the_order_of_their_header() {
    let seven = parsed(Task::Expr, &format!("{}\n6\n", EXPR.trim_end_matches(",Other"))).unwrap();
    assert_eq!((seven.shape.classes, classes(&seven)), (7, vec![Some(6)]));
    let turned = parsed(Task::Expr, "Happiness,Neutral,Anger,Disgust,Fear,Sadness,Surprise\n0\n1\n").unwrap();
    assert_eq!(classes(&turned), [Some(4), Some(0)]);
    let compound = "Fearfully Surprised,HappilySurprised,Sadly_Surprised,Disgustedly Surprised,Angrily Surprised,\
                    Sadly Fearful,Sadly Angry\n6\n-1\n";
    let compound = parsed(Task::Compound, compound).unwrap();
    assert_eq!((compound.rows[0].1.compound, compound.rows[1].1.compound), (Some(6), None));
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_remedy() {
    let twelve = |cell: &str| [cell; 12].join(",");
    for (task, header, line, said) in [
        (Task::Expr, EXPR, "8", "v.txt, line 3: \"8\": 8 is no class; write 0 to 7, or -1"),
        (Task::Expr, EXPR, "2.5", "2.5 is no class"),
        (Task::Expr, EXPR, "", "0 where 1 field should stand"),
        (Task::Expr, EXPR, "1,2", "2 where 1 field should stand"),
        (Task::Expr, EXPR, "happy", "\"happy\" is not a number"),
        (Task::Va, "valence,arousal", "NaN,0", "NaN is not finite"),
        (Task::Va, "valence,arousal", "inf,0", "inf is not finite"),
        (Task::Va, "valence,arousal", "0,1.5", "1.5 is out of range; write a number from -1 to 1, or -5"),
        (Task::Va, "valence,arousal", "0.1", "1 where 2 fields should stand"),
        (Task::Au, AU, "1,0", "2 where 12 fields should stand"),
        (Task::Au, AU, &twelve("0.7"), "0.7 is not 0, 1, or -1 where nothing is annotated; cut probabilities"),
    ] {
        let fine = if task == Task::Au { twelve("0") } else { if task == Task::Va { "0,0" } else { "0" }.into() };
        let error = parsed(task, &format!("{header}\n{fine}\n{line}\n{fine}\n")).unwrap_err();
        assert!(error.contains("v.txt, line 3") && error.contains(said), "{error}");
    }
    for (task, text, said) in [
        (Task::Va, "0.1,0.2\n0.1,0.2\n", "line 1: \"0.1,0.2\" is not the header of this task"),
        (Task::Va, "arousal,valence\n0,0\n", "write \"valence,arousal\""),
        (Task::Expr, "Neutral,Joy\n0\n", "\"Joy\" is not the name of an expression"),
        (Task::Expr, "Neutral,Anger\n0\n", "it names 2 of the 8 classes"),
        (Task::Expr, "Neutral,Neutral\n0\n", "\"Neutral\" stands there twice"),
        (Task::Au, "AU1,brow\n0,0\n", "\"brow\" is not the name of an action unit"),
        (Task::Au, "AU3,AU5\n0,0\n", "none of its units"),
        (Task::Au, "\n\n", "v.txt is empty"),
        (Task::Au, "", "its first line must be a header such as \"AU1,AU2"),
    ] {
        let error = parsed(task, text).unwrap_err();
        assert!(error.contains("v.txt") && error.contains(said), "{error}");
    }
}

fn put(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn folders_are_found_however_deep_and_whatever_the_edition_calls_them() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "annotations/EXPR_Classification_Challenge/Train_Set/a.txt", &format!("{EXPR}\n1\n"));
    put(dir.path(), "annotations/EXPR_Classification_Challenge/Validation_Set/b_left.txt", &format!("{EXPR}\n2\n"));
    put(dir.path(), "VA_Set/c.txt", "valence,arousal\n0,0\n");
    put(dir.path(), "VA_Set/.hidden.txt", "nothing\n");
    put(dir.path(), "README.txt", "not a list\n");
    put(dir.path(), "cropped_aligned/AU_Set/d.txt", "never looked at\n");
    let all = Collection::open(dir.path(), None).unwrap();
    let items: Vec<_> = all.items().into_iter().collect();
    assert_eq!(items, [(Task::Va, "c"), (Task::Expr, "a"), (Task::Expr, "b_left")]);
    assert_eq!(all.splits().iter().copied().collect::<Vec<_>>(), [Split::Train, Split::Validation]);
    let some = Collection::open(dir.path(), Some(Split::Validation)).unwrap();
    assert_eq!(some.items().into_iter().collect::<Vec<_>>(), [(Task::Expr, "b_left")]);
    // The folder itself may be named, too.
    let part = dir.path().join("annotations/EXPR_Classification_Challenge/Train_Set");
    let part = Collection::open(&part, None).unwrap();
    assert_eq!(classes(&part.track(Task::Expr, "a").unwrap().unwrap()), [Some(1)]);
    assert!(part.track(Task::Au, "a").unwrap().is_none());
}

#[test]
fn a_folder_without_annotations_is_named_with_the_layout() {
    let dir = tempfile::tempdir().unwrap();
    let error = Collection::open(dir.path(), None).unwrap_err().to_string();
    assert!(error.contains("expected VA_Set, EXPR_Set or AU_Set"), "{error}");
    let error = Collection::open(dir.path(), Some(Split::Test)).unwrap_err().to_string();
    assert!(error.contains("of the test split"), "{error}");
    let error = Collection::open(&dir.path().join("absent"), None).unwrap_err().to_string();
    assert!(error.contains("absent cannot be read") && error.contains("check the path"), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_told_by_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.txt");
    fs::write(&path, b"valence,arousal\n0,0\n0,\xff\n").unwrap();
    let error = Track::read(Task::Va, &path).unwrap_err().to_string();
    assert!(error.contains("v.txt, line 3") && error.contains("is not a number"), "{error}");
}

#[test]
fn two_files_for_one_video_are_told_and_the_first_counts() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "EXPR_Set/Training_Set/a.txt", &format!("{EXPR}\n1\n"));
    put(dir.path(), "EXPR_Set/Validation_Set/a.txt", &format!("{EXPR}\n2\n"));
    let both = Collection::open(dir.path(), None).unwrap();
    let said = both.problems()[0].to_string();
    assert!(said.contains("Training_Set/a.txt and") && said.contains("--split"), "{said}");
    assert_eq!(classes(&both.track(Task::Expr, "a").unwrap().unwrap()), [Some(1)]);
}

#[test]
fn the_one_list_is_read_and_a_wrong_line_costs_its_video_only() {
    let dir = tempfile::tempdir().unwrap();
    let units = ",0".repeat(11) + ",1";
    let list = format!(
        "image,valence,arousal,expression,aus,\r\n341/00002.jpg,-0.25,0.5,-1{units}\r\n341/00001.jpg,-5,-5,6{units}\r\n\
         7_left/00001.jpg,nan,0,0{units}\r\n7_left/00002.jpg,9,0,0{units}\r\n8/00001.jpg,0,0,0,1\r\nno image,0,0,0{units}"
    );
    put(dir.path(), "validation_set_annotations.txt", &list);
    put(dir.path(), "EXPR_Set/Validation_Set/other.txt", &format!("{EXPR}\n1\n"));
    let found = Collection::open(dir.path(), Some(Split::Validation)).unwrap();
    assert_eq!(found.items().len(), 3, "one video, three tasks; the folder says the same again");
    let track = found.track(Task::Au, "341").unwrap().unwrap();
    let numbers: Vec<_> = track.rows.iter().map(|(number, _)| *number).collect();
    assert_eq!((numbers, track.whole), (vec![1, 2], false));
    assert_eq!(track.rows[0].1.class, Some(6));
    assert_eq!(track.rows[1].1.affect, [Some(-0.25), Some(0.5)]);
    assert_eq!(unit(&track.rows[0].1, 26), Some(true));
    let said: Vec<String> = found.problems().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("line 4") && said[0].contains("not finite"), "{said:?}");
    assert!(said[1].contains("line 6") && said[1].contains("4 where 15 fields"), "{said:?}");
    assert!(said[2].contains("line 7") && said[2].contains("no image such as"), "{said:?}");
    let twice = format!("image,valence,arousal,expression,aus\n1/1.jpg,0,0,0{units}\n1/1.jpg,0,0,0{units}\n");
    put(dir.path(), "twice.txt", &twice);
    let twice = Collection::open(&dir.path().join("twice.txt"), None).unwrap();
    assert!(twice.problems()[0].to_string().contains("listed twice"));
}

#[test]
fn frames_are_compared_where_they_are_annotated() {
    let truth = parsed(Task::Expr, &format!("{EXPR}\n0\n-1\n1\n1\n")).unwrap();
    let said = parsed(Task::Expr, &format!("{EXPR}\n0\n5\n-1\n1\n")).unwrap();
    let tally = compare(Task::Expr, &truth, &said).unwrap();
    assert_eq!((tally.expressions.count(), tally.expressions.unanswered()), (3, 1));
    let truth = parsed(Task::Va, "valence,arousal\n-5,-5\n0.5,-5\n1,1\n").unwrap();
    let said = parsed(Task::Va, "valence,arousal\n1,1\n0.5,0\n-5,-5\n").unwrap();
    let tally = compare(Task::Va, &truth, &said).unwrap();
    assert_eq!((tally.valence.count(), tally.arousal.count(), tally.unsaid), (2, 1, 1));
}

#[test]
fn another_count_of_frames_is_not_guessed_about() {
    let of = |frames| parsed(Task::Expr, &format!("{EXPR}\n{}", "0\n".repeat(frames))).unwrap();
    let error = compare(Task::Expr, &of(3), &of(2)).unwrap_err();
    assert_eq!(error, Mismatch::Count { annotated: 3, said: 2 });
    // A list names its frames: there, more is no harm, and what is not annotated may be absent.
    let mut listed = of(3);
    listed.whole = false;
    listed.rows[0].1.class = None;
    let mut said = of(4);
    said.rows.remove(0);
    assert!(compare(Task::Expr, &listed, &said).is_ok());
    said.rows.remove(1);
    assert_eq!(compare(Task::Expr, &listed, &said), Err(Mismatch::Absent { number: 3 }));
}

fn row() -> impl Strategy<Value = Row> {
    let affect = || prop::option::of(-1.0_f64..=1.0);
    let units = prop::array::uniform13(prop::option::of(any::<bool>()));
    ([affect(), affect()], prop::option::of(0_usize..8), units, prop::option::of(0_usize..7))
        .prop_map(|(affect, class, units, compound)| Row { affect, class, units, compound })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(rows in prop::collection::vec(row(), 0..20)) {
        let dir = tempfile::tempdir().unwrap();
        let shape = Shape { classes: 8, units: [true; metrics::UNITS] };
        let track = Track { rows: (1..).zip(rows).collect(), whole: true, shape };
        for task in [Task::Expr, Task::Au, Task::Compound] {
            let path = write(dir.path(), task, "v", &track).unwrap();
            let read = Track::read(task, &path).unwrap();
            for ((_, wrote), (_, found)) in track.rows.iter().zip(&read.rows) {
                match task {
                    Task::Expr => prop_assert_eq!(wrote.class, found.class),
                    Task::Au => prop_assert_eq!(wrote.units, found.units),
                    _ => prop_assert_eq!(wrote.compound, found.compound),
                }
            }
            prop_assert_eq!(read.rows.len(), track.rows.len());
        }
        let read = Track::read(Task::Va, &write(dir.path(), Task::Va, "v", &track).unwrap()).unwrap();
        let mut held = [0.0; 2];
        for ((_, wrote), (_, found)) in track.rows.iter().zip(&read.rows) {
            held = [wrote.affect[0].unwrap_or(held[0]), wrote.affect[1].unwrap_or(held[1])];
            prop_assert_eq!(found.affect, held.map(Some));
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,80}(\n[-0-9.,a-z ]{0,20}){0,6}") {
        for task in Task::ALL {
            let _ = parsed(task, &text);
            let _ = parsed(task, &format!("{}\n{text}", task.folder()));
        }
        let _ = super::list::parse(Path::new("l.txt"), &format!("image,valence,arousal,expression,aus\n{text}"));
    }
}

#[test]
fn a_perfect_prediction_scores_one() {
    let units = |k: usize| (0..12).map(|i| ((k >> (i % 3)) & 1).to_string()).collect::<Vec<_>>().join(",");
    let rows = |row: &dyn Fn(usize) -> String| (0..16).map(row).collect::<Vec<_>>().join("\n");
    let mut tally = Tally::default();
    let mut shape = Shape::default();
    for (task, text) in [
        (Task::Va, format!("valence,arousal\n{}", rows(&|k| format!("{},{}", k as f64 / 16.0, 1.0 - k as f64 / 8.0)))),
        (Task::Expr, format!("{EXPR}\n{}", rows(&|k| (k % 8).to_string()))),
        (Task::Au, format!("{AU}\n{}", rows(&units))),
    ] {
        let track = parsed(task, &text).unwrap();
        tally.merge(&compare(task, &track, &track).unwrap());
        shape = shape.union(track.shape);
    }
    let figures = Figures::of(&tally, shape);
    let near = |value: f64, expected: f64| (value - expected).abs() < 1e-12;
    assert!(near(figures.mtl().unwrap(), 3.0), "{figures:?}");
    assert!(near(figures.expr.unwrap().score_2020, 1.0) && near(figures.au.unwrap().score_2021, 1.0));
}
