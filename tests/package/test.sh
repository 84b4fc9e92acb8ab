#!/usr/bin/env bash
# Installs a package in a fresh Debian, uses, upgrades, removes and purges it: tests/package/inside.sh, in a folder of its
# own with processes of its own. What is downloaded for it is kept in target/package-test.
# Usage: test.sh PACKAGE.deb   (as root; `make deb-test`)
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly package=$1 release=bookworm cache=target/package-test
fail() {
    echo "package test: $*" >&2
    exit 1
}

[[ -f $package ]] || fail "$package is not there; make deb makes it"
[[ $(id -u) -eq 0 ]] || fail "only root can change into another root folder: sudo $0 $package"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing: apt-get install mmdebstrap"
arch=$(dpkg-deb --field "$package" Architecture)

base=$cache/$release-$arch.tar
if [[ ! -f $base ]]; then
    echo "Fetching a small Debian ($release, $arch) into $base"
    mkdir -p "$cache"
    mmdebstrap --quiet --variant=minbase --architectures="$arch" "$release" "$base.part" ||
        fail "no $release for $arch; for a foreign one, the kernel must know how to run its programs (binfmt)"
    mv "$base.part" "$base"
fi

root=$(mktemp --directory)
trap 'rm -rf --one-file-system "$root"' EXIT
tar --extract --file "$base" --directory "$root"
cp "$package" "$root/affectd.deb"
cp tests/package/inside.sh "$root/inside.sh"
cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"

# The mount and what runs in there end with the shell.
# shellcheck disable=SC2016
unshare --mount --pid --fork -- sh -euc 'mount -t proc proc "$1/proc"; exec chroot "$1" /bin/bash /inside.sh' sh "$root"
