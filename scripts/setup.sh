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

# For what no command shows. Where dpkg does not know, the build or the tests will tell.
installed() { # PACKAGE
    command -v dpkg-query >/dev/null || return 0
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# The Debian packages of what is not here; what came from elsewhere is as good.
missing_packages() {
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    command -v ffmpeg >/dev/null || echo ffmpeg
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3 python3-venv
    pkg-config --exists alsa 2>/dev/null || echo libasound2-dev
    # libclang is only found with its own headers.
    installed libclang-dev || echo libclang-dev
    [[ $1 != gstreamer ]] || missing_gstreamer
    [[ $1 != program ]] || return 0
    command -v mosquitto >/dev/null || [[ -x /usr/sbin/mosquitto ]] || echo mosquitto
    command -v mosquitto_sub >/dev/null || echo mosquitto-clients
    command -v shellcheck >/dev/null || echo shellcheck
    # Not to run it: it checks the units.
    command -v systemd-analyze >/dev/null || echo systemd
}

# Headers for the build, plugins that most pipelines use, and a server that plays a
# network camera in tests.
missing_gstreamer() {
    local set
    pkg-config --exists gstreamer-1.0 2>/dev/null || echo libgstreamer1.0-dev
    pkg-config --exists gstreamer-app-1.0 gstreamer-video-1.0 2>/dev/null || echo libgstreamer-plugins-base1.0-dev
    for set in plugins-base plugins-good plugins-bad libav; do
        installed "gstreamer1.0-$set" || echo "gstreamer1.0-$set"
    done
    installed python3-gi || echo python3-gi
    installed gir1.2-gst-rtsp-server-1.0 || echo gir1.2-gst-rtsp-server-1.0
}

install_packages() { # PACKAGE…
    local as_root=()
    command -v apt-get >/dev/null || fail "this is not Debian or Ubuntu; install what these packages hold: $*"
    if [[ $(id -u) -ne 0 ]]; then
        command -v sudo >/dev/null || fail "ask an administrator to run: apt-get install $*"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes)
    echo "  installing with apt-get: $*"
    # The lists may be absent or older than the archive; only then are they fetched.
    if ! "${as_root[@]}" --no-install-recommends install "$@" >/dev/null 2>&1; then
        "${as_root[@]}" update || fail "apt-get update failed; check the network and /etc/apt"
        "${as_root[@]}" --no-install-recommends install "$@" >/dev/null ||
            fail "apt-get could not install: $*"
    fi
}

scope=program
[[ ${1:-} == --tests ]] && scope=tests
[[ ${1:-} == --gstreamer ]] && scope=gstreamer
check_rust
[[ $scope == program ]] || check_rust_tools
missing=$(missing_packages "$scope")
read -r -d '' -a packages <<<"$missing" || true
if ((${#packages[@]})); then
    install_packages "${packages[@]}"
else
    echo "  system packages: nothing is missing"
fi
