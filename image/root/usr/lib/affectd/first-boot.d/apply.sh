# Puts judged settings in place. Each file is replaced whole, and doing it twice gives the same: after a power cut
# all of it is done again, since the engineer's file goes last. Sourced by first-boot.

toml_text() { # VALUE → a string of TOML
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

configuration() { # → affectd.toml
    echo "# Made at first boot from $settings_name on the boot partition AFFECTD. Change it there, or here and restart affectd."
    echo "# All keys: affectd.example.toml in the documentation, or affectd check."
    key device.id device_id
    key source.video camera
    key source.audio microphone
    key mqtt.url broker
    key mqtt.username broker_user
    if [[ -v setting[broker_ca] ]]; then
        echo "mqtt.ca_file = $(toml_text "$ca_file")"
    fi
    ((${#keys[@]} == 0)) || printf '%s\n' "${keys[@]}"
}

key() { # KEY NAME
    if [[ -v setting[$2] ]]; then
        echo "$1 = $(toml_text "${setting[$2]}")"
    fi
}

apply_settings() { # CANDIDATE: the configuration that affectd accepted
    apply_secrets && write_durably "$configuration_file" 644 <"$1" && apply_host && apply_wifi && apply_ssh
}

apply_secrets() {
    secret broker_password "$password_file" && certificates
}

secret() { # NAME FILE
    case ${setting[$1]:-} in
        "$kept") ;;
        '') remove_durably "$2" ;;
        *) write_durably "$2" 600 <<<"${setting[$1]}" ;;
    esac
}

certificates() {
    case ${setting[broker_ca]:-} in
        "$kept") ;;
        '') remove_durably "$ca_file" ;;
        *) write_durably "$ca_file" 644 <"$boot/${setting[broker_ca]}" ;;
    esac
}

apply_host() {
    local name zone=${setting[timezone]:-Etc/UTC}
    name=$(host_name)
    write_durably /etc/hostname 644 <<<"$name" &&
        write_durably /etc/hosts 644 <<<"127.0.0.1 localhost
127.0.1.1 $name
::1 localhost ip6-localhost ip6-loopback" &&
        echo "$name" >/proc/sys/kernel/hostname &&
        ln -sfT "/usr/share/zoneinfo/$zone" /etc/localtime.new && mv -T /etc/localtime.new /etc/localtime &&
        write_durably /etc/timezone 644 <<<"$zone"
}

apply_wifi() {
    local unit=wpa_supplicant@wlan0.service
    if ! [[ -v setting[wifi_ssid] ]]; then
        switch off "$unit" && remove_durably "$wifi_file"
    else
        wifi_configuration | write_durably "$wifi_file" 600 && switch on "$unit"
    fi
}

wifi_configuration() {
    local key
    case ${setting[wifi_password]:-} in
        '') key='key_mgmt=NONE' ;;
        "$kept") key=$(grep -E '^psk=' "$wifi_file") ;;
        *) key="psk=\"${setting[wifi_password]}\"" ;;
    esac
    # The name in hexadecimal, which takes any letter.
    printf 'country=%s\nnetwork={\nssid=%s\n%s\n}\n' "${setting[wifi_country]}" \
        "$(printf %s "${setting[wifi_ssid]}" | od -An -tx1 -v | tr -d ' \n')" "$key"
}

apply_ssh() {
    if ! [[ -v setting[ssh_key] ]]; then
        switch off ssh.service && remove_durably "$ssh_file"
    else
        ssh-keygen -A >/dev/null && write_durably "$ssh_file" 644 <<<"${setting[ssh_key]}" && switch on ssh.service
    fi
}

switch() { # on|off UNIT: now, and at every start
    if [[ $1 == on ]]; then
        systemctl --quiet enable "$2" && systemctl --no-block restart "$2"
    else
        systemctl --quiet disable "$2" && systemctl --no-block stop "$2"
    fi
}
