# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What xl's life of guests says to the store: the tape of test/store/record.c comes out as base64 on the console
# needs: smp=2 dom0=1024 vcpus=2 timeout=900 tools
. /test/lib.sh

mv /run/xenstored/socket /run/xenstored/real
/test/record /run/xenstored/socket /run/xenstored/real /tmp/tape &
await 10 /run/xenstored/socket
bridge_up xenbr0 192.168.77.1/24
truncate -s 32M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
bare idle "kernel = '/boot/idle.img'" "memory = 4"
guest l1 "vcpus = 2" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" <<'END'
until_true test -b /dev/xvda
until_true ip link set eth0 up
echo "@@UP"
until_true test -b /dev/xvdb && echo "@@MORE"
END
try xl create -q /tmp/idle.cfg
try xl create -q /tmp/l1.cfg
guest_says l1 "@@UP"
xl list
try xl rename idle lazy
try xl pause lazy
try xl unpause lazy
try xl vcpu-set l1 1
truncate -s 8M /tmp/more.raw
try losetup /dev/loop1 /tmp/more.raw
try xl network-attach l1 mac=00:16:3e:00:00:77 bridge=xenbr0
try xl block-attach l1 phy:/dev/loop1 xvdb w
guest_says l1 "@@MORE"
xl network-list l1
xl block-list l1
try xl block-detach l1 xvdb
try xl network-detach l1 1
try xl mem-set l1 96
try xl reboot l1
guest_says l1 "@@UP" 600 2
try xl destroy lazy
try xl destroy l1
gone l1
xenstore-ls -f >/dev/null
echo "@@TAPE"
gzip -9 </tmp/tape | base64 -w 100 | sed 's/^/@@64 /'
pass
