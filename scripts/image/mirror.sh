#!/usr/bin/env bash
# Prints the lines of a sources.list for Debian bookworm: from the mirrors that this machine's own apt uses,
# however its sources are written. MIRROR=ADDRESS names one where apt here knows none of Debian's.
set -euo pipefail

# A mirror of Debian holds every release, so the one of a Debian 13 serves as well.
of_apt() { # LABEL → the first mirror of it
    local label=$1
    # shellcheck disable=SC2016  # apt fills these in
    apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v label="$label" '$1 == label && $2 == "main" { print $3; exit }'
}

main=${MIRROR:-$(of_apt Debian)}
if [[ -z $main ]]; then
    echo "image: apt on this machine knows no mirror of Debian; name one with MIRROR=ADDRESS" >&2
    exit 1
fi
echo "deb $main bookworm main"
[[ -n ${MIRROR:-} ]] && exit
echo "deb $main bookworm-updates main"
security=$(of_apt Debian-Security)
[[ -z $security ]] || echo "deb $security bookworm-security main"
