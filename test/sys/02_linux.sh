# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 2. A Linux guest with a disk and a network: both read and write, both ping
# needs: smp=2 dom0=1024 vcpus=2
. /test/lib.sh

bridge_up xenbr0 192.168.77.1/24
truncate -s 32M /tmp/disk.raw
echo "DISK-HEADER-FROM-DOM0" | dd of=/tmp/disk.raw conv=notrunc 2>/dev/null
try losetup /dev/loop0 /tmp/disk.raw
guest l1 "vcpus = 2" "memory = 256" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']" <<'END'
dmesg | grep -q "0\.000000\] random: crng init done" && echo "@@GUEST-SEEDED"
until_true test -b /dev/xvda
echo "header: $(head -n 1 /dev/xvda)"
echo "DOMU-WROTE" | dd of=/dev/xvda bs=512 seek=8 conv=notrunc,fsync 2>/dev/null
dd if=/dev/xvda of=/dev/null bs=64k count=128 && echo "@@GUEST-DISK"
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
ping -c 5 -i 0.2 192.168.77.1 && echo "@@GUEST-PING"
END

step "xl create"
before=$(free_pages)
try xl -vv create /tmp/l1.cfg
step "wait for the guest's user space"
guest_says l1 "@@GUEST-USERSPACE"
guest_says l1 "@@GUEST-SEEDED" # by the tools' rng-seed, not after minutes
guest_says l1 "header: DISK-HEADER-FROM-DOM0"
guest_says l1 "@@GUEST-DISK"
same "what the guest wrote" DOMU-WROTE "$(dd if=/tmp/disk.raw bs=512 skip=8 count=1 2>/dev/null | head -n 1)"
guest_says l1 "@@GUEST-PING"
guest_says l1 "@@GUEST-DONE"
step "ping from dom0"
try ping -c 5 -i 0.2 192.168.77.2
xl list
same "vcpus of the guest" 2 "$(xl list l1 | awk 'NR == 2 { print $4 }')"
same "memory of the guest" 256 "$(xl list l1 | awk 'NR == 2 { print $3 }')"
with=$(free_pages)
echo "hypervisor memory of this guest: $((before - with - 256 * 256)) pages"

step "xl destroy"
try xl destroy l1
gone l1
pass
