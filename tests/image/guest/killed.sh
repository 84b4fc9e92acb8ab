#!/bin/bash
# affectd is killed outright: systemd starts it again, and the broker hears of both.
. "$(dirname "$0")/lib.sh"

another_process() {
    systemctl --quiet is-active affectd.service && [[ $(property MainPID) != "$process" ]]
}

before=$(property NRestarts) process=$(property MainPID)
systemctl kill --signal KILL affectd.service
within 240 "systemd started another process" another_process
within 120 "it is online again" is_up
must "that was one restart" test "$(property NRestarts)" = $((before + 1))
