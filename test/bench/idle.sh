# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# dom0's part of idle.py: Linux guests that have nothing to do, a minute between two marks
# needs: mem=4096 dom0=768 timeout=1800 tools
. /test/lib.sh
chmod +x /boot/mark-*.img

nr=$(option kanso.idle)
made=0
while [ "$made" -lt "$nr" ]; do
    made=$((made + 1))
    guest "l$made" "memory = 96" <<'END'
echo "@@IDLE"
while :; do
    sleep 1000000
done
END
    try xl create -q "/tmp/l$made.cfg"
    guest_says "l$made" "@@IDLE"
    rm "/tmp/l$made.cpio"
done
sleep 20
/boot/mark-10.img
sleep 60
/boot/mark-11.img
pass
