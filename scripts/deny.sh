#!/usr/bin/env bash
# Checks the dependencies against deny.toml with cargo-deny. Advisories are checked
# where their database can be fetched; everything else needs no network.
# Usage: deny.sh [--if-installed]
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    if [[ ${1:-} == --if-installed ]]; then
        echo "skipped: cargo-deny is not installed (make deny installs it)"
        exit 0
    fi
    echo "Installing cargo-deny: some minutes, once."
    cargo install --locked cargo-deny
fi

cargo deny --all-features check --hide-inclusion-graph licenses bans sources
if timeout 120 cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --all-features check --hide-inclusion-graph --disable-fetch advisories
else
    echo "advisories skipped: their database cannot be fetched from here"
fi
