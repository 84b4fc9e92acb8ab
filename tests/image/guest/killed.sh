#!/bin/bash
# affectd is killed outright: systemd starts it again, and the broker hears of both.
. "$(dirname "$0")/lib.sh"

before=$(property NRestarts) process=$(property MainPID)
systemctl kill --signal KILL affectd.service
within 60 "systemd started it again" test "$(property NRestarts)" != x -a -n "$before"
within 60 "it is another process" sh -c "[ \"\$(systemctl show --property MainPID --value affectd)\" != $process ] && systemctl -q is-active affectd"
within 60 "it is online again" is_up
must "that was one restart" test "$(property NRestarts)" = $((before + 1))
