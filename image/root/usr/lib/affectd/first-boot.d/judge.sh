# Is what was read right? Whatever is wrong goes to `problems`; nothing is changed here. Sourced by first-boot.

readonly kept='(kept)' # stands for a secret that the device has already

judge_settings() {
    judge_device
    judge_broker
    judge_wifi
    judge_ssh
}

judge_device() {
    local zone=${setting[timezone]:-Etc/UTC}
    if ! [[ -v setting[device_id] ]]; then
        problem "device_id is missing; every device of a broker needs its own, such as device_id = kiosk-7"
        return
    fi
    [[ ${setting[device_id]} =~ ^[A-Za-z0-9_.-]{1,64}$ ]] ||
        problem "device_id must be 1 to 64 of the characters a-z A-Z 0-9 _ - ."
    [[ $(host_name) =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]] ||
        problem "hostname must be 1 to 63 of a-z 0-9 - and begin and end with a letter or digit"
    [[ $zone != *..* && $zone != /* && -f /usr/share/zoneinfo/$zone ]] ||
        problem "timezone is not one such as Europe/Berlin or Etc/UTC"
}

# The host's name: as it is given, or made of the device's.
host_name() {
    local name=${setting[device_id],,}
    name=${name//[^a-z0-9-]/-}
    echo "${setting[hostname]:-${name:0:63}}"
}

judge_broker() {
    local ca=${setting[broker_ca]:-}
    judge_kept broker_password "$password_file"
    if [[ -v setting[broker_password] && ! -v setting[broker_user] ]]; then
        problem "broker_password needs broker_user"
    fi
    if [[ -n $ca && $ca != "$kept" ]]; then
        [[ $ca != */* ]] && grep -q 'BEGIN CERTIFICATE' "$boot/$ca" 2>/dev/null ||
            problem "broker_ca must be the name of a file with certificates (PEM) beside $settings_name"
    fi
    judge_kept broker_ca "$ca_file"
}

judge_wifi() {
    local password=${setting[wifi_password]:-} name
    if ! [[ -v setting[wifi_ssid] ]]; then
        for name in wifi_password wifi_country; do
            if [[ -v setting[$name] ]]; then
                problem "$name needs wifi_ssid; without it Wi-Fi stays off"
            fi
        done
        return
    fi
    local LC_ALL=C
    ((${#setting[wifi_ssid]} <= 32)) || problem "wifi_ssid is longer than 32 bytes"
    [[ ${setting[wifi_country]:-} =~ ^[A-Z]{2}$ ]] ||
        problem "wifi_country is needed for Wi-Fi: two capital letters such as DE; it decides which channels are lawful"
    judge_kept wifi_password "$wifi_file"
    [[ -z $password || $password == "$kept" || $password =~ ^[[:print:]]{8,63}$ ]] ||
        problem "wifi_password must be 8 to 63 printable characters of ASCII"
}

judge_ssh() {
    [[ -v setting[ssh_key] ]] || return 0
    ssh-keygen -l -f - <<<"${setting[ssh_key]}" >/dev/null 2>&1 ||
        problem "ssh_key is not a public key: the one line of a file such as id_ed25519.pub"
}

judge_kept() { # NAME FILE
    if [[ ${setting[$1]:-} == "$kept" && ! -f $2 ]]; then
        problem "$1 is $kept, and this device has none yet"
    fi
}

# affectd's own judgement of the configuration that is made of the settings.
judge_configuration() { # FILE
    local said code=0
    said=$(timeout 120 affectd check --config "$1" 2>&1) || code=$?
    # 78: wrong. Anything else that is amiss, such as a camera that is not there yet, does not make the file wrong.
    ((code == 78)) || return 0
    problem "affectd does not accept what is made of the file:"
    while IFS= read -r line; do
        problem "    $line"
    done <<<"$said"
}
