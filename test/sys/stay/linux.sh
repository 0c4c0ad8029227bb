# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Lives of guests, each step of which the counter of 31_stay.py watches: a small one and one of 256 MiB, Debian's tools
# and ours, disk and network (grant copies and maps), reboot, dump, destroy
# needs: dom0=1024 tools apart timeout=600
. /test/lib.sh

life() { # whose tools
    step "$1: small guests"
    bare idle "kernel = '/boot/idle.img'"
    for end in 1 2 3; do
        try xl create -q /tmp/idle.cfg
        guest_says idle "@@BARE-DONE"
        [ $end != 2 ] || try xl vcpu-list
        try xl destroy idle
        gone idle
        rm -f $logs/guest-idle.log
    done
    step "$1: a Linux guest"
    try xl create -q /tmp/l1.cfg
    guest_says l1 "@@GUEST-UP"
    step "$1: reboot"
    try xl reboot l1
    guest_says l1 "@@GUEST-UP" 600 2
    try xl pause l1
    try xl unpause l1
    try xl list -l
    step "$1: destroy"
    try xl destroy l1
    gone l1
    rm -f $logs/guest-l1.log
}

bridge_up xenbr0 192.168.77.1/24
truncate -s 8M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
guest l1 "vcpus = 2" "memory = 256" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" "on_reboot = 'restart'" <<'END'
until_true test -b /dev/xvda
dd if=/dev/xvda of=/dev/null bs=64k count=32 2>/dev/null
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
echo "@@GUEST-UP"
while read -r line; do echo "told $line"; done
END
life "Debian's"
own_tools own
life ours
pass
