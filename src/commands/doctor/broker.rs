//! The broker: is it found, reached and trusted, does it let this device in, may this device publish?

use super::{Case, Finding};
use crate::clock::{Clock, SystemClock};
use crate::publish::{Acceptance, PublishSettings, Topics, probe};

/// Logs in with the configured credentials, under a client id of its own: the daemon that may run is not thrown out.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let config = &case.config;
    let settings = match config.publish_settings() {
        Ok(settings) => settings,
        // The look at the password says why.
        Err(_) => return vec![Finding::skipped("broker", "there is no password to log in with")],
    };
    let client = format!("affectd-{}-doctor", config.device);
    let topic = Topics::new(&settings.prefix, &config.device).doctor();
    let user =
        settings.credentials.as_ref().map_or_else(|| "nobody in particular".to_owned(), |login| login.user.clone());
    let begun = SystemClock.now();
    let visited = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(probe(&settings, &client, topic.clone())),
        Err(error) => return vec![Finding::wrong("broker", error.to_string(), "end other programs")],
    };
    let took = SystemClock.now().since(begun).as_millis();
    vec![match visited {
        Err(error) => Finding::failed("broker", &format!("TLS: {error}"), "check [mqtt] in the configuration"),
        Ok(Err(trouble)) => {
            Finding::wrong("broker", format!("{}: {}", trouble.stage(), trouble.reason()), trouble.remedy())
        }
        Ok(Ok(acceptance)) => accepted(&acceptance, &settings, &user, &topic, took),
    }]
}

fn accepted(acceptance: &Acceptance, settings: &PublishSettings, user: &str, topic: &str, took: u128) -> Finding {
    let broker = &settings.broker;
    let entered = format!("{broker} lets {user} in");
    let denied = |why: &str| {
        let below = topic.rsplit_once('/').map_or(topic, |(below, _)| below);
        let says = format!("authorisation: {entered}, but does not let it publish on {topic} ({why})");
        Finding::wrong("broker", says, format!("let {user} write to {below}/# in the broker's access list"))
    };
    match acceptance {
        Acceptance::Taken => Finding::good("broker", format!("{entered} and takes what it publishes, in {took} ms")),
        Acceptance::Acknowledged => {
            let says = format!("{entered}, in {took} ms; MQTT 3.1.1 does not tell whether it takes what is published");
            Finding::good("broker", says)
        }
        Acceptance::Refused(why) => denied(why),
        Acceptance::HungUp(trouble) => denied(&trouble.reason()),
    }
}
