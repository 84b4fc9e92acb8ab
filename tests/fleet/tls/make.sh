#!/bin/sh
# Makes the certificates of the fleet's tests anew: an authority, two brokers that are called "localhost", the client
# certificates of a site's broker and of who stores events. The keys protect nothing: they are here so that tests
# need no tool to make them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)

ec_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

ec_key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -days 36500 -subj '/CN=affectd fleet test authority' -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
# certificate FILE COMMON-NAME EXTENSIONS
certificate() {
    ec_key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$work/$1.csr"
    printf '%s\n' "$3" > "$work/$1.extensions"
    openssl x509 -req -in "$work/$1.csr" -CA ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" \
        -days 36500 -extfile "$work/$1.extensions" -out "$1.pem"
}
server='subjectAltName=DNS:localhost
extendedKeyUsage=serverAuth'
certificate central localhost "$server"
certificate site localhost "$server"
certificate site-client site-3 extendedKeyUsage=clientAuth
certificate event-store event-store extendedKeyUsage=clientAuth
rm -r "$work"
