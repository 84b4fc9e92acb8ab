#!/bin/bash
# The right file, after a first attempt that a power cut ended: all of it is in place, and no secret is left outside.
. "$(dirname "$0")/lib.sh"

must "first boot ended well" systemctl --quiet is-active affectd-first-boot.service
must "the report says that it is applied" grep -q "^affectd first boot: applied. This device is $device" /boot/affectd/FIRSTBOOT-REPORT.txt
must "the engineer's file is gone" test ! -e /boot/affectd/affectd.txt
must "the file without secrets is there" grep -q 'broker_password = (kept)' /boot/affectd/affectd-applied.txt
must "no password is on the boot partition" sh -c "! grep -rq 'Sesam' /boot/affectd/*.txt"
must "nor in the clusters of the file that was taken away" sh -c "! grep -aq 'Sesam' /dev/disk/by-partlabel/affectd-boot"
must "the password is as it was typed" test "$(cat /etc/affectd/mqtt-password)" = "$password"
must "only root reads it" test "$(stat -c '%a %U' /etc/affectd/mqtt-password)" = '600 root'
must "the configuration holds no password" sh -c '! grep -rq Sesam /etc/affectd/affectd.toml'
must "the device has its name" grep -q "device.id = \"$device\"" /etc/affectd/affectd.toml
must "a key of affectd itself came through" grep -q 'publish.state_rate_hz = 2.0' /etc/affectd/affectd.toml
must "the host name is made of it" test "$(hostname)" = $device
must "the time zone is set" test "$(date +%Z)" = JST
must "Wi-Fi is off" test "$(systemctl is-enabled wpa_supplicant@wlan0 2>/dev/null)" = disabled
must "ssh is off" test "$(systemctl is-enabled ssh)" = disabled
must "nobody listens for ssh" sh -c '! ss -Hltn | grep -q ":22 "'
must "there are no host keys" sh -c '! ls /etc/ssh/ssh_host_* 2>/dev/null'
must "no half-written file is left" sh -c '! find /etc -name "*.new*" | grep .'
must "the root partition has grown into the disk" test "$(df --output=size --block-size=1M / | tail -n 1)" -gt 1900
