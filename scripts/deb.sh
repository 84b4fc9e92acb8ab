#!/usr/bin/env bash
# Makes the Debian package: builds affectd, lets it write its manual pages and completions, and packs what Cargo.toml
# lists with cargo-deb, which it installs into target/tools once.
# Usage: [PROFILE=release] [V3=yes] [DEB_VERSION=…] deb.sh [amd64|arm64]
#   V3=no leaves out the second build for newer x86-64 processors.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly cargo_deb=3.8.0 tools=$PWD/target/tools stage=target/package
readonly profile=${PROFILE:-release} built_in=${CARGO_TARGET_DIR:-target}
[[ $profile == dev ]] && built=debug || built=$profile

fail() {
    echo "deb: $*" >&2
    exit 1
}

install_tools() {
    command -v dpkg-shlibdeps >/dev/null || fail "dpkg-shlibdeps is missing: apt-get install dpkg-dev"
    [[ -x $tools/bin/cargo-deb && $("$tools/bin/cargo-deb" --version) == *"$cargo_deb"* ]] && return
    echo "  installing cargo-deb $cargo_deb into target/tools: some minutes, once"
    cargo install cargo-deb --version "$cargo_deb" --locked --debug --root "$tools" --target-dir target/tools/build
    rm -rf target/tools/build
}

# Sets `program`, `target` and how `run` runs it.
build_amd64() {
    [[ $(uname -m) == x86_64 ]] || fail "amd64 is packed on x86-64"
    target=x86_64-unknown-linux-gnu
    run=()
    if [[ ${V3:-yes} != no ]]; then
        RUSTFLAGS="-C target-cpu=x86-64-v3" cargo build --profile "$profile"
        install -D "$built_in/$built/affectd" "$stage/x86-64-v3/affectd"
        arguments+=(--variant x86-64-v3)
    fi
    RUSTFLAGS='' cargo build --profile "$profile"
    program=$built_in/$built/affectd
}

build_arm64() {
    PROFILE=$profile scripts/arm64.sh
    target=aarch64-unknown-linux-gnu
    arguments+=(--target "$target")
    program=$built_in/$target/$built/affectd
    run=()
    [[ $(uname -m) == aarch64 ]] || run=(qemu-aarch64-static)
}

describe() {
    local describer=("${run[@]}" "$program")
    mkdir -p "$stage/man"
    "${describer[@]}" man "$stage/man"
    "${describer[@]}" completions bash >"$stage/affectd.bash"
    "${describer[@]}" completions zsh >"$stage/_affectd"
    "${describer[@]}" completions fish >"$stage/affectd.fish"
    python3 scripts/notices.py "$target" | gzip --best --no-name >"$stage/NOTICES.gz"
}

# Debian wants a changelog in its own form; ours is beside it.
changelog() {
    local version=$1 when
    when=$(git log -1 --format=%cD 2>/dev/null) || when=$(date --rfc-email)
    cat <<END
affectd ($version) unstable; urgency=medium

  * What changed is in /usr/share/doc/affectd/changelog.gz.

 -- The affectd authors <affectd@affectd.invalid>  $when
END
}

# What each pack's manifest lists, with its card, licence and signature; nothing else that lies beside it.
stage_packs() {
    local manifest folder file
    for manifest in models/*/pack.toml; do
        folder=$(dirname "$manifest")
        {
            echo pack.toml
            sed -n 's/^file = "\(.*\)"$/\1/p' "$manifest"
            find "$folder" -maxdepth 1 \( -name CARD.md -o -name LICENSE -o -name pack.toml.minisig \) -printf '%f\n'
        } | sort --unique | while read -r file; do
            [[ -f $folder/$file ]] || fail "$folder/$file is missing: make models"
            install -D --mode 644 "$folder/$file" "$stage/$folder/$file"
        done
    done
}

readonly arch=${1:-$(dpkg --print-architecture)}
version=${DEB_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)-1}
arguments=(--no-build --profile "$profile" --deb-version "$version" --output target/debian/)
# What a profile strips already needs no stripping; foreign programs strip cannot read.
[[ $profile == dev && $arch == amd64 ]] && arguments+=(--strip) || arguments+=(--no-strip)

install_tools
rm -rf "$stage"
mkdir -p "$stage"
stage_packs
case $arch in
amd64) build_amd64 ;;
arm64) build_arm64 ;;
*) fail "no package for $arch; amd64 and arm64 there are" ;;
esac
describe
changelog "$version" >"$stage/changelog"
PATH=$tools/bin:$PATH RUSTFLAGS='' cargo deb "${arguments[@]}"

package=target/debian/affectd_${version}_$arch.deb
dpkg-deb --field "$package" Package Version Architecture Installed-Size Depends
if command -v lintian >/dev/null; then
    # Tags for Debian's own archive say nothing of a package that does not go there.
    lintian --allow-root --fail-on error --suppress-tags initial-upload-closes-no-bugs "$package"
else
    echo "skipped: lintian is not installed"
fi
