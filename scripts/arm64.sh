#!/usr/bin/env bash
# Builds affectd for 64-bit ARM boards, on Debian or Ubuntu for x86-64, or on such a board itself, and checks that the
# boards' C library is new enough for it. Installs what is missing.
# Usage: [PROFILE=release] arm64.sh
set -euo pipefail
cd "$(dirname "$0")/.."

readonly target=aarch64-unknown-linux-gnu profile=${PROFILE:-release}
# What JetPack 6 and Debian 12 have at least.
readonly glibc=2.34
readonly folder=${CARGO_TARGET_DIR:-target}

# Flags for this machine's processor would be taken for the board's.
unset RUSTFLAGS

fail() {
    echo "arm64: $*" >&2
    exit 1
}

. scripts/packages.sh

install_tools() {
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    need pkg-config pkg-config
    [[ -e /usr/lib/aarch64-linux-gnu/pkgconfig/alsa.pc ]] || packages+=(libasound2-dev:arm64)
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || packages+=(libclang-dev)
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null ||
        fail "this is neither Debian nor Ubuntu; with Docker or Podman, cross brings what is needed:
  cargo install cross && CROSS_CONFIG=cross.toml cross build --release --target $target"
    as_root dpkg --add-architecture arm64
    (install_packages) || fail "on Ubuntu for x86-64, packages for arm64 have a mirror of their own: add
ports.ubuntu.com for [arch=arm64] to the sources, and [arch=amd64] to the others. Or use cross, as cross.toml says."
}

# The standard library for the target: from rustup, else from Debian beside its own newest compiler.
install_rust_target() {
    local library
    library=$(rustc --print sysroot)/lib/rustlib/$target/lib
    compgen -G "$library/libstd-*" >/dev/null && return
    if command -v rustup >/dev/null && rustup target add "$target"; then
        return
    fi
    echo "  rustup has no $target here; looking for Debian's"
    apt_install rustc-web libstd-rust-web-dev libstd-rust-web-dev:arm64 >/dev/null ||
        fail "there is no standard library for $target: rustup target add $target"
    export RUSTC=/usr/bin/rustc
}

cross_environment() {
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
    export PKG_CONFIG_ALLOW_CROSS=1
    export PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
    # The kernel's video headers are read when the camera's bindings are made.
    export BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu="--target=aarch64-linux-gnu -I/usr/aarch64-linux-gnu/include"
}

build() {
    scripts/older-libm.sh target/arm64-libm "$glibc"
    # Only the program is linked: what it is made of stays as cargo build makes it.
    cargo rustc --bin affectd --profile "$profile" --target "$target" -- -L native="$PWD/target/arm64-libm"
}

if [[ $(uname -m) != aarch64 ]]; then
    install_tools
    install_rust_target
    cross_environment
fi
build
[[ $profile == dev ]] && built=debug || built=$profile
program=$folder/$target/$built/affectd
scripts/glibc.sh "$program" "$glibc"
echo "$program"
