# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 1. dom0 comes up to a shell with its tools; xl info and xl list are right
# needs: smp=2 vcpus=2 cmdline=dom0_vcpus_pin
. /test/lib.sh

field() { # name: a value of xl info
    sed -n "s/^$1 *: *//p" /tmp/info
}

step "xl info"
xl info >/tmp/info || fail "xl info"
cat /tmp/info
same release "$(uname -r)" "$(field release)"
same machine aarch64 "$(field machine)"
same nr_cpus 2 "$(field nr_cpus)"
same cores_per_socket 1 "$(field cores_per_socket)"
same threads_per_core 1 "$(field threads_per_core)"
same total_memory 2048 "$(field total_memory)"
same xen_major 4 "$(field xen_major)"
same xen_minor 17 "$(field xen_minor)"
same xen_pagesize 4096 "$(field xen_pagesize)"
same free_cpus 0 "$(field free_cpus)"
case $(field virt_caps) in *hvm*hap*) ;; *) fail "virt_caps: $(field virt_caps)" ;; esac
free=$(field free_memory)
[ "$free" -gt 1000 ] && [ "$free" -lt 1280 ] || fail "free_memory: $free MiB of 2048 beside a dom0 of 768"
same "free pages in MiB" "$free" $(($(free_pages) / 256))

step "xl list"
xl list >/tmp/list || fail "xl list"
cat /tmp/list
same lines 2 "$(wc -l </tmp/list)"
set -- $(tail -n 1 /tmp/list)
same name Domain-0 "$1"
same id 0 "$2"
same memory 768 "$3"
same vcpus 2 "$4"
case $5 in r-----) ;; *) fail "state of dom0: $5" ;; esac

step "xl info -n, xl list -l, xl vcpu-list, xl uptime"
try xl info -n
xl list -l >/tmp/list || fail "xl list -l"
grep -q '"domid": 0' /tmp/list || fail "xl list -l: no domain 0"
xl vcpu-list >/tmp/list || fail "xl vcpu-list"
same "lines of vcpu-list" 3 "$(wc -l </tmp/list)"
same "dom0_vcpus_pin: hard affinity of vCPU 0, of vCPU 1" "0 0 1 1" "$(awk 'NR > 1 { print $3, $7 }' /tmp/list | xargs)"
try xl uptime

step "what a shell needs"
same nproc 2 "$(nproc)"
same /proc/xen/capabilities control_d "$(cat /proc/xen/capabilities)"
same "type of /sys/hypervisor" xen "$(cat /sys/hypervisor/type)"
same "dom0's name in the store" Domain-0 "$(xenstore-read /local/domain/0/name)"
pass
