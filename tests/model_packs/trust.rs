//! Signed packs: real keys, real signatures, and everything that may be wrong with them.

use std::fs;
use std::io::Cursor;
use std::process::Command;

use affectd::commands::model::{Verdict, list, show, verify};
use affectd::model::{Engines, Pack, Problem, Registry, RegistryError, Signed, Trust, TrustedKey};
use minisign::KeyPair;
use serde_json::Value;

use crate::tiny_pack::{MODEL, NAME, TinyPack};

const SIGNATURE: &str = "pack.toml.minisig";

/// Someone with a key pair.
struct Signer(KeyPair);

impl Signer {
    fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    fn key(&self) -> TrustedKey {
        TrustedKey::parse(&self.0.pk.to_base64()).unwrap()
    }

    fn id(&self) -> String {
        self.key().id().to_string()
    }

    /// Signs the pack's manifest as it is on the disk.
    fn sign(&self, pack: &TinyPack) {
        let manifest = Cursor::new(fs::read(pack.dir().join("pack.toml")).unwrap());
        let signed = minisign::sign(Some(&self.0.pk), &self.0.sk, manifest, Some("timestamp:1\tfile:pack.toml"), None);
        fs::write(pack.dir().join(SIGNATURE), signed.unwrap().into_string()).unwrap();
    }

    /// Only this one's signatures are good.
    fn alone(&self, required: bool) -> Trust {
        Trust { keys: vec![self.key()], required }
    }
}

/// A whole pack with its manifest, signed.
fn signed() -> (TinyPack, Signer) {
    let (pack, signer) = (TinyPack::new(), Signer::new());
    pack.write_manifest();
    signer.sign(&pack);
    (pack, signer)
}

fn load(pack: &TinyPack, trust: Trust) -> Result<Pack, RegistryError> {
    Registry::at(pack.registry()).unwrap().trusting(trust).pack(NAME)
}

/// The message of a refusal for the sake of its signature.
#[track_caller]
fn distrusted(pack: &TinyPack, trust: Trust) -> String {
    let error = load(pack, trust).expect_err("the pack should be refused");
    let RegistryError::Model(model) = &error else { panic!("{error}") };
    assert!(matches!(model.problem(), Problem::Distrusted { .. }), "{error}");
    error.to_string()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn a_pack_signed_by_a_trusted_key_loads_and_names_it() {
    let (pack, signer) = signed();
    let keys = vec![Signer::new().key(), signer.key()];
    let loaded = load(&pack, Trust { keys, required: true }).unwrap();
    assert_eq!(loaded.signed, Signed::By(signer.key().id()));
}

#[test]
fn without_keys_a_signature_is_not_checked_whatever_it_is() {
    let (pack, _) = signed();
    assert_eq!(load(&pack, Trust::default()).unwrap().signed, Signed::Unchecked);
    fs::write(pack.dir().join(SIGNATURE), "nonsense").unwrap();
    assert_eq!(load(&pack, Trust::default()).unwrap().signed, Signed::Unchecked);
}

#[test]
fn an_unsigned_pack_loads_unless_a_signature_is_required() {
    let (pack, signer) = (TinyPack::new(), Signer::new());
    pack.write_manifest();
    assert_eq!(load(&pack, signer.alone(false)).unwrap().signed, Signed::Not);
    let message = distrusted(&pack, signer.alone(true));
    let id = signer.id();
    assert_says(&message, &["tiny", "pack.toml.minisig is missing", "minisign -Sm pack.toml", "trusted_keys", &id]);
}

#[test]
fn one_changed_byte_of_the_manifest_is_refused() {
    let (pack, signer) = signed();
    let path = pack.dir().join("pack.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("A model for tests.", "A model for jests.")).unwrap();
    assert_says(&distrusted(&pack, signer.alone(false)), &["no signature by it of this pack.toml", &signer.id()]);
    fs::write(&path, text).unwrap();
    assert!(load(&pack, signer.alone(false)).is_ok());
}

#[test]
fn a_changed_model_file_is_refused_by_its_sum_under_a_good_signature() {
    let (pack, signer) = signed();
    let path = pack.dir().join(MODEL);
    let mut onnx = fs::read(&path).unwrap();
    onnx[20] ^= 1;
    fs::write(&path, onnx).unwrap();
    assert_says(&load(&pack, signer.alone(true)).unwrap_err().to_string(), &[MODEL, "SHA-256"]);
}

#[test]
fn another_key_is_refused_with_its_number_and_the_trusted_ones() {
    let (pack, signer) = signed();
    let other = Signer::new();
    let message = distrusted(&pack, other.alone(false));
    assert_says(&message, &[&format!("by the key {}, which is not trusted", signer.id()), "trusted: ", &other.id()]);
}

#[test]
fn a_key_that_only_borrows_a_trusted_number_is_refused() {
    let (pack, signer) = (TinyPack::new(), Signer::new());
    pack.write_manifest();
    let mut impostor = Signer::new();
    // Number and all but the key itself are the trusted one's.
    impostor.0.sk = {
        let (mut own, theirs) = (impostor.0.sk.to_bytes(), signer.0.sk.to_bytes());
        // Two bytes each of algorithm, derivation and checksum kind, 32 of salt, 16 of limits; then the number.
        own[54..62].copy_from_slice(&theirs[54..62]);
        minisign::SecretKey::from_bytes(&own).unwrap()
    };
    let manifest = Cursor::new(fs::read(pack.dir().join("pack.toml")).unwrap());
    let forged = minisign::sign(None, &impostor.0.sk, manifest, None, None).unwrap();
    fs::write(pack.dir().join(SIGNATURE), forged.into_string()).unwrap();
    assert_says(&distrusted(&pack, signer.alone(false)), &["names the key", &signer.id(), "no signature by it"]);
}

#[test]
fn a_changed_trusted_comment_is_refused() {
    let (pack, signer) = signed();
    let path = pack.dir().join(SIGNATURE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("timestamp:1"), "{text}");
    fs::write(&path, text.replace("timestamp:1", "timestamp:2")).unwrap();
    assert_says(&distrusted(&pack, signer.alone(false)), &["no signature by it"]);
    let untrusted = text.replace("untrusted comment: ", "untrusted comment: whatever ");
    fs::write(&path, untrusted).unwrap();
    assert!(load(&pack, signer.alone(false)).is_ok());
}

#[test]
fn a_file_that_is_no_signature_is_refused() {
    let (pack, signer) = signed();
    let path = pack.dir().join(SIGNATURE);
    let good = fs::read_to_string(&path).unwrap();
    let half = &good.as_bytes()[..good.len() / 2];
    for bad in [b"".as_slice(), b"nonsense", b"a\nb\nc\nd\n", b"\xff\xfe\n\xff\n", half] {
        fs::write(&path, bad).unwrap();
        assert_says(&distrusted(&pack, signer.alone(false)), &["is not a signature of minisign"]);
    }
}

/// The signature of the four letters "test" that minisign's own documentation shows for the kind without a hash.
#[test]
fn a_signature_of_the_old_kind_is_refused_with_the_remedy() {
    let pack = TinyPack::new();
    pack.write_toml("test");
    let key = TrustedKey::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
    let legacy = "untrusted comment: signature from minisign secret key\n\
         RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
         trusted comment: timestamp:1555779966\tfile:test\n\
         QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";
    fs::write(pack.dir().join(SIGNATURE), legacy).unwrap();
    assert_says(&distrusted(&pack, Trust { keys: vec![key], required: false }), &["old kind", "without -l"]);
}

#[test]
fn files_that_are_far_too_large_are_not_read() {
    let (pack, signer) = signed();
    let error = |pack: &TinyPack| load(pack, signer.alone(false)).unwrap_err().to_string();
    let grow = |name: &str, to: u64| {
        let file = fs::File::options().write(true).open(pack.dir().join(name)).unwrap();
        let before = file.metadata().unwrap().len();
        file.set_len(to).unwrap();
        (file, before)
    };
    // Holes cost nothing: none of these is written out.
    let (model, before) = grow(MODEL, 1 << 40);
    assert_says(&error(&pack), &[MODEL, "larger than"]);
    model.set_len(before).unwrap();
    let (signature, before) = grow(SIGNATURE, 1 << 40);
    assert_says(&error(&pack), &[SIGNATURE, "larger than"]);
    signature.set_len(before).unwrap();
    grow("pack.toml", 1 << 40);
    assert_says(&error(&pack), &["pack.toml", "larger than"]);
}

#[test]
fn list_show_and_verify_tell_of_the_signature() {
    let (pack, signer) = signed();
    let by = format!("signed by {}", signer.id());
    for (trust, words, state) in
        [(signer.alone(true), by.as_str(), "signed"), (Trust::default(), "not checked", "not_checked")]
    {
        let registry = Registry::at(pack.registry()).unwrap().trusting(trust);
        let told = |json: bool| {
            let mut out = [Vec::new(), Vec::new(), Vec::new()];
            list(&registry, &Engines::embedded(), json, &mut out[0]).unwrap();
            show(&registry, NAME, &Engines::embedded(), json, &mut out[1]).unwrap();
            assert_eq!(verify(&registry, &[], &Engines::embedded(), json, &mut out[2]).unwrap(), Verdict::Accepted);
            out.map(|text| String::from_utf8(text).unwrap())
        };
        told(false).iter().for_each(|text| assert_says(text, &[words]));
        let [listed, shown, verified] = told(true).map(|text| serde_json::from_str::<Value>(&text).unwrap());
        for told in [&listed[0], &shown, &verified[0]] {
            assert_eq!(told["signature"]["state"], state);
            assert_eq!(told["signature"]["key"].is_string(), state == "signed");
        }
    }
}

#[test]
fn a_pack_that_is_not_trusted_is_listed_as_such_and_refused_by_verify() {
    let (pack, _) = signed();
    let registry = Registry::at(pack.registry()).unwrap().trusting(Signer::new().alone(false));
    let mut out = Vec::new();
    list(&registry, &Engines::embedded(), false, &mut out).unwrap();
    assert_says(&String::from_utf8(out).unwrap(), &["not trusted", "which is not trusted; get the pack"]);
    assert_eq!(verify(&registry, &[], &Engines::embedded(), false, &mut Vec::new()).unwrap(), Verdict::Refused);
}

#[test]
fn the_commands_take_their_keys_from_the_configuration() {
    let (pack, signer) = signed();
    let config = pack.registry().join("affectd.toml");
    let run = |keys: &str, arguments: &[&str]| {
        let dir = pack.registry().display();
        fs::write(&config, format!("[models]\ndir = \"{dir}\"\nrequire_signature = true\n{keys}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_affectd"));
        command.env_remove("AFFECTD_MODELS").arg("model").args(arguments).arg("--config").arg(&config);
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    };
    let keys = |key: TrustedKey| format!("trusted_keys = [\"{}\"]\n", key.text());
    let (trusted, other) = (keys(signer.key()), keys(Signer::new().key()));
    for arguments in [&["list"][..], &["show", NAME], &["verify"]] {
        let (code, text) = run(&trusted, arguments);
        assert_eq!(code, 0, "{text}");
        assert_says(&text, &[&format!("signed by {}", signer.id())]);
    }
    let (code, text) = run(&other, &["verify", NAME]);
    assert_eq!(code, 1, "{text}");
    assert_says(&text, &["REFUSED", "which is not trusted"]);
    let (code, text) = run("", &["list"]);
    assert_eq!(code, 78, "{text}");
    assert_says(&text, &["models.require_signature is true without models.trusted_keys"]);
}
