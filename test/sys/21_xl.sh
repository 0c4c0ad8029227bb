# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 21. Our xl says what Debian's says, to the byte, of the same machine; list -l has Xen's keys; errors have their statuses
# needs: smp=2 vcpus=2 timeout=300 tools once
. /test/lib.sh

theirs=/usr/lib/xen-4.17/bin/xl
ours=/usr/lib/kanso/bin/xl
[ -x $ours ] || fail "our xl is not in this ramdisk"

same_words() { # filter, command...: both xls print the same after a sed script
    filter=$1
    shift
    $theirs "$@" 2>/dev/null | sed -E "$filter" >/tmp/theirs
    $ours "$@" 2>/tmp/err | sed -E "$filter" >/tmp/ours
    [ -s /tmp/theirs ] || fail "xl $*: Debian's says nothing"
    cmp -s /tmp/theirs /tmp/ours || {
        diff /tmp/theirs /tmp/ours
        cat /tmp/err
        fail "xl $*: other words than Debian's"
    }
}

status_is() { # wanted, command...
    wanted=$1
    shift
    $ours "$@" >/tmp/out 2>/tmp/err
    same "status of xl $*" "$wanted" $?
}

# What dom0 has used and where it runs differs from call to call
time='s/ +[0-9]+\.[0-9]($| )/ T\1/'
no_dom0="/^Domain-0/d; $time"

step "guests by Debian's xl"
dd if=/dev/zero of=/tmp/disk.img bs=1M count=4 2>/dev/null
bridge_up xenbr0 192.168.9.1/24
bare one "kernel = '/boot/idle.img'" "uuid = '12345678-1234-1234-1234-123456789abc'"
bare two "kernel = '/boot/idle.img'" "maxvcpus = 3" "cpus = '0'" "cpu_weight = 512"
try $theirs create -p /tmp/one.cfg
try $theirs create -p /tmp/two.cfg
try $theirs network-attach one mac=00:16:3e:00:00:01 bridge=xenbr0
try $theirs block-attach one format=raw,vdev=xvda,access=rw,target=/tmp/disk.img

step "domains"
same_words "$time" list
for option in -v -Z -c -n -vcn; do
    same_words "$time" list $option
done
same_words "$time" list one
same_words "$no_dom0" claims
same_words '' sharing
same_words '' vm-list
same_words "$no_dom0" vcpu-list
same_words 's/[0-9]:[0-9:]+/T/' uptime
same_words 's/[0-9]+:[0-9:]+/T/g' uptime -s one
same_words '' domid two
same_words '' domname 2

step "the host"
same_words '' info
same_words '' info -n
same_words '' sched-credit2
same_words '' sched-credit2 -d two
same_words '' sched-credit2 -s
same_words '' cpupool-list
same_words '' cpupool-list -c

step "devices"
same_words '' network-list one
same_words '' block-list one
same_words '' channel-list one

step "list -l: each line of ours is one of Debian's"
$theirs list -l one two | sed 's/,$//; s/^ *//' | sort -u >/tmp/theirs
$theirs list -l one | sed 's/,$//; s/^ *//' | sort -u >>/tmp/theirs
$theirs list -l two | sed 's/,$//; s/^ *//' | sort -u >>/tmp/theirs
$ours list -l one two | sed 's/,$//; s/^ *//; /discard_enable/d; /numa_placement/d' >/tmp/ours
grep -q '"domid": 2' /tmp/ours || fail "xl list -l: $(cat /tmp/ours)"
while read -r line; do
    [ -z "$line" ] || grep -qxF "$line" /tmp/theirs || fail "xl list -l: $line"
done </tmp/ours

step "changes"
try $ours vcpu-pin two 0 1
same "affinity" "1" "$($theirs vcpu-list two | awk '$3 == 0 { print $7 }')"
try $ours sched-credit2 -d one -w 300
same "weight" "300" "$($theirs sched-credit2 -d one | awk '$1 == "one" { print $3 }')"
if $ours cpupool-cpu-remove Pool-0 1 2>/tmp/err; then
    same "CPUs of Pool-0" "1" "$($theirs cpupool-list | awk '$1 == "Pool-0" { print $2 }')"
    try $ours cpupool-cpu-add Pool-0 1
else
    # Kanso has one pool of all CPUs
    grep -q "this hypervisor's pools cannot be changed" /tmp/err || fail "xl cpupool-cpu-remove: $(cat /tmp/err)"
fi
try $ours debug-keys h
$ours dmesg | grep -q . || fail "xl dmesg says nothing"
try $ours unpause one
try $ours pause one
try $ours rename one three
same "name" "three" "$($theirs domname 1)"

step "console: create -c, and what is typed later"
guest talk <<'END'
echo "@@UP"
while read -r line; do echo "@@TOLD $line"; done
END
echo "at birth" | $ours create -c -q /tmp/talk.cfg || fail "xl create -c"
guest_says talk "@@TOLD at birth"
echo "later" | $ours console talk || fail "xl console"
guest_says talk "@@TOLD later"
try $ours shutdown -w talk
gone talk

step "errors"
status_is 2 lst
status_is 2 list --lnog
status_is 1 list nobody
status_is 3 save three /tmp/x
status_is 1 destroy 0
status_is 0 destroy three
status_is 0 destroy two
status_is 1 destroy two
same_words '' domname 0
pass
