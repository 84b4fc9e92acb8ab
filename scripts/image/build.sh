#!/usr/bin/env bash
# build.sh BOARD DEB: makes target/image/affectd-BOARD.img, a disk that boots Debian 12 with affectd from DEB.
# `make image` calls it. What takes long is kept in target/image; IMAGE_CACHE names another place.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "image: $*" >&2
    exit 1
}

(($# == 2)) || fail "usage: build.sh BOARD DEB"
board=$1 deb=$2
[[ -f boards/$board/image.conf ]] ||
    fail "there is no image for the board \"$board\"; there is one for: $(dirname boards/*/image.conf | xargs -n 1 basename | paste -sd' ')"
[[ -f $deb ]] || fail "the package $deb is not there; make deb builds it"
[[ $(dpkg-deb --field "$deb" Architecture) == arm64 ]] ||
    fail "$deb is for $(dpkg-deb --field "$deb" Architecture); an image takes the package for arm64"

cache=${IMAGE_CACHE:-target/image}
mkdir -p "$cache"
scripts/image/tools.sh
scripts/image/root.sh "$cache"

# Files are owned by root and others in the image. Without being root, a name space lends those numbers.
as_owner=()
((EUID == 0)) || as_owner=(unshare --map-root-user --map-auto --fork)
"${as_owner[@]}" scripts/image/kernel.sh "$board" "$cache"
"${as_owner[@]}" scripts/image/disk.sh "$board" "$deb" "$cache" "$cache/affectd-$board.img"
