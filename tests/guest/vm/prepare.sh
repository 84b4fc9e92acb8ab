#!/usr/bin/env bash
# Prepares the guest once: Debian's kernel, v4l2loopback built for it, and a small initramfs. What it
# makes lies in the folder GUEST_CACHE (target/guest); that it is whole, says the file `abi` in it.
#   prepare.sh GUEST_CACHE
set -euo pipefail

fail() {
    echo "guest: $*" >&2
    exit 1
}

cache=${1:?usage: prepare.sh GUEST_CACHE}
[[ $(uname -m) == x86_64 ]] || fail "the guest is an x86-64 machine, and this one is $(uname -m)"
command -v apt-get >/dev/null || fail "the guest's kernel and modules come from Debian's packages; run it on Debian"
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/packages.sh"
mkdir -p "$cache"
cd "$cache"
rm -f abi

# Every program the guest or its tests use, with its package.
need qemu-system-x86_64 qemu-system-x86 ipxe-qemu
need busybox busybox-static
need cpio cpio
need make make
need depmod kmod
need v4l2-ctl v4l-utils
need aplay alsa-utils
need ffmpeg ffmpeg
need mosquitto mosquitto
install_packages

kernel() {
    apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'
}
image=$(kernel)
[[ -n $image ]] || { as_root apt-get --quiet --quiet update && image=$(kernel); }
[[ -n $image ]] || fail "apt knows no package linux-image-amd64; the guest's kernel is Debian's"
abi=${image#linux-image-}
echo "guest: preparing Linux $abi"
[[ -d /lib/modules/$abi/build ]] || packages+=("linux-headers-$abi")
install_packages

rm -rf root packages v4l2loopback initramfs
mkdir -p root packages initramfs/{bin,modules,proc,sys,dev,lower,upper,new}
(cd packages && apt-get download --quiet --quiet "$image" v4l2loopback-dkms 2>/dev/null) ||
    fail "the kernel's package could not be downloaded; try apt-get update"
dpkg-deb -x packages/linux-image-*.deb root
dpkg-deb -x packages/v4l2loopback-dkms_*.deb v4l2loopback
rm -rf packages
source=$(echo "$PWD"/v4l2loopback/usr/src/v4l2loopback-*)
make -s -C "/lib/modules/$abi/build" M="$source" modules >module.log 2>&1 ||
    fail "v4l2loopback could not be built: $(tail -n 5 module.log)"
install -D -m 644 "$source/v4l2loopback.ko" "root/lib/modules/$abi/updates/v4l2loopback.ko"
depmod -b root "$abi"

# The initramfs only has to find this machine's folders: the modules for that, in the order they load.
cp "$(command -v busybox)" initramfs/bin/
for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe -d "$PWD/root" -S "$abi" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    cp "$file" initramfs/modules/
    basename "$file"
done >initramfs/order
cat >initramfs/init <<'INIT'
#!/bin/busybox sh
box=/bin/busybox
$box mount -t proc proc /proc
$box mount -t sysfs sys /sys
$box mount -t devtmpfs dev /dev
while read -r module; do
    $box insmod /modules/$module || echo "guest: $module does not load"
done </order
options=trans=virtio,version=9p2000.L,msize=262144
$box mount -t 9p -o $options,ro,cache=loose host /lower || echo "guest: this machine's folders do not come"
$box mount -t tmpfs -o size=60% upper /upper
$box mkdir /upper/files /upper/work
$box mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /new || echo "guest: no root"
$box mkdir -p /new/run /new/mnt/guest
$box mount -t 9p -o $options,cache=none orders /new/mnt/guest
for folder in proc sys dev; do $box mount --move /$folder /new/$folder; done
exec $box switch_root /new /mnt/guest/begin
INIT
chmod +x initramfs/init
(cd initramfs && find . | cpio --create --format=newc --quiet | gzip -1) >initramfs.gz
rm -rf initramfs v4l2loopback
echo "$abi" >abi
