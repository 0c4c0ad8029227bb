# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 10. Each hypercall of scenario 2 is answered as Xen 4.17 answers it (calls-xen-4.17.txt, made by RECORD=1 XEN=debian),
#     or docs/compatibility.md says why
# needs: dom0=1024 calls timeout=400
. /test/lib.sh

bridge_up xenbr0 192.168.77.1/24
truncate -s 32M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
guest l1 "vcpus = 2" "memory = 256" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" \
    "extra = 'console=hvc0 rdinit=/init loglevel=4 nokaslr'" <<'END'
until_true test -b /dev/xvda
dd if=/dev/zero of=/dev/xvda bs=64k count=64 conv=fsync 2>/dev/null
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
END
step "xl create, list, info, destroy under the recorder"
try xl create /tmp/l1.cfg
guest_says l1 @@GUEST-DONE
try xl list
try xl list -l
try xl info
try xl info -n
try xl vcpu-list
try xl dmesg
try xl destroy l1
gone l1
sort -u /tmp/calls | sed 's/^/@@CALL /'
pass
