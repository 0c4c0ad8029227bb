# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 18. xl sched-credit2: a guest that never sleeps gets its cap, the whole machine without one, and its weight's part
# needs: smp=2 vcpus=2 timeout=300 once
. /test/lib.sh

seconds=3

cpu_time() { # domain: tenths of a second that it ran, and dom0's clock in hundredths
    echo "$(xl list "$1" | awk 'NR == 2 { print $6 * 10 }') $(cut -d' ' -f1 /proc/uptime | tr -d .)"
}

used() { # domain: percent of one CPU over some seconds
    before=$(cpu_time "$1")
    sleep $seconds
    after=$(cpu_time "$1")
    echo "$before $after" | awk '{ printf "%d", ($3 - $1) * 1000 / ($4 - $2) }'
}

between() { # least, number, most
    [ "$1" -le "$2" ] && [ "$2" -le "$3" ]
}

# Not more than its cap but for 3 % and the tenth that xl list rounds away at each end. How much less depends on how late
# the emulator's timers are; the unit tests hold it to 3 % in virtual time.
capped() { # domain, percent
    try xl sched-credit2 -d "$1" -c "$2"
    same "the cap of $1" "$2" "$(xl sched-credit2 -d "$1" | awk -v n="$1" '$1 == n { print $4 }')"
    percent=$(used "$1")
    slack=$(($2 * 3 / 100 + 20 / seconds + 1))
    echo "$1 with cap $2 used $percent %"
    between $(($2 / 3)) "$percent" $(($2 + slack)) || fail "cap $2, but $1 used $percent %"
}

for g in c1 c2; do
    guest $g "vcpus = 2" <<'END'
for i in 1 2; do
    while :; do :; done &
done
echo "@@SPINS"
wait
END
done

step "alone"
try xl create /tmp/c1.cfg
guest_says c1 "@@SPINS"
for cap in 25 150; do
    capped c1 $cap
done
xl sched-credit2 -d c1 -c 201 2>/dev/null && fail "a cap of 201 percent for two vCPUs was taken"

step "no cap"
try xl sched-credit2 -d c1 -c 0
percent=$(used c1)
echo "c1 without a cap used $percent %"
[ "$percent" -ge 70 ] || fail "without a cap c1 used $percent %"

step "a cap beside another, and across pause and pin"
try xl create /tmp/c2.cfg
guest_says c2 "@@SPINS"
capped c1 30
try xl vcpu-pin c1 all 1
capped c1 30
try xl pause c1
try xl sched-credit2 -d c1 -c 40
try xl unpause c1
try xl vcpu-pin c1 all all
capped c1 40
try xl sched-credit2 -d c1 -c 0 -w 512
same "the weight of c1" 512 "$(xl sched-credit2 -d c1 | awk '$1 == "c1" { print $3 }')"
before=$(xl list | awk '$1 == "c1" { a = $6 } $1 == "c2" { print a, $6 }')
sleep $seconds
after=$(xl list | awk '$1 == "c1" { a = $6 } $1 == "c2" { print a, $6 }')
ratio=$(echo "$before $after" | awk '{ printf "%d", 100 * ($3 - $1) / ($4 - $2) }')
echo "c1 with twice the weight of c2 used $ratio % of what c2 used"
between 150 "$ratio" 260 || fail "c1 has twice the weight of c2 and used $ratio % of what c2 used"

step "destroyed while it waits for its budget"
try xl sched-credit2 -d c1 -c 1
try xl destroy c1
try xl destroy c2
gone c1 c2
pass
