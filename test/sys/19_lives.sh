# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 19. Hundreds of short lives on two CPUs at once, made by hypercalls alone: dom0's tables change under its own calls
#     (each foreign page it maps breaks and makes a block), and every answer is right
# needs: smp=2 vcpus=2 timeout=240
. /test/lib.sh

step "two at once"
lives 300 >/tmp/first &
first=$!
lives 300 >/tmp/second &
second=$!
wait $first || fail "$(cat /tmp/first)"
wait $second || fail "$(cat /tmp/second)"
cat /tmp/first /tmp/second
same "domains left" 2 "$(xl list | wc -l)"
pass
