#!/bin/bash
# The boot after a power cut in the middle of an upgrade: the former version is back and up.
. "$(dirname "$0")/lib.sh"

must "the recovery ran" sh -c "journalctl --boot --output cat -u affectd-upgrade-recover.service | grep -q 'power went during the upgrade'"
must "nothing is left to do" test ! -e /var/lib/affectd-image/pending
must "the former version is back" test "$(dpkg-query --show --showformat='${Status} ${Version}' affectd | sed 's/.* //; s/.*+//')" = good
must "dpkg finds nothing amiss" test -z "$(dpkg --audit)"
within 90 "affectd is online" is_up
