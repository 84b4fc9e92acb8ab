//! The figures of `affectd::metrics` against scikit-learn's and NumPy's, on random data
//! (`fixtures/metrics/make.py`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

use affectd::metrics::{Figures, Shape, Tally, UNITS};
use serde_json::Value;

/// The twelve units from 2021 on, among the thirteen of all editions.
const TWELVE: [bool; UNITS] = [true, true, true, true, true, true, true, true, false, true, true, true, true];

fn cases() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("fixtures/metrics/cases.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn pair(value: &Value) -> [Option<f64>; 2] {
    [value[0].as_f64(), value[1].as_f64()]
}

fn units(value: &Value) -> [Option<bool>; UNITS] {
    let mut cells = value.as_str().unwrap().chars().map(|c| c == '1');
    TWELVE.map(|named| if named { cells.next() } else { None })
}

/// Counted in three parts that are added, as videos are.
fn tally(case: &Value) -> (Tally, Shape) {
    let rows = |name: &str| case[name].as_array().unwrap().clone();
    let mut parts = [Tally::default(); 3];
    for (i, (annotated, said)) in rows("va").iter().zip(&rows("said_va")).enumerate() {
        parts[i % 3].add_affect(pair(annotated), pair(said));
    }
    for (i, (annotated, said)) in rows("label").iter().zip(&rows("said_label")).enumerate() {
        let class = |value: &Value| value.as_u64().map(|class| class as usize);
        parts[i % 3].expressions.add(class(annotated).unwrap(), class(said));
    }
    for (i, (annotated, said)) in rows("units").iter().zip(&rows("said_units")).enumerate() {
        parts[i % 3].add_units(&units(annotated), &units(said));
    }
    let classes = case["classes"].as_u64().unwrap() as usize;
    (Tally::sum(&parts), Shape { classes, units: TWELVE })
}

#[track_caller]
fn assert_near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{what}: {found} for {expected}");
}

#[test]
fn every_figure_is_what_scikit_learn_and_numpy_say() {
    for case in cases() {
        let (tally, shape) = tally(&case);
        let named = Figures::of(&tally, shape).named();
        for (name, expected) in case["expected"].as_object().unwrap() {
            let (_, found) = named.iter().find(|(own, _)| own == name).unwrap();
            assert_near(found.unwrap(), expected, &format!("{}, {name}", case["name"]));
        }
    }
}

#[test]
fn each_class_and_unit_is_what_scikit_learn_says() {
    for case in cases() {
        let (tally, _) = tally(&case);
        for (i, expected) in case["class"].as_array().unwrap().iter().enumerate() {
            let (found, what) = (tally.expressions.class(i), format!("{}, class {i}", case["name"]));
            assert_near(found.f1, &expected["f1"], &what);
            assert_near(found.precision, &expected["precision"], &what);
            assert_near(found.recall, &expected["recall"], &what);
            assert_eq!(found.annotated, expected["annotated"].as_u64().unwrap(), "{what}");
        }
        let f1 = tally.units.iter().zip(TWELVE).filter(|(_, named)| *named).map(|(unit, _)| unit.f1());
        for (found, expected) in f1.zip(case["unit_f1"].as_array().unwrap()) {
            assert_near(found, expected, case["name"].as_str().unwrap());
        }
        assert_near(tally.expressions.macro_f1_present().unwrap(), &case["present"], "classes that occur");
    }
}
