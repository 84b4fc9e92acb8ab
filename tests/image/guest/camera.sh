#!/bin/bash
# A camera by the kernel's driver `vivid`: it comes, is unplugged and comes again while affectd runs.
. "$(dirname "$0")/lib.sh"
driver=/sys/bus/platform/drivers/vivid

# Who reads it lets go of it within seconds of its being pulled.
unload() {
    echo vivid.0 >$driver/unbind 2>/dev/null
    timeout 60 sh -c 'until modprobe -r vivid 2>/dev/null; do sleep 1; done'
}
trap unload EXIT

delivers() {
    messages 5 1 health | grep -qE '"camera": *\{"state":"ok"[^}]*"fps": *([1-9]|0\.[0-9]*[1-9])'
}

process=$(property MainPID)
must "the camera's driver is loaded" modprobe vivid n_devs=1 node_types=0x1 input_types=0x00 num_inputs=1
within 10 "the camera is there" test -c /dev/video0
within 90 "health says that the camera is ok, and that frames come" delivers
echo vivid.0 >$driver/unbind
within 60 "unplugged, health says so" health_is camera degraded failed
must "the device is still online" status_is online
echo vivid.0 >$driver/bind
within 90 "plugged in again, health says ok, and that frames come" delivers
must "it was the same process all the while" test "$(property MainPID)" = "$process"
