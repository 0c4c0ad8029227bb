# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Short lives of bare guests, made and ended by Debian's tools and by ours, and of one of 256 MiB that never starts
# needs: dom0=1024 tools timeout=200
. /test/lib.sh

life() {
    try xl create -q /tmp/idle.cfg
    guest_says idle "@@BARE-DONE"
    try xl vcpu-list
    try xl destroy idle
    gone idle
    rm -f $logs/guest-idle.log
}

bare idle "kernel = '/boot/idle.img'" "vcpus = 2"
bare large "kernel = '/boot/idle.img'" "memory = 256"
for tools in debian own; do
    own_tools $tools
    step "lives by $tools"
    life
    life
    try xl create -q -p /tmp/large.cfg
    try xl destroy large
    gone large
done
pass
