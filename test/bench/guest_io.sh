# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# dom0's part of guest_io.py: a Linux guest boots, reads a disk and sends packets between marks of a plugin
# needs: mem=2048 dom0=1024 timeout=240
. /test/lib.sh
chmod +x /boot/mark-*.img

bridge_up xenbr0 192.168.77.1/24
truncate -s 64M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
guest io "memory = 256" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']" <<'END'
/bin/mark-21
until_true test -b /dev/xvda
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1

# between ID COMMAND...: marks before and after; the first time warms up
between() {
    id=$1
    shift
    "$@" >/dev/null 2>&1
    "/bin/mark-$id"
    "$@" >/dev/null 2>&1 || echo "@@GUEST-FAIL $*"
    "/bin/mark-$((id + 1))"
}
block() {
    dd if=/dev/xvda of=/dev/null iflag=direct "bs=$1" "count=$2"
}
port=7000
stream() { # each to a listener of its own
    port=$((port + 1))
    dd if=/dev/zero bs=65536 "count=$1" | nc 192.168.77.1 $port
}
between 30 block 4k 64
between 32 block 4k 576
between 34 block 1M 4
between 36 block 1M 36
between 38 ping -q -i 0.01 -s 1472 -c 16 192.168.77.1
between 40 ping -q -i 0.01 -s 1472 -c 144 192.168.77.1
between 42 stream 16
between 44 stream 144
END
for program in /boot/mark-*.img; do
    mkdir -p /tmp/io.d/bin
    cp "$program" "/tmp/io.d/bin/$(basename "$program" .img)"
done
(cd /tmp/io.d && find . | cpio -o -H newc) >>/tmp/io.cpio 2>/dev/null
mkfifo /tmp/silent # a listener without words of its own goes on listening
exec 9<>/tmp/silent
for port in 7001 7002 7003 7004; do
    nc -l -p "$port" <&9 >"/tmp/received-$port" &
done
before=$(free_pages)
try xl create -p /tmp/io.cfg
/boot/mark-20.img
try xl unpause io
guest_says io "@@GUEST-DONE"
echo "@@PAGES $((before - $(free_pages) - 256 * 256))"
same "what was received" $((65536 * 144)) "$(wc -c </tmp/received-7004)"
same "what failed" 0 "$(grep -c @@GUEST-FAIL "$logs/guest-io.log")"
pass
