# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What `make run` shows: a Linux guest with a disk and a network, its console, and the list of domains
bridge_up xenbr0 192.168.77.1/24
truncate -s 64M /tmp/disk.raw
echo "written by dom0" | dd of=/tmp/disk.raw conv=notrunc 2>/dev/null
losetup /dev/loop0 /tmp/disk.raw
guest hello "vcpus = 2" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" <<'END'
until_true test -b /dev/xvda
echo "the disk's first line: $(head -n 1 /dev/xvda)"
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 192.168.77.1
ping -c 2 192.168.77.1
uname -a
END
step "xl create hello"
xl create /tmp/hello.cfg || fail "xl create"
guest_says hello @@GUEST-DONE
echo "--- the guest's console"
cat $logs/guest-hello.log
echo "--- $(readlink -f "$(command -v xl)") list"
xl list
pass
