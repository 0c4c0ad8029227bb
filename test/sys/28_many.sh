# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 28. Many guests at once: each has its console, the daemons do nothing while they are idle, one small process waits for all.
#     Thirty of them; three hundred when this scenario is named. Then one guest with many devices
# needs: smp=2 vcpus=2 mem=4096 dom0=1536 timeout=200 whole=900 own once
. /test/lib.sh

ticks() { # pids: of processor time, and how often they were woken, summed
    for pid in "$@"; do
        sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $12 + $13 }'
    done | awk '{ n += $1 } END { print n }'
}

wakes() { # pids
    for pid in "$@"; do
        awk '/_ctxt_switches/ { print $2 }' "/proc/$pid/status"
    done | awk '{ n += $1 } END { print n }'
}

resident() { # pid: KiB, counted page by page
    awk '/^Rss/ { print $2 }' "/proc/$1/smaps_rollup"
}

running() { # program of ours: process numbers
    for p in /proc/[0-9]*; do
        [ "$(readlink "$p/exe")" != "/usr/lib/kanso/bin/$1" ] || echo "${p#/proc/}"
    done
}

n=30
[ -z "$(option kanso.whole)" ] || n=300
store=$(cat /run/xenstored.pid)
consoles=$(cat /run/xenconsoled.pid)
store_before=$(resident "$store")
consoles_before=$(resident "$consoles")
same "supervisors before there are guests" "" "$(running xl)"
pages=$(free_pages)

step "$n guests"
begun=$(cut -d' ' -f1 /proc/uptime)
i=0
while [ $i -lt "$n" ]; do
    i=$((i + 1))
    bare "g$i" "kernel = '/boot/idle.img'" "memory = 4"
    try xl create -q "/tmp/g$i.cfg"
done
echo "@@COST seconds to create $n guests: $(cut -d' ' -f1 /proc/uptime | awk -v b="$begun" '{ print $1 - b }')"

step "each has its console"
i=0
while [ $i -lt "$n" ]; do
    i=$((i + 1))
    guest_says "g$i" "@@BARE-DONE idle"
done

step "xl list knows them"
xl list | awk 'NR > 2 { print $1 }' | sort >/tmp/found
seq "$n" | sed 's/^/g/' | sort | cmp -s - /tmp/found || fail "xl list: $(cat /tmp/found)"
same "guests that wait for nothing" "$n" "$(xl list | awk 'NR > 2 && $5 == "-b----"' | wc -l)"

step "their cost"
supervisor=$(running xl)
same "processes that wait for $n guests" 1 "$(echo $supervisor | wc -w)"
kib=$(resident $supervisor)
echo "@@COST KiB resident: supervisor $kib ($((kib / n)) a guest), xenstored $store_before to $(resident "$store")," \
    "xenconsoled $consoles_before to $(resident "$consoles")"
[ $((kib / n)) -le 200 ] || fail "a supervisor of $kib KiB for $n guests"

step "ten seconds in which nothing happens"
# shellcheck disable=SC2086
set -- "$store" "$consoles" $supervisor
used=$(ticks "$@")
woken=$(wakes "$@")
sleep 10
used=$(($(ticks "$@") - used))
woken=$(($(wakes "$@") - woken))
echo "@@COST ticks of xenstored, xenconsoled and the supervisor with $n idle guests: $used in 10 s, woken $woken times"
same "ticks" 0 "$used"
[ "$woken" -le 2 ] || fail "the daemons were woken $woken times for nothing"

step "one guest of many devices"
bridge_up xenbr0 192.168.9.1/24
disks=
vifs=
for i in 1 2 3 4 5 6 7 8; do
    truncate -s 1M "/tmp/disk$i"
    disks="$disks'/tmp/disk$i,raw,d$i,r', "
    vifs="$vifs'bridge=xenbr0', "
done
bare many "kernel = '/boot/idle.img'" "disk = [$disks]" "vif = [$vifs]" "channel = ['name=c,connection=pty']"
try xl create -q -p /tmp/many.cfg
same "disks and interfaces" "9 9" "$(xl block-list many | wc -l) $(xl network-list many | wc -l)"
try xl destroy many
same "loop devices" "" "$(losetup -a)"

step "all go"
xl list | awk 'NR > 2 { print $1 }' | xargs -n 1 xl destroy || fail "xl destroy"
same "guests" 2 "$(xl list | wc -l)"
after=$(free_pages)
[ $((pages - after)) -lt 64 ] || fail "free pages: $pages before, $after after"
pass
