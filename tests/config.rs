//! The configuration: what is refused and how it is said, what the environment overrides, and that the
//! manual is the program's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use affectd::capture::v4l::controls::{Controls, PowerLine, Tuned};
use affectd::config::{self, Config, ConfigErrors, Environment, reference};
use affectd::events::EventSettings;
use affectd::face::FaceSettings;
use affectd::publish::{BrokerAddress, PublishSettings};
use affectd::smooth::SmoothSettings;
use proptest::prelude::*;

const NAME: &str = "affectd.toml";

fn host() -> Environment {
    Environment::named("kiosk-7.shop.example")
}

fn parsed(text: &str) -> Config {
    config::parse(NAME, text, &host()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn refused(text: &str) -> ConfigErrors {
    config::parse(NAME, text, &host()).expect_err("this is to be refused")
}

mod manual {
    use super::*;

    /// Compares a committed file with what the program says; with UPDATE_DOCS=1 writes it.
    fn assert_committed(path: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "{} is not what the program says: run `UPDATE_DOCS=1 cargo test --test config`",
            path.display()
        );
    }

    /// The example with every line of a key taken in that `wanted` wants.
    fn example_with(wanted: impl Fn(&str) -> bool) -> String {
        let lines = reference::example().lines().map(str::to_owned).collect::<Vec<_>>();
        let taken = lines.iter().map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && wanted(key) => key,
            _ => line,
        });
        taken.collect::<Vec<_>>().join("\n")
    }

    fn has_default(line: &str) -> bool {
        let name = line.split(" = ").next().unwrap();
        reference::sections().iter().flat_map(|s| &s.keys).any(|key| key.name == name && key.default.is_some())
    }

    #[test]
    fn the_committed_example_is_the_programs_own() {
        assert_committed("docs/affectd.example.toml", &reference::example());
    }

    #[test]
    fn the_committed_reference_is_the_programs_own() {
        assert_committed("docs/configuration.md", &reference::markdown());
    }

    /// What stands in the manual between backticks as `section.key` or `section.key = value`, by page.
    fn keys_in_the_manual() -> Vec<(PathBuf, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let pages = ["docs", "boards"].iter().flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
        let pages = pages.map(|page| page.unwrap().path()).chain([root.join("README.md")]);
        let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
        let named = |text: &str| {
            let (section, key) = text.split_once('.')?;
            reference::sections().iter().find(|known| known.name == section)?;
            let name = key.split(" = ").next()?;
            name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| text.to_owned())
        };
        let of_page = |page: PathBuf| {
            let text = std::fs::read_to_string(&page).unwrap();
            let lines = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
            lines.filter_map(named).map(|key| (page.clone(), key)).collect::<Vec<_>>()
        };
        pages.flat_map(of_page).collect()
    }

    #[test]
    fn every_key_that_the_manual_names_is_there_and_takes_the_value_that_is_shown() {
        let named = keys_in_the_manual();
        assert!(named.len() > 50, "{named:?}");
        for (page, text) in named {
            let (section, rest) = text.split_once('.').unwrap();
            let (key, value) = rest.split_once(" = ").map_or((rest, None), |(key, value)| (key, Some(value)));
            let known = reference::sections().into_iter().find(|known| known.name == section).unwrap();
            assert!(known.keys.iter().any(|known| known.name == key), "{}: `{text}`", page.display());
            // Builds without GStreamer refuse its pipelines.
            if let Some(value) = value.filter(|value| !value.contains("gst:")) {
                let written = config::parse(NAME, &format!("[{section}]\n{key} = {value}\n"), &host());
                assert!(written.is_ok(), "{}: `{text}`: {}", page.display(), written.unwrap_err());
            }
        }
    }

    #[test]
    fn the_example_loads_and_equals_the_defaults() {
        assert_eq!(parsed(&reference::example()), parsed(""));
        let all_defaults = example_with(has_default);
        assert!(all_defaults.contains("\nenter = 0.5\n") && all_defaults.contains("\n#username = "), "{all_defaults}");
        assert_eq!(parsed(&all_defaults), parsed(""));
    }

    #[test]
    fn every_line_of_the_example_may_be_taken_in() {
        let with_tls = example_with(|_| true).replace("mqtt://127.0.0.1:1883", "mqtts://broker.example");
        let with_tls = with_tls.replace("consent = \"none\"", "consent = \"ask\"");
        let config = parsed(&with_tls);
        assert_eq!(config.login.unwrap().user, "kiosk-7");
        assert!(config.publish.ca_file.is_some() && config.models.dir.is_some());
    }

    #[test]
    fn every_key_says_what_it_is_for_what_is_allowed_and_what_is_when_it_is_left_out() {
        for section in reference::sections() {
            assert!(!section.docs.is_empty(), "[{}]", section.name);
            for key in &section.keys {
                let name = format!("{}.{}", section.name, key.name);
                assert!(!key.docs.is_empty() && !key.allowed.is_empty(), "{name}");
                assert!(key.default.is_some() || (key.absent.is_some() && key.example.is_some()), "{name}");
                let is_number = key.allowed.contains("number");
                assert!(!is_number || key.allowed.contains(" from "), "{name} is a number without a range");
                assert!(reference::markdown().contains(&format!("| `{}` |", key.name)), "{name}");
            }
        }
    }
}

mod meaning {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rooms() {
        let config = parsed("");
        assert_eq!(config.face, FaceSettings::default());
        assert_eq!(config.smooth, SmoothSettings::default());
        assert_eq!(config.events, EventSettings::default());
        let broker = BrokerAddress::loopback(1883);
        assert_eq!(config.publish, PublishSettings { broker, ..PublishSettings::default() });
    }

    #[test]
    fn brokers_have_an_order_and_share_what_they_are_trusted_by() {
        let sum = "0123456789abcdef".repeat(4);
        let config = parsed(&format!(
            "[mqtt]\nurl = \"mqtts://hub.example\"\nspare_urls = [\"wss://spare.example/mqtt\", \"mqtt://localhost\"]\n\
             return_after_s = 60\npinned_keys = [\"{}\"]\nclient_cert_file = \"/a.pem\"\nclient_key_file = \"/a.key\"\n",
            sum.to_uppercase()
        ));
        let brokers: Vec<_> = config.publish.brokers().map(ToString::to_string).collect();
        assert_eq!(brokers, ["mqtts://hub.example:8883", "wss://spare.example:443/mqtt", "mqtt://localhost:1883"]);
        assert_eq!(config.publish.return_after.as_secs(), 60);
        assert_eq!(config.publish.pinned_keys[0].to_string(), sum);
        let client = config.publish_settings().unwrap().client.unwrap();
        assert_eq!((client.certificate, client.key), ("/a.pem".into(), "/a.key".into()));
    }

    #[test]
    fn how_the_camera_exposes_arrives_at_its_opening() {
        assert_eq!(parsed("").camera, Controls::default());
        let camera = parsed("[camera]\nexposure = 156\ngain = \"auto\"\npower_line_hz = 50").camera;
        assert_eq!((camera.exposure, camera.gain), (Some(Tuned::To(156)), Some(Tuned::Auto)));
        assert_eq!((camera.white_balance, camera.power_line), (None, Some(PowerLine::Hz50)));
    }

    #[test]
    fn the_device_is_called_like_its_host_unless_it_has_a_name() {
        assert_eq!(parsed("").device.as_str(), "kiosk-7");
        assert_eq!(parsed("[device]\nid = \"door\"").device.as_str(), "door");
    }

    #[test]
    fn what_is_written_arrives_in_its_room() {
        let config = parsed(
            "[smooth]\nbeta = 2\nprobability_time_constant_ms = 100\nneutral_baseline = true\n\
             [events]\nkinds = [\"compound\"]\naction_unit_leave = 0.55\nmin_dwell_ms = 0\n\
             [publish]\nstate_rate_hz = 10\n[mqtt]\nversion = 3\nusername = \"me\"",
        );
        assert_eq!(config.smooth.one_euro.speed_weight, 2.0);
        assert_eq!(config.smooth.action_unit_time.as_millis(), 100);
        assert!(config.smooth.baseline.automatic);
        assert!(config.events.compound.enabled && !config.events.presence.enabled && !config.events.valence.enabled);
        assert_eq!((config.events.action_unit.leave, config.events.valence.dwell.as_millis()), (0.55, 0));
        assert_eq!(config.publish.state_interval.as_millis(), 100);
        assert_eq!(config.publish_settings().unwrap().credentials.unwrap().user, "me");
    }

    #[test]
    fn home_assistant_is_told_in_json_alone() {
        let told = parsed("[home_assistant]\nenabled = true\ndiscovery_prefix = \"home\"").home_assistant;
        assert!(told.enabled && !parsed("").home_assistant.enabled);
        assert_eq!(told.discovery.prefix.as_str(), "home");
        assert_eq!(told.discovery.birth.as_str(), "homeassistant/status");
        let said = refused("[home_assistant]\nenabled = true\n[publish]\nencoding = \"cbor\"").to_string();
        assert!(said.contains("home_assistant.enabled") && said.contains("leave publish.encoding out"), "{said}");
    }

    #[test]
    fn trusted_keys_arrive_and_zero_seconds_are_never() {
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let models = parsed(&format!("[models]\ntrusted_keys = [\"{key}\"]\nreload_every_s = 0\n")).models;
        assert_eq!((models.trust.keys[0].text(), models.trust.required), (key, false));
        assert_eq!((models.reload_every, parsed("").models.reload_every.unwrap().as_secs()), (None, 5));
    }

    #[test]
    fn the_environment_goes_before_the_file_unless_it_is_empty() {
        let text = "[device]\nid = \"file\"\n[log]\nlevel = \"warn\"";
        let environment = host().with("AFFECTD_DEVICE_ID", "variable").with("AFFECTD_LOG", "");
        let config = config::parse(NAME, text, &environment).unwrap();
        assert_eq!((config.device.as_str(), config.log.level.as_str()), ("variable", "WARN"));
    }

    #[test]
    fn a_wrong_value_is_told_even_when_the_environment_goes_before_it() {
        let environment = host().with("AFFECTD_DEVICE_ID", "variable");
        assert!(config::parse(NAME, "[device]\nid = \"a b\"", &environment).is_err());
    }

    #[test]
    fn a_host_without_a_usable_name_must_be_given_one() {
        insta::assert_snapshot!(config::parse(NAME, "", &Environment::named("")).unwrap_err());
        assert!(config::parse(NAME, "[device]\nid = \"door\"", &Environment::named("")).is_ok());
    }
}

/// What a person reads: each kind of problem in full.
mod messages {
    use super::*;

    #[test]
    fn text_that_is_not_toml() {
        insta::assert_snapshot!(refused("[device\nid = kiosk\n[log]\nlevel = \"info\nformat = text\n= 3\n"));
    }

    #[test]
    fn a_key_that_stands_twice() {
        insta::assert_snapshot!(refused("[log]\nlevel = \"info\"\nlevel = \"warn\"\n"));
    }

    #[test]
    fn names_that_are_not_known() {
        insta::assert_snapshot!(refused(
            "speed = 1\nurl = \"mqtt://localhost\"\n[smoth]\n[weather]\n[smooth]\nmin_cutof_hz = 1\n[face]\nusername = \"me\"\n\
             colour = \"red\"\n[[log]]\n"
        ));
    }

    #[test]
    fn a_section_that_is_written_as_a_key() {
        insta::assert_snapshot!(refused("face = 3\n"));
    }

    #[test]
    fn values_of_another_type() {
        insta::assert_snapshot!(refused(
            "[device]\nid = 7\n[smooth]\nmin_cutoff_hz = \"0.5\"\nhold_ms = 1.5\nneutral_baseline = \"yes\"\n\
             [events]\nkinds = \"presence\"\nenter = true\n[log]\nlevel = 2026-11-22\n[mqtt]\nversion = \"5\"\n"
        ));
    }

    #[test]
    fn controls_that_no_camera_has() {
        insta::assert_snapshot!(refused(
            "[camera]\nexposure = \"aut\"\ngain = 1e3\nwhite_balance = 100_001\npower_line_hz = 55\n"
        ));
    }

    #[test]
    fn numbers_that_are_out_of_range_or_not_finite() {
        insta::assert_snapshot!(refused(
            "[face]\ndetect_every_ms = -1\nmin_size = 1e300\nmax_yaw = 90.5\n[smooth]\nbeta = nan\nunknown_below = -inf\n\
             hold_ms = 99999999999999999999\n[mqtt]\nversion = 4\nkeep_alive_s = 0x2\n"
        ));
    }

    #[test]
    fn names_that_may_not_be() {
        insta::assert_snapshot!(refused(
            "[device]\nid = \"kiosk 7\"\n[source]\nvideo = \"/dev\\u0000\"\n[models]\ndir = \"\"\ndetector = \"models/blazeface\"\n\
             face = \"MTANet\"\n[events]\nkinds = [\"presence\", \"expresion\"]\n[mqtt]\nprefix = \"affect/#\"\n[log]\n\
             level = \"verbose\"\nformat = \"jsn\"\n"
        ));
    }

    #[test]
    fn an_item_that_stands_twice() {
        insta::assert_snapshot!(refused("[events]\nkinds = [\n  \"presence\",\n  \"presence\",\n]\n"));
    }

    #[test]
    fn addresses_that_are_no_broker() {
        for (name, url) in [
            ("no_scheme", "localhost"),
            ("other_scheme", "ssl://broker.example"),
            ("web", "http://broker.example"),
            ("port", "mqtt://localhost:70000"),
            ("no_tls", "mqtt://broker.example"),
            ("user", "mqtts://me:hunter2@broker.example"),
        ] {
            insta::assert_snapshot!(format!("broker_{name}"), refused(&format!("[mqtt]\nurl = \"{url}\"\n")));
        }
    }

    #[test]
    fn addresses_that_are_no_camera() {
        for (name, video) in [
            ("bare_device", "/dev/video0"),
            ("stream", "rtsp://camera.example"),
            ("microphone", "alsa:default"),
            ("size", "v4l:/dev/video0?size=big"),
        ] {
            insta::assert_snapshot!(format!("video_{name}"), refused(&format!("[source]\nvideo = \"{video}\"\n")));
        }
    }

    #[test]
    fn settings_that_do_not_go_together() {
        insta::assert_snapshot!(refused(
            "[face]\nmax_brightness = 0.05\n[events]\nleave = 0.5\nvalence_enter = 0.1\narousal_enter = 0.4\n\
             arousal_leave = 0.6\n[mqtt]\npassword_file = \"/etc/password\"\nca_file = \"/etc/ca.pem\"\n"
        ));
    }

    #[test]
    fn what_belongs_to_tls_and_to_several_brokers() {
        insta::assert_snapshot!(refused(
            "[mqtt]\nspare_urls = [\"mqtt://127.0.0.1\", \"ws://localhost\"]\nclient_cert_file = \"/a.pem\"\n\
             pinned_keys = [\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n"
        ));
        insta::assert_snapshot!(refused("[mqtt]\nurl = \"mqtts://hub\"\nclient_key_file = \"/a.key\"\n"));
        insta::assert_snapshot!(refused(
            "[mqtt]\nspare_urls = [\"mqtt://hub\", \"ws://hub\", \"wss://hub/?key=1\"]\npinned_keys = [\"abc\"]\n"
        ));
    }

    #[test]
    fn places_where_the_law_forbids_it_and_consent_that_nobody_asks_for() {
        insta::assert_snapshot!(refused("[privacy]\ncontext = \"workplace\"\n"));
        insta::assert_snapshot!(refused("[privacy]\ncontext = \"education\"\nconsent_signal = \"file:/run/yes\"\n"));
        insta::assert_snapshot!(refused(
            "[privacy]\ncontext = \"work\"\nconsent = \"ask\"\nconsent_signal = \"mqtt:site/+\"\n"
        ));
    }

    #[test]
    fn commands_that_are_none_and_a_device_that_would_wait_for_one_for_ever() {
        insta::assert_snapshot!(refused("[commands]\nallow = [\"mute\", \"reboot\"]\nburst = 0\n"));
        insta::assert_snapshot!(refused("[commands]\nallow = []\n[privacy]\nstart_muted = true\n"));
        insta::assert_snapshot!(refused("[commands]\nallow = [\"mute\"]\n[privacy]\nconsent = \"ask\"\n"));
        parsed("[commands]\nallow = []\n[privacy]\nconsent = \"ask\"\nconsent_signal = \"file:/run/yes\"\n");
    }

    #[test]
    fn signatures_that_are_required_without_keys_and_keys_that_are_none() {
        insta::assert_snapshot!(refused("[models]\nrequire_signature = true\n"));
        insta::assert_snapshot!(refused(
            "[models]\ntrusted_keys = [\"RWQf6LRCGA9i53mlYecO\", \"/etc/affectd/minisign.pub\"]\n\
             require_signature = true\n"
        ));
    }

    #[test]
    fn a_refused_value_clashes_with_nothing() {
        insta::assert_snapshot!(refused(
            "[events]\nenter = 1.1\nleave = 0.99\n[mqtt]\nurl = \"mqtt://\"\nca_file = \"/etc/ca.pem\"\nusername = 1\n\
             password_file = \"/etc/password\"\n"
        ));
    }

    #[test]
    fn variables_of_the_environment() {
        let environment = host()
            .with("AFFECTD_MQTT_URL", "tcp://broker.example")
            .with("AFFECTD_DEVICE_ID", "kiosk 7")
            .with("AFFECTD_LOG", "loud");
        insta::assert_snapshot!(config::parse(NAME, "", &environment).unwrap_err());
    }

    #[test]
    fn a_password_in_the_file_is_refused_and_not_shown() {
        let errors = refused("[mqtt]\npassword = \"hunter2\"\nurl = \"mqtts://me:hunter2@broker\"\n");
        assert!(!format!("{errors}{errors:?}{}", errors.to_json()).contains("hunter2"));
        insta::assert_snapshot!(errors);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let meaning = "\"a\\u001b[2J\" = 1\n[log]\n\"b\\u0007\" = 3 # \u{9b}2J\nlevel = \"\\u001bc\"\n[models]\ndir = \"\\u0000\"\n";
        let syntax = "[log]\nlevel = \"\u{1b}c\"\n\u{7f} = 3";
        for (text, stage) in [(meaning, config::Stage::Meaning), (syntax, config::Stage::Syntax)] {
            let errors = refused(text);
            assert_eq!(errors.stage(), stage);
            assert!(!errors.to_string().replace('\n', "").contains(char::is_control), "{errors:?}");
        }
    }

    #[test]
    fn the_same_for_programs() {
        let environment = host().with("AFFECTD_LOG", "loud");
        let text = "[face]\nmin_size = 1\nmin_sise = 2\n";
        insta::assert_json_snapshot!(config::parse(NAME, text, &environment).unwrap_err().to_json());
    }
}

mod files {
    use super::*;

    fn load(content: &[u8]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("affectd.toml");
        std::fs::write(&path, content).unwrap();
        config::load(&path).map_err(|errors| errors.to_string().replace(&path.display().to_string(), NAME))
    }

    #[test]
    fn a_file_is_loaded() {
        assert_eq!(load(b"[publish]\nstate_rate_hz = 1\n").unwrap().publish.state_interval.as_secs(), 1);
    }

    #[test]
    fn a_file_of_another_system_is_loaded() {
        let config = load(b"\xef\xbb\xbf[publish]\r\nstate_rate_hz = 1\r\n").unwrap();
        assert_eq!(config.publish.state_interval.as_secs(), 1);
    }

    #[test]
    fn a_file_that_is_missing() {
        insta::assert_snapshot!(config::load(Path::new("/nonexistent/affectd.toml")).unwrap_err());
    }

    #[test]
    fn a_folder_instead_of_a_file() {
        insta::assert_snapshot!(config::load(Path::new("/")).unwrap_err());
    }

    #[test]
    fn a_file_that_is_not_text() {
        insta::assert_snapshot!(load(b"# a\n# \xff\xfe\n").unwrap_err());
    }

    #[test]
    fn a_file_that_is_far_too_large() {
        insta::assert_snapshot!(load(&vec![b'#'; (1 << 20) + 1]).unwrap_err());
    }
}

/// A line that could stand in a configuration, right or wrong.
fn any_line() -> impl Strategy<Value = String> {
    let names: Vec<_> = reference::sections()
        .into_iter()
        .flat_map(|s| s.keys.into_iter().map(|k| k.name.to_owned()).chain([format!("[{}]", s.name)]))
        .collect();
    let value = prop_oneof![
        any::<f32>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|text| format!("{text:?}")),
        "[\\[{\"'a-z0-9=.,}\\]é]{0,12}",
        Just("true".to_owned()),
    ];
    (prop::sample::select(names), value).prop_map(|(name, value)| match name.starts_with('[') {
        true => name,
        false => format!("{name} = {value}"),
    })
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    if let Err(errors) = config::parse(NAME, text, &host()) {
        prop_assert!(!errors.problems().is_empty());
        prop_assert!(errors.to_string().contains("error: "));
        prop_assert!(errors.to_json().is_array());
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in prop::collection::vec(any_line(), 0..40)) {
        survives(&lines.join("\n"))?;
    }

    #[test]
    fn what_is_allowed_here_is_allowed_in_the_rooms(
        hertz in 0.01f32..=30.0, beta in 0.0f32..=100.0, share in 0.0f32..=1.0, milliseconds in 1_000u32..=10_000,
        low in 0.01f32..0.99, step in 0.001f32..=0.01,
    ) {
        let high = low + step;
        let config = parsed(&format!(
            "[smooth]\nmin_cutoff_hz = {hertz}\nbeta = {beta}\nunknown_below = {share}\nhold_ms = {milliseconds}\n\
             probability_time_constant_ms = {milliseconds}\n[events]\nenter = {high}\nleave = {low}\n\
             action_unit_enter = {high}\naction_unit_leave = {low}\nvalence_enter = {high}\nvalence_leave = {low}\n\
             arousal_enter = {high}\narousal_leave = {low}\nmin_dwell_ms = {milliseconds}\n\
             presence_after_ms = {milliseconds}\ngone_after_ms = {milliseconds}\nupdate_every_ms = {milliseconds}\n"
        ));
        prop_assert_eq!(config.smooth.check(), Ok(()));
        prop_assert_eq!(config.events.check(), Ok(()));
    }
}
