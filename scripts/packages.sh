# shellcheck shell=bash
# Installs the Debian packages of programs that are missing. For scripts to source, after they have defined `fail`:
# `need` notes what is missing, and `install_packages` installs what was noted.

# Debian keeps some programs where only root looks.
PATH=$PATH:/usr/sbin:/sbin

packages=()

need() { # PROGRAM PACKAGE…
    command -v "$1" >/dev/null || packages+=("${@:2}")
}

# For what no program shows. Where dpkg does not know, the build or the tests will tell.
need_package() { # PACKAGE…
    local package
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            packages+=("$package")
    done
}

as_root() { # COMMAND…
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "ask an administrator to run: $*"
    fi
}

apt_install() { # ARGUMENT…
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends install "$@"
}

install_packages() {
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null || fail "this is neither Debian nor Ubuntu; install what these packages hold: ${packages[*]}"
    echo "  installing with apt-get: ${packages[*]}"
    # The lists may be absent or older than the archive; only then are they fetched.
    if ! apt_install "${packages[@]}" >/dev/null 2>&1; then
        as_root apt-get --quiet --quiet update || fail "apt-get update failed; check the network and /etc/apt"
        # A qemu-utils from backports keeps the release's own qemu out; then it is taken back.
        apt_install "${packages[@]}" >/dev/null ||
            { command -v qemu-img && apt_install --allow-downgrades "${packages[@]}" "qemu-utils/$(release)"; } >/dev/null ||
            fail "apt-get could not install: ${packages[*]}"
    fi
    packages=()
}

release() {
    sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}
