#!/bin/bash
# The boot after a power cut: file systems whole, the configuration there, affectd up.
. "$(dirname "$0")/lib.sh"

must "the root partition was checked" systemctl --quiet is-active systemd-fsck-root.service
journalctl --boot --output cat --no-pager -u systemd-fsck-root.service | tail -n 3
must "it is writable" touch /var/lib/busy/probe
must "the kernel found no error in it" sh -c '! dmesg | grep -E "EXT4-fs (error|warning)"'
must "the configuration is there" grep -q "device.id = \"$device\"" /etc/affectd/affectd.toml
must "the password is there" test "$(cat /etc/affectd/mqtt-password)" = "$password"
must "the boot partition is whole and mounted" mountpoint --quiet /boot/affectd
within 90 "affectd is online" is_up
must "without a restart" test "$(property NRestarts)" = 0
must "no unit has failed" test -z "$(systemctl --failed --no-legend)"
rm -rf /var/lib/busy
