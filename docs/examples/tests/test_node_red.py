"""The flow for Node-RED: it holds together, and reads what is published."""

import json
import re

import published
import pytest

FLOW = json.loads((published.EXAMPLES / "node-red/affectd-flow.json").read_text(encoding="utf-8"))
NODES = {node["id"]: node for node in FLOW}
SOURCES = [node for node in FLOW if node["type"] == "mqtt in"]


def after(node):
    """Return the nodes that see a message as it was published, following the wires from its source.

    A function that sets the payload is the last of them.
    """
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        if "msg.payload =" not in one.get("func", ""):
            waiting += [NODES[to] for wire in one["wires"] for to in wire]
    return found


def test_every_wire_and_broker_is_there():
    assert len(NODES) == len(FLOW), "an id stands twice"
    tabs = {node["id"] for node in FLOW if node["type"] == "tab"}
    for node in FLOW:
        if "z" in node:
            assert node["z"] in tabs
            assert {to for wire in node["wires"] for to in wire} <= NODES.keys(), node["id"]
        if node["type"].startswith("mqtt "):
            assert NODES[node["broker"]]["type"] == "mqtt-broker"
        if node["type"] == "switch":
            assert len(node["rules"]) == node["outputs"] == len(node["wires"])


@pytest.mark.parametrize("source", SOURCES, ids=lambda node: node["name"])
def test_every_topic_and_path_is_published(source):
    schema = published.schema_of(source["topic"])
    samples = published.payloads(schema)
    assert source["datatype"] == ("utf8" if schema == "status" else "json")
    if schema == "status":
        return
    paths = set()
    for node in after(source):
        paths |= set(re.findall(r"msg\.payload\.(\w+)", node.get("func", "")))
        if node["type"] == "switch":
            paths.add(node["property"].removeprefix("payload."))
    assert paths
    for path in paths:
        assert published.in_schema(schema, path)[0], f"{path} is not in {schema}"
        assert any(published.value(payload, path) is not None for _, payload in samples), path


def test_words_that_are_compared_are_words_that_are_said():
    said = {"kind": "event", "label": None, "status": "status"}
    for node in FLOW:
        for rule in node.get("rules", []):
            if rule["t"] != "eq":
                continue
            name = node["property"].split(".")[-1]
            schema = said[name]
            if name == "label":
                assert any(event["label"] == rule["v"] for _, event in published.payloads("event"))
            elif name == "status":
                assert f'"{rule["v"]}"' in json.dumps(published.SCHEMAS["status"])
            else:
                assert f'"{rule["v"]}"' in json.dumps(published.SCHEMAS[schema]["properties"][name])


def test_nothing_of_a_password_is_in_the_flow():
    assert "credentials" not in json.dumps(FLOW)
