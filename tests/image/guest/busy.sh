#!/bin/bash
# Keeps the disk busy until the power goes: files that grow, are renamed and removed, and the journal.
mkdir -p /var/lib/busy
cd /var/lib/busy || exit
while :; do
    for number in 1 2 3 4 5; do
        dd if=/dev/urandom of=file.$number.new bs=64k count=8 status=none
        mv file.$number.new file.$number
    done
    logger -t busy "still writing"
    affectd check --config /etc/affectd/affectd.toml >check.txt 2>&1
    cp /etc/affectd/affectd.toml copy.toml
done
