#!/usr/bin/env bash
# Checks Rust and installs the Debian packages that are missing; with --tests, also
# those that only tests need; with --gstreamer, those of that feature and its tests.
# Says one line and does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $*" >&2
    exit 1
}

. scripts/packages.sh

# The oldest Rust that builds affectd, as Cargo.toml states it.
rust_wanted() {
    sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml
}

check_rust() {
    local wanted found remedy
    wanted=$(rust_wanted)
    remedy="Install it with rustup: follow rustup.rs, or on Debian 13 and Ubuntu 24.04 and later
  apt-get install rustup && rustup default stable
(rustc from Debian itself is too old: 1.63 in Debian 12.) Then run make again."
    if ! command -v cargo >/dev/null || ! found=$(rustc --version 2>/dev/null); then
        fail "affectd needs Rust $wanted or newer, and cargo or rustc is not here.
$remedy"
    fi
    found=$(awk '{ sub(/-.*/, "", $2); print $2 }' <<<"$found")
    if [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
        fail "affectd needs Rust $wanted or newer, and this is Rust $found.
With rustup: rustup update stable. Without it:
$remedy"
    fi
    echo "  Rust $found (at least $wanted is needed)"
}

check_rust_tools() {
    local tool
    for tool in fmt clippy; do
        cargo "$tool" --version >/dev/null 2>&1 ||
            fail "the tests use cargo $tool; with rustup: rustup component add rustfmt clippy"
    done
}

# What came from elsewhere is as good as Debian's.
need_for_program() {
    need cc gcc libc6-dev
    need pkg-config pkg-config
    need ffmpeg ffmpeg
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3 python3-venv)
    pkg-config --exists alsa 2>/dev/null || packages+=(libasound2-dev)
    # libclang is only found with its own headers.
    need_package libclang-dev
}

need_for_tests() {
    need mosquitto mosquitto
    need mosquitto_sub mosquitto-clients
    need shellcheck shellcheck
    # Not to run it: it checks the units.
    need systemd-analyze systemd
}

# Headers for the build, plugins that most pipelines use, and a server that plays a
# network camera in tests.
need_for_gstreamer() {
    pkg-config --exists gstreamer-1.0 2>/dev/null || packages+=(libgstreamer1.0-dev)
    pkg-config --exists gstreamer-app-1.0 gstreamer-video-1.0 2>/dev/null || packages+=(libgstreamer-plugins-base1.0-dev)
    need_package gstreamer1.0-plugins-{base,good,bad} gstreamer1.0-libav python3-gi gir1.2-gst-rtsp-server-1.0
}

scope=${1:---program}
check_rust
[[ $scope == --program ]] || check_rust_tools
need_for_program
[[ $scope == --program ]] || need_for_tests
[[ $scope != --gstreamer ]] || need_for_gstreamer
if ((${#packages[@]})); then
    install_packages
else
    echo "  system packages: nothing is missing"
fi
