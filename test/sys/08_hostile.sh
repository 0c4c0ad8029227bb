# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 8. Bare-metal guests do what is forbidden: each gets its exception or error, and a trap changes no register but the one it answers
#    in; host and neighbour go on
# needs: smp=2 mem=3072 timeout=240
. /test/lib.sh

step "a neighbour"
guest neighbour <<'END'
while :; do
    echo "tick $(cut -d' ' -f1 /proc/uptime)"
    usleep 100000
done
END
try xl create /tmp/neighbour.cfg
guest_says neighbour tick 600 5

bad=0
for claim in forbidden unmapped hypercalls registers populate; do
    step "$claim"
    case $claim in
        populate) bare $claim "kernel = '/boot/$claim.img'" "memory = 1048" ;;
        *) bare $claim "kernel = '/boot/$claim.img'" "cpus = '1'" ;;
    esac
    try xl create /tmp/$claim.cfg
    guest_says $claim "@@BARE-DONE $claim"
    grep -q "@@BARE-DONE $claim: .* bad 0x0" $logs/guest-$claim.log || bad=$((bad + 1))
    sed 's/@@BARE/BARE/' $logs/guest-$claim.log
    guest_says neighbour tick 600 $(($(grep -c tick $logs/guest-neighbour.log) + 5))
    if [ $claim = registers ]; then # it goes on, and is most likely in a trap when it is paused
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
            try xl pause $claim
            try xl unpause $claim
        done
        guest_says neighbour tick 600 $(($(grep -c tick $logs/guest-neighbour.log) + 5))
        grep -q "@@BARE-FAIL" $logs/guest-$claim.log && bad=$((bad + 1))
    fi
    try xl destroy $claim
    gone $claim
done
same "claims that failed" 0 $bad
same "domains left" 3 "$(xl list | wc -l)"
pass
