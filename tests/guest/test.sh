#!/usr/bin/env bash
# Builds the guest's tests and the daemon on this machine, and runs them in the guest.
#   test.sh [FILTER]…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Emulation is slow: our own code is compiled with some care, too.
export CARGO_PROFILE_DEV_OPT_LEVEL=1
built=$(cargo test --test guest --no-run --message-format=json |
    grep -o '"executable":"[^"]*/guest-[^"]*"' | tail -n 1 | cut -d'"' -f4)
[[ -n $built ]] || {
    echo "guest: the tests were not built" >&2
    exit 1
}
exec tests/guest/vm/run.sh -t "${GUEST_SECONDS:-1500}" "$built" --test-threads=1 "$@"
