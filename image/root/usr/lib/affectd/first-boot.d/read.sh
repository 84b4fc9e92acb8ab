# Reads the engineer's file: lines NAME = VALUE. Sourced by first-boot.
#
# Gives `setting` (name → value) and `keys` (lines for affectd.toml, taken as they are). What is wrong goes to
# `problems`, by line number. Values are never repeated there: one may be a password on the wrong line.

readonly names='device_id hostname timezone camera microphone broker broker_user broker_password broker_ca
    wifi_ssid wifi_password wifi_country ssh_key'
declare -A setting=()
keys=()
problems=()

problem() {
    problems+=("$*")
}

is_known() { # NAME
    local name
    for name in $names; do
        [[ $name == "$1" ]] && return
    done
    return 1
}

# Editors of other systems may save two bytes a letter.
is_utf8() { # FILE
    [[ $(head -c 2 "$1" | od -An -tx1 | tr -d ' \n') != @(fffe|feff) ]] && iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1
}

read_settings() { # FILE
    local line number=0 name value
    if ! is_utf8 "$1"; then
        problem "the file is not in UTF-8; save it again and choose UTF-8 as its encoding"
        return
    fi
    while IFS= read -r line || [[ -n $line ]]; do
        number=$((number + 1))
        line=${line#$'\xef\xbb\xbf'} line=${line%$'\r'}
        [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
        if ! [[ $line =~ ^[[:space:]]*([A-Za-z0-9_.]+)[[:space:]]*=[[:space:]]*(.*)$ ]]; then
            problem "line $number is not NAME = VALUE (a comment begins with #)"
            continue
        fi
        name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
        value=${value%"${value##*[![:space:]]}"}
        if [[ $name == *.* ]]; then
            keys+=("$name = $value")
        else
            take_setting "$number" "$name" "$value"
        fi
    done <"$1"
}

take_setting() { # LINE NAME VALUE
    local number=$1 name=$2 value=$3
    [[ $value == \"*\" && ${#value} -ge 2 ]] && value=${value:1:-1}
    if ! is_known "$name"; then
        problem "line $number: \"$name\" is none of: ${names//+([[:space:]])/ }"
    elif [[ -v setting[$name] ]]; then
        problem "line $number: $name is there twice"
    elif [[ -z $value ]]; then
        problem "line $number: $name has no value; put # before the line to leave it out"
    elif [[ $value == *[[:cntrl:]]* ]]; then
        problem "line $number: $name holds a letter that cannot be printed"
    else
        setting[$name]=$value
    fi
}
