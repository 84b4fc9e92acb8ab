#!/usr/bin/env python3
"""A ROS 2 node: faces from affectd's MQTT topics to ROS4HRI's.

    /humans/faces/tracked          hri_msgs/IdsList
    /humans/faces/<id>/expression  hri_msgs/Expression
    /humans/faces/<id>/facs        hri_msgs/FacialActionUnits

Needs ROS 2 with hri_msgs 2.x, and python3-paho-mqtt. Run it where ROS is sourced:

    python3 affectd_to_hri.py --ros-args -p broker:=broker.example -p device:=kiosk-7
"""

import json
import queue
from pathlib import Path

import hri_mapping as mapping

# How often arrived messages are handed on, in seconds.
PERIOD = 0.02
# A face of which nothing is heard for so long is no longer in view, in seconds. States come five
# times a second.
PATIENCE = 2.0
# Messages that may wait for their turn; what does not fit is dropped.
WAITING = 256

# The node's parameters and their defaults.
PARAMETERS = {
    "broker": "localhost",
    "port": 1883,
    "tls": False,
    "ca_file": "",
    "username": "",
    "password_file": "",
    "prefix": "affect",
    "device": "kiosk-7",
    "frame_id": "camera",
}


class Bridge:
    """Hands on what arrives from MQTT. `node` is a ROS node, `messages` are ROS's classes."""

    def __init__(self, node, messages, device, frame_id):
        self._node, self._messages = node, messages
        self._device, self._frame_id = device, frame_id
        self._tracked = mapping.Tracked(PATIENCE)
        self._publishers = {}
        self._arrived = queue.Queue(WAITING)
        self._ids = node.create_publisher(messages.IdsList, "/humans/faces/tracked", 1)

    def arrived(self, topic, payload):
        """Take a message from MQTT's thread."""
        try:
            self._arrived.put_nowait((topic, payload))
        except queue.Full:
            self._node.get_logger().warning("Too many messages wait; one was dropped.")

    def work(self):
        """Hand on what has arrived, on ROS's thread."""
        now = self._node.get_clock().now()
        seconds = now.nanoseconds / 1e9
        before = self._tracked.ids()
        while not self._arrived.empty():
            topic, payload = self._arrived.get_nowait()
            if topic.endswith("/status"):
                if payload != b"online":
                    self._drop(self._tracked.forget())
            else:
                self._face(payload, seconds)
        self._drop(self._tracked.lost(seconds))
        ids = self._tracked.ids()
        if ids != before:
            message = self._messages.IdsList()
            message.header.stamp = now.to_msg()
            message.header.frame_id = self._frame_id
            message.ids = ids
            self._ids.publish(message)

    def _face(self, payload, seconds):
        try:
            state = json.loads(payload)
            face = mapping.face_id(self._device, state["face"])
            expression = mapping.expression(state, self._frame_id)
            units = mapping.action_units(state, self._frame_id)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._node.get_logger().warning(f"A message that is no face's state: {error!r}")
            return
        self._tracked.seen(face, seconds)
        for name, kind, fields in [
            ("expression", self._messages.Expression, expression),
            ("facs", self._messages.FacialActionUnits, units),
        ]:
            if fields is not None:
                self._publisher(face, name, kind).publish(mapping.fill(kind(), fields))

    def _publisher(self, face, name, kind):
        topic = f"/humans/faces/{face}/{name}"
        if topic not in self._publishers:
            self._publishers[topic] = self._node.create_publisher(kind, topic, 1)
        return self._publishers[topic]

    def _drop(self, faces):
        for face in faces:
            for topic in [topic for topic in self._publishers if topic.split("/")[3] == face]:
                self._node.destroy_publisher(self._publishers.pop(topic))


def client(settings, topics, arrived):
    """Return an MQTT client that subscribes on every connection, and connects again by itself."""
    import paho.mqtt.client as mqtt

    if hasattr(mqtt, "CallbackAPIVersion"):
        it = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    else:
        it = mqtt.Client()
    if settings["tls"]:
        it.tls_set(settings["ca_file"] or None)
    if settings["username"]:
        password = Path(settings["password_file"]).read_text(encoding="utf-8").strip()
        it.username_pw_set(settings["username"], password)
    it.on_connect = lambda connection, *_: connection.subscribe([(topic, 0) for topic in topics])
    it.on_message = lambda _connection, _data, message: arrived(message.topic, message.payload)
    it.connect_async(settings["broker"], settings["port"])
    return it


def main():
    """Run the node until it is stopped."""
    import rclpy
    from hri_msgs import msg as messages

    rclpy.init()
    node = rclpy.create_node("affectd_to_hri")
    settings = {
        name: node.declare_parameter(name, default).value for name, default in PARAMETERS.items()
    }
    bridge = Bridge(node, messages, settings["device"], settings["frame_id"])
    base = f"{settings['prefix']}/{settings['device']}"
    connection = client(settings, [f"{base}/faces/+/state", f"{base}/status"], bridge.arrived)
    node.create_timer(PERIOD, bridge.work)
    connection.loop_start()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        connection.loop_stop()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
