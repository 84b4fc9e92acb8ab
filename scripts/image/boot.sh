#!/usr/bin/env bash
# boot.sh DISK [OPTION OF QEMU…]: starts a disk image for qemu-virt in emulation, as a board would: from its firmware.
# The console is this terminal unless DISK is followed by options that say otherwise; Ctrl-A X ends it.
# With SNAPSHOT=1 the disk stays as it is.
set -euo pipefail
disk=$1
shift
cd "$(dirname "$0")/../.."
cache=${IMAGE_CACHE:-target/image}
console=(-serial mon:stdio)
(($# == 0)) || console=()
exec qemu-system-aarch64 -machine virt,gic-version=3 -cpu cortex-a76 -accel tcg,thread=multi -smp 2 -m 1536 \
    -nodefaults -no-user-config -display none -bios "$cache/boot/firmware.fd" \
    -drive "if=none,id=disk,file=$disk,format=raw,snapshot=$([[ ${SNAPSHOT:-} == 1 ]] && echo on || echo off)" \
    -device virtio-blk-pci,drive=disk,bootindex=0 -device virtio-rng-pci "${console[@]}" "$@"
