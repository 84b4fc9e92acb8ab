#!/bin/bash
# Runs as root in the guest, from the project's folder: starts systemd in namespaces of its own with affectd.service and
# affectd@door.service, loads the drivers, and judges what unit/probe.sh wrote.
set -euo pipefail

readonly units=/etc/systemd/system out=/tmp/unit
# Emulation: systemd is up after about 25 s, and a driver is loaded in some.
readonly up=40 longest=200
here=$PWD/tests/guest/unit

cp systemd/affectd.service systemd/affectd@.service "$units"
install -D --mode 644 systemd/affectd.sysusers /usr/lib/sysusers.d/affectd.conf
systemd-sysusers affectd.conf
mkdir -p /etc/affectd "$units/affectd.service.d" "$units/affectd@.service.d" "$out"
chmod 777 "$out"
# The one has no password file, the other has one that only root may read.
cat >"$units/affectd.service.d/probe.conf" <<END
[Unit]
DefaultDependencies=no
After=
[Service]
Type=exec
WatchdogSec=0
Restart=no
ExecStart=
ExecStart=$here/probe.sh
StandardOutput=file:$out/%n
StandardError=inherit
END
cp "$units/affectd.service.d/probe.conf" "$units/affectd@.service.d/probe.conf"
echo 'LoadCredential=mqtt-password:/etc/affectd/door-password' >>"$units/affectd@.service.d/probe.conf"
(umask 077 && echo swordfish >/etc/affectd/door-password)
printf '[Unit]\nDefaultDependencies=no\nWants=affectd.service affectd@door.service\n' >"$units/unit-test.target"

mountpoint --quiet /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
grep --quiet --extended-regexp 'video4linux|alsa' /proc/devices && {
    echo "FAILED: a driver is loaded already; the test would prove less" >&2
    exit 1
}
# shellcheck disable=SC2016
container=guest unshare --pid --fork --mount --cgroup bash -c \
    'mount -t proc proc /proc && mount --make-rshared / && exec /lib/systemd/systemd --system --unit=unit-test.target' &
sleep "$up"
modprobe vivid n_devs=1
modprobe snd-aloop
sleep 5
# What udev does elsewhere.
chgrp video /dev/video0
chgrp audio /dev/snd/*
chmod 660 /dev/video0 /dev/snd/*

readonly services=(affectd.service affectd@door.service)
until ((SECONDS > longest)) || [[ $(grep --count --line-regexp ended "$out"/*.service 2>/dev/null | grep --count ':1$') == "${#services[@]}" ]]; do
    sleep 2
done

failed=0
expect() { # SERVICE LINE
    if grep --quiet --line-regexp --fixed-strings "$2" "$out/$1"; then
        echo "ok      $1: $2"
    else
        echo "FAILED  $1: $2"
        failed=1
    fi
}
for service in "${services[@]}"; do
    for line in "camera opens" "sound card opens" "kernel log shut" "system read-only" "other homes empty" \
        "cpuinfo read" "state writable" "cache writable" "no core dumps" ended; do
        expect "$service" "$line"
    done
done
expect affectd.service "password: ''"
expect affectd@door.service "password: 'swordfish'"
expect affectd@door.service "state folder: /var/lib/affectd/door"
((failed)) && cat "$out"/*.service
exit "$failed"
