#!/usr/bin/env bash
# Checks the systemd units: the template is made from the service, systemd understands every line, and what they may do
# scores no worse than MOST. Needs no running systemd.
# Usage: units.sh [--write]   (--write makes the template anew)
set -euo pipefail
cd "$(dirname "$0")/../systemd"

# `systemd-analyze security`, times ten: 0 can do nothing, 100 everything.
readonly MOST=20
# Newer than Debian 12's systemd 252, which passes over them.
readonly NEWER='RestartSteps|RestartMaxDelaySec'

template() {
    sed --file template.sed affectd.service
}

if [[ ${1:-} == --write ]]; then
    template >affectd@.service
    exit 0
fi

if ! diff <(template) affectd@.service; then
    echo "affectd@.service is not made from affectd.service: scripts/units.sh --write" >&2
    exit 1
fi

if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: systemd-analyze is not installed (apt-get install systemd)"
    exit 0
fi

scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
# The program need not be installed, nor its user known, for its unit to be right.
for unit in affectd.service affectd@.service; do
    sed -E 's|^(ExecStart=)/usr/bin/affectd|\1/bin/true|' "$unit" >"$scratch/$unit"
done
cp "$scratch/affectd@.service" "$scratch/affectd@door.service"

failed=0
for unit in affectd.service affectd@door.service; do
    said=$(systemd-analyze verify --man=no "$scratch/$unit" 2>&1) || failed=1
    said=$(grep --extended-regexp --invert-match "Unknown key( name)? '($NEWER)'" <<<"$said" || true)
    if [[ -n $said ]]; then
        echo "$unit: $said" >&2
        failed=1
    fi
    systemd-analyze security --offline=true --no-pager --threshold="$MOST" "$scratch/$unit" 2>/dev/null |
        tail -n 1 || failed=1
done
exit "$failed"
