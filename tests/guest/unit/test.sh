#!/usr/bin/env bash
# The service's unit under a real systemd, in the guest: a program in affectd's place tells what the unit lets it do, with
# a camera and a sound card whose drivers are loaded only after it was started.
# Usage: test.sh   (from anywhere; needs what tests/guest/vm/run.sh needs)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

exec tests/guest/vm/run.sh -t 400 tests/guest/unit/inside.sh
