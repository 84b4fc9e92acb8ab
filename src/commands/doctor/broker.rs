//! The brokers: are they found, reached and trusted, do they let this device in, may this device publish?

use super::{Case, Finding};
use crate::clock::{Clock, SystemClock};
use crate::publish::{Acceptance, PublishSettings, Refusal, Topics, probe};

/// Logs in with the configured credentials, under a client id of its own: the daemon that may run is not thrown out.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let settings = match case.config.publish_settings() {
        Ok(settings) => settings,
        // The look at the password says why.
        Err(_) => return vec![Finding::skipped("broker", "there is no password to log in with")],
    };
    let to = |broker: &_| PublishSettings { broker: Clone::clone(broker), spares: Vec::new(), ..settings.clone() };
    settings.brokers().map(|broker| visit(case, &to(broker))).collect()
}

/// One broker: the preferred one of these settings.
fn visit(case: &Case, settings: &PublishSettings) -> Finding {
    let device = &case.config.device;
    let client = format!("affectd-{device}-doctor");
    let topic = Topics::new(&settings.prefix, device).doctor();
    let user =
        settings.credentials.as_ref().map_or_else(|| "nobody in particular".to_owned(), |login| login.user.clone());
    let begun = SystemClock.now();
    let visited = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(probe(settings, &client, topic.clone())),
        Err(error) => return Finding::wrong("broker", error.to_string(), "end other programs"),
    };
    let took = SystemClock.now().since(begun).as_millis();
    match visited {
        Err(error) => Finding::failed("broker", &format!("TLS: {error}"), "check [mqtt] in the configuration"),
        Ok(Err(trouble)) => {
            Finding::wrong("broker", format!("{}: {}", trouble.stage(), trouble.reason()), trouble.remedy())
        }
        Ok(Ok(acceptance)) => accepted(&acceptance, settings, &user, &topic, took),
    }
}

fn accepted(acceptance: &Acceptance, settings: &PublishSettings, user: &str, topic: &str, took: u128) -> Finding {
    let broker = &settings.broker;
    let entered = format!("{broker} lets {user} in");
    let denied = |stage: &str, why: &str| format!("{stage}: {entered}, but does not let it publish on {topic} ({why})");
    let below = || topic.rsplit_once('/').map_or(topic, |(below, _)| below);
    let allow = || format!("let {user} write to {}/# in the broker's access list", below());
    match acceptance {
        Acceptance::Taken => Finding::good("broker", format!("{entered} and takes what it publishes, in {took} ms")),
        Acceptance::Acknowledged => {
            let says = format!("{entered}, in {took} ms; MQTT 3.1.1 does not tell whether it takes what is published");
            Finding::good("broker", says)
        }
        Acceptance::Refused(Refusal::NotAuthorized) => {
            let why = Refusal::NotAuthorized;
            Finding::wrong("broker", denied(why.stage(), &why.to_string()), allow())
        }
        Acceptance::Refused(why) => Finding::wrong("broker", denied(why.stage(), &why.to_string()), why.remedy()),
        Acceptance::HungUp(trouble) => Finding::wrong("broker", denied("authorisation", &trouble.reason()), allow()),
    }
}
