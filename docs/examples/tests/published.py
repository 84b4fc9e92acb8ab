"""What is published, from the schemas and the example payloads: which topics, which paths."""

import json
import re
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent
_TOPIC = re.compile(r"The payload of <prefix>/<device>/(\S+)\.(?:\s|$)")


def _schemas():
    found = {}
    for path in sorted(EXAMPLES.parent.glob("schema/*.schema.json")):
        found[path.name.removesuffix(".schema.json")] = json.loads(path.read_text(encoding="utf-8"))
    return found


SCHEMAS = _schemas()


def topics():
    """Return the schema of each topic below the device; a level that varies is a +."""
    found = {}
    for name, schema in SCHEMAS.items():
        topic = _TOPIC.match(schema.get("$comment", ""))
        if topic:
            found[re.sub(r"<\w+>", "+", topic[1])] = name
    return found


def schema_of(topic, prefix="affect"):
    """Return the schema of a filter such as affect/+/events; fail when nobody publishes there."""
    first, device, rest = topic.split("/", 2)
    assert first == prefix and device, topic
    known = topics()
    assert rest in known, f"nothing is published on {topic}, only on {sorted(known)}"
    return known[rest]


def payloads(schema):
    """Return the example payloads that a schema describes, as they are published."""
    found = []
    for path in sorted(EXAMPLES.glob("payloads/*.json")):
        names = [name for name in SCHEMAS if path.stem == name or path.stem.startswith(f"{name}-")]
        payload = json.loads(path.read_text(encoding="utf-8"))
        # Lines of `affectd infer` have a source, and are not published.
        inferred = isinstance(payload, dict) and "source" in payload
        if max(names, key=len) == schema and not inferred:
            found.append((path.stem, payload))
    assert found, f"no payload of {schema}"
    return found


def value(payload, path):
    """Return what is at a dotted path, or None."""
    for key in path.split("."):
        if not isinstance(payload, dict) or key not in payload:
            return None
        payload = payload[key]
    return payload


def in_schema(schema, path):
    """Say whether a schema knows a dotted path, and whether all of it is always there."""
    node, always = SCHEMAS[schema], True
    for key in path.split("."):
        always = always and key in node.get("required", [])
        if key in node.get("properties", {}):
            node = node["properties"][key]
        elif isinstance(node.get("additionalProperties"), dict):
            node = node["additionalProperties"]
        else:
            return False, False
        while "$ref" in node:
            node = SCHEMAS[schema]["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return True, always
