//! Which messages are carried out, and how the others are refused.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: &str = "2026-11-22T00:10:00Z";

fn settings(allow: &[Verb]) -> ControlSettings {
    let rate = Rate { per_minute: 60, burst: 10 };
    ControlSettings { allow: allow.to_vec(), rate, max_age: Duration::from_secs(60) }
}

fn control(allow: &[Verb]) -> Control {
    Control::new(settings(allow), Prefix::default(), Encoding::Json)
}

fn message<'a>(verb: &'a str, payload: &'a [u8]) -> Message<'a> {
    Message { verb, payload, retained: false, reply_to: None, correlation: 0 }
}

fn judge(control: &mut Control, message: Message<'_>) -> Found {
    control.judge(message, Monotonic::new(Duration::from_secs(100)), NOW.parse().unwrap())
}

/// What becomes of a command where all are allowed.
fn order(verb: &str, payload: &str) -> Result<Command, Refusal> {
    judge(&mut control(&Verb::ALL), message(verb, payload.as_bytes())).order
}

fn code(verb: &str, payload: &str) -> Code {
    order(verb, payload).expect_err(payload).code()
}

#[test]
fn each_command_is_understood() {
    let debug = |lasting| Command::LogLevel { level: Some(Level::DEBUG), lasting };
    for (verb, payload, command) in [
        ("mute", "{}", Command::Mute),
        ("mute", r#"{"on": true}"#, Command::Mute),
        ("mute", r#"{"on": false}"#, Command::Unmute),
        ("unmute", " {\n} ", Command::Unmute),
        ("reload", r#"{"id": "7"}"#, Command::Reload),
        ("calibrate", "{}", Command::Calibrate(None)),
        ("calibrate", r#"{"face": 12}"#, Command::Calibrate(Some(TrackId(12)))),
        ("log-level", r#"{"level": "debug"}"#, debug(None)),
        ("log-level", r#"{"level": "debug", "for_s": 600}"#, debug(Some(Duration::from_secs(600)))),
        ("log-level", "{}", Command::LogLevel { level: None, lasting: None }),
        ("health", "{}", Command::Health),
        ("restart-stage", r#"{"stage": "camera"}"#, Command::RestartStage(StageName::Camera)),
    ] {
        assert_eq!(order(verb, payload), Ok(command), "{verb} {payload}");
    }
}

#[test]
fn what_is_not_as_the_schema_says_is_refused_and_the_reason_names_it() {
    for (verb, payload, names) in [
        ("mute", "on", "expected"),
        ("mute", "[]", "no object"),
        ("mute", "null", "no object"),
        ("mute", r#"{"om": false}"#, "`om`"),
        ("mute", r#"{"on": "false"}"#, "boolean"),
        ("mute", "{\"on\": tr", "EOF"),
        ("unmute", r#"{"on": true}"#, "`on`"),
        ("calibrate", r#"{"face": "12"}"#, "u64"),
        ("calibrate", r#"{"face": -1}"#, "u64"),
        ("log-level", r#"{"level": "DEBUG"}"#, "`DEBUG`"),
        ("log-level", r#"{"level": "debug", "for_s": 0}"#, "1 to 86400"),
        ("log-level", r#"{"level": "debug", "for_s": 86401}"#, "1 to 86400"),
        ("restart-stage", "{}", "`stage`"),
        ("restart-stage", r#"{"stage": "mqtt"}"#, "`mqtt`"),
        ("health", r#"{"id": ""}"#, "1 to 128"),
        ("health", r#"{"at": "yesterday"}"#, "yesterday"),
    ] {
        let refusal = order(verb, payload).expect_err(payload);
        assert_eq!(refusal.code(), Code::NotUnderstood, "{payload}");
        assert!(refusal.to_string().contains(names), "{payload}: {refusal}");
    }
}

#[test]
fn a_message_that_clears_a_retained_one_is_no_command() {
    assert_eq!(code("unmute", ""), Code::Empty);
    assert_eq!(code("unmute", " \n"), Code::Empty);
}

#[test]
fn what_the_broker_kept_is_refused_whatever_it_says() {
    let mut control = control(&Verb::ALL);
    let found = judge(&mut control, Message { retained: true, ..message("unmute", br#"{"id": "old"}"#) });
    assert_eq!((found.id.as_deref(), found.order), (Some("old"), Err(Refusal::Retained)));
}

#[test]
fn only_what_is_allowed_is_carried_out_and_there_is_no_way_round() {
    let mut control = control(&[Verb::Mute, Verb::Health]);
    assert_eq!(judge(&mut control, message("mute", b"{}")).order, Ok(Command::Mute));
    assert_eq!(judge(&mut control, message("unmute", b"{}")).order, Err(Refusal::NotAllowed(Verb::Unmute)));
    let found = judge(&mut control, message("mute", br#"{"on": false}"#));
    assert_eq!(found.order, Err(Refusal::NotAllowed(Verb::Unmute)));
    assert_eq!(judge(&mut control, message("reboot", b"{}")).order, Err(Refusal::UnknownVerb));
    assert!(Refusal::NotAllowed(Verb::Unmute).remedy().contains("commands.allow"));
}

#[test]
fn an_order_of_yesterday_is_not_carried_out_today() {
    for (times, expected) in [
        (json!({ "at": "2026-11-22T00:09:30Z" }), None),
        (json!({ "at": "2026-11-22T00:10:30+00:00" }), None),
        (json!({ "at": "2026-11-22T02:09:30+02:00" }), None),
        (json!({ "expires_at": "2026-11-22T00:10:01Z" }), None),
        (json!({ "at": "2026-11-21T00:10:00Z" }), Some("86400 s ago")),
        (json!({ "at": "2026-11-22T00:12:00Z" }), Some("has not come yet")),
        (json!({ "expires_at": NOW }), Some("expired")),
        (json!({ "at": NOW, "expires_at": "2026-11-22T00:09:59Z" }), Some("expired")),
        (json!({ "at": "1970-01-01T00:00:00Z" }), Some("ago")),
        (json!({ "at": "9999-12-30T00:00:00Z" }), Some("has not come yet")),
    ] {
        let order = order("unmute", &times.to_string());
        match expected {
            None => assert_eq!(order, Ok(Command::Unmute), "{times}"),
            Some(words) => {
                let refusal = order.expect_err(words);
                assert!(refusal.code() == Code::TooOld && refusal.to_string().contains(words), "{times}: {refusal}");
            }
        }
    }
}

#[test]
fn a_command_that_comes_too_often_waits_and_is_counted() {
    let mut control = control(&Verb::ALL);
    let passed = (0..100).filter(|_| judge(&mut control, message("health", b"{}")).order.is_ok()).count();
    assert_eq!((passed, control.refused(Code::TooOften)), (10, 90));
    let Err(refusal) = judge(&mut control, message("health", b"{}")).order else { panic!("it passed") };
    assert!(refusal.remedy().starts_with("wait 1.0 s"), "{}", refusal.remedy());
    assert_eq!(judge(&mut control, message("mute", b"{}")).order, Ok(Command::Mute), "its own bucket is full");
}

#[test]
fn a_message_that_is_too_large_is_not_even_read() {
    let mut control = control(&Verb::ALL);
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(LARGEST));
    let found = judge(&mut control, message("mute", long.as_bytes()));
    assert_eq!((found.id, found.order), (None, Err(Refusal::TooLarge(long.len()))));
    let correlated = Message { correlation: LARGEST, ..message("mute", b"{}") };
    assert_eq!(judge(&mut control, correlated).order, Err(Refusal::TooLarge(LARGEST + 2)));
}

#[test]
fn whoever_asks_for_a_reply_where_devices_speak_gets_nothing_done() {
    let mut control = control(&Verb::ALL);
    let mean = Message { reply_to: Some("affect/kiosk-8/cmd/unmute"), ..message("mute", b"{}") };
    assert_eq!(judge(&mut control, mean).order.expect_err("it was carried out").code(), Code::ReplyTopic);
    let fair = Message { reply_to: Some("dashboard/3"), ..message("mute", b"{}") };
    assert_eq!(judge(&mut control, fair).order, Ok(Command::Mute));
}

#[test]
fn what_is_sent_is_repeated_on_one_short_line() {
    let payload = json!({ format!("a\n{}", "x".repeat(3000)): 1 }).to_string();
    let words = order("mute", &payload).expect_err("it was carried out").to_string();
    assert!(words.chars().count() < 300 && !words.contains('\n'), "{words}");
}

#[test]
fn cbor_is_read_where_it_is_written_and_json_always() {
    let mut cbor = Vec::new();
    ciborium::into_writer(&json!({ "level": "debug", "for_s": 60, "id": "c" }), &mut cbor).unwrap();
    let mut device = Control::new(settings(&Verb::ALL), Prefix::default(), Encoding::Cbor);
    let command = Command::LogLevel { level: Some(Level::DEBUG), lasting: Some(Duration::from_secs(60)) };
    let found = judge(&mut device, message("log-level", &cbor));
    assert_eq!((found.id.as_deref(), found.order), (Some("c"), Ok(command)));
    assert_eq!(judge(&mut device, message("mute", b"{}")).order, Ok(Command::Mute));
    let mut device = control(&Verb::ALL);
    let refusal = judge(&mut device, message("log-level", &cbor)).order.expect_err("it was read");
    assert_eq!(refusal.code(), Code::NotUnderstood);
}

proptest! {
    /// Whatever comes: it is carried out or counted as refused, and nothing panics.
    #[test]
    fn every_message_is_carried_out_or_refused_and_counted(
        verb in prop_oneof![any::<String>(), prop::sample::select(Verb::ALL.to_vec()).prop_map(|v| v.name().to_owned())],
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..5000),
            any::<String>().prop_map(String::into_bytes),
            (any::<String>(), any::<i64>()).prop_map(|(key, value)| json!({ key: value }).to_string().into_bytes()),
        ],
        retained in any::<bool>(),
        reply_to in prop::option::of(any::<String>()),
        cbor in any::<bool>(),
    ) {
        let encoding = if cbor { Encoding::Cbor } else { Encoding::Json };
        let mut control = Control::new(settings(&Verb::ALL), Prefix::default(), encoding);
        let message = Message { verb: &verb, payload: &payload, retained, reply_to: reply_to.as_deref(), correlation: 0 };
        let found = judge(&mut control, message);
        let refused: u64 = control.counts().refused.values().sum();
        prop_assert_eq!(refused, u64::from(found.order.is_err()));
        prop_assert!(!retained || found.order.is_err());
        if let Err(refusal) = found.order {
            prop_assert!(!refusal.remedy().is_empty());
        }
    }
}
