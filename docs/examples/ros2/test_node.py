"""The node between MQTT and ROS, with stand-ins for both."""

import json
from pathlib import Path
from types import SimpleNamespace

import affectd_to_hri
import pytest
import yaml
from definitions import message

EXAMPLES = Path(__file__).resolve().parent.parent
STATE = (EXAMPLES / "payloads/face-state.json").read_bytes()
MESSAGES = SimpleNamespace(
    **{name: message(f"hri_msgs/{name}") for name in ["IdsList", "Expression", "FacialActionUnits"]}
)


class Moment:
    def __init__(self, seconds):
        self.nanoseconds = int(seconds * 1e9)

    def to_msg(self):
        time = message("builtin_interfaces/Time")()
        time.sec, time.nanosec = divmod(self.nanoseconds, 10**9)
        return time


class Node:
    """Keeps what is published, by topic, and takes messages of the topic's type only."""

    def __init__(self):
        self.now, self.topics, self.published, self.warnings = 100.0, {}, [], []

    def get_clock(self):
        return SimpleNamespace(now=lambda: Moment(self.now))

    def get_logger(self):
        return SimpleNamespace(warning=self.warnings.append)

    def create_publisher(self, kind, topic, _depth):
        assert topic not in self.topics
        self.topics[topic] = kind

        def publish(one):
            assert isinstance(one, kind)
            self.published.append((topic, one))

        return SimpleNamespace(topic=topic, publish=publish)

    def destroy_publisher(self, publisher):
        del self.topics[publisher.topic]

    def last(self, topic):
        return [one for name, one in self.published if name == topic][-1]


@pytest.fixture
def node():
    return Node()


@pytest.fixture
def bridge(node):
    return affectd_to_hri.Bridge(node, MESSAGES, "kiosk-7", "camera")


def test_a_face_comes_out_on_its_topics_and_is_tracked(node, bridge):
    bridge.arrived("affect/kiosk-7/faces/12/state", STATE)
    bridge.work()
    assert node.last("/humans/faces/kiosk_7_12/expression").expression == "happy"
    assert node.last("/humans/faces/kiosk_7_12/facs").intensity[12] == 0.93
    tracked = node.last("/humans/faces/tracked")
    assert tracked.ids == ["kiosk_7_12"] and tracked.header.stamp.sec == 100


def test_the_list_is_told_when_it_changes_and_then_only(node, bridge):
    for _ in range(3):
        bridge.arrived("affect/kiosk-7/faces/12/state", STATE)
        bridge.work()
    assert [topic for topic, _ in node.published].count("/humans/faces/tracked") == 1


def test_a_face_that_is_not_heard_of_is_forgotten_with_its_topics(node, bridge):
    bridge.arrived("affect/kiosk-7/faces/12/state", STATE)
    bridge.work()
    node.now += affectd_to_hri.PATIENCE + 0.1
    bridge.work()
    assert node.last("/humans/faces/tracked").ids == []
    assert list(node.topics) == ["/humans/faces/tracked"]


@pytest.mark.parametrize("word", [b"offline", b"stopped"])
def test_a_device_that_is_gone_has_no_faces(node, bridge, word):
    bridge.arrived("affect/kiosk-7/faces/12/state", STATE)
    bridge.work()
    bridge.arrived("affect/kiosk-7/status", word)
    bridge.work()
    assert node.last("/humans/faces/tracked").ids == []


def test_what_is_no_state_is_told_and_left(node, bridge):
    for bad in [b"\xff", b"[]", b"{}", b'{"face": 1}', b'{"face": 1, "valence": 0.1}']:
        bridge.arrived("affect/kiosk-7/faces/1/state", bad)
    bridge.work()
    assert node.published == [] or all("tracked" in topic for topic, _ in node.published)
    assert len(node.warnings) >= 3


def test_what_does_not_fit_is_dropped_and_told(node, bridge):
    for _ in range(affectd_to_hri.WAITING + 1):
        bridge.arrived("affect/kiosk-7/faces/12/state", STATE)
    assert len(node.warnings) == 1


def test_the_bridge_of_mqtt_client_names_topics_that_are_there():
    text = (EXAMPLES / "ros2/mqtt_client.yaml").read_text(encoding="utf-8")
    bridge = yaml.safe_load(text)["/**/*"]["ros__parameters"]["bridge"]["mqtt2ros"]
    comments = [
        json.loads(path.read_text(encoding="utf-8"))["$comment"]
        for path in EXAMPLES.parent.glob("schema/*.json")
    ]
    topics = bridge.pop("mqtt_topics")
    assert sorted(topics) == sorted(bridge)
    for topic, how in bridge.items():
        name = topic.removeprefix("affect/kiosk-7/")
        told = f"The payload of <prefix>/<device>/{name}."
        assert any(comment.startswith(told) for comment in comments), topic
        assert how["primitive"] is True and how["ros_type"] == "std_msgs/msg/String"
        assert how["ros_topic"].replace("/", "").replace("_", "").isalnum()
