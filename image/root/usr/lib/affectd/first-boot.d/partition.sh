# What is done on the boot partition: it holds the kernel, so it is writable only for the moments of a report.
# Sourced by first-boot and first-boot-status.

readonly settings_name=affectd.txt
readonly applied_name=affectd-applied.txt
readonly report_name=FIRSTBOOT-REPORT.txt

open_partition() {
    mount -o remount,rw "$boot"
}

close_partition() {
    sync -f "$boot"
    mount -o remount,ro "$boot" || true
}

# A FAT has no journal and no whole renames: what counts is written and flushed before anything is taken away.
write_report() { # text from standard input
    local text
    text=$(cat)
    echo "$text"
    # Line ends for the editors of every system.
    sed 's/$/\r/' <<<"$text" >"$boot/$report_name" && sync "$boot/$report_name"
}

# The file without its secrets takes the place of the file with them. Its own clusters are overwritten, too; what a
# flash memory keeps of them in spare blocks is out of reach.
retire_settings() {
    local file=$boot/$settings_name
    LC_ALL=C sed -E "s/^((\xef\xbb\xbf)?[[:space:]]*(broker_password|wifi_password)[[:space:]]*=).*/\1 $kept\r/
        s/^((\xef\xbb\xbf)?[[:space:]]*broker_ca[[:space:]]*=).*/\1 $kept\r/" "$file" >"$boot/$applied_name" &&
        sync "$boot/$applied_name" &&
        dd if=/dev/zero of="$file" bs="$(stat -c %s "$file")" count=1 conv=notrunc,fsync status=none &&
        rm "$file" && sync -f "$boot"
}

# All zeros, or nothing at all: the last moment of retire_settings was cut off.
is_retired() { # FILE
    [[ -z $(tr -d '\0' <"$1" | head -c 1) ]]
}
