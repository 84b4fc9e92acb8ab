#!/usr/bin/env bash
# Sees to the programs that images are made and booted with: installs the Debian packages of what is missing. With
# --boot, those that only an emulated board needs as well.
set -euo pipefail
# Debian keeps some of them where only root looks.
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "image: $*" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "ask an administrator to run: $*"
    fi
}

packages=()
need() { # PROGRAM PACKAGE…
    command -v "$1" >/dev/null || packages+=("${@:2}")
}

install_packages() { # ARGUMENT…
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends install "$@" >/dev/null
}

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
if ((${#packages[@]})); then
    command -v apt-get >/dev/null || fail "images are made on Debian or Ubuntu; install what these packages hold: ${packages[*]}"
    echo "  installing with apt-get: ${packages[*]}"
    if ! install_packages "${packages[@]}" 2>/dev/null; then
        as_root apt-get --quiet --quiet update || fail "apt-get update failed; check the network and /etc/apt"
        # A qemu-utils from backports keeps the release's own qemu out; then it is taken back.
        install_packages "${packages[@]}" ||
            install_packages --allow-downgrades "${packages[@]}" "qemu-utils/$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")" ||
            fail "apt-get could not install: ${packages[*]}"
    fi
fi

# Programs of the other processor run through this; systemd sets it up where it runs, a container has none.
readonly binfmt=/proc/sys/fs/binfmt_misc
if [[ $(uname -m) != aarch64 && ! -e $binfmt/qemu-aarch64 ]]; then
    [[ -e $binfmt/register ]] || as_root mount -t binfmt_misc binfmt_misc "$binfmt"
    as_root tee "$binfmt/register" </usr/lib/binfmt.d/qemu-aarch64.conf >/dev/null ||
        fail "this machine cannot be made to run programs for arm64"
fi
