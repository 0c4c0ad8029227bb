# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 6. 100 lives of a small guest and 5 of a Linux guest with devices, some killed at random moments: nothing is left behind
# needs: timeout=900
. /test/lib.sh

small=100
large=5
seed=$(option kanso.seed)

# A generator of our own, so that a seed gives the same moments everywhere: the next number below $1 in $random
random=$((${seed:-1} * 7919 + 17))
draw() {
    random=$(((random * 1103515245 + 12345) % 2147483648))
    drawn=$((random / 65536 % $1))
}

life_of_small() { # how it ends
    case $1 in
        0) # killed while it is being made
            xl create -q /tmp/idle.cfg >/dev/null 2>&1 &
            draw 400
            usleep $((drawn * 1000))
            kill -9 $! 2>/dev/null
            wait $! 2>/dev/null
            ;;
        *) # destroyed at once, or a moment later
            try xl create -q /tmp/idle.cfg
            draw 3
            [ "$drawn" != 0 ] || guest_says idle "@@BARE-DONE"
            ;;
    esac
    for domain in $(xl list | awk 'NR > 2 { print $2 }'); do
        try xl destroy "$domain"
    done
    rm -f $logs/guest-idle.log
}

life_of_large() { # how it ends
    try xl create -q /tmp/l1.cfg
    case $1 in
        0)
            guest_says l1 "@@GUEST-USERSPACE"
            draw 1500
            usleep $((drawn * 1000))
            ;;
        *)
            guest_says l1 "@@GUEST-DONE"
            ;;
    esac
    try xl destroy l1
    gone l1
    rm -f $logs/guest-l1.log
}

bridge_up xenbr0 192.168.77.1/24
truncate -s 32M /tmp/disk.raw
try losetup /dev/loop0 /tmp/disk.raw
bare idle "kernel = '/boot/idle.img'" "memory = 4"
guest l1 "vcpus = 2" "disk = ['phy:/dev/loop0,xvda,w']" "vif = ['bridge=xenbr0']" <<'END'
until_true test -b /dev/xvda
dd if=/dev/urandom of=/dev/xvda bs=64k count=64 conv=fsync 2>/dev/null
until_true ip link set eth0 up
ip addr add 192.168.77.2/24 dev eth0
until_true ping -c 1 -W 1 192.168.77.1
ping -c 5 -i 0.1 192.168.77.1
END

step "one life of each, so that dom0 has what it keeps"
life_of_large 1
life_of_small 1
counts >/tmp/before
cat /tmp/before
i=0
while [ $i -lt $large ]; do
    draw 2
    step "Linux guest $i, ending $drawn"
    life_of_large "$drawn"
    i=$((i + 1))
done
settled || fail "after $large Linux guests: $(diff /tmp/before /tmp/after | tr '\n' ' ')"
i=0
while [ $i -lt $small ]; do
    draw 4
    [ $((i % 10)) != 0 ] || step "small guest $i"
    life_of_small "$drawn"
    i=$((i + 1))
done
settled || fail "after $small small guests: $(diff /tmp/before /tmp/after | tr '\n' ' ')"
cat /tmp/after
same "domains left" 2 "$(xl list | wc -l)"
pass
