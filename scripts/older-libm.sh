#!/usr/bin/env bash
# Makes a maths library for 64-bit ARM to link against that has no newer symbols than boards have.
#
# tract's asinh calls hypot, which has a new version in glibc 2.35; the one before is still in every newer glibc. Linked
# against a library with the names and versions of an older one, and nothing in it, the program asks for that.
# Usage: older-libm.sh FOLDER NEWEST   (writes FOLDER/libm.so; -L FOLDER puts it before the real one)
set -euo pipefail

readonly folder=$1 newest=$2
if [[ $(uname -m) == aarch64 ]]; then
    readonly real=/usr/lib/aarch64-linux-gnu/libm.so.6 tools=
else
    readonly real=/usr/aarch64-linux-gnu/lib/libm.so.6 tools=aarch64-linux-gnu-
fi
mkdir -p "$folder"
path=$(realpath "$folder")

# Every function with its newest version that is not too new: `VERSION NAME`.
functions() {
    "${tools}objdump" --dynamic-syms "$real" |
        sed --regexp-extended --quiet 's/^.* D[FO] +\.(text|rodata)\s+[0-9a-f]+\s+\(?(GLIBC_[0-9.]+)\)?\s+(\S+)$/\2 \3/p; s/^.*i +DF? +\.text\s+[0-9a-f]+\s+\(?(GLIBC_[0-9.]+)\)?\s+(\S+)$/\1 \2/p' |
        while read -r version name; do
            if [[ $(printf '%s\n' "$version" "GLIBC_$newest" | sort --version-sort | tail -n 1) == "GLIBC_$newest" ]]; then
                echo "$version $name"
            fi
        done | sort --key=2,2 --key=1,1V | awk '{ newest[$2] = $1 } END { for (name in newest) print newest[name], name }' |
        sort
}

functions >"$path/functions"
[[ -s $path/functions ]] || {
    echo "older-libm: no functions could be read of $real" >&2
    exit 1
}
awk '{ print ".globl " $2 "\n.type " $2 ", %function\n" $2 ":" } END { print "ret" }' "$path/functions" >"$path/libm.s"
awk '$1 != version { if (version) print "};"; version = $1; print version " {" } { print "  " $2 ";" } END { print "};" }' \
    "$path/functions" >"$path/libm.map"
"${tools}gcc" -shared -nostdlib -Wl,-soname,libm.so.6 -Wl,--version-script="$path/libm.map" \
    -o "$path/libm.so" "$path/libm.s"
