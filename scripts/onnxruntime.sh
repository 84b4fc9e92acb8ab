#!/usr/bin/env bash
# Puts the library of ONNX Runtime for the tests into a folder, once: taken out of the wheel
# that the requirements file pins by its hash.
# Usage: onnxruntime.sh FOLDER PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=$1 python=$2 requirements=tests/support/onnxruntime.txt
readonly library=$folder/libonnxruntime.so
wanted=$(sha256sum <"$requirements")

[[ -f $library && -f $folder/.installed && $(<"$folder/.installed") == "$wanted" ]] && exit 0

echo "  fetching ONNX Runtime's library into $folder"
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
# One wheel of those that are pinned: its library does not depend on Python.
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --python-version 3.12 --platform "manylinux_2_28_$(uname -m)" \
    --dest "$scratch" --requirement "$requirements" || {
    echo "onnxruntime: pip could not fetch the wheel in $requirements; check the network and run again" >&2
    exit 1
}
"$python" -m zipfile --extract "$scratch"/onnxruntime-*.whl "$scratch/wheel"
mkdir -p "$folder"
rm -f "$folder"/libonnxruntime.so*
mv "$scratch"/wheel/onnxruntime/capi/libonnxruntime.so.* "$folder"
ln --symbolic "$(basename "$folder"/libonnxruntime.so.*)" "$library"
echo "$wanted" >"$folder/.installed"
