#!/usr/bin/env bash
# kernel.sh BOARD CACHE: takes the packages of CACHE/debs apart and makes what a board starts from, in CACHE/boot:
#   vmlinuz, initrd   Debian's kernel as it is, and the least that finds the root partition
#   loader.efi        systemd-boot, which a firmware with UEFI starts
#   firmware.fd       that firmware, for the emulated board
#   modules/          the kernel's modules that boards/BOARD/image.conf asks for
set -euo pipefail
board=$1 cache=$(realpath "$2")
PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/../.."
# shellcheck source=../../boards/qemu-virt/image.conf
. "boards/$board/image.conf"

stamp=$(cat "$cache/root.stamp" "$0" image/init "boards/$board/image.conf" | sha256sum | cut -c1-16)
if [[ $(cat "$cache/boot.stamp" 2>/dev/null) == "$stamp" ]]; then
    echo "  kernel: $(cat "$cache/boot/release") is up to date"
    exit
fi

work=$cache/boot.new
rm -rf "$work" "${cache:?}/boot" "$cache/boot.stamp"
mkdir -p "$work"
for deb in "$cache"/debs/{linux-image-*,busybox-static,systemd-boot-efi,qemu-efi-aarch64}_*.deb; do
    dpkg-deb --extract "$deb" "$work/files"
done
files=$work/files
release=$(basename "$files"/lib/modules/*)
depmod --basedir "$files" "$release"

# Prints the files of modules and of what those need, in the order in which they are loaded.
with_dependencies() { # MODULE…
    local module
    for module; do
        modprobe --dirname "$files" --set-version "$release" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

mkdir -p "$work"/initrd/{bin,modules,proc,sys,dev,root}
install -m 755 "$files/bin/busybox" "$work/initrd/bin/busybox"
install -m 755 image/init "$work/initrd/init"
# shellcheck disable=SC2154,SC2086  # a list of image.conf
with_dependencies $initrd_modules >"$work/initrd.list"
while read -r module; do
    cp "$module" "$work/initrd/modules/"
    basename "$module" >>"$work/initrd/modules/order"
done <"$work/initrd.list"
(cd "$work/initrd" && find . | cpio --create --format=newc --owner=0:0 --quiet) | gzip -9 >"$work/initrd.gz"

mkdir -p "$cache/boot"
# shellcheck disable=SC2154
(
    cd "$files/lib/modules/$release"
    mkdir -p "$cache/boot/modules/$release"
    cp modules.builtin modules.builtin.modinfo modules.order "$cache/boot/modules/$release"
    find "${module_folders[@]/#/kernel/}" -name '*.ko*' -exec cp --parents {} "$cache/boot/modules/$release" \;
    # Of what those need, too, wherever it lies.
    find "${module_folders[@]/#/kernel/}" -name '*.ko*' -printf '%f\n' | sed 's/\.ko.*//' >"$work/wanted"
)
# shellcheck disable=SC2086
mapfile -t wanted < <(cat "$work/wanted" && tr ' ' '\n' <<<$initrd_modules)
with_dependencies "${wanted[@]}" | while read -r module; do
    relative=${module#"$files/lib/modules/$release/"}
    install -D -m 644 "$module" "$cache/boot/modules/$release/$relative"
done
cp "$files/boot/vmlinuz-$release" "$cache/boot/vmlinuz"
cp "$work/initrd.gz" "$cache/boot/initrd"
cp "$files/usr/lib/systemd/boot/efi/systemd-bootaa64.efi" "$cache/boot/loader.efi"
cp "$files/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" "$cache/boot/firmware.fd"
echo "$release" >"$cache/boot/release"
rm -rf "$work"
echo "$stamp" >"$cache/boot.stamp"
echo "  kernel: $release, modules of $(du -sm "$cache/boot/modules" | cut -f1) MiB"
