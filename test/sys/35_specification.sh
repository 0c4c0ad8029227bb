# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 35. The specification (test/spec) asked in the image of DEBUG=1, by its debug key, while guests with disks, networks and a UART are made,
#     work, attack, are rebooted and destroyed: it holds each time. docs/fuzzing.md
# needs: smp=2 mem=1536 vcpus=2 debug own timeout=200
. /test/lib.sh

asked=0
holds() { # domains
    asked=$((asked + 1))
    xl dmesg -c >/tmp/dmesg
    try xl debug-keys S
    xl dmesg >/tmp/dmesg
    grep -q "specification: $1 domains, [0-9]* pages, holds" /tmp/dmesg || fail "of $1 domains: $(grep "specification:" /tmp/dmesg)"
}

presses() { # until /tmp/asking is gone
    while [ -e /tmp/asking ]; do
        xl debug-keys S || echo "not asked" >/tmp/asking
        echo >>/tmp/asked
        usleep 400000
    done
}

during() { # command...: two press the key all the while, now and then at once
    touch /tmp/asking
    presses &
    one=$!
    presses &
    other=$!
    "$@"
    [ ! -s /tmp/asking ] || fail "the key"
    rm -f /tmp/asking
    wait $one $other
}

bridge_up xenbr0 192.168.77.1/24
truncate -s 32M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
guest l1 "vcpus = 2" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" "vuart = 'sbsa_uart'" "on_reboot = 'restart'" <<'END'
until_true test -b /dev/xvda
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
echo "@@UP" | tee /dev/ttyAMA0
while :; do
    dd if=/dev/urandom of=/dev/xvda bs=64k count=8 conv=fsync 2>/dev/null
    echo "many words, over and over, so that the ring is full now and then" >/dev/ttyAMA0
    ping -c 5 -i 0.2 192.168.77.1 >/dev/null
done &
END
bare attack "kernel = '/boot/attack.img'" "memory = 64" "vcpus = 5" "on_poweroff = 'preserve'" \
    "extra = 'gic=$(option kanso.gic) seed=$(option kanso.seed) seconds=1'"

step "dom0 alone"
holds 1
step "a Linux guest is made"
made() {
    try xl create -q /tmp/l1.cfg
    guest_says l1 "@@UP"
}
during made
holds 2
step "an attack"
attacked() {
    try xl create -q /tmp/attack.cfg
    guest_says attack "@@BARE" 60
    sleep 5
}
during attacked
holds 3
step "a reboot, and the end of the attacker at its height"
rebooted() {
    try xl reboot l1
    try xl destroy attack
    gone attack
    guest_says l1 "@@UP" 600 2
}
during rebooted
holds 2
step "an end"
ended() {
    try xl destroy l1
    gone l1
}
during ended
holds 1
step "asked $asked times, and $(wc -l </tmp/asked) times meanwhile"
pass
