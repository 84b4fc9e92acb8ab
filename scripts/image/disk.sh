#!/usr/bin/env bash
# disk.sh BOARD DEB CACHE IMAGE: puts root, kernel, modules and the package DEB together into the disk IMAGE.
# Needs to own files as root does: scripts/image/build.sh sees to that. Nothing is mounted.
set -euo pipefail
board=$1 deb=$(realpath "$2") cache=$(realpath "$3") image=$(realpath --no-symlinks "$4")
PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/../.."
# shellcheck source=../../boards/qemu-virt/image.conf
. "boards/$board/image.conf"

work=$(mktemp -d "$cache/disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

fill_root() {
    mkdir "$root"
    tar --extract --preserve-permissions --numeric-owner --exclude='./dev/*' --file "$cache/root.tar" --directory "$root"
    mkdir -p "$root/usr/lib/modules"
    cp --recursive "$cache/boot/modules/." "$root/usr/lib/modules"
    depmod --basedir "$root" "$(cat "$cache/boot/release")"
    install -D -m 644 "$deb" "$root/var/lib/affectd-image/current.deb"
    cp --recursive --no-preserve=ownership image/root/. "$root"
    install -m 755 image/prepare-root "$root/prepare-root"
    # No service starts in a folder: this tells Debian's scripts so.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    if ! in_root dpkg --install /var/lib/affectd-image/current.deb >"$work/dpkg.log" 2>&1; then
        cat "$work/dpkg.log" >&2
        echo "image: the package does not install; what it depends on belongs into image/packages" >&2
        exit 1
    fi
    in_root /prepare-root
    rm "$root/prepare-root" "$root/usr/sbin/policy-rc.d"
}

in_root() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

make_root_partition() {
    truncate --size "${root_size}M" "$work/root.ext4"
    mke2fs -q -t ext4 -L affectd-root -m 1 -O metadata_csum -E lazy_itable_init=0 -d "$root" "$work/root.ext4"
}

make_boot_partition() {
    local fat=$work/boot.fat
    truncate --size "${boot_size}M" "$fat"
    mkfs.vfat -F 32 -n AFFECTD "$fat" >/dev/null
    mmd -i "$fat" ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries ::/system
    mcopy -i "$fat" "$cache/boot/loader.efi" ::/EFI/BOOT/BOOTAA64.EFI
    mcopy -i "$fat" "$cache/boot/vmlinuz" ::/system/vmlinuz
    mcopy -i "$fat" "$cache/boot/initrd" ::/system/initrd
    printf 'default affectd.conf\ntimeout 0\neditor no\n' | mcopy -i "$fat" - ::/loader/loader.conf
    cat >"$work/entry.conf" <<END
title affectd
linux /system/vmlinuz
initrd /system/initrd
options ro quiet loglevel=4 panic=10 fsck.repair=yes net.ifnames=0 $kernel_options
END
    mcopy -i "$fat" "$work/entry.conf" ::/loader/entries/affectd.conf
    # What people read has the line ends of every system's editor.
    for text in image/boot/*.txt; do
        sed 's/$/\r/' "$text" | mcopy -i "$fat" - "::/$(basename "$text")"
    done
}

# The boot partition has the type of a plain one, not of a system's: Windows gives only those a letter, and firmware
# looks for EFI/BOOT on any FAT of a removable disk.
join_partitions() {
    local new=$work/image
    truncate --size "$((boot_size + root_size + 2))M" "$new"
    sfdisk --quiet "$new" <<END
label: gpt
start=1MiB, size=${boot_size}MiB, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name="affectd-boot"
size=${root_size}MiB, type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE, name="affectd-root"
END
    dd if="$work/boot.fat" of="$new" bs=1M seek=1 conv=notrunc,sparse status=none
    dd if="$work/root.ext4" of="$new" bs=1M seek=$((1 + boot_size)) conv=notrunc,sparse status=none
    mv "$new" "$image"
}

fill_root
make_root_partition
make_boot_partition
join_partitions
echo "  disk: $image, $(du -sm "$root" | cut -f1) MiB of files"
