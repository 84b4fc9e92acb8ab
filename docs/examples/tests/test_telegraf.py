"""The configuration of Telegraf: topics and paths that are there, and the lines that come out."""

import os
import re

import line_protocol
import published
import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

FOLDER = published.EXAMPLES / "telegraf"
ARRIVED = line_protocol.nanoseconds("2026-11-22T00:10:00.000000Z")


def plugins():
    config = tomllib.loads((FOLDER / "affectd.conf").read_text(encoding="utf-8"))
    assert config.keys() == {"agent", "inputs", "outputs"}
    assert config["inputs"].keys() == {"mqtt_consumer"}
    return config["inputs"]["mqtt_consumer"]


@pytest.mark.parametrize("plugin", plugins(), ids=lambda plugin: plugin["name_override"])
def test_every_topic_and_path_is_published(plugin):
    (topic,) = plugin["topics"]
    schema = published.schema_of(topic)
    samples = published.payloads(schema)
    for rules in plugin.get("json_v2", []):
        for rule in [*rules["tag"], *rules["field"], {"path": rules["timestamp_path"]}]:
            path = rule["path"]
            known, always = published.in_schema(schema, path)
            assert known, f"{path} is not in {schema}"
            assert rule.get("optional", False) == (not always), f"{path}: optional or not?"
            assert any(published.value(payload, path) is not None for _, payload in samples), path


def lines():
    found = []
    for plugin in plugins():
        (topic,) = plugin["topics"]
        for _, payload in published.payloads(published.schema_of(topic)):
            found.append(
                line_protocol.line(plugin, topic.replace("+", "kiosk-7"), payload, ARRIVED)
            )
    return found


def test_the_lines_are_those_that_are_shown():
    text = "\n".join(lines()) + "\n"
    path = FOLDER / "expected.lp"
    if "UPDATE_EXAMPLES" in os.environ:
        path.write_text(text, encoding="utf-8")
    told = "expected.lp is out of date: run pytest with UPDATE_EXAMPLES=1"
    assert path.read_text(encoding="utf-8") == text, told
    shown = (published.EXAMPLES.parent / "exports.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```influx\n(.*?)```", shown, flags=re.DOTALL)
    assert blocks, "docs/exports.md shows no lines"
    for line in "".join(blocks).splitlines():
        assert line in text.splitlines(), f"docs/exports.md shows {line}"


def test_lines_are_line_protocol():
    tag = r"[^,= ]+=[^,= ]+"
    field = r'[^,= ]+=(?:-?\d+i|-?\d+(?:\.\d+)?|true|false|"(?:[^"\\]|\\.)*")'
    pattern = re.compile(rf"\w+(?:,{tag})* {field}(?:,{field})* \d{{19}}")
    for line in lines():
        assert pattern.fullmatch(line), line


def test_two_faces_at_once_are_two_points():
    (plugin,) = [plugin for plugin in plugins() if plugin["name_override"] == "affect_event"]
    (event,) = [event for name, event in published.payloads("event") if name == "event-new"]
    other = {**event, "face": event["face"] + 1, "id": "another"}
    first, second = (
        line_protocol.line(plugin, "affect/kiosk-7/events", one, 0) for one in (event, other)
    )
    # The series is what stands before the fields.
    assert first.split(" ")[0] != second.split(" ")[0]
