# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 30. A guest attacks with all it has (test/guest/attack): host, dom0 and a neighbour go on, unharmed; it can be destroyed
#     at its height, and every page comes back. SEED=N chooses; `make soak T=SECONDS` goes on with new ones.
#     Each attack comes round once; the whole goes on for half a minute
# needs: smp=2 mem=2048 own timeout=200 whole=500
. /test/lib.sh

seconds=1
[ -z "$(option kanso.whole)" ] || seconds=30
seed=$(option kanso.seed)
gic=$(option kanso.gic)

answers() { # dom0's tools and store, while the attack runs
    xl list >/tmp/list || fail "xl list"
    same "lines of xl list" $((2 + $1)) "$(wc -l </tmp/list)"
    try xenstore-write /tool/attack "$answered"
    same "what the store keeps" "$answered" "$(xenstore-read /tool/attack)"
    answered=$((answered + 1))
}

seconds_up() {
    cut -d. -f1 /proc/uptime
}

progress() { # what the attack says of itself, between its garbage
    tr -c ' -~' '\n' <$logs/guest-attack.log | grep "^@@BARE" | sed 's/^@@//'
}

beats() { # wait for the canary's next lines
    guest_says canary "tick" 60 $(($(grep -c tick $logs/guest-canary.log) + $1))
}

heartbeat() { # how late the canary's worst wake-up was, and that it never stood still
    for late in $(grep -o "late 0x[0-9a-f]*" $logs/guest-canary.log | cut -d" " -f2); do
        [ $((late)) -lt 10000 ] || fail "the canary woke $((late)) ms late"
    done
    ticks=$(grep -c tick $logs/guest-canary.log)
    [ $((ticks * 4)) -ge $(($(seconds_up) - canary_began)) ] || fail "the canary's seconds: $ticks of $(($(seconds_up) - canary_began))"
}

dom0_unharmed() {
    same "what dom0 keeps in memory" "$kept" "$(sha256sum </tmp/kept)"
    ! dmesg | grep "BUG\|Oops\|Unable to handle\|Bad page" || fail "dom0's kernel"
}

unharmed() {
    ! grep -q "@@BARE-FAIL\|bad 0x[1-9a-f]" $logs/guest-canary.log || fail "the canary: $(grep "@@BARE-FAIL\|bad 0x[1-9a-f]" $logs/guest-canary.log | head -n 1)"
    xl dmesg >/tmp/dmesg
    ! grep -i "panic\|assert" /tmp/dmesg || fail "the hypervisor's log"
    heartbeat
    dom0_unharmed
}

answered=0
head -c 16777216 /dev/urandom >/tmp/kept
kept=$(sha256sum </tmp/kept)
bare canary "kernel = '/boot/canary.img'" "memory = 40" "extra = 'gic=$gic'"
bare attack "kernel = '/boot/attack.img'" "memory = 64" "vcpus = 5" "on_poweroff = 'preserve'" \
    "extra = 'gic=$gic seed=$seed seconds=$seconds'"
step "seed $seed, $seconds s"
try xl create /tmp/canary.cfg
canary_began=$(seconds_up)
guest_says canary "tick" 60 3
# What dom0 keeps of the first guest that goes is no loss
bare idle "kernel = '/boot/idle.img'" "memory = 4"
try xl create /tmp/idle.cfg
try xl destroy idle
gone idle
counts >/tmp/before

step "attack"
try xl create /tmp/attack.cfg
began=$(seconds_up)
n=0
until state_of attack | grep -q "[sc]"; do
    answers 2
    n=$((n + 1))
    [ "$(seconds_up)" -lt $((began + 400)) ] || { xl debug-keys q; fail "the attack does not end"; }
    ! progress | grep -q "BARE-FAIL" || fail "the attack: $(progress | grep "BARE-FAIL" | head -n 1)"
    [ $((n % 5)) != 0 ] || step "$n answers; $(progress | tail -n 1)"
    usleep 500000
done
unharmed
beats 2
progress | grep -v "round "
state_of attack | grep -q s || fail "the attacker crashed"
progress | grep -q "BARE-DONE attack: .* bad 0x0" || fail "the attack did not come round"
step "$n answers meanwhile; destroy"
try xl destroy attack
gone attack

step "attack, destroyed at its height"
rm -f $logs/guest-attack.log
try xl create /tmp/attack.cfg
answers 2
step "beats"
beats 3
answers 2
step "destroy"
try xl destroy attack
gone attack
step "answers and beats without it"
answers 1
beats 2
unharmed
settled || fail "left behind: $(diff /tmp/before /tmp/after | tr '\n' ' ')"
tail -n 2 $logs/guest-canary.log
try xl destroy canary
gone canary
pass
