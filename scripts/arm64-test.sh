#!/usr/bin/env bash
# Runs the program for 64-bit ARM in emulation: it must compute what the golden vectors of every pack say, and find and
# read the face in the demonstration's clip where that was made. Speed in emulation means nothing.
# Usage: [PROFILE=release] arm64-test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

readonly profile=${PROFILE:-release}
readonly program=${CARGO_TARGET_DIR:-target}/aarch64-unknown-linux-gnu/$profile/affectd
# A Raspberry Pi 5's, an RK3588's faster ones: dot product and half precision are there to be chosen.
readonly processor=cortex-a76

fail() {
    echo "arm64-test: $*" >&2
    exit 1
}

. scripts/packages.sh

affectd() {
    if [[ $(uname -m) == aarch64 ]]; then "$program" "$@"; else qemu-aarch64-static -cpu "$processor" "$program" "$@"; fi
}

[[ -x $program ]] || fail "$program is not there; make arm64 PROFILE=$profile makes it"
[[ $(uname -m) == aarch64 ]] || need qemu-aarch64-static qemu-user-static
install_packages

affectd --version
packs=()
for manifest in models/*/pack.toml; do
    folder=$(dirname "$manifest")
    file=$(sed -n 's/^file = "\(.*\.onnx\)"/\1/p' "$manifest" | head -n 1)
    if [[ -z $file || -f $folder/$file ]]; then
        packs+=("$(basename "$folder")")
    else
        echo "skipped ${folder#models/}: make models fetches it"
    fi
done
affectd --models models model verify "${packs[@]}"

if [[ -f demo/clip.mp4 && -f models/blazeface-full/blazeface-full.onnx ]]; then
    scratch=$(mktemp --directory)
    trap 'rm -rf "$scratch"' EXIT
    ffmpeg -loglevel error -ss 2 -i demo/clip.mp4 -frames:v 1 "$scratch/face.png"
    affectd --models models infer "$scratch/face.png" | tee "$scratch/lines"
    grep --quiet '"box"' "$scratch/lines" || fail "no face was found in a frame of demo/clip.mp4"
else
    echo "skipped a picture: make demo makes the clip that it is taken from"
fi
