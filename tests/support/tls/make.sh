#!/bin/sh
# Makes the certificates of the tests anew: an authority, and a broker that is called "localhost" and nothing
# else. The keys protect nothing: they are here so that tests need no tool to make them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ec_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

ec_key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -days 36500 -subj '/CN=affectd test authority' -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
ec_key server.key
openssl req -new -key server.key -subj '/CN=localhost' -out "$work/server.csr"
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' > "$work/extensions"
openssl x509 -req -in "$work/server.csr" -CA ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" \
    -days 36500 -extfile "$work/extensions" -out server.pem
# Another authority, which signed nothing.
ec_key "$work/other.key"
openssl req -x509 -new -key "$work/other.key" -days 36500 -subj '/CN=affectd test stranger' -out stranger.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
# Another broker called "localhost": a certificate of an authority of its own, and one of the same that has expired.
ec_key "$work/elsewhere.key"
openssl req -x509 -new -key "$work/elsewhere.key" -days 36500 -subj '/CN=affectd test authority elsewhere' \
    -out elsewhere-ca.pem -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl req -new -key server.key -subj '/CN=localhost' -out "$work/elsewhere.csr"
for certificate in elsewhere:36500 elsewhere-expired:0; do
    openssl x509 -req -in "$work/elsewhere.csr" -CA elsewhere-ca.pem -CAkey "$work/elsewhere.key" -CAcreateserial \
        -CAserial "$work/elsewhere" -days "${certificate#*:}" -extfile "$work/extensions" -out "${certificate%:*}.pem"
done
