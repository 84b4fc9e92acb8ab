# Makes affectd@.service of affectd.service: one service for each of several cameras on a board.
1,2c\
# One of several cameras on a board: affectd@door.service reads /etc/affectd/door.toml, whose device.id must differ from\
# the others'. Made from affectd.service by template.sed; change that one and run scripts/units.sh --write.
s|^Description=.*|Description=affectd: affect events from the camera "%i", over MQTT|
s|/affectd\.toml|/%i.toml|
s,^\(State\|Cache\)Directory=affectd$,&/%i,
