"""The dashboard: its queries ask for what Telegraf stores."""

import json
import re

import published
import pytest
from test_telegraf import plugins

DASHBOARD = json.loads(
    (published.EXAMPLES / "grafana/affectd-fleet.json").read_text(encoding="utf-8")
)
PANELS = DASHBOARD["panels"]


def stored():
    """Return the tags and fields of each measurement that Telegraf's configuration writes."""
    found = {}
    for plugin in plugins():
        tags = {
            name
            for parsing in plugin.get("topic_parsing", [])
            for name in parsing["tags"].split("/")
        } - {"_"}
        fields = {"value"} if plugin["data_format"] == "value" else set()
        for rules in plugin.get("json_v2", []):
            for kind, names in (("tag", tags), ("field", fields)):
                for rule in rules[kind]:
                    names.add(rule.get("rename", rule["path"].split(".")[-1]))
        found[plugin["name_override"]] = (tags, fields)
    return found


def queries():
    return [(panel["title"], target) for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize(("title", "target"), queries(), ids=lambda value: str(value)[:20])
def test_every_query_asks_for_what_is_stored(title, target):
    query = target["query"]
    (measurement,) = re.findall(r'FROM "(\w+)"', query)
    tags, fields = stored()[measurement]
    select, rest = query.split(f' FROM "{measurement}" ')
    asked = re.findall(r'"(\w+)"', select)
    assert asked and set(asked) <= fields, title
    named = set(re.findall(r'"(\w+)"', rest))
    assert named and named <= tags, title
    assert "$timeFilter" in rest and '"device" =~ /^$device$/' in rest, title
    grouped = set(re.findall(r'"(\w+)"', rest.split("GROUP BY")[1]))
    assert set(re.findall(r"\$tag_(\w+)", target["alias"])) <= grouped, title


def test_words_that_are_coloured_are_words_that_are_said():
    for title, schema, path in [("Devices", "status", None), ("Health", "health", "state")]:
        (panel,) = [panel for panel in PANELS if panel["title"] == title]
        (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
        text = json.dumps(published.SCHEMAS[schema] if path is None else _states())
        for word in mapping["options"]:
            assert f'"{word}"' in text, word


def _states():
    return published.SCHEMAS["health"]["properties"]["state"]


def test_a_label_in_a_query_is_one_that_events_have():
    properties = published.SCHEMAS["event"]["properties"]
    for _, target in queries():
        for tag, word in re.findall(r"\"(\w+)\" = '(\w+)'", target["query"]):
            assert f'"{word}"' in json.dumps(properties[tag]), word


def test_every_device_can_be_chosen():
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables.keys() == {"datasource", "device"}
    (measurement,) = re.findall(r'FROM "(\w+)"', variables["device"]["query"])
    assert "device" in stored()[measurement][0]
    assert variables["device"]["includeAll"] and variables["device"]["multi"]


def test_panels_do_not_overlap():
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
