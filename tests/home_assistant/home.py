"""A real Home Assistant with nothing in it but its MQTT integration; a test tells it what to do and hears what it sees.

    home.py PORT FOLDER        the broker's port on this machine, and an empty folder

One JSON object a line. It says:
    {"ready": VERSION}                          connected, and discovering
    {"entity": ID, "state": …, "attributes": …} whenever a state changes; a state of null: the entity is gone
    {"complaint": TEXT}                         a warning or an error of Home Assistant, or an announcement with a key
                                                that it would pass over in silence
    {"devices": […], "entities": […]}           what is in its registries, when asked
    {"called": SERVICE, "entity": […]}          an automation called a service that turns something on
    {"automated": true}                         the automations are at work
It is told:
    {"call": "switch.turn_on", "entity": ID}    call a service
    {"registries": true}                        say what is in the registries
    {"automate": YAML}                          take over these automations
At the end of its input it ends.
"""

import asyncio
import importlib
import json
import logging
import os
import sys

import voluptuous
from homeassistant import bootstrap, config_entries, const, core, loader
from homeassistant.components.mqtt import async_subscribe, discovery
from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml


def say(what):
    """Tells the test."""
    print(json.dumps(what, default=str), flush=True)


class Complaints(logging.Handler):
    """Hands on what Home Assistant is not content with."""

    def emit(self, record):
        # `helpers.frame` complains of the code of integrations: of a start as bare as this one.
        if record.name.startswith("homeassistant.") and record.name != "homeassistant.helpers.frame":
            say({"complaint": f"{record.name}: {record.getMessage()}"})


@core.callback
def scrutinise(message):
    """Checks an announcement without the indulgence of discovery, which passes over keys that it does not know."""
    if not message.payload:
        return
    try:
        if not discovery.TOPIC_MATCHER.fullmatch(message.topic.partition("/")[2]):
            raise ValueError(f"{message.topic} is not a topic of discovery")
        payload = json.loads(message.payload)
        discovery._replace_all_abbreviations(payload)
        DEVICE_DISCOVERY_SCHEMA(payload)
        for component in payload["components"].values():
            platform = component.pop("platform")
            if not component:
                continue
            component["device"], component["origin"] = payload["device"], payload["origin"]
            discovery._merge_common_device_options(component, payload)
            module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
            module.PLATFORM_SCHEMA_MODERN(component)
    except (voluptuous.Invalid, ValueError, KeyError) as error:
        say({"complaint": f"scrutiny: {error!r} in {message.payload}"})


@core.callback
def changed(event):
    """Hands on a state that changed."""
    state = event.data["new_state"]
    say(
        {
            "entity": event.data["entity_id"],
            "state": state and state.state,
            "attributes": dict(state.attributes) if state else {},
        }
    )


def registries(hass):
    """What Home Assistant has registered."""
    devices = device_registry.async_get(hass).devices.values()
    entities = entity_registry.async_get(hass).entities.values()
    return {
        "devices": [
            {"name": d.name, "manufacturer": d.manufacturer, "model": d.model, "sw_version": d.sw_version}
            for d in devices
        ],
        "entities": [{"id": e.entity_id, "unique_id": e.unique_id, "category": e.entity_category} for e in entities],
    }


async def automate(hass, text):
    """Takes over automations as they stand in a configuration, with a light that only says that it was turned on."""

    @core.callback
    def turned_on(call):
        say({"called": "light.turn_on", "entity": call.data["entity_id"]})

    hass.services.async_register("light", "turn_on", turned_on)
    say({"automated": await async_setup_component(hass, "automation", parse_yaml(text))})


async def start(port, folder):
    """Home Assistant as it starts, as far as MQTT needs it."""
    open(os.path.join(folder, "configuration.yaml"), "w").close()
    hass = core.HomeAssistant(folder)
    # What MQTT uses to upload certificates; it would open a port.
    hass.config.components |= {"http", "file_upload"}
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    await async_setup_component(hass, "homeassistant", {})
    hass.bus.async_listen(const.EVENT_STATE_CHANGED, changed)
    broker = config_entries.ConfigEntry(
        version=1,
        minor_version=2,
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port, "protocol": "5"},
        options={},
        source="user",
        unique_id=None,
        discovery_keys={},
        subentries_data=[],
    )
    await hass.config_entries.async_add(broker)
    await hass.async_block_till_done()
    if broker.state is not config_entries.ConfigEntryState.LOADED:
        raise SystemExit(f"MQTT is not set up: {broker.state}")
    await async_subscribe(hass, "homeassistant/device/+/config", scrutinise)
    await hass.async_start()
    return hass


async def main(port, folder):
    """Does what it is told until there is nothing more to do."""
    logging.getLogger().addHandler(Complaints(logging.WARNING))
    hass = await start(port, folder)
    say({"ready": const.__version__})
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        if "call" in order:
            domain, service = order["call"].split(".")
            await hass.services.async_call(domain, service, {"entity_id": order["entity"]}, blocking=True)
        if "automate" in order:
            await automate(hass, order["automate"])
        if "registries" in order:
            await hass.async_block_till_done()
            say(registries(hass))
    # What an orderly stop would save is of no use to anybody.
    sys.stdout.flush()
    os._exit(0)


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
