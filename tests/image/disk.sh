# The boot partition of a disk image, as an engineer's computer sees it: read and written without mounting. Sourced by
# test.sh.

readonly boot_offset=1M

drop_file() { # DISK NAME: from standard input
    mcopy -o -i "$1@@$boot_offset" - "::/$2"
}

read_file() { # DISK NAME
    mtype -i "$1@@$boot_offset" "::/$2" 2>/dev/null | tr -d '\r'
}

has_file() { # DISK NAME
    mdir -b -i "$1@@$boot_offset" "::/$2" >/dev/null 2>&1
}

# The test's root shell, on the second console of its copy of the image. Emulation on a busy machine is slower than what
# systemd takes for a failure.
open_shell() { # DISK
    local entry options='systemd.debug_shell=hvc0 systemd.mask=serial-getty@hvc0.service'
    options+=' systemd.default_timeout_start_sec=600'
    entry=$(read_file "$1" loader/entries/affectd.conf)
    sed 's/^options .*/& '"$options"/ <<<"$entry" |
        drop_file "$1" loader/entries/affectd.conf
}

# Are both file systems whole, after power cuts and a clean end?
check_disk() { # DISK
    local code=0 root_offset=$(((1 + boot_size) * 1024 * 1024))
    e2fsck -fn "$1?offset=$root_offset" >"$work/fsck" 2>&1 || code=1
    dd if="$1" of="$work/fat" bs=1M skip=1 count="$boot_size" status=none
    fsck.vfat -n "$work/fat" >>"$work/fsck" 2>&1 || code=1
    ((code == 0)) || sed 's/^/    /' "$work/fsck"
    return "$code"
}
