#!/bin/bash
# Another camera in the same place, through v4l2loopback, that shows a real face, then a wall: events begin and end.
. "$(dirname "$0")/lib.sh"
frame=$((640 * 480 * 2))

feed() { # FILE SECONDS: its frames over and over, some in a second
    local end=$((SECONDS + $2)) number=0 count
    count=$(($(stat -c %s "$1") / frame))
    while ((SECONDS < end)); do
        dd if="$1" bs=$frame skip=$((number % count)) count=1 status=none || return
        number=$((number + 1))
        sleep 0.2
    done
}

modprobe videodev
must "v4l2loopback is loaded" insmod $media/v4l2loopback.ko video_nr=0 exclusive_caps=0 max_buffers=4
# Open until the end: the driver forgets the format when nobody holds it.
exec 9>/dev/video0
v4l2-ctl -d /dev/video0 --set-fmt-video-out=width=640,height=480,pixelformat=YUYV >/dev/null
{ feed $media/face.yuyv 120; feed $media/wall.yuyv 60; } >&9 &
feeder=$!
events=$(mktemp)
mosquitto_sub -h 127.0.0.1 -u "$user" -P "$password" -W 180 -t "affect/$device/events" -t "affect/$device/faces/+/state" >"$events" &
listener=$!
trap 'kill $feeder $listener 2>/dev/null; wait; exec 9>&-; rmmod v4l2loopback 2>/dev/null' EXIT
within 120 "the presence of a face begins" grep -qE '"type": *"new".*"kind": *"presence"' "$events"
within 60 "the face is read: an expression, valence and arousal" grep -qE '"valence": *\{?[^}]*-?[0-9]' "$events"
within 150 "the presence ends before a bare wall" grep -qE '"type": *"end".*"kind": *"presence"' "$events"
grep -c . "$events" | sed 's/$/ messages were told/'
