# What the steps inside the board share. A step ends with 0 when all of it was seen, and says what was not.

readonly device=image-test user=tester password='Sesam öffne dich #1'
readonly media=/run/media

fail() {
    echo "not seen: $*"
    echo "health: $(messages 5 1 health)"
    journalctl --boot --unit affectd.service --lines 8 --output cat --no-pager
    exit 1
}

must() { # WHAT COMMAND…
    local what=$1
    shift
    "$@" || fail "$what"
    echo "seen: $what"
}

# within SECONDS WHAT COMMAND…: until COMMAND succeeds.
within() {
    local seconds=$1 what=$2 end=$((SECONDS + $1)) begin=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "$what, within $seconds s"
        sleep 1
    done
    echo "seen: $what ($((SECONDS - begin)) s)"
}

# Prints the next COUNT messages of TOPIC, retained ones included.
messages() { # SECONDS COUNT TOPIC
    mosquitto_sub -h 127.0.0.1 -u "$user" -P "$password" -W "$1" -C "$2" -t "affect/$device/$3"
}

status_is() { # WORD
    [[ $(messages 5 1 status) == "$1" ]]
}

# A stage's health: ok, degraded or failed.
health_is() { # STAGE WORD…
    local stage=$1 word
    shift
    local health
    health=$(messages 5 1 health) || return
    for word; do
        grep -qE "\"$stage\": *\{ *\"state\": *\"$word\"" <<<"$health" && return
    done
    return 1
}

property() { # NAME
    systemctl show --property "$1" --value affectd.service
}

is_up() {
    systemctl --quiet is-active affectd.service && status_is online
}
