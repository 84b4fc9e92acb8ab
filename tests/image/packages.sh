#!/usr/bin/env bash
# packages.sh DEB DIR: newer packages for the upgrade tests, made by taking DEB apart:
#   good.deb        the same, only newer
#   wrong-model.deb its face model does not compute what its golden vectors say: affectd check --post-update must fail
#   lifeless.deb    passes the check and ends as soon as it is a service: it never becomes ready
set -euo pipefail
deb=$1 dir=$2
version=$(dpkg-deb --field "$deb" Version)

repack() { # NAME: what standard input does to the files
    local tree
    tree=$(mktemp -d)
    dpkg-deb --raw-extract "$deb" "$tree"
    sed -i "s/^Version: .*/Version: $version+$1/" "$tree/DEBIAN/control"
    (cd "$tree" && bash -eu)
    # dpkg verifies what it unpacks by these.
    (cd "$tree" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$dir/$1.deb" >/dev/null
    rm -rf "$tree"
}

repack good <<<':'
repack wrong-model <<'END'
# Another probability than the one that the model gives.
printf '\000\000\200\077' | dd of=usr/share/affectd/models/mtanet/golden/expression.f32 bs=4 seek=1 conv=notrunc status=none
END
repack lifeless <<'END'
mkdir -p usr/lib/affectd
mv usr/bin/affectd usr/lib/affectd/affectd-inner
printf '#!/bin/sh\n[ "$1" = run ] && exit 1\nexec /usr/lib/affectd/affectd-inner "$@"\n' >usr/bin/affectd
chmod 755 usr/bin/affectd
END
