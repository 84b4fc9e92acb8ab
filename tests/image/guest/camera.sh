#!/bin/bash
# A camera by the kernel's driver `vivid`: it comes, is unplugged and comes again while affectd runs.
. "$(dirname "$0")/lib.sh"
driver=/sys/bus/platform/drivers/vivid

process=$(property MainPID)
must "the camera's driver is loaded" modprobe vivid n_devs=1 node_types=0x1 input_types=0x00 num_inputs=1
within 10 "the camera is there" test -c /dev/video0
within 90 "health says that the camera is ok" health_is camera ok
must "frames are read: the scene is told" messages 60 2 scene/state
echo vivid.0 >$driver/unbind
within 60 "unplugged, health says so" health_is camera degraded failed
must "the device is still online" status_is online
echo vivid.0 >$driver/bind
within 90 "plugged in again, health says ok" health_is camera ok
must "frames are read again" messages 60 2 scene/state
must "it was the same process all the while" test "$(property MainPID)" = "$process"
echo vivid.0 >$driver/unbind
modprobe -r vivid
