#!/bin/bash
# upgrade.sh: a good package takes over; three that must not are refused or go back to the one before.
. "$(dirname "$0")/lib.sh"

installed() {
    dpkg-query --show --showformat='${Version}' affectd
}

# The image leaves documentation out, and the configuration is the device's own.
files_are_whole() {
    ! dpkg --verify affectd | grep -vE ' c |/usr/share/(doc|locale)/'
}

goes_back() { # NAME WHY
    local before
    before=$(installed)
    local said
    said=$(affectd-upgrade $media/"$1".deb 2>&1) && fail "$1.deb was kept"
    tail -n 4 <<<"$said"
    grep -q "$2" <<<"$said" || fail "$1.deb: the upgrade says: $2"
    must "$1.deb: the former version is back" test "$(installed)" = "$before"
    must "$1.deb: all its files are whole" files_are_whole
    within 90 "$1.deb: affectd is online" is_up
    must "$1.deb: nothing is left to do" test ! -e /var/lib/affectd-image/pending
}

first=$(installed)
must "good.deb is kept" affectd-upgrade $media/good.deb
must "it is the newer one" test "$(installed)" = "$first+good"
within 90 "it is online" is_up
must "the configuration is the device's" grep -q "device.id = \"$device\"" /etc/affectd/affectd.toml
goes_back wrong-model 'may not take over\|--post-update failed'
goes_back lifeless 'did not become ready\|did not stay up'
printf 'not a package' >/tmp/damaged.deb
affectd-upgrade /tmp/damaged.deb && fail "a damaged package was taken"
must "a damaged package changes nothing" test "$(installed)" = "$first+good"
