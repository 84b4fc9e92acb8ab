//! Predictions that exist already.

use std::fs;

use crate::made::*;

const KEYS: [&str; 10] = [
    "va.ccc_valence",
    "va.ccc_arousal",
    "va.mean_ccc",
    "expr.macro_f1",
    "expr.accuracy",
    "expr.score_2020",
    "au.mean_f1",
    "au.accuracy",
    "au.score_2021",
    "mtl.p",
];

#[test]
fn a_perfect_prediction_scores_one_and_trivial_answers_stand_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let truth = truth(dir.path());
    let report = scored(&truth, &["--predictions", text(&truth)]);
    for key in KEYS {
        assert_near(figure(&report, key), if key == "mtl.p" { 3.0 } else { 1.0 });
    }
    assert_eq!(report["counts"]["au"]["cells"], 3 * 40 * 12);
    assert_eq!(report["counts"]["expr"]["videos"], 3);
    assert_eq!((&report["skipped"], &report["notes"]), (&serde_json::json!([]), &serde_json::json!([])));
    let baselines = &report["baselines"];
    assert_near(figure(baselines, "va_constant_mean.mean_ccc"), 0.0);
    assert_near(figure(baselines, "au_all_zeros.mean_f1"), 0.0);
    let ones = figure(baselines, "au_all_ones.mean_f1");
    assert!((0.3..0.8).contains(&ones), "{ones}");
    assert_near(figure(baselines, "mtl_all_ones.p"), ones + figure(baselines, "expr_most_frequent.macro_f1"));
    assert_near(figure(baselines, "expr_most_frequent.accuracy"), 0.125);
    assert_eq!(report["expr"]["classes"][4]["label"], "happiness");
    assert_eq!(report["expr"]["confusion"][4][4], 15);
    assert_near(figure(&report, "au.units.AU12.f1"), 1.0);
}

#[test]
fn a_case_worked_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (truth, said) = (dir.path().join("truth"), dir.path().join("said"));
    put(&truth, "EXPR_Set/v.txt", EXPR, &lines("0 0 1 1 -1 7"));
    put(&said, "EXPR_Set/v.txt", EXPR, &lines("0 1 1 1 3 -1"));
    put(&truth, "VA_Set/v.txt", VA, &lines("0,0 1,1 -5,-5"));
    put(&said, "VA_Set/v.txt", VA, &lines("0,1 0.5,0 1,1"));
    let report = scored(&truth, &["--predictions", text(&said)]);
    // Neutral: 2/3, anger: 4/5, six others: 0. Five frames, three of them right.
    let f1 = (2.0 / 3.0 + 0.8) / 8.0;
    assert_near(figure(&report, "expr.macro_f1"), f1);
    assert_near(figure(&report, "expr.macro_f1_present"), (2.0 / 3.0 + 0.8) / 3.0);
    assert_near(figure(&report, "expr.score_2020"), 0.67 * f1 + 0.33 * 0.6);
    assert_near(figure(&report, "expr.seven_classes.accuracy"), 0.75);
    assert_near(figure(&report, "va.ccc_valence"), 2.0 / 3.0);
    assert_near(figure(&report, "va.ccc_arousal"), -1.0);
    assert_eq!((&report["au"], &report["mtl"]["p"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    let notes = report["notes"].to_string();
    assert!(notes.contains("disgust, fear") && notes.contains("1 annotated expressions have no answer"), "{notes}");
    assert!(notes.contains("Intervals need two videos"), "{notes}");
}

#[test]
fn intervals_hold_the_figure_and_follow_the_seed() {
    let dir = tempfile::tempdir().unwrap();
    let truth = truth(dir.path());
    let said = copied(&truth, "said");
    put(&said, "EXPR_Set/video5.txt", EXPR, &classes(40, 5));
    put(&said, "VA_Set/107_left.txt", VA, &affects(40, 8));
    let report = scored(&truth, &["--predictions", text(&said)]);
    for key in ["expr.accuracy", "va.mean_ccc", "mtl.p"] {
        let bound = |i: usize| report["intervals"][key][i].as_f64().unwrap();
        assert!(bound(0) < figure(&report, key) && figure(&report, key) < bound(1), "{key}: {}", report["intervals"]);
    }
    let of = |more: &[&str]| scored(&truth, &[&["--predictions", text(&said)], more].concat())["intervals"].clone();
    assert_eq!(of(&[]), report["intervals"]);
    assert_ne!(of(&["--seed", "2", "--draws", "30"]), report["intervals"]);
    assert_eq!(of(&["--draws", "0"]), serde_json::json!({}));
}

#[test]
fn the_editions_before_2022_are_scored_by_their_own_classes_and_units() {
    let dir = tempfile::tempdir().unwrap();
    let (truth, said) = (dir.path().join("truth"), dir.path().join("said"));
    let seven = EXPR.trim_end_matches(",Other");
    let eight_units = "AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25";
    let round: Vec<_> = (0..14).map(|k| (k % 7).to_string()).collect();
    put(&truth, "EXPR_Set/Training_Set/v.txt", &format!("{seven},"), &round);
    put(&said, "EXPR_Set/v.txt", EXPR, &round);
    put(&truth, "AU_Set/Training_Set/v.txt", eight_units, &["1,1,1,1,1,1,1,1".into(), "0,0,0,0,0,0,0,0".into()]);
    put(&said, "AU_Set/v.txt", AU, &["1,1,1,1,1,1,1,1,1,1,1,1".into(), "0,0,0,0,0,0,0,0,0,0,0,0".into()]);
    let report = scored(&truth, &["--predictions", text(&said)]);
    assert_near(figure(&report, "expr.macro_f1"), 1.0);
    assert_eq!(report["expr"]["seven_classes"], serde_json::Value::Null);
    // AU20 is not in the predictions: not found, and its two cells are not right.
    assert_near(figure(&report, "au.mean_f1"), 7.0 / 8.0);
    assert_near(figure(&report, "au.accuracy"), 14.0 / 16.0);
    assert_near(figure(&report, "au.units.AU20.f1"), 0.0);
}

#[test]
fn nested_folders_are_scored_together_or_by_part() {
    let dir = tempfile::tempdir().unwrap();
    let (truth, said) = (dir.path().join("truth"), dir.path().join("said"));
    put(&truth, "annotations/EXPR_Set/Training_Set/a.txt", EXPR, &classes(8, 0));
    put(&truth, "annotations/EXPR_Set/Validation_Set/b.txt", EXPR, &classes(8, 0));
    put(&said, "EXPR_Set/a.txt", EXPR, &classes(8, 1));
    put(&said, "EXPR_Set/b.txt", EXPR, &classes(8, 0));
    let all = scored(&truth, &["--predictions", text(&said)]);
    assert_near(figure(&all, "expr.accuracy"), 0.5);
    assert!(all["notes"].to_string().contains("Scored together: training, validation"), "{}", all["notes"]);
    let part = scored(&truth, &["--predictions", text(&said), "--split", "validation"]);
    assert_near(figure(&part, "expr.accuracy"), 1.0);
    assert!(part["notes"].to_string().contains("1 predicted files belong to no annotation"), "{}", part["notes"]);
}

#[test]
fn the_one_list_is_scored_against_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let row =
        |video: &str, k: usize| format!("{video}/{:05}.jpg,{},{},{}", k + 1, affects(1, k)[0], k % 8, units(1, k)[0]);
    let mut lines: Vec<_> = (0..24).flat_map(|k| ["341", "7_left"].map(|video| row(video, k))).collect();
    let header = "image,valence,arousal,expression,aus";
    let truth = put(dir.path(), "validation_set_annotations.txt", header, &lines);
    lines.reverse();
    let said = put(dir.path(), "mine/predictions.txt", header, &lines);
    let report = scored(&truth, &["--predictions", text(&said)]);
    assert_near(figure(&report, "mtl.p"), 3.0);
    let folder = scored(dir.path(), &["--predictions", text(said.parent().unwrap()), "--split", "validation"]);
    assert_near(figure(&folder, "mtl.p"), 3.0);
    lines.pop();
    put(dir.path(), "mine/predictions.txt", header, &lines);
    let short = scored(&truth, &["--predictions", text(&said)]);
    assert_eq!(short["counts"]["expr"]["videos"], 1);
    assert!(short["skipped"].to_string().contains("frame 1 is annotated, and nothing is predicted"));
}

#[test]
fn what_is_wrong_is_named_and_skipped_and_the_rest_is_scored() {
    let dir = tempfile::tempdir().unwrap();
    let truth = truth(dir.path());
    let said = copied(&truth, "said");
    put(&said, "VA_Set/107_left.txt", VA, &affects(39, 1));
    put(&said, "EXPR_Set/107_left.txt", "Joy,Sorrow", &classes(40, 1));
    let mut nan = affects(40, 2);
    nan[6] = "NaN,0.1".into();
    put(&said, "VA_Set/video5.txt", VA, &nan);
    let mut wild = units(40, 2);
    wild[0] = wild[0].replace('1', "2");
    put(&truth, "AU_Set/video5.txt", AU, &wild);
    fs::remove_file(said.join("AU_Set/107_left.txt")).unwrap();
    fs::write(said.join("EXPR_Set/video5.txt"), b"").unwrap();
    let ran = evaluated(&truth, &["--predictions", text(&said), "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for (file, said) in [
        ("said/VA_Set/107_left.txt", "39 predicted frames for 40 annotated ones; write one line for each frame"),
        ("said/VA_Set/video5.txt, line 8", "NaN is not finite"),
        ("said/EXPR_Set/107_left.txt, line 1", "is not the header of this task"),
        ("said/EXPR_Set/video5.txt", "is empty: its first line must be a header"),
        ("truth/AU_Set/video5.txt, line 2", "2 is not 0, 1, or -1"),
        ("AU_Set/107_left", "nothing is predicted for it; expected AU_Set/107_left.txt"),
    ] {
        let line = ran.stderr.lines().find(|line| line.contains(file) && line.contains("is skipped"));
        assert!(line.is_some_and(|line| line.contains(said)), "{file}: {}", ran.stderr);
    }
    assert_eq!(report["skipped"].as_array().unwrap().len(), 6);
    for task in ["va", "expr", "au"] {
        assert_eq!(report["counts"][task]["videos"], 1, "{task}");
    }
    assert_near(figure(&report, "mtl.p"), 3.0);
    let strict = evaluated(&truth, &["--predictions", text(&said), "--strict"]);
    assert_eq!(strict.code, 1);
    assert!(strict.stdout.contains("multi-task P"), "{}", strict.stdout);
}

#[test]
fn when_nothing_can_be_scored_it_fails_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let truth = truth(dir.path());
    let said = dir.path().join("said");
    put(&said, "EXPR_Set/another.txt", EXPR, &classes(40, 0));
    let ran = evaluated(&truth, &["--predictions", text(&said)]);
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert!(ran.stderr.contains("nothing could be scored"), "{}", ran.stderr);
    assert!(ran.stderr.contains("VA_Set is skipped: it is annotated, and nothing is predicted"), "{}", ran.stderr);
    let none = evaluated(&dir.path().join("absent"), &["--predictions", text(&said)]);
    assert!(none.code == 1 && none.stderr.contains("absent cannot be read"), "{}", none.stderr);
}

#[test]
fn compound_expressions_have_figures_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let header = "Fearfully Surprised,Happily Surprised,Sadly Surprised,Disgustedly Surprised,Angrily Surprised,\
                  Sadly Fearful,Sadly Angry";
    let lines: Vec<_> = (0..14).map(|k| (k % 7).to_string()).collect();
    let truth = dir.path().join("truth");
    put(&truth, "C-EXPR_Set/01.txt", header, &lines);
    let report = scored(&truth, &["--predictions", text(&truth)]);
    assert_near(figure(&report, "compound.macro_f1"), 1.0);
    assert_eq!(report["compound"]["classes"][6]["label"], "sadly angry");
    assert_near(figure(&report, "baselines.compound_most_frequent.accuracy"), 1.0 / 7.0);
}

#[test]
fn people_get_tables_as_text_and_as_markdown() {
    let dir = tempfile::tempdir().unwrap();
    let truth = truth(dir.path());
    let plain = evaluated(&truth, &["--predictions", text(&truth)]).stdout;
    for part in ["valence, CCC", "multi-task P (2022 on)", "3.0000", "none active", "happiness", "AU26"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    let marked = evaluated(&truth, &["--predictions", text(&truth), "--format", "markdown"]).stdout;
    assert!(marked.contains("| figure | predictions | 95 % |") && marked.contains("| --- | ---: |"), "{marked}");
    assert!(marked.contains("| multi-task P (2022 on) | 3.0000 |"), "{marked}");
}
