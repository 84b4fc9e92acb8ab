#!/bin/bash
# The service on a board without any camera: ready, quiet, logged in at a broker that asks for a password.
. "$(dirname "$0")/lib.sh"

refuses_strangers() {
    ! mosquitto_sub -h 127.0.0.1 -u "$user" -P wrong -W 5 -C 1 -t "affect/$device/status" 2>/dev/null
}

describes_itself() {
    messages 10 1 device | grep -q mtanet
}

printf 'listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /etc/mosquitto/test-passwords\n' >/etc/mosquitto/conf.d/test.conf
mosquitto_passwd -b -c /etc/mosquitto/test-passwords "$user" "$password" && chown mosquitto /etc/mosquitto/test-passwords
systemctl restart mosquitto
sync
systemctl is-system-running || systemctl --failed --no-legend
must "no unit has failed" test -z "$(systemctl --failed --no-legend)"
must "the service is of the type notify" test "$(property Type)" = notify
must "the service is up" systemctl --quiet is-active affectd.service
within 180 "affectd is online, by user and password" is_up
must "affectd is not root" test "$(stat -c %U /proc/"$(property MainPID)")" = affectd
must "the broker refuses a wrong password" refuses_strangers
must "the device describes itself" describes_itself
within 30 "health says that there is no camera" health_is camera degraded failed
before=$(property NRestarts)
sleep 20
must "no camera is no reason to start again" test "$(property NRestarts)" = "$before"
say=$(systemd-analyze security --no-pager affectd.service | tail -n 1)
echo "$say"
# shellcheck disable=SC2016  # awk's
must "exposed no more than 2.0" awk 'match($0, /[0-9]+\.[0-9]+/) { exit !(substr($0, RSTART, RLENGTH) <= 2.0) }' <<<"$say"
systemd-analyze time
