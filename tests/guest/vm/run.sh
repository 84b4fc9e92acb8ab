#!/usr/bin/env bash
# Runs a command in a virtual machine with kernel cameras and sound cards, and ends with its exit code.
#   run.sh [-m MiB] [-t seconds] COMMAND…
# The machine boots Debian's kernel over this machine's own folders: it sees every program and file that is
# here, and what it writes is gone at its end. vivid, v4l2loopback and snd-aloop load with plain modprobe.
# It is emulated, some twenty times slower than this machine: test for counts and contents, never for rates.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

memory=1536
limit=900
while getopts m:t: option; do
    case $option in
        m) memory=$OPTARG ;;
        t) limit=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
(($#)) || {
    echo "usage: run.sh [-m MiB] [-t seconds] COMMAND…" >&2
    exit 2
}

cache=$(realpath -m "${GUEST_CACHE:-$here/../../../target/guest}")
[[ -s $cache/abi && -s $cache/initramfs.gz ]] || "$here/prepare.sh" "$cache"
abi=$(<"$cache/abi")

orders=$(mktemp -d "${TMPDIR:-/tmp}/guest.XXXXXX")
trap 'rm -rf "$orders"' EXIT
printf '%q ' "$@" >"$orders/command"
cat >"$orders/begin" <<BEGIN
#!/bin/bash
export PATH=$(printf %q "$PATH:/usr/sbin:/sbin") HOME=$(printf %q "$HOME") LANG=C.UTF-8 IN_GUEST=1
$(export -p | grep -E '^declare -x (AFFECTD_|CARGO_|RUST_)' || true)
mount -t tmpfs run /run
mkdir -p /run/lock /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
mkdir -p /lib/modules
mount --bind $(printf %q "$cache/root/lib/modules") /lib/modules
busybox ifconfig lo up
echo "guest: Linux \$(uname -r) is up after \$(cut -d' ' -f1 /proc/uptime) s"
cd $(printf %q "$PWD")
bash /mnt/guest/command
code=\$?
echo "guest: ended with \$code after \$(cut -d' ' -f1 /proc/uptime) s"
echo \$code >/mnt/guest/code
sync
exec busybox poweroff -f
BEGIN
chmod +x "$orders/begin"

timeout --kill-after=5 "$limit" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -machine q35 -smp 2 -m "$memory" \
    -nodefaults -no-user-config -no-reboot -display none -net none -serial stdio \
    -kernel "$cache/root/boot/vmlinuz-$abi" -initrd "$cache/initramfs.gz" \
    -append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off no_timer_check" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev "local,id=orders,path=$orders,security_model=none" \
    -device virtio-9p-pci,fsdev=orders,mount_tag=orders </dev/null ||
    echo "guest: the machine ended with $?" >&2
[[ -s $orders/code ]] || {
    echo "guest: no exit code came back: it crashed, or took longer than $limit s" >&2
    exit 99
}
exit "$(<"$orders/code")"
