//! The kinds voice, sequence and ensemble: what is accepted, what is refused and with which words, and that a
//! recurrent network gives in each engine what was reckoned by hand.

use affectd::clock::SystemClock;
use affectd::commands::model::{Verdict, list, show, verify as verify_command};
use affectd::model::manifest::Manifest;
use affectd::model::verify::{compare, refuse_disagreement};
use affectd::model::{EngineChoice, Engines, Input, Pack, Predicts, Registry};

use crate::row_pack::{RowPacks, ensemble, sequence, voice};
use crate::support::onnxruntime::engines;
use crate::tiny_pack::{NAME, PIXELS, TinyPack};

const FACE: (&str, &str, u32) = (NAME, "0.1.0", PIXELS as u32);

/// What loading a pack says after a change to its manifest.
fn refusal(mut manifest: Manifest, change: impl FnOnce(&mut Manifest)) -> String {
    let packs = RowPacks::new();
    change(&mut manifest);
    packs.put(&manifest);
    packs.pack(&manifest.name).expect_err("the pack should be refused").to_string()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

/// A folder with the tiny face pack and what else is put there.
fn beside_the_face(manifests: &[Manifest]) -> TinyPack {
    let tiny = TinyPack::new();
    tiny.write_manifest();
    manifests.iter().for_each(|manifest| crate::row_pack::put(tiny.registry(), manifest));
    tiny
}

fn agree_in_every_engine(pack: &Pack) {
    let engines = engines(EngineChoice::Auto);
    for variant in &pack.variants {
        let report = compare(pack, variant, &engines, &SystemClock).unwrap();
        refuse_disagreement(pack, &report).unwrap();
        assert_eq!(report.engine, variant.engine);
        assert_eq!(report.outputs.len(), pack.outputs.len());
    }
}

#[test]
fn a_recurrent_network_over_a_window_gives_the_numbers_that_were_reckoned_by_hand() {
    let packs = RowPacks::new();
    packs.put(&sequence("gru", FACE, 9));
    let pack = packs.pack("gru").unwrap();
    let keys: Vec<_> = pack.outputs.iter().map(|o| (o.key, o.numbers())).collect();
    assert_eq!(keys, [("expression", 8), ("valence_arousal", 2), ("compound", 6)]);
    assert_eq!(pack.input.shape(), [1, 9, 17]);
    agree_in_every_engine(&pack);
}

#[test]
fn a_voice_reads_three_seconds_of_bands_and_knows_calm() {
    let packs = RowPacks::new();
    packs.put(&voice("voice"));
    let pack = packs.pack("voice").unwrap();
    assert_eq!(pack.input.shape(), [1, 300, 65]);
    let Input::Rows(window) = pack.input else { panic!("a voice reads rows") };
    assert_eq!((window.step.as_millis(), window.hop.as_millis(), window.span().as_millis()), (10, 1000, 3000));
    assert_eq!(pack.voice().unwrap().heads.expression.as_ref().unwrap().labels[7].to_string(), "calm");
    agree_in_every_engine(&pack);
}

#[test]
fn features_that_affectd_does_not_compute_are_refused_by_key() {
    let message = refusal(voice("voice"), |pack| pack.features.as_mut().unwrap().hop = 128);
    assert_says(&message, &["features.hop = 128", "this affectd computes 160"]);
    let message = refusal(voice("voice"), |pack| pack.features.as_mut().unwrap().floor = f32::NAN);
    assert_says(&message, &["features.floor = NaN", "this affectd computes"]);
    let message = refusal(voice("voice"), |pack| pack.features = None);
    assert_says(&message, &["no features", "kind = \"voice\" needs"]);
}

#[test]
fn columns_and_lengths_that_do_not_add_up_are_refused_with_what_they_should_be() {
    type Change = fn(&mut affectd::model::manifest::Window);
    let voices: [(&[&str], Change); 4] = [
        (&["window.columns = 64", "write 65"], |w| w.columns = 64),
        (&["window.seconds = 2", "write 3", "features.hop"], |w| w.seconds = 2.0),
        (&["window.seconds = NaN"], |w| w.seconds = f32::NAN),
        (&["window.predicts", "remove it"], |w| w.predicts = Some(Predicts::Middle)),
    ];
    for (parts, change) in voices {
        assert_says(&refusal(voice("voice"), |pack| change(pack.window.as_mut().unwrap())), parts);
    }
    let sequences: [(&[&str], Change); 7] = [
        (&["window.columns = 16", "write 17", "whether it is there"], |w| w.columns = 16),
        (&["window.hop_seconds = 0.3", "write 0.1", "hop_frames"], |w| w.hop_seconds = 0.3),
        (&["window.hop_frames = 10", "1 to 9"], |w| w.hop_frames = 10),
        (&["window.frames = 0"], |w| w.frames = 0),
        (&["window.seconds = 1000", "up to 600"], |w| w.seconds = 1000.0),
        (&["window.seconds = 0.001", "a millisecond or more"], |w| (w.seconds, w.hop_seconds) = (0.001, 0.001 / 9.0)),
        (&["no window.predicts"], |w| w.predicts = None),
    ];
    for (parts, change) in sequences {
        assert_says(&refusal(sequence("gru", FACE, 9), |pack| change(pack.window.as_mut().unwrap())), parts);
    }
    let message = refusal(sequence("gru", FACE, 9), |pack| pack.reads.as_mut().unwrap().face = None);
    assert_says(&message, &["no reads.face or reads.voice"]);
}

#[test]
fn the_six_expressions_of_a_compound_head_are_all_there_once_and_no_others() {
    let labels = |change: fn(&mut Vec<String>)| {
        refusal(sequence("gru", FACE, 9), |pack| change(&mut pack.outputs.compound.as_mut().unwrap().labels))
    };
    assert_says(&labels(|l| l.truncate(5)), &["outputs.compound.labels", "write all of anger"]);
    assert_says(&labels(|l| l[0] = "neutral".to_owned()), &["\"neutral\"", "compound ones are made of are anger"]);
    assert_says(&labels(|l| l[0] = "fear".to_owned()), &["\"fear\"", "twice"]);
    let message = refusal(voice("voice"), |pack| {
        pack.outputs.compound = sequence("gru", FACE, 9).outputs.compound;
    });
    assert_says(&message, &["outputs.compound", "kind = \"voice\" has no such thing"]);
}

#[test]
fn what_belongs_to_another_kind_is_refused() {
    let message = refusal(sequence("gru", FACE, 9), |pack| pack.features = voice("voice").features);
    assert_says(&message, &["features", "kind = \"sequence\" has no such thing"]);
    let message = refusal(ensemble("both", &[("a", 0.5), ("b", 0.5)]), |pack| {
        pack.golden = voice("voice").golden;
    });
    assert_says(&message, &["golden", "kind = \"ensemble\" has no such thing"]);
    let message = refusal(sequence("gru", FACE, 9), |pack| pack.golden = None);
    assert_says(&message, &["no golden", "kind = \"sequence\" needs"]);
}

#[test]
fn an_embedding_of_another_size_than_the_named_pack_gives_is_refused() {
    let tiny = beside_the_face(&[sequence("gru", (NAME, "0.1.0", 12), 9), sequence("newer", (NAME, "9.0.0", 12), 9)]);
    let registry = Registry::at(tiny.registry()).unwrap();
    let message = registry.pack("gru").unwrap_err().to_string();
    assert_says(&message, &["embeddings of the face by tiny 0.1.0, 12 numbers", "has 16 numbers"]);
    // Of another version nothing is known here; it is refused where it is to read that pack's faces.
    let (newer, face) = (registry.pack("newer").unwrap(), registry.pack(NAME).unwrap());
    let message = newer.refuse_unless_reads(&face, None).unwrap_err().to_string();
    assert_says(&message, &["newer 0.1.0", "tiny 9.0.0", "tiny 0.1.0 reads it here"]);
}

#[test]
fn an_ensemble_needs_its_members_in_their_versions_and_of_one_moment() {
    let says = |members: &[(&str, f32)], change: fn(&mut Manifest)| {
        let (gru, mut other) = (sequence("gru", FACE, 9), sequence("other", FACE, 9));
        change(&mut other);
        let tiny = beside_the_face(&[gru, other, voice("voice"), ensemble("both", members)]);
        let loaded = Registry::at(tiny.registry()).unwrap().pack("both");
        loaded.map_or_else(|error| error.to_string(), |pack| pack.id())
    };
    let nothing = |_: &mut Manifest| {};
    assert_eq!(says(&[(NAME, 0.2), ("gru", 0.4), ("other", 0.4)], nothing), "both 0.1.0");
    assert_says(
        &says(&[("gru", 0.4), ("missing", 0.4)], nothing),
        &["the member missing 0.1.0", "there is no model pack"],
    );
    assert_says(&says(&[("gru", 0.4), ("voice", 0.4)], nothing), &["voice 0.1.0 is of kind voice"]);
    assert_says(&says(&[("gru", 0.4), ("gru", 0.4)], nothing), &["member 2.pack", "twice"]);
    assert_says(&says(&[("gru", 0.4)], nothing), &["two [[member]] or more"]);
    assert_says(&says(&[("gru", f32::NAN), (NAME, 0.4)], nothing), &["member 1.weight = NaN"]);
    let pair = [("gru", 0.5), ("other", 0.5)];
    assert_says(&says(&pair, |pack| pack.version = "0.2.0".to_owned()), &["other 0.1.0", "other 0.2.0 is there"]);
    let middle = |pack: &mut Manifest| pack.window.as_mut().unwrap().predicts = Some(Predicts::Middle);
    assert_says(&says(&pair, middle), &["look back 0ns as gru 0.1.0 does", "other 0.1.0 looks back 400ms"]);
    let elsewhere = |pack: &mut Manifest| {
        pack.reads.as_mut().unwrap().face.as_mut().unwrap().pack = "else".to_owned();
    };
    assert_says(&says(&pair, elsewhere), &["members that read what gru 0.1.0 reads", "other 0.1.0 does not"]);
}

#[test]
fn an_ensemble_is_verified_by_verifying_its_members() {
    let tiny = beside_the_face(&[sequence("gru", FACE, 9), ensemble("both", &[(NAME, 0.5), ("gru", 0.5)])]);
    let registry = Registry::at(tiny.registry()).unwrap();
    let run = |names: &[String]| {
        let mut out = Vec::new();
        let verdict = verify_command(&registry, names, &Engines::embedded(), false, &mut out).unwrap();
        (verdict, String::from_utf8(out).unwrap())
    };
    let (verdict, said) = run(&["both".to_owned()]);
    assert_eq!(verdict, Verdict::Accepted, "{said}");
    assert_says(&said, &["tiny 0.1.0, tract", "gru 0.1.0, tract", "both 0.1.0: agrees"]);
    let (_, all) = run(&[]);
    assert_eq!(all.matches("gru 0.1.0, tract").count(), 1, "{all}");

    // A member that says other things than it was trained to.
    let mut wrong = sequence("gru", FACE, 9);
    wrong.golden.as_mut().unwrap().tolerance = 1e-12;
    crate::row_pack::put(tiny.registry(), &wrong);
    let (verdict, said) = run(&["both".to_owned()]);
    assert_eq!(verdict, Verdict::Refused);
    assert_says(&said, &["both 0.1.0: REFUSED", "its members gru 0.1.0 are refused"]);
}

#[test]
fn list_and_show_tell_of_windows_and_members() {
    let packs = [sequence("gru", FACE, 9), voice("voice"), ensemble("both", &[(NAME, 0.5), ("gru", 0.25)])];
    let tiny = beside_the_face(&packs);
    let registry = Registry::at(tiny.registry()).unwrap();
    let text = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    let listed = text(&|out| list(&registry, &Engines::embedded(), false, out).unwrap());
    for kind in ["ensemble", "frame", "sequence", "voice"] {
        let row = listed.lines().find(|line| line.contains(kind)).unwrap_or_else(|| panic!("no {kind}: {listed}"));
        assert!(row.ends_with("present"), "{row}");
    }
    let shown = |name: &str| text(&|out| show(&registry, name, &Engines::embedded(), false, out).unwrap());
    assert_says(&shown("gru"), &["9 rows of 17 numbers, 900ms, every 100ms", "face: tiny 0.1.0, 16 numbers"]);
    assert_says(&shown("voice"), &["300 rows of 65 numbers, 3s, every 1s", "surprise, calm"]);
    assert_says(&shown("both"), &["tiny 0.1.0, weight 0.5", "gru 0.1.0, weight 0.25"]);
    assert!(!shown("both").contains("Variants"));
}
