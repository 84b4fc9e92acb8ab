#!/usr/bin/env bash
# Runs every check, goes on after a failure, and ends with a list of how each went.
# `make test` calls it after setting up.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly python=$PWD/.venv/bin/python
results=()
failed=0

check() { # NAME COMMAND…
    local name=$1 before=$SECONDS word=ok
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" || word=FAILED
    [[ $word == ok ]] || failed=$((failed + 1))
    results+=("$(printf '%-7s %-24s %4d s' "$word" "$name" $((SECONDS - before)))")
}

in_fetch() {
    (cd models/fetch && "$@")
}

check "format" cargo fmt --check
check "lints" cargo clippy --all-targets -- -D warnings
check "lints, guest" cargo clippy --test guest -- -D warnings
check "tests" cargo test --all-targets --no-fail-fast
check "documentation's examples" cargo test --doc
check "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
check "dependencies" scripts/deny.sh --if-installed
check "models/fetch: tests" in_fetch "$python" -m pytest --quiet
check "models/fetch: lints" in_fetch "$python" -m ruff check --quiet .
check "models/fetch: format" in_fetch "$python" -m ruff format --check --quiet .
check "examples: tests" "$python" -B -m pytest --quiet docs/examples
check "examples: lints" "$python" -m ruff check --quiet docs/examples
check "examples: format" "$python" -m ruff format --check --quiet docs/examples
check "systemd units" scripts/units.sh
check "shell scripts" scripts/shell-lints.sh

printf '\n== Summary\n'
printf '%s\n' "${results[@]}"
if ((failed)); then
    echo "$failed of ${#results[@]} checks failed"
    exit 1
fi
echo "all ${#results[@]} checks passed"
