#!/usr/bin/env bash
# module.sh CACHE OUT: builds v4l2loopback for the image's kernel, from Debian's sources and headers: a camera that
# shows what it is fed. Debian has it as source only, and the image must not need a compiler.
set -euo pipefail
cache=$(realpath "$1") out=$(realpath --no-symlinks "$2")
release=$(cat "$cache/boot/release")
[[ -f $out && $out -nt $cache/boot.stamp ]] && exit
command -v aarch64-linux-gnu-gcc >/dev/null || {
    echo "module: aarch64-linux-gnu-gcc is missing; as root: apt-get install gcc-aarch64-linux-gnu" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for deb in "$cache"/debs/{linux-headers-*,linux-kbuild-*,v4l2loopback-dkms}_*.deb; do
    dpkg-deb --extract "$deb" "$work/files"
done
# One of the headers' makefiles names the other by where it would be installed.
headers=$work/files/usr/src/linux-headers-$release
sed -i "s|/usr/src/|$work/files/usr/src/|g" "$headers/Makefile"
cp --recursive "$work"/files/usr/src/v4l2loopback-* "$work/module"
# The kernel's own tools are programs for arm64, which run in emulation; the compiler is this machine's.
make --silent -C "$headers" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- M="$work/module" modules >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    exit 1
}
aarch64-linux-gnu-strip --strip-debug "$work/module/v4l2loopback.ko"
cp "$work/module/v4l2loopback.ko" "$out"
