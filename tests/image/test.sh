#!/usr/bin/env bash
# test.sh BOARD DEB: boots the image of BOARD in emulation, as it was built, and shows that it does what a field
# engineer needs: first boot, camera, restart, power cuts, upgrade, removal. `make image-test` calls it.
#
# It works on a copy of the image, to which it adds what an engineer adds (a file on the boot partition) and a root
# shell on a second console. Steps inside the board are in guest/. Emulation is slow: what is asserted is content,
# counts and recovery, never a rate. KEEP=1 keeps the logs and the disk of a run that passed, too.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
PATH=$PATH:/usr/sbin:/sbin
board=$1 deb=$2
cache=$(realpath "${IMAGE_CACHE:-target/image}")
work=$cache/test-$$
disk=$work/disk.img
# shellcheck source=../../boards/qemu-virt/image.conf
. "boards/$board/image.conf"
. tests/image/guest.sh
. tests/image/disk.sh

readonly boot_seconds=${BOOT_SECONDS:-600}
failed=0 passed=0

# step NAME COMMAND…: one line of the result.
step() {
    local name=$1 begin=$SECONDS
    shift
    printf '\n-- %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
        printf 'PASS  %s (%d s)\n' "$name" $((SECONDS - begin)) | tee -a "$work/results"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s (%d s): see the lines above\n' "$name" $((SECONDS - begin)) | tee -a "$work/results"
        return 1
    fi
}

inside() { # NAME SECONDS STEP: a step of guest/
    step "$1" in_guest "$2" "bash /run/media/guest/$3.sh"
}

end() {
    local code=$?
    cut_power
    printf '\n== Summary of the image for %s\n' "$board"
    cat "$work/results" 2>/dev/null
    if ((failed == 0 && passed > 0 && code == 0)); then
        echo "all $passed steps passed"
        [[ ${KEEP:-} == 1 ]] || rm -rf "$work"
        exit 0
    fi
    echo "$failed of $((failed + passed)) steps failed; consoles and disk are in $work"
    exit 1
}

prepare() {
    scripts/image/tools.sh --boot || return
    mkdir -p "$work/media/guest"
    cp --sparse=always "$cache/affectd-$board.img" "$disk" && truncate --size +512M "$disk" || return
    open_shell "$disk" || return
    cp tests/image/guest/*.sh "$work/media/guest"
    tests/image/module.sh "$cache" "$cache/v4l2loopback.ko" && cp "$cache/v4l2loopback.ko" "$work/media" || return
    tests/image/packages.sh "$deb" "$work/media" || return
    # A real face, moving a little, and a bare wall.
    ffmpeg -loglevel error -loop 1 -i tests/fixtures/astronaut.jpg -frames:v 8 \
        -vf "scale=640:640,crop=640:480:0:'2*n',format=yuyv422" -f rawvideo "$work/media/face.yuyv" &&
        ffmpeg -loglevel error -f lavfi -i color=0x3a3f47:s=640x480 -frames:v 2 -pix_fmt yuyv422 -f rawvideo "$work/media/wall.yuyv" || return
    truncate --size "$(($(du -sm "$work/media" | cut -f1) + 16))M" "$work/media.img" &&
        mke2fs -q -t ext4 -L media -d "$work/media" "$work/media.img"
}

boots() { # NAME LOG
    start_guest "$disk" "$work/$2.log"
    step "$1" await_shell "$boot_seconds" || exit 1
}

wrong_file() {
    drop_file "$disk" affectd.txt <<'FILE'
# every line below is wrong
device_id = kiosk/7
timezone = Mars/Olympus
wifi_ssid = Shop floor
colour = red
broker_password = hush hush
hush hush
FILE
}

# As Windows writes it: with a mark in front and its own line ends. Models run much slower in emulation than on a
# board, so the smaller detector looks, and more seldom.
right_file() {
    printf '\xef\xbb\xbf%s' '# A device for tests
device_id = image-test
timezone = Asia/Tokyo
camera = v4l:/dev/video0
broker = mqtt://127.0.0.1:1883
broker_user = tester
broker_password = Sesam öffne dich #1
publish.state_rate_hz = 2.0
models.detector = "blazeface-short"
face.detect_every_ms = 2000
face.read_every_ms = 2000
' | sed 's/$/\r/' | drop_file "$disk" affectd.txt
}

says_what_is_wrong() {
    grep -q 'NOT APPLIED' "$work/first.log" || { echo "    the console does not say it"; return 1; }
    grep -q 'NOT APPLIED' <<<"$(read_file "$disk" FIRSTBOOT-REPORT.txt)" || { echo "    the report on the boot partition does not say it"; return 1; }
}

cut_during_first_boot() {
    start_guest "$disk" "$work/cut.log"
    await_console "$boot_seconds" 'applying affectd.txt' || { echo "    it did not begin within $boot_seconds s"; cut_power; return 1; }
    sleep 1
    cut_power
    has_file "$disk" affectd.txt || { echo "    the file is gone already: the cut came too late to show anything"; return 1; }
}

cut_while_writing() {
    local code=0
    in_guest 60 'nohup setsid bash /run/media/guest/busy.sh >/dev/null 2>&1 & sleep 20; ls /var/lib/busy | grep -q file' || code=1
    cut_power
    return "$code"
}

cut_during_upgrade() {
    local code=0
    in_guest 240 'nohup setsid affectd-upgrade /run/media/lifeless.deb >/var/lib/upgrade.log 2>&1 &
        until [ -e /var/lib/affectd-image/pending ] && dpkg-query -W affectd | grep -q lifeless; do sleep 0.5; done' || code=1
    cut_power
    return "$code"
}

trap end EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"
step "the board and its second disk are prepared" prepare || exit 1

step "a wrong file is dropped on the boot partition" wrong_file || exit 1
boots "it boots from its firmware" first
inside "a wrong file changes nothing and is reported" 120 refused
step "it switches off" switch_off 120
step "console and report say what is wrong" says_what_is_wrong

step "the right file is dropped" right_file || exit 1
step "power is cut during first boot" cut_during_first_boot
boots "it boots after that" second
inside "first boot is completed; secrets are on the device only" 60 applied
inside "service: ready without a camera, logged in, confined" 300 service
inside "camera: comes, is unplugged, comes again" 600 camera
inside "faces through a fed camera become events" 1000 faces
inside "killed and started again" 420 killed
inside "full disk and read-only root" 1000 disk
step "power is cut while it writes" cut_while_writing

boots "it boots after that, too" third
inside "after a power cut: whole, configured, up" 240 after-power-cut
inside "upgrade: kept when it works, else back" 1500 upgrade
step "power is cut during an upgrade" cut_during_upgrade

boots "it boots after that, too" fourth
inside "recovery from the half upgrade" 240 recovered
inside "removal and purge leave nothing" 300 removed
step "it switches off at the end" switch_off 120
step "both file systems are whole" check_disk "$disk"
