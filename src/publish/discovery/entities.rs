//! What Home Assistant is told there is: which entities, what each reads and how it is shown.
//!
//! | entities | read | when the device is silent |
//! |---|---|---|
//! | `people`: faces, presence, expression, valence, arousal, voice | states, which are not retained | unavailable after a while |
//! | `happening`: events | events that happen now | stays at the last |
//! | `sensing`: the mute switch | the retained notice | as the notice says |
//! | `upkeep`: stages, temperature, rates, latency | the retained health | unavailable with the device |

use std::collections::BTreeMap;

use super::component::{Component, Entity, Platform};
use super::device::ObjectId;
use super::{DiscoverySettings, Identity, Topics};

mod happening;
mod people;
mod sensing;
mod upkeep;

/// Everything of a device by the ids of its components. One that this device does not have stands there too: Home
/// Assistant may know it from before.
pub(super) fn components(
    identity: &Identity,
    topics: &Topics,
    settings: &DiscoverySettings,
    object: &ObjectId,
) -> BTreeMap<&'static str, Component> {
    let mut list = List { object, components: BTreeMap::new() };
    people::list(&mut list, identity, topics, settings);
    happening::list(&mut list, identity, topics, settings);
    sensing::list(&mut list, topics, settings);
    upkeep::list(&mut list, identity, topics, settings);
    list.components
}

/// The components so far.
struct List<'a> {
    object: &'a ObjectId,
    components: BTreeMap<&'static str, Component>,
}

impl List<'_> {
    /// Puts an entity on the list; when it is not `here`, the word that there is none.
    fn put(&mut self, id: &'static str, platform: Platform, here: bool, entity: Entity) {
        let unique_id = format!("{}-{id}", self.object);
        let entity = here.then_some(Entity { unique_id, ..entity });
        self.components.insert(id, Component { platform, entity });
    }
}

/// A template.
fn template(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}
