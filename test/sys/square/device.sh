# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The square: disks and networks, at the start and while it runs
# needs: smp=2 dom0=1024 vcpus=2 timeout=900
. /test/rows.sh

bridge_up xenbr0 192.168.77.1/24
for n in 0 1 2; do
    truncate -s 16M "/tmp/disk$n.raw"
    echo "HEADER-$n" | dd of="/tmp/disk$n.raw" conv=notrunc 2>/dev/null
done
losetup /dev/loop0 /tmp/disk0.raw
losetup /dev/loop1 /tmp/disk1.raw

script() {
    cat <<'SCRIPT'
until_true test -b /dev/xvda
echo "@@DISK $(head -n 1 /dev/xvda)"
echo "DOMU-WROTE" | dd of=/dev/xvda bs=512 seek=8 conv=notrunc,fsync 2>/dev/null
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
echo "@@READY"
while read -r line; do
    case $line in
        disk) until_true test -b /dev/xvdb; echo "@@SECOND $(head -n 1 /dev/xvdb)" ;;
        nodisk) until_true test ! -b /dev/xvdb; echo "@@NOSECOND" ;;
        net) until_true test -d /sys/class/net/eth1; echo "@@NET $(cat /sys/class/net/eth1/address)" ;;
        nonet) until_true test ! -d /sys/class/net/eth1; echo "@@NONET" ;;
        cdrom*) echo "@@TOLD $line" ;;
    esac
done
SCRIPT
}

start() {
    script | guest d1 "memory = 192" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']"
    try xl create /tmp/d1.cfg
    guest_says d1 "@@READY"
}

disk() {
    guest_says d1 "@@DISK HEADER-0" 10
    same "what the guest wrote" DOMU-WROTE "$(dd if=/tmp/disk0.raw bs=512 skip=8 count=1 2>/dev/null | head -n 1)"
    same "lines of block-list" 2 "$(xl block-list d1 | wc -l)"
}

network() {
    try ping -c 3 -i 0.2 192.168.77.2
    xl network-list d1 >/tmp/nets || fail "xl network-list"
    grep -q "00:16:3e:00:00:01" /tmp/nets || fail "$(cat /tmp/nets)"
}

block_attach() {
    try xl block-attach d1 phy:/dev/loop1 xvdb r
    guest_told d1 disk
    guest_says d1 "@@SECOND HEADER-1"
    same "lines of block-list" 3 "$(xl block-list d1 | wc -l)"
}

block_detach() {
    try xl block-detach d1 xvdb
    guest_told d1 nodisk
    guest_says d1 "@@NOSECOND"
    same "lines of block-list" 2 "$(xl block-list d1 | wc -l)"
}

network_attach() {
    try xl network-attach d1 mac=00:16:3e:00:00:02 bridge=xenbr0
    guest_told d1 net
    guest_says d1 "@@NET 00:16:3e:00:00:02"
    same "lines of network-list" 3 "$(xl network-list d1 | wc -l)"
}

network_detach() {
    try xl network-detach d1 00:16:3e:00:00:02
    guest_told d1 nonet
    guest_says d1 "@@NONET"
}

sharing() {
    guest d2 "disk = ['phy:/dev/loop0,xvda,w']" </dev/null
    if timeout 100 xl create /tmp/d2.cfg >/tmp/try.log 2>&1; then
        xl destroy d2
        fail "a second writer of /dev/loop0 was let in"
    fi
    cat /tmp/try.log
    xl domid d2 >/dev/null 2>&1 && fail "the refused guest is left behind"
    same "lines of block-list" 2 "$(xl block-list d1 | wc -l)"
}

image_file() {
    guest d3 "memory = 128" "disk = ['/tmp/disk2.raw,raw,xvda,w']" <<'SCRIPT'
until_true test -b /dev/xvda
echo "@@DISK $(head -n 1 /dev/xvda)"
SCRIPT
    try xl create /tmp/d3.cfg
    guest_says d3 "@@DISK HEADER-2"
    try xl destroy d3
    gone d3
}

left_behind() {
    try xl destroy d1
    gone d1
    become "backends of disks" "" xenstore-list /local/domain/0/backend/vbd
    become "backends of networks" "" xenstore-list /local/domain/0/backend/vif
    same "ports of the bridge" "" "$(ls /sys/class/net/xenbr0/brif)"
    try losetup -d /dev/loop0
}

row start-with-devices start
row disk disk
row network network
row block-attach block_attach
row block-detach block_detach
row network-attach network_attach
row network-detach network_detach
row disk-sharing sharing
row disk-image-file image_file
row devices-left-behind left_behind
pass
