# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The square: one Linux guest, what is asked of it and done to it
# needs: smp=2 dom0=768 vcpus=2 timeout=900
. /test/rows.sh

guest l1 "vcpus = 2" "memory = 192" "on_reboot = 'restart'" <<'SCRIPT'
mkdir -p /mnt
while :; do
    echo "tick $(cut -d' ' -f1 /proc/uptime)"
    usleep 200000
done &
echo "@@UP $(nproc)"
while read -r line; do
    echo "@@TOLD $line cpus=$(nproc)"
done
SCRIPT

create() {
    try xl create /tmp/l1.cfg
    guest_says l1 "@@UP 2"
}

list() {
    same name l1 "$(column l1 1)"
    same "memory" 192 "$(column l1 3)"
    same vcpus 2 "$(column l1 4)"
    same domid "$(column l1 2)" "$(xl domid l1)"
    same domname l1 "$(xl domname "$(xl domid l1)")"
}

list_long() {
    xl list -l l1 >/tmp/list.json || fail "xl list -l"
    same '"domid"' "$(xl domid l1)" "$(sed -n 's/.*"domid": *\([0-9]*\).*/\1/p' /tmp/list.json | head -n 1)"
    grep -q '"name": *"l1"' /tmp/list.json || fail "no name in $(cat /tmp/list.json)"
    grep -q '"max_vcpus": *2' /tmp/list.json || fail "no max_vcpus in $(cat /tmp/list.json)"
}

pause_unpause() {
    try xl pause l1
    become "paused" yes is_in_state l1 p
    lines=$(grep -c tick $logs/guest-l1.log)
    sleep 1
    more=$(grep -c tick $logs/guest-l1.log)
    [ $((more - lines)) -le 1 ] || fail "a paused guest printed $((more - lines)) lines"
    try xl unpause l1
    guest_says l1 tick 200 $((more + 3))
}

# open_console: xl console in the background, its input /tmp/in on descriptor 3, its output /tmp/out
open_console() {
    rm -f /tmp/in /tmp/out
    mkfifo /tmp/in
    xl console l1 </tmp/in >/tmp/out 2>&1 &
    reader=$!
    exec 3>/tmp/in
    await 200 /tmp/out tick || fail "xl console shows nothing: $(cat /tmp/out)"
}

close_console() {
    kill $reader
    exec 3>&-
}

console() {
    open_console
    guest_told l1 "typed on the terminal"
    await 200 /tmp/out "@@TOLD typed on the terminal" || fail "no answer in xl console: $(tail -n 3 /tmp/out)"
    close_console
}

console_pipe() {
    open_console
    echo "typed into a pipe" >&3
    await 20 /tmp/out "@@TOLD typed into a pipe" || fail "nothing typed comes back: $(tail -n 1 /tmp/out)"
    close_console
}

vcpu_list() {
    same "lines of vCPUs" 2 "$(xl vcpu-list l1 | grep -c '^l1 ')"
}

cpu_of() { # vcpu
    xl vcpu-list l1 | awk -v n="$1" '$1 == "l1" && $3 == n { print $4, $7 }'
}

vcpu_pin() {
    try xl vcpu-pin l1 0 1
    try xl vcpu-pin l1 1 0
    become "CPU and affinity of vCPU 0" "1 1" cpu_of 0
    become "CPU and affinity of vCPU 1" "0 0" cpu_of 1
    try xl vcpu-pin l1 all all
    same "affinity again" all "$(cpu_of 0 | cut -d' ' -f2)"
}

cpus_of_guest() {
    guest_told l1 "count"
    usleep 300000
    sed -n 's/.*@@TOLD count cpus=\([0-9]*\).*/\1/p' $logs/guest-l1.log | tail -n 1
}

vcpu_set() {
    try xl vcpu-set l1 1
    become "CPUs of the guest" 1 cpus_of_guest
    try xl vcpu-set l1 2
    become "CPUs in the store" online xenstore-read "/local/domain/$(xl domid l1)/cpu/1/availability"
}

mem_set() {
    try xl mem-set l1 160
    become "memory" 160 column l1 3
    try xl mem-set l1 192
    become "memory again" 192 column l1 3
}

mem_max() {
    try xl mem-max l1 256
    try xl mem-max l1 192
}

maxmem() {
    guest m1 "memory = 160" "maxmem = 224" <<'SCRIPT'
echo "@@UP"
SCRIPT
    try xl create /tmp/m1.cfg
    guest_says m1 "@@UP"
    become "memory" 160 column m1 3
    try xl destroy m1
    gone m1
}

weight() {
    xl sched-credit2 -d l1 | awk '$1 == "l1" { print $3 }'
}

sched() {
    same "weight at first" 256 "$(weight)"
    try xl sched-credit2 -d l1 -w 512
    same "weight" 512 "$(weight)"
    try xl sched-credit2 -d l1 -w 256
}

cpupool_list() {
    xl cpupool-list >/tmp/pools || fail "xl cpupool-list"
    cat /tmp/pools
    same "the pool" "Pool-0 2" "$(awk 'NR == 2 { print $1, $2 }' /tmp/pools)"
    same "its CPUs" "Pool-0 0,1" "$(xl cpupool-list -c | awk 'NR == 2 { print $1, $2 }')"
}

info() {
    xl info >/tmp/info || fail "xl info"
    for key in host release machine nr_cpus free_memory xen_version xen_caps xen_scheduler; do
        grep -q "^$key *: *[^ ]" /tmp/info || fail "xl info has no $key"
    done
}

info_numa() {
    xl info -n >/tmp/info || fail "xl info -n"
    grep -q '^cpu_topology' /tmp/info || fail "no cpu_topology: $(cat /tmp/info)"
    grep -q '^numa_info' /tmp/info || fail "no numa_info: $(cat /tmp/info)"
}

uptime_of() {
    xl uptime >/tmp/uptime || fail "xl uptime"
    grep -q '^l1 ' /tmp/uptime || fail "l1 is not there: $(cat /tmp/uptime)"
}

dmesg_debug_keys() {
    before=$(xl dmesg | wc -l)
    [ "$before" -gt 0 ] || fail "xl dmesg says nothing"
    try xl debug-keys h
    [ "$(xl dmesg | wc -l)" -gt "$before" ] || fail "debug key h printed nothing"
    await 60 $logs/hypervisor.log "h" || fail "no hypervisor.log"
    try xl dmesg -c
    [ "$(xl dmesg | wc -l)" -lt "$before" ] || fail "xl dmesg -c cleared nothing"
}

rename_to() {
    try xl rename l1 renamed
    same "its name" renamed "$(xl domname "$(xl domid renamed)")"
    xl domid l1 >/dev/null 2>&1 && fail "the old name is still there"
    try xl rename renamed l1
}

sysrq() {
    try xl sysrq l1 h
    guest_says l1 "sysrq: HELP"
}

dump_core() {
    try xl dump-core l1 /tmp/core
    same "magic of the core" 7f454c46 "$(hexdump -n 4 -e '4/1 "%02x"' /tmp/core)"
    rm -f /tmp/core
}

# Guests on Arm have none: that has to be said, and be an error
trigger() {
    if xl trigger l1 s3resume >/tmp/try.log 2>&1; then
        fail "status 0 from: xl trigger l1 s3resume: $(tail -n 1 /tmp/try.log)"
    fi
    cat /tmp/try.log
    grep -q s3resume /tmp/try.log || fail "no word about it"
}

reboot() {
    old=$(xl domid l1)
    n=$(grep -c "@@UP" $logs/guest-l1.log)
    try xl reboot l1
    guest_says l1 "@@UP" 300 $((n + 1))
    [ "$(xl domid l1)" -gt "$old" ] || fail "domid after reboot: $(xl domid l1), before: $old"
}

shutdown() {
    try xl shutdown -w l1
    gone l1
}

destroy() {
    if ! xl domid l1 >/dev/null 2>&1; then
        try xl create -p /tmp/l1.cfg
        become "paused" yes is_in_state l1 p
    fi
    try xl destroy l1
    gone l1
    same "domains left" 2 "$(xl list | wc -l)"
}

row create create
row list list
row list-long list_long
row pause pause_unpause
row console console
row console-pipe console_pipe
row vcpu-list vcpu_list
row vcpu-pin vcpu_pin
row vcpu-set vcpu_set
row mem-set mem_set
row mem-max mem_max
row maxmem maxmem
row sched-credit2 sched
row cpupool-list cpupool_list
row info info
row info-n info_numa
row uptime uptime_of
row dmesg dmesg_debug_keys
row rename rename_to
row sysrq sysrq
row dump-core dump_core
row trigger trigger
row reboot reboot
row shutdown shutdown
row destroy destroy
pass
