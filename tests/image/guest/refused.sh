#!/bin/bash
# A wrong file on the boot partition: nothing is changed, the report says what is wrong, affectd runs as before.
. "$(dirname "$0")/lib.sh"
report=/boot/affectd/FIRSTBOOT-REPORT.txt

must "first boot ended with a failure" test "$(systemctl is-failed affectd-first-boot.service)" = failed
must "the report says NOT APPLIED" grep -q 'NOT APPLIED' $report
for text in 'device_id must be' 'timezone is not one' 'line 5: "colour"' 'wifi_country is needed' 'line 7 is not NAME = VALUE'; do
    must "the report says: $text" grep -qF "$text" $report
done
must "the report repeats no password" sh -c "! grep -q 'hush hush' $report"
must "the engineer's file is still there" test -f /boot/affectd/affectd.txt
must "the host name is the former one" test "$(hostname)" = affectd
must "the configuration is the package's" sh -c '! dpkg --verify affectd | grep -q affectd.toml'
must "the boot partition is read only again" grep -qE ' /boot/affectd vfat ro' /proc/mounts
within 60 "affectd is up with the former configuration" systemctl --quiet is-active affectd.service
