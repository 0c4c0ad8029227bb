# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 22. Our xl builds guests: bare and Linux, raw and packed kernels, GICv2 and v3; what each create costs
# needs: mem=2048 dom0=1024 timeout=300 tools
. /test/lib.sh
xl=/usr/lib/kanso/bin/xl

now() {
    sed -n 's/^now at \([0-9]*\).*/\1/p' /proc/timer_list
}

# With -icount shift=0 the clock counts instructions of the whole machine: 1 ns is one
costs() { # what, command...
    what=$1
    shift
    a=$(now)
    b=$(now)
    try "$@"
    c=$(now)
    echo "@@COST $what $(((c - b) - (b - a)))"
}

step "a bare guest"
bare idle "kernel = '/boot/idle.img'" "memory = 4"
for i in 1 2 3; do
    costs "bare create $i" $xl create -p /tmp/idle.cfg
    [ $i = 3 ] || { costs "bare destroy $i" $xl destroy idle; gone idle; }
done
try $xl unpause idle
$xl list
try $xl destroy idle

guest raw <<'END_GUEST'
echo "@@GUEST-RAW $(cat /proc/cmdline)"
cat /proc/interrupts | head -n 20
END_GUEST
step "a Linux guest"
costs "linux create" $xl create /tmp/raw.cfg
guest_says raw "@@GUEST-RAW console=hvc0"
guest_says raw "@@GUEST-DONE"
costs "linux destroy" $xl destroy raw

step "the same, packed by gzip"
gzip -1 -k -c /boot/vmlinuz >/tmp/vmlinuz.gz
guest packed "kernel = '/tmp/vmlinuz.gz'" <<'END_GUEST'
echo "@@GUEST-PACKED"
END_GUEST
costs "packed create" $xl create /tmp/packed.cfg
guest_says packed "@@GUEST-PACKED"
try $xl destroy packed
pass
