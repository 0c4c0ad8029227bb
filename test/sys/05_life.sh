# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 5. Life cycle: pause, unpause, shutdown, reboot, destroy, crash with each on_crash action, vcpu-pin, vcpu-list,
#    dmesg, debug-keys, dump-core
# needs: smp=2 vcpus=2 timeout=400
. /test/lib.sh

column() { # domain, number: of xl list
    xl list "$1" | awk -v n="$2" 'NR == 2 { print $n }'
}

state_is() { # domain, letter: wait until xl list shows it
    n=0
    until state_of "$1" 2>/dev/null | grep -q "$2"; do
        n=$((n + 1))
        [ $n -lt 200 ] || fail "state of $1 never '$2': $(xl list "$1")"
        usleep 50000
    done
}

guest l1 "vcpus = 2" "on_poweroff = 'destroy'" "on_reboot = 'restart'" <<'END'
while :; do
    echo "tick $(cut -d' ' -f1 /proc/uptime)"
    usleep 100000
done &
echo "@@UP $(nproc)"
while read -r line; do echo "@@TOLD $line"; done
END

step "create"
try xl create /tmp/l1.cfg
guest_says l1 "@@UP 2"

step "pause and unpause"
try xl pause l1
state_is l1 p
lines=$(grep -c tick $logs/guest-l1.log)
seconds=$(column l1 6)
sleep 1
more=$(grep -c tick $logs/guest-l1.log)
same "time of a paused guest" "$seconds" "$(column l1 6)"
[ $((more - lines)) -le 1 ] || fail "a paused guest printed $((more - lines)) lines"
try xl unpause l1
guest_says l1 tick 600 $((more + 5))

step "vcpu-pin, vcpu-list"
try xl vcpu-pin l1 0 1
try xl vcpu-pin l1 1 0
guest_says l1 tick 600 $(($(grep -c tick $logs/guest-l1.log) + 5))
xl vcpu-list l1
same "affinity of vCPU 0" "1" "$(xl vcpu-list l1 | awk '$3 == 0 && $1 == "l1" { print $7 }')"
same "CPU of vCPU 0" "1" "$(xl vcpu-list l1 | awk '$3 == 0 && $1 == "l1" { print $4 }')"
same "CPU of vCPU 1" "0" "$(xl vcpu-list l1 | awk '$3 == 1 && $1 == "l1" { print $4 }')"
try xl vcpu-pin l1 all all
same "affinity, unpinned" "all" "$(xl vcpu-list l1 | awk '$3 == 0 && $1 == "l1" { print $7 }')"

step "console input"
guest_told l1 "hello guest"
guest_says l1 "@@TOLD hello guest"

step "reboot"
old=$(xl domid l1)
try xl reboot l1
guest_says l1 "@@UP 2" 600 2
[ "$(xl domid l1)" -gt "$old" ] || fail "domid after reboot: $(xl domid l1), before: $old"

step "shutdown"
try xl shutdown -w l1
gone l1

step "destroy"
try xl create -p /tmp/l1.cfg
state_is l1 p
try xl destroy l1
gone l1

step "dump-core"
bare idle "kernel = '/boot/idle.img'"
try xl create /tmp/idle.cfg
guest_says idle "@@BARE-DONE"
try xl dump-core idle /tmp/core
is_elf /tmp/core || fail "/tmp/core is no ELF file"
size=$(stat -c %s /tmp/core)
[ "$size" -gt $((8 << 20)) ] && [ "$size" -lt $((10 << 20)) ] || fail "size of the core of 8 MiB: $size"
# Debian's tool leaves the pages of an Arm guest empty, on Xen too; its registers it gets: the program counter
same "where the guest was, in its core" 00000000400000 "$(hexdump -s 0x821 -n 7 -e '7/1 "%02x"' /tmp/core | sed 's/\(..\)\(..\)\(..\)\(.*\)/\4\3\2\1/')"
rm /tmp/core
try xl destroy idle
gone idle

has_core() {
    core=$(find /var/lib/xen/dump -type f | head -n 1)
    [ -n "$core" ] && is_elf "$core"
}

for action in destroy restart rename-restart preserve coredump-destroy coredump-restart; do
    step "on_crash = $action"
    name=$(echo "c-$action" | tr -d -)
    bare "$name" "kernel = '/boot/crash.img'" "on_crash = '$action'"
    rm -rf /var/lib/xen/dump
    mkdir -p /var/lib/xen/dump
    try xl create -p "/tmp/$name.cfg"
    old=$(xl domid "$name")
    try xl unpause "$name"
    guest_says "$name" "@@BARE crash"
    case $action in
        coredump-*) eventually "an ELF core in /var/lib/xen/dump" has_core ;; # each life writes it anew
    esac
    case $action in
        *destroy)
            gone "$name"
            ;;
        preserve)
            state_is "$name" c
            same "domid of the preserved guest" "$old" "$(xl domid "$name")"
            try xl destroy "$name"
            gone "$name"
            ;;
        *restart)
            # It crashes and comes back for ever: the second life proves it, then whoever restarts it is ended
            guest_says "$name" "@@BARE crash" 600 2
            for process in /proc/[0-9]*; do
                tr '\000' ' ' <"$process/cmdline" 2>/dev/null | grep -q "^xl create -p /tmp/$name.cfg" &&
                    kill -9 "${process#/proc/}"
            done
            n=0
            while [ "$(xl list | wc -l)" -gt 2 ]; do
                n=$((n + 1))
                [ $n -lt 50 ] || fail "domains that do not go: $(xl list)"
                for domain in $(xl list | awk 'NR > 2 { print $2 }'); do
                    xl destroy "$domain" 2>/dev/null
                done
            done
            ;;
    esac
done

step "dmesg, debug-keys"
xl dmesg | grep -q . || fail "xl dmesg says nothing"
before=$(xl dmesg | wc -l)
try xl debug-keys h
[ "$(xl dmesg | wc -l)" -gt "$before" ] || fail "debug key h printed nothing"
for key in "q domain 0:" "r sched: policy" "e d0: .* ports in use" "g d0: grant table of" "m KiB domains' stage-2 tables"; do
    try xl debug-keys "${key%% *}"
    xl dmesg | tail -n 400 | grep -q "${key#* }" || fail "debug key ${key%% *} says nothing of '${key#* }'"
done
try xl dmesg -c
[ "$(xl dmesg | wc -l)" -lt "$before" ] || fail "xl dmesg -c cleared nothing"
xl list
same "domains left" 2 "$(xl list | wc -l)"
pass
