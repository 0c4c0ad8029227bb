# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 7. A guest takes a CPU off and on; its balloon goes down and up by memory/target
# needs: smp=2 timeout=240
. /test/lib.sh

vcpu_state() { # number: of l1's vCPU
    xl vcpu-list l1 | awk -v n="$1" '$1 == "l1" && $3 == n { print $5 }'
}

memory_is() { # MiB: wait until the hypervisor counts it
    n=0
    until [ "$(xl list l1 | awk 'NR == 2 { print $3 }')" = "$1" ]; do
        n=$((n + 1))
        [ $n -lt 300 ] || fail "memory of l1: $(xl list l1 | tail -n 1), wanted $1 MiB"
        usleep 50000
    done
}

guest l1 "vcpus = 2" "memory = 256" "maxmem = 256" <<'END'
while read -r line; do
    case $line in
        off*) echo 0 >/sys/devices/system/cpu/cpu1/online ;;
        on*) echo 1 >/sys/devices/system/cpu/cpu1/online ;;
        touch*)
            # As much as came back, each part another
            head -c 6000000 /dev/urandom >/tmp/seed
            for n in 1 2 3 4 5 6 7 8 9 10 11; do { echo $n; cat /tmp/seed; } >/tmp/part$n; done
            for n in 1 2 3 4 5 6 7 8 9 10 11; do { echo $n; cat /tmp/seed; } | cmp - /tmp/part$n || line=damaged; done
            rm /tmp/part* ;;
    esac
    echo "@@DID $line cpus=$(nproc) on1=$(taskset 2 cat /sys/devices/system/cpu/cpu1/online 2>/dev/null)"
done
END
step "create"
try xl create /tmp/l1.cfg
guest_says l1 "@@GUEST-USERSPACE"
for round in 1 2 3; do
    step "CPU 1 off and on, $round"
    guest_told l1 "off$round"
    guest_says l1 "@@DID off$round cpus=1"
    case $(vcpu_state 1) in --p) ;; *) fail "vCPU 1 is off, xl says $(vcpu_state 1)" ;; esac
    guest_told l1 "on$round"
    guest_says l1 "@@DID on$round cpus=2 on1=1"
    case $(vcpu_state 1) in --p) fail "vCPU 1 is on, xl says --p" ;; esac
done

id=$(xl domid l1)
before=$(free_pages)
for round in 1 2 3; do
    step "balloon to 192 MiB and back, $round"
    xenstore-write "/local/domain/$id/memory/target" $((192 * 1024))
    memory_is 192
    freed=$(($(free_pages) - before))
    [ $freed -ge $((63 * 256)) ] || fail "64 MiB went back, the host gained $freed pages"
    xenstore-write "/local/domain/$id/memory/target" $((256 * 1024))
    memory_is 256
    guest_told l1 "touch$round"
    guest_says l1 "@@DID touch$round"
    left=$((before - $(free_pages)))
    echo "pages fewer than before: $left"
    # 64 MiB in single pages want 32 more tables, once
    [ $left -le 48 ] && [ $left -ge -16 ] || fail "after the balloon $left pages are missing"
    [ $round != 1 ] || first=$left
done
[ $((left - first)) -le 8 ] || fail "each round loses pages: $first after the first, $left after the third"
step "shut down"
try xl shutdown -w l1
gone l1
pass
