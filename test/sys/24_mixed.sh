# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 24. Our xl and Debian's on each other's guests; creates that are interrupted leave nothing behind
# needs: smp=2 dom0=1024 vcpus=2 timeout=500 tools once
. /test/lib.sh
debian=/usr/lib/xen-4.17/bin/xl
ours=/usr/lib/kanso/bin/xl

bridge_up xenbr0 192.168.77.1/24
truncate -s 8M /tmp/disk.raw
rest() { # the store without what comes and goes by itself
    xenstore-ls -f | grep -v "^/tool\|^/local/domain/0/backend/[a-z]* =\|^/local/domain/0/backend =\|^/libxl =\|^/vm =\|^/local/domain/0/device-model\|^/local/domain/0/error"
}
rest >/tmp/before
pages=$(free_pages)

for pair in "$ours $debian" "$debian $ours"; do
    maker=${pair% *}
    other=${pair#* }
    step "made by $maker, ended by $other"
    guest m1 "disk = ['/tmp/disk.raw,raw,xvda,w']" "vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']" <<'END'
until_true test -b /dev/xvda
until_true ip link set eth0 up
echo "@@UP"
while read -r line; do echo "@@TOLD $line"; done
END
    try "$maker" create /tmp/m1.cfg
    guest_says m1 "@@UP"
    try "$other" list m1
    try "$other" pause m1
    try "$other" unpause m1
    "$other" block-list m1
    same "disks" 2 "$("$other" block-list m1 | wc -l)"
    "$other" network-list m1
    same "interfaces" 2 "$("$other" network-list m1 | wc -l)"
    try "$other" rename m1 m2
    try "$maker" domid m2
    try "$other" destroy m2
    gone m2
    [ -z "$(losetup -a)" ] || fail "loop devices are left: $(losetup -a)"
    [ -z "$(ip -o link | grep vif)" ] || fail "interfaces are left"
    rm -f /var/log/xen/console/guest-m1.log
    rest | diff /tmp/before - || fail "nodes are left"
done

step "interrupted creates"
guest m3 "disk = ['/tmp/disk.raw,raw,xvda,w']" "vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']" </dev/null
n=0
interrupted=0
for delay in 10000 30000 60000 100000 200000 300000 500000 700000 900000 1200000; do
    $ours create -p /tmp/m3.cfg >/tmp/m3.log 2>&1 &
    pid=$!
    usleep $delay
    kill -INT $pid 2>/dev/null
    if wait $pid; then
        try $ours destroy m3
    else
        interrupted=$((interrupted + 1))
    fi
    n=$((n + 1))
    [ -z "$(losetup -a)" ] || fail "loop devices are left after $delay us: $(losetup -a)"
    [ -z "$(ip -o link | grep vif)" ] || fail "interfaces are left"
    rest | diff /tmp/before - || fail "nodes are left after $delay us"
    same "domains after $delay us" 2 "$($ours list | wc -l)"
done
echo "$interrupted of $n creates were interrupted"
[ "$interrupted" -gt 0 ] || fail "none was interrupted"
[ -z "$(ls /var/lib/kanso/guest)" ] || fail "state files are left"
after=$(free_pages)
[ $((pages - after)) -lt 64 ] || fail "free pages: $pages before, $after after"
pass
