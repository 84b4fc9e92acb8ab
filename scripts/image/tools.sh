#!/usr/bin/env bash
# Are the programs there that images are made and booted with? Names what is missing and the Debian packages that
# hold it. With --boot, those that only an emulated board needs as well.
set -euo pipefail
# Debian keeps some of them where only root looks.
PATH=$PATH:/usr/sbin:/sbin

missing=()
need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || missing+=("$2")
}

need mmdebstrap mmdebstrap
need arch-test arch-test
need qemu-aarch64-static qemu-user-static
need mke2fs e2fsprogs
need mkfs.vfat dosfstools
need mcopy mtools
need sfdisk fdisk
need depmod kmod
need cpio cpio
need dpkg-deb dpkg
if [[ ${1:-} == --boot ]]; then
    need qemu-system-aarch64 qemu-system-arm
fi
if ((${#missing[@]})); then
    echo "image: these are missing; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Programs of the other processor run through this; systemd sets it up where it runs, a container has none.
readonly binfmt=/proc/sys/fs/binfmt_misc
if [[ ! -e $binfmt/qemu-aarch64 ]]; then
    if ((EUID != 0)); then
        echo "image: this machine does not run programs for arm64 yet; as root, once: $(realpath "$0")" >&2
        exit 1
    fi
    [[ -e $binfmt/register ]] || mount -t binfmt_misc binfmt_misc "$binfmt"
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$binfmt/register"
fi
