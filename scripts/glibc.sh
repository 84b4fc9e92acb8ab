#!/usr/bin/env bash
# Fails when a program needs a newer C library than the boards have: 2.34 is in JetPack 6 and Raspberry Pi OS 12 (2.35
# and 2.36), 2.31 in JetPack 5.
# Usage: glibc.sh PROGRAM NEWEST
set -euo pipefail

readonly program=$1 newest=$2
[[ -f $program ]] || {
    echo "glibc: $program is not there" >&2
    exit 1
}
for objdump in aarch64-linux-gnu-objdump objdump; do
    symbols=$("$objdump" --dynamic-syms "$program" 2>/dev/null | grep -F 'GLIBC_') && break
done
[[ -n ${symbols:-} ]] || {
    echo "glibc: no symbols could be read of $program; install binutils for its architecture" >&2
    exit 1
}

highest=$(grep --only-matching --extended-regexp 'GLIBC_[0-9.]+' <<<"$symbols" | sort --unique --version-sort | tail -n 1)
if [[ $(printf '%s\n' "$highest" "GLIBC_$newest" | sort --version-sort | tail -n 1) != "GLIBC_$newest" ]]; then
    echo "glibc: $program needs $highest, and the boards have $newest. It is asked for by:" >&2
    grep -F "($highest)" <<<"$symbols" | awk '{ print "  " $NF }' >&2
    echo "Remedy: functions of mathematics have older versions, see scripts/older-libm.sh; for others, build on a system
whose C library is $newest or older, or leave out what calls them." >&2
    exit 1
fi
echo "  needs $highest; the boards have at least $newest"
