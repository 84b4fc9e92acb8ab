# A board in emulation that the host talks to. Sourced by test.sh.
#
# The second console of the board is a root shell, which systemd opens when the kernel's command line asks for it: the
# test adds that to its own copy of the disk. The image itself holds nothing of the test.

guest_pid=
console=

# start_guest DISK LOG: returns at once.
start_guest() {
    local disk=$1
    console=$2
    rm -f "$work"/shell.{in,out}
    mkfifo "$work"/shell.{in,out}
    IMAGE_CACHE=$cache scripts/image/boot.sh "$disk" \
        -serial "file:$console" -monitor none -nic none \
        -chardev "pipe,id=shell,path=$work/shell" -device virtio-serial-pci -device virtconsole,chardev=shell \
        -drive "if=none,id=media,file=$work/media.img,format=raw,readonly=on" -device virtio-blk-pci,drive=media \
        </dev/null >"$work/qemu.log" 2>&1 &
    guest_pid=$!
    exec {to_guest}<>"$work/shell.in" {from_guest}<>"$work/shell.out"
}

# Waits until the root shell answers and the boot has settled, well or not.
await_shell() { # SECONDS
    local end=$((SECONDS + $1)) line
    while ((SECONDS < end)) && guest_lives; do
        # A plain shell that neither echoes nor prompts, so that what comes back is what commands print.
        printf '\nexec env PS1= PS2= sh -c "stty -echo -onlcr; echo shell-is-\\"here\\"; exec sh"\n' >&"$to_guest"
        while read -r -t 3 -u "$from_guest" line; do
            [[ $line != *shell-is-here* ]] && continue
            drain
            in_guest "$1" 'PS1=; until systemctl is-system-running --wait >/dev/null; [ "$(systemctl is-system-running)" != starting ]; do sleep 1; done
                mkdir -p /run/media && mount -o ro -L media /run/media'
            return
        done
    done
    echo "    the shell did not answer within $1 s; the console's last lines:"
    tail -n 20 "$console" | sed 's/^/    console: /'
    return 1
}

drain() {
    local line
    while read -r -t 1 -u "$from_guest" line; do :; done
}

guest_lives() {
    kill -0 "$guest_pid" 2>/dev/null
}

# in_guest SECONDS COMMAND: prints what COMMAND prints and returns its exit code; 124 when it takes longer.
in_guest() {
    local end=$((SECONDS + $1)) line mark=done-$RANDOM$RANDOM
    printf '( %s\n) </dev/null 2>&1; echo "%s"" $?"\n' "$2" "$mark" >&"$to_guest"
    while ((SECONDS < end)) && guest_lives; do
        read -r -t 2 -u "$from_guest" line || continue
        if [[ $line =~ $mark\ ([0-9]+) ]]; then
            return "${BASH_REMATCH[1]}"
        fi
        # What a terminal would have overwritten is left out.
        line=${line%$'\r'} line=${line##*$'\r'}
        [[ -z $line || $line == shell-is-here ]] || printf '    %s\n' "$line"
    done
    guest_lives || { echo "    the guest ended"; tail -n 5 "$work/qemu.log"; return 125; }
    echo "    no end within $1 s"
    return 124
}

await_console() { # SECONDS TEXT
    local end=$((SECONDS + $1))
    until grep -qF -- "$2" "$console" 2>/dev/null; do
        ((SECONDS < end)) && guest_lives || return 1
        sleep 0.2
    done
}

# The plug is pulled: what was not flushed to the disk is lost.
cut_power() {
    kill -KILL "$guest_pid" 2>/dev/null
    forget_guest
}

switch_off() { # SECONDS
    local end=$((SECONDS + $1))
    printf 'systemctl poweroff\n' >&"$to_guest"
    while guest_lives && ((SECONDS < end)); do
        sleep 1
    done
    local lives=0
    guest_lives && lives=1
    cut_power
    ((!lives))
}

forget_guest() {
    [[ -z $guest_pid ]] || wait "$guest_pid" 2>/dev/null
    guest_pid=
    if [[ -n ${to_guest:-} ]]; then
        exec {to_guest}>&- {from_guest}>&-
        to_guest=
    fi
}
