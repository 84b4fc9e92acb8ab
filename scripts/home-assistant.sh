#!/usr/bin/env bash
# Installs Home Assistant (600 MB) for the tests that run a real one, and runs these tests.
# Says one line and installs nothing when it is there.
# Usage: home-assistant.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=$1 requirements=tests/home_assistant/requirements.txt

# Home Assistant names exact versions of what it needs, so it installs on few Pythons: this one on 3.13.
python_313() {
    local python
    for python in "${PYTHON_313:-}" python3.13 "$HOME"/.pyenv/versions/3.13.*/bin/python python3; do
        [[ -n $python ]] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null &&
            echo "$python" && return
    done
    return 1
}

stamp=$folder/.installed
wanted=$(sha256sum <"$requirements")
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && "$folder/bin/python" -c 'import homeassistant' 2>/dev/null; then
    echo "  Home Assistant is installed in $folder"
else
    python=$(python_313) || {
        echo "home-assistant: Python 3.13 is needed, as in Debian 13; name one with PYTHON_313=/path/to/python" >&2
        exit 1
    }
    echo "  installing Home Assistant into $folder with $("$python" --version)"
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" || {
        echo "home-assistant: pip could not install $requirements; it needs a C compiler and Python's headers" >&2
        exit 1
    }
    echo "$wanted" >"$stamp"
fi
AFFECTD_TEST_HOME_ASSISTANT=$(realpath --no-symlinks "$folder/bin/python")
export AFFECTD_TEST_HOME_ASSISTANT
cargo test --test home_assistant
