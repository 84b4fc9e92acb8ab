#!/bin/bash
# In affectd's place under its unit: tries what affectd needs and what it must not, a line for each.
exec 2>&1
tell() { # LINE COMMAND…
    local line=$1
    shift
    "$@" >/dev/null && echo "$line"
}
fails() {
    ! "$@" 2>/dev/null
}
when_there() { # NODE
    local tries
    for tries in {1..300}; do
        [[ $(stat --format=%a "$1" 2>/dev/null) == 660 ]] && return
        sleep 0.3
    done
    echo "$1 did not come within $tries looks"
}

id
echo "password: '$(<"$CREDENTIALS_DIRECTORY/mqtt-password")'"
echo "state folder: $STATE_DIRECTORY"
tell "state writable" touch "$STATE_DIRECTORY/probe"
tell "cache writable" touch "$CACHE_DIRECTORY/probe"
tell "cpuinfo read" grep processor /proc/cpuinfo
tell "kernel log shut" fails head --bytes=1 /dev/kmsg
tell "system read-only" fails touch /etc/probe
tell "other homes empty" fails ls /root/.
tell "no core dumps" test "$(ulimit -c)" = 0
when_there /dev/video0
tell "camera opens" v4l2-ctl --device /dev/video0 --info
when_there /dev/snd/controlC0
tell "sound card opens" head --bytes=0 /dev/snd/controlC0
echo ended
