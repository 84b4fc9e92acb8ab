#!/bin/bash
# The life of a package, from nothing to nothing. Runs as root in a Debian that is thrown away afterwards; /affectd.deb is
# the package. Ends with the first step that fails.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

step() {
    printf '\n== %s\n' "$*"
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Runs COMMAND, which must end with CODE; what it said is in `said`.
ends_with() { # CODE COMMAND…
    local wanted=$1 code=0
    shift
    said=$("$@" 2>&1) || code=$?
    ((code == wanted)) || fail "$* ended with $code instead of $wanted: $said"
}

# Every file, but for those that apt, dpkg and the user database keep about their own work.
files() {
    find / -xdev \( -path /proc -o -path /tmp -o -path /run -o -path /var/cache/apt -o -path /var/lib/apt \
        -o -path /var/log -o -path /var/lib/dpkg -o -path /var/cache/debconf -o -path /var/cache/ldconfig \
        -o -path /root \) -prune -o -print |
        grep --invert-match --extended-regexp '^/etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-)$' | sort
}

step "What it depends on"
apt-get --quiet --quiet update
apt-get --quiet --quiet --yes --no-install-recommends satisfy "$(dpkg-deb --field /affectd.deb Depends)" >/dev/null
# Nothing is started in here.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
files >/tmp/before
cp /etc/passwd /tmp/passwd.before
cp /etc/group /tmp/group.before

step "Install"
apt-get --quiet --quiet --yes --no-install-recommends install /affectd.deb
[[ $(dpkg-query --show --showformat='${db:Status-Status}' affectd) == installed ]] || fail "not installed"
affectd --version
[[ $(id --name --groups affectd) == *video* && $(id --name --groups affectd) == *audio* ]] ||
    fail "the user has no access to devices: $(id affectd)"
dpkg-query --show --showformat='${Conffiles}\n' affectd | grep --quiet --fixed-strings ' /etc/affectd/affectd.toml ' ||
    fail "affectd.toml is no configuration file"
[[ ! -e /etc/systemd/system/multi-user.target.wants/affectd.service ]] || fail "it watches without being asked to"

step "Every pack computes here what it should"
affectd model verify
for pack in blazeface-full mtanet voice; do
    [[ -f /usr/share/affectd/models/$pack/pack.toml ]] || fail "$pack is not in the package"
done

step "The configuration is right; camera and broker are not here"
ends_with 1 affectd check --config /etc/affectd/affectd.toml
[[ $said == *"meaning     ok"* && $said == *"models      ok"* ]] || fail "$said"
runuser -u affectd -- affectd check --post-update --config /etc/affectd/affectd.toml

step "Manual pages and completions"
for page in affectd affectd-run affectd-check affectd-model-verify; do
    zcat "/usr/share/man/man1/$page.1.gz" | grep --quiet '^\.TH' || fail "$page.1 is no manual page"
done
bash -n /usr/share/bash-completion/completions/affectd
# shellcheck disable=SC1091
complete_with() { (source /usr/share/bash-completion/completions/affectd && complete -p affectd); }
complete_with | grep --quiet affectd || fail "bash completes nothing"
[[ -s /usr/share/zsh/vendor-completions/_affectd && -s /usr/share/fish/vendor_completions.d/affectd.fish ]] ||
    fail "zsh or fish completes nothing"

step "Units, user and folders are as systemd wants them"
systemd-analyze verify --man=no /usr/lib/systemd/system/affectd.service 2>&1 |
    grep --invert-match --extended-regexp "Unknown key( name)? 'Restart(Steps|MaxDelaySec)'" && fail "see above"
systemd-tmpfiles --create affectd.conf
[[ $(stat --format='%U:%G %a' /var/lib/affectd /var/cache/affectd | sort --unique) == "affectd:affectd 750" ]] ||
    fail "$(ls -ld /var/lib/affectd /var/cache/affectd)"
systemctl enable affectd.service affectd@door.service

step "A wrong configuration ends with 78, which systemd does not start again"
printf '[mqtt]\nurl = "mqtt://elsewhere.example"\n' >/etc/affectd/door.toml
ends_with 78 affectd run --config /etc/affectd/door.toml
[[ $said == *mqtts://* ]] || fail "no remedy: $said"
rm /etc/affectd/door.toml

step "An upgrade keeps what was configured"
sed --in-place 's|^#id = .*|id = "kiosk-7"|' /etc/affectd/affectd.toml
dpkg --install --force-confold /affectd.deb >/dev/null
grep --quiet '^id = "kiosk-7"' /etc/affectd/affectd.toml || fail "the configuration was replaced"

step "A version that may not take over does not"
# As if systemd ran, with the service: what the package's script asks, and what it would do.
mkdir -p /run/systemd/system
printf '#!/bin/sh\ncase "$*" in *list-units*) echo "affectd.service loaded active running" ;; *) echo "$*" >>/tmp/asked ;; esac\n' \
    >/usr/local/bin/systemctl
chmod +x /usr/local/bin/systemctl
echo 'lense = "wide"' >>/etc/affectd/affectd.toml
ends_with 1 dpkg --install --force-confold /affectd.deb
[[ $said == *"lense"* && $said == *"may not take over"* ]] || fail "it does not say why: $said"
! grep --quiet restart /tmp/asked 2>/dev/null || fail "the service was restarted: $(cat /tmp/asked)"
sed --in-place '/^lense/d' /etc/affectd/affectd.toml
dpkg --configure affectd
grep --quiet 'try-restart' /tmp/asked || fail "the service was not restarted: $(cat /tmp/asked)"
rm -r /usr/local/bin/systemctl /run/systemd/system

step "Removed, its configuration and state are kept"
echo secret >/etc/affectd/mqtt-password
touch /var/lib/affectd/state /var/cache/affectd/engine
apt-get --quiet --quiet --yes remove affectd >/dev/null
[[ ! -e /usr/bin/affectd && -e /etc/affectd/affectd.toml && -e /var/lib/affectd/state ]] || fail "too much or too little is gone"

step "Purged, nothing is left"
apt-get --quiet --quiet --yes purge affectd >/dev/null
rm -f /usr/sbin/policy-rc.d.dpkg-new
files >/tmp/after
diff /tmp/before /tmp/after || fail "files are left, or gone"
diff /tmp/passwd.before /etc/passwd || fail "users are left"
diff /tmp/group.before /etc/group || fail "groups are left"

printf '\nall steps passed\n'
