#!/bin/bash
# Another camera in the same place, through v4l2loopback, that shows a real face, then a wall. It is not taken for the
# former one until affectd is started again; then events begin and end.
. "$(dirname "$0")/lib.sh"
frame=$((640 * 480 * 2))
shown=/run/shown

# Some frames in a second of the file that `shown` names, over and over.
feed() {
    local number=0 file count
    while file=$(<$shown); do
        count=$(($(stat -c %s "$file") / frame))
        dd if="$file" bs=$frame skip=$((number % count)) count=1 status=none || return
        number=$((number + 1))
        sleep 0.2
    done
}

says_another_camera() {
    messages 5 1 health | grep -q 'is another camera'
}

modprobe videodev
must "v4l2loopback is loaded" insmod $media/v4l2loopback.ko video_nr=0 exclusive_caps=0 max_buffers=4
# Open until the end: the driver forgets the format when nobody holds it.
exec 9>/dev/video0
v4l2-ctl -d /dev/video0 --set-fmt-video-out=width=640,height=480,pixelformat=YUYV >/dev/null
echo $media/face.yuyv >$shown
feed >&9 &
feeder=$!
within 60 "health says that this is another camera" says_another_camera
must "affectd starts anew" timeout 240 systemctl restart affectd.service
events=$(mktemp)
mosquitto_sub -h 127.0.0.1 -u "$user" -P "$password" -t "affect/$device/events" -t "affect/$device/faces/+/state" >"$events" &
listener=$!
trap 'kill $feeder $listener 2>/dev/null; wait; exec 9>&-; rmmod v4l2loopback 2>/dev/null' EXIT
within 240 "the presence of a face begins" grep -qE '"type": *"new".*"kind": *"presence"' "$events"
within 120 "the face is read: valence, arousal and an expression" \
    grep -qE '"valence": *-?[0-9.]+, *"arousal": *-?[0-9.]+.*"expression": *\{"label"' "$events"
echo $media/wall.yuyv >$shown
within 240 "the presence ends before a bare wall" grep -qE '"type": *"end".*"kind": *"presence"' "$events"
grep -m 1 '"valence"' "$events"
grep -c . "$events" | sed 's/$/ messages were told/'
