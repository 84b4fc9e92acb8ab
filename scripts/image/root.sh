#!/usr/bin/env bash
# root.sh CACHE: makes CACHE/root.tar, a Debian 12 for arm64 with the packages of image/packages, and
# CACHE/debs, the packages that scripts/image/kernel.sh takes apart. Both stay until the list changes.
#
# The processor's commands run in emulation, so this takes minutes; everything later is quick.
set -euo pipefail
cache=$(realpath "$1")
cd "$(dirname "$0")/../.."

# What is only taken apart: kernel, loader, firmware of the emulated board, the initrd's program, and the
# parts that a kernel module is built with for the tests.
readonly loose='busybox-static systemd-boot-efi qemu-efi-aarch64 v4l2loopback-dkms'

packages=$(sed 's/#.*//; /^[[:space:]]*$/d' image/packages | paste -sd, -)
stamp=$(cat image/packages scripts/image/root.sh | sha256sum | cut -c1-16)
if [[ -f $cache/root.tar && $(cat "$cache/root.stamp" 2>/dev/null) == "$stamp" ]]; then
    echo "  root: $cache/root.tar is up to date"
    exit
fi

sources=$(scripts/image/mirror.sh)
mode=root
((EUID == 0)) || mode=unshare

# Run by mmdebstrap with apt set up for the new system, so that this machine needs no foreign architecture.
# shellcheck disable=SC2016  # expanded there
fetch='set -e; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; mkdir "$1/loose"; cd "$1/loose"
kernel=$(apt-cache depends linux-image-arm64 | sed -n "s/^ *Depends: //p" | head -n 1)
release=${kernel#linux-image-}
kbuild=$(apt-cache depends "linux-headers-$release" | sed -n "s/^ *Depends: \(linux-kbuild-.*\)/\1/p" | head -n 1)
apt-get --quiet --quiet --option APT::Sandbox::User=root download "$kernel" "linux-headers-$release" "linux-headers-${release%-arm64}-common" \
    "$kbuild" '"$loose"
# shellcheck disable=SC2016
readonly tidy='rm -r "$1/loose"'

echo "  root: installing $(tr , '\n' <<<"$packages" | wc -l) packages and what they need; minutes"
rm -rf "$cache/root.tar" "$cache/root.stamp" "$cache/debs" "$cache/new"
mkdir -p "$cache/new"
mmdebstrap --quiet --architectures=arm64 --variant=minbase --mode="$mode" --skip=check/qemu \
    --include="$packages" \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="$fetch" --customize-hook="copy-out /loose $cache/new" \
    --customize-hook="$tidy" \
    bookworm "$cache/new/root.tar" - <<<"$sources"
mv "$cache/new/loose" "$cache/debs"
mv "$cache/new/root.tar" "$cache/root.tar"
rmdir "$cache/new"
echo "$stamp" >"$cache/root.stamp"
