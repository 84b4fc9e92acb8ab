#!/bin/sh
# Makes the certificates of the tests anew, for a hundred years: an authority, a broker that is called "localhost" and
# nothing else, a device "kiosk-7", what was theirs until 2021, and a stranger's authority with a certificate for the
# same device; another authority, with another broker called "localhost" and what was its until 2021. The keys protect
# nothing: they are here so that tests need no tool to make them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ec_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# authority NAME SUBJECT
authority() {
    ec_key "$work/$1.key"
    openssl req -x509 -new -key "$work/$1.key" -days 36500 -subj "/CN=$2" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

# signed NAME KEY SUBJECT AUTHORITY EXTENSIONS [FROM TO]
signed() {
    openssl req -new -key "$2" -subj "/CN=$3" -out "$work/request"
    printf '%b' "[extensions]\n$5\n[ca]\ndefault_ca=any\n[any]\ndatabase=$work/index\nrand_serial=yes\nnew_certs_dir=$work\n\
unique_subject=no\ndefault_md=sha256\npolicy=names\n[names]\ncommonName=supplied\n" > "$work/config"
    : > "$work/index"
    openssl ca -batch -notext -config "$work/config" -extensions extensions -cert "$4.pem" -keyfile "$work/$4.key" \
        -in "$work/request" -out "$1" -startdate "${6:-20250101000000Z}" -enddate "${7:-21250101000000Z}"
}

authority ca 'affectd test authority'
authority stranger 'affectd test stranger'
authority elsewhere-ca 'affectd test authority elsewhere'
ec_key server.key
ec_key client.key
broker='subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth'
device='extendedKeyUsage=clientAuth'
past='20200101000000Z 20210101000000Z'
signed server.pem server.key localhost ca "$broker"
# shellcheck disable=SC2086
signed expired.pem server.key localhost ca "$broker" $past
signed elsewhere.pem server.key localhost elsewhere-ca "$broker"
# shellcheck disable=SC2086
signed elsewhere-expired.pem server.key localhost elsewhere-ca "$broker" $past
signed client.pem client.key kiosk-7 ca "$device"
# shellcheck disable=SC2086
signed client-expired.pem client.key kiosk-7 ca "$device" $past
signed client-stranger.pem client.key kiosk-7 stranger "$device"

# The fingerprints of public keys, as docs/broker.md says to compute them.
for name in ca server; do
    openssl x509 -in "$name.pem" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d ' ' -f 1 \
        > "$name.sha256"
done
