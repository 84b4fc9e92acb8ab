#!/usr/bin/env bash
# Sees to the programs that images are made and booted with: installs the Debian packages of what is missing. With
# --boot, those that only an emulated board needs as well.
set -euo pipefail

fail() {
    echo "image: $*" >&2
    exit 1
}

. "$(dirname "$0")/../packages.sh"

need mmdebstrap mmdebstrap
need arch-test arch-test
[[ $(uname -m) == aarch64 ]] || need qemu-aarch64-static qemu-user-static
need mke2fs e2fsprogs
need mkfs.vfat dosfstools
need mcopy mtools
need sfdisk fdisk
need depmod kmod
need cpio cpio
if ((EUID != 0)); then
    need newuidmap uidmap
fi
if [[ ${1:-} == --boot ]]; then
    need qemu-system-aarch64 qemu-system-arm ipxe-qemu
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    need make make
    need ffmpeg ffmpeg
fi
install_packages

# Programs of the other processor run through this; systemd sets it up where it runs, a container has none.
readonly binfmt=/proc/sys/fs/binfmt_misc
if [[ $(uname -m) != aarch64 && ! -e $binfmt/qemu-aarch64 ]]; then
    [[ -e $binfmt/register ]] || as_root mount -t binfmt_misc binfmt_misc "$binfmt"
    as_root tee "$binfmt/register" </usr/lib/binfmt.d/qemu-aarch64.conf >/dev/null ||
        fail "this machine cannot be made to run programs for arm64"
fi
