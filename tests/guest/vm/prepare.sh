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
mkdir -p "$cache"
cd "$cache"
rm -f abi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || fail "packages have to be installed; run it as root or install sudo"
    as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes)

install_packages() { # PACKAGE…
    "${as_root[@]}" --no-install-recommends install "$@" >install.log 2>&1
}

# Every program the guest or its tests use, with its package.
missing_packages() {
    command -v qemu-system-x86_64 >/dev/null || echo qemu-system-x86 ipxe-qemu
    command -v busybox >/dev/null || echo busybox-static
    command -v cpio >/dev/null || echo cpio
    command -v make >/dev/null || echo make
    { command -v depmod || [[ -x /sbin/depmod ]]; } >/dev/null || echo kmod
    command -v v4l2-ctl >/dev/null || echo v4l-utils
    command -v aplay >/dev/null || echo alsa-utils
    command -v ffmpeg >/dev/null || echo ffmpeg
    { command -v mosquitto || [[ -x /usr/sbin/mosquitto ]]; } >/dev/null || echo mosquitto
}
export PATH=$PATH:/usr/sbin:/sbin

read -r -d '' -a packages < <(missing_packages) || true
if ((${#packages[@]})); then
    echo "guest: installing with apt-get: ${packages[*]}"
    # A qemu-utils from backports keeps the release's own qemu out; then it is taken back.
    release=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)
    install_packages "${packages[@]}" || { "${as_root[@]}" update && install_packages "${packages[@]}"; } ||
        install_packages --allow-downgrades "${packages[@]}" "qemu-utils/${release:-stable}" ||
        fail "apt-get could not install them:
$(cat install.log)"
fi

image=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
[[ -n $image ]] || fail "apt knows no package linux-image-amd64; the guest's kernel is Debian's"
abi=${image#linux-image-}
echo "guest: preparing Linux $abi"
[[ -d /lib/modules/$abi/build ]] || install_packages "linux-headers-$abi" ||
    fail "the headers of its kernel could not be installed: $(cat install.log)"

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
