# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 34. A 32-bit guest whose vCPUs share a CPU: what one has turned off the other keeps on (FPEXC)
# needs: timeout=60 smp=1
. /test/lib.sh

bare fp32 "kernel = '/boot/fp32.img'" "vcpus = 2" "cpus = '0'" "on_poweroff = 'preserve'" "on_crash = 'preserve'"
try xl create /tmp/fp32.cfg
n=0
until state_of fp32 | grep -q "[sc]"; do
    n=$((n + 1))
    [ $n -lt 300 ] || fail "it does not end"
    usleep 100000
done
state_of fp32 | grep -q c && fail "one vCPU saw the other's FPEXC"
try xl destroy fp32
gone fp32
pass
