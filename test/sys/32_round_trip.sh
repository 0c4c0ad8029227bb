# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 32. A guest is stopped wherever it is, written out as records, copied and goes on as another domain, many times in a row:
#     timers, SGIs, events of dom0's (FIFO on GICv3, bitmaps on GICv2), floating point, EL1 registers and memory are what they were
# needs: smp=2 vcpus=1 timeout=240
. /test/lib.sh

pages=$(free_pages)
step "away for four seconds, which it does not see"
round_trip /boot/round.img 2 4 || fail "it did not go on"
step "stopped wherever it is"
round_trip /boot/round.img 20 0 || fail "it did not go on"
same "domains left" 1 "$(xl list | grep -c '^[^N]')"
step "the pages come back"
n=0
until [ "$(free_pages)" -ge "$((pages - 64))" ]; do
    n=$((n + 1))
    [ $n -lt 600 ] || fail "pages: $pages before, $(free_pages) after"
    usleep 50000
done
pass
