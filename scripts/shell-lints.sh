#!/usr/bin/env bash
# Runs shellcheck over every shell script of the repository, with and without the ending .sh.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -z | xargs -0 grep -lE -m1 '^#!(/usr)?/bin/(env )?(ba)?sh' --)
shellcheck "${scripts[@]}"
