#!/bin/bash
# The package is removed and purged: nothing of it is left.
. "$(dirname "$0")/lib.sh"

dpkg -L affectd | while read -r path; do [ -d "$path" ] || echo "$path"; done >/run/files
must "the package is removed" dpkg --remove affectd
must "the service is gone" sh -c '! systemctl -q is-active affectd && ! pgrep -x affectd'
must "the broker heard the goodbye" status_is stopped
must "the configuration is kept by a removal" test -e /etc/affectd/affectd.toml
must "the package is purged" dpkg --purge affectd
left=$(while read -r path; do [ ! -e "$path" ] || echo "$path"; done </run/files
    ls -d /etc/affectd /var/lib/affectd /var/cache/affectd /usr/share/affectd /etc/systemd/system/*/affectd.service 2>/dev/null)
echo "$left"
must "none of its files and folders is left" test -z "$left"
must "systemd does not know the service" test "$(systemctl show --property LoadState --value affectd.service)" = not-found
