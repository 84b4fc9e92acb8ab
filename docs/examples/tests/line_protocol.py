"""What Telegraf makes of messages, as far as the example's configuration uses it.

The options that are read here are all that the configuration has; any other one fails, so that the
two cannot drift apart.
"""

from datetime import datetime, timezone

import published

_GO_RFC3339 = "2006-01-02T15:04:05Z07:00"
_PLUGIN = {
    *["servers", "topics", "qos", "persistent_session", "client_id", "topic_tag"],
    *["name_override", "data_format", "data_type", "topic_parsing", "json_v2"],
}


def nanoseconds(text):
    """Return an RFC 3339 time in UTC as nanoseconds since 1970."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    since = at - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return ((since.days * 86400 + since.seconds) * 10**6 + since.microseconds) * 1000


def _typed(value, kind):
    if kind == "string":
        assert isinstance(value, str), value
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if kind == "bool":
        assert isinstance(value, bool), value
        return "true" if value else "false"
    assert isinstance(value, (int, float)) and not isinstance(value, bool), value
    if kind == "int":
        assert value == int(value), value
        return f"{int(value)}i"
    assert kind == "float", kind
    return f"{value:.12g}"


def _escaped(text):
    return "".join(f"\\{c}" if c in ", =" else c for c in str(text))


def _picked(payload, rule, known):
    assert rule.keys() <= known, rule
    value = published.value(payload, rule["path"])
    if value is None:
        assert rule.get("optional"), f"{rule['path']} is missing, and not optional"
        return None
    return rule.get("rename", rule["path"].split(".")[-1]), value


def line(plugin, topic, payload, arrived):
    """Return the line that a message on a topic becomes. `arrived` is in nanoseconds."""
    assert plugin.keys() <= _PLUGIN, plugin.keys() - _PLUGIN
    assert plugin["topic_tag"] == ""
    tags, fields = {}, {}
    if plugin["data_format"] == "value":
        fields["value"] = _typed(payload, plugin["data_type"])
        at = arrived
    else:
        assert plugin["data_format"] == "json_v2"
        (rules,) = plugin["json_v2"]
        assert rules.keys() <= {"timestamp_path", "timestamp_format", "tag", "field"}
        assert rules["timestamp_format"] == _GO_RFC3339
        at = nanoseconds(published.value(payload, rules["timestamp_path"]))
        for rule in rules["tag"]:
            if picked := _picked(payload, rule, {"path", "rename", "optional"}):
                tags[picked[0]] = picked[1]
        for rule in rules["field"]:
            if picked := _picked(payload, rule, {"path", "rename", "optional", "type"}):
                fields[picked[0]] = _typed(picked[1], rule["type"])
    for parsing in plugin.get("topic_parsing", []):
        assert parsing.keys() == {"topic", "tags"} and parsing["topic"] in plugin["topics"]
        for name, level in zip(parsing["tags"].split("/"), topic.split("/"), strict=True):
            if name != "_":
                tags[name] = level
    tags = "".join(f",{_escaped(key)}={_escaped(tags[key])}" for key in sorted(tags))
    fields = ",".join(f"{_escaped(key)}={value}" for key, value in fields.items())
    return f"{plugin['name_override']}{tags} {fields} {at}"
