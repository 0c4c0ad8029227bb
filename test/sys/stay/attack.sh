# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Scenario 30's attack on the one CPU that is counted: two rounds, or all until each attack came round. Our tools: the garbage in its rings
# ends Debian's xenstored, and who asks it then waits for ever
# needs: timeout=300 whole=900 own dom0args=kanso.tools=own
. /test/lib.sh

share="rounds=2 accesses=4096"
[ -z "$(option kanso.whole)" ] || share=

bare attack "kernel = '/boot/attack.img'" "memory = 64" "vcpus = 5" "on_poweroff = 'preserve'" \
    "extra = 'gic=$(option kanso.gic) seed=$(option kanso.seed) $share'"
step "attack: ${share:-all of it}"
try xl create /tmp/attack.cfg
n=0
until state_of attack | grep -q "[sc]"; do
    n=$((n + 1))
    [ $n -lt 1700 ] || fail "the attack does not end"
    usleep 500000
done
step "destroy"
xl list attack
tr -c ' -~' '\n' <$logs/guest-attack.log | grep -q "@@BARE-DONE attack: .* bad 0x0" || fail "the attack did not come to its end"
try xl destroy attack
gone attack
pass
