# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# dom0's part of create.py: creates between two marks, so that a plugin tells what they cost
# needs: mem=3072 dom0=1024 timeout=900 tools
. /test/lib.sh
chmod +x /boot/mark-*.img

# create_many FIRST NR: paused bare guests, quietly
create_many() {
    n=$1
    while [ "$n" -lt $(($1 + $2)) ]; do
        bare "g$n" "kernel = '/boot/idle.img'" "memory = 4"
        try xl create -p "/tmp/g$n.cfg"
        n=$((n + 1))
    done
}

# rested MARK COMMAND...: between, when the machine has rested: both hypervisors zero free memory while they idle
rested() {
    sleep 1
    between "$@"
}
between 10 true
create_many 1 1
bare g2 "kernel = '/boot/idle.img'" "memory = 4"
rested 12 xl create -p /tmp/g2.cfg
create_many 3 37
bare g40 "kernel = '/boot/idle.img'" "memory = 4"
rested 14 xl create -p /tmp/g40.cfg
dd if=/dev/urandom of=/tmp/ramdisk bs=1k count=1024 2>/dev/null
{
    echo "name = 'debian'"
    echo "kernel = '/boot/vmlinuz'"
    echo "ramdisk = '/tmp/ramdisk'"
    echo "memory = 256"
} >/tmp/debian.cfg
rested 16 xl create -p /tmp/debian.cfg

# requests ID COMMAND...: how many the store gets until everybody is quiet again
requests() {
    id=$1
    shift
    rm -f /tmp/trace
    try xenstore-control logfile /tmp/trace
    try xenstore-control log on
    try "$@"
    sleep 1
    try xenstore-control log off
    echo "@@REQUESTS $id $(grep -aE '^(d[0-9]|IN )' /tmp/trace | grep -vc CONTROL)"
}
try xl destroy debian
gone debian
bare g41 "kernel = '/boot/idle.img'" "memory = 4"
requests 14 xl create -p /tmp/g41.cfg
try xl destroy g2
gone g2
requests 12 xl create -p /tmp/g2.cfg
requests 16 xl create -p /tmp/debian.cfg
pass
