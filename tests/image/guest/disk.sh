#!/bin/bash
# A full disk, then one that cannot be written to: affectd goes on, and starts.
. "$(dirname "$0")/lib.sh"

try() { # WHAT
    local process
    process=$(property MainPID)
    sleep 10
    must "$1: the same process is up" test "$(property MainPID)" = "$process"
    must "$1: affectd starts anew" timeout 240 systemctl restart affectd.service
    within 180 "$1: it is online" is_up
}

filler=/var/lib/filler
trap 'mount -o remount,rw /; rm -f $filler $filler.2' EXIT
fallocate -l "$(($(df --output=avail --block-size=1 / | tail -n 1) - 4096))" $filler
dd if=/dev/zero of=$filler.2 bs=4k 2>/dev/null
must "the disk is full" test "$(df --output=avail / | tail -n 1)" -eq 0
try "full disk"
rm -f $filler $filler.2

systemctl stop systemd-journald-flush 2>/dev/null
mount -o remount,ro / 2>/dev/null || { echo u >/proc/sysrq-trigger; sleep 3; }
must "the root partition is read only" grep -qE '^[^ ]+ / ext4 ro' /proc/mounts
try "read-only root"
mount -o remount,rw / || fail "the root partition could not be made writable again"
