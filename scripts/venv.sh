#!/usr/bin/env bash
# Makes a Python environment and installs a requirements file into it, once: a stamp
# with the hash of the requirements says what is installed.
# Usage: venv.sh FOLDER REQUIREMENTS
set -euo pipefail

readonly folder=$1 requirements=$2
stamp=$folder/.installed-$(basename "$requirements")
# A requirements file may include others beside it.
wanted=$(cat "$(dirname "$requirements")"/requirements*.txt | sha256sum)

[[ -f $stamp && $(<"$stamp") == "$wanted" ]] && "$folder/bin/python" -c '' 2>/dev/null && exit 0

if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "venv: Python 3.10 or newer is needed; this is $(python3 --version)" >&2
        exit 1
    }
    rm -rf "$folder"
    python3 -m venv "$folder"
fi
echo "  installing $requirements into $folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" || {
    echo "venv: pip could not install $requirements; check the network and run again" >&2
    exit 1
}
echo "$wanted" >"$stamp"
