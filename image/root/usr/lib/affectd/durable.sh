# Writing that a power cut cannot halve. Sourced by the scripts of the image.

# write_durably FILE MODE: takes the content from standard input. Whoever reads FILE, now or after a power cut,
# finds the former content or the new one, never a part.
write_durably() {
    local file=$1 mode=$2 new
    new=$(mktemp "$file.new.XXXXXX") || return
    if cat >"$new" && chmod "$mode" "$new" && sync "$new" && mv -T "$new" "$file"; then
        sync "$(dirname "$file")"
    else
        rm -f "$new"
        return 1
    fi
}

# remove_durably FILE…: those that are there are gone, and stay so.
remove_durably() {
    local file
    for file; do
        [[ -e $file || -L $file ]] || continue
        rm -f "$file" && sync "$(dirname "$file")" || return
    done
}
