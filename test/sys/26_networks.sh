# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 26. Networks with our tools: vif-bridge, vif-route, vif-nat and vif-openvswitch, on the switch itself: tags, trunks, names; Debian's
#     own scripts beside ours; attach and detach while packets flow; nothing is left of it after destroy
# needs: timeout=400 tools switch dom0args=kanso.tools=own once
. /test/lib.sh

# Words that both guests know
knows() {
    cat <<'END'
nic() { # last byte of its address: its name
    for address in /sys/class/net/eth*/address; do
        case $(cat $address) in *:$1) basename ${address%/address} ;; esac
    done
}
up() { # last byte, addresses...
    until_true ip link set "$(nic $1)" up
    name=$(nic $1)
    shift
    for address in "$@"; do ip addr add $address dev $name; done
}
END
    follows
}

explain() {
    ovs-vsctl show
    for words in "fdb/show ovs0" "dpctl/show -s" "dpctl/dump-flows -m" "upcall/show" "dpif/dump-flows ovs0"; do
        echo "--- $words"
        # shellcheck disable=SC2086
        timeout 20 ovs-appctl $words
    done
    tail -n 20 /var/log/openvswitch/ovs-vswitchd.log
    ip -s link
    ip neigh
}
reaches() { # guest, address: in the end, its interface may just come up
    asks "$1" 0 "until_true ping -c 1 -W 1 $2"
}
misses() {
    asks "$1" 1 "ping -c 1 -W 1 $2"
}
port() { # guest, number: of its interface
    echo "vif$(xl domid "$1").$2"
}
names() { # port: what the switch knows of its guest
    ovs-vsctl --bare --columns=external_ids list interface "$1" | tr ' ' '\n' | sort | tr '\n' ' '
}
names_of() { # guest, address: what it shall know
    uuid=$(xl vm-list | awk -v name="$1" '$3 == name { print $1 }')
    echo "attached-mac=$2 xen-vm-name=$1 xen-vm-uuid=$uuid "
}

# As on Debian: a shell without programs of its own, so that scripts get iproute2's ip
ln -sf bash /bin/sh
ip() {
    /bin/ip "$@"
}

step "a switch, a bridge, a neighbour"
modprobe openvswitch
mkdir -p /run/openvswitch
try ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
try ovsdb-server --remote=punix:/run/openvswitch/db.sock --pidfile --detach --no-chdir --log-file
try ovs-vsctl --no-wait init
# In a machine's first ten seconds Open vSwitch 3.1 counts no CPUs, and then no packet finds a thread that knows its way
until [ "$(cut -d. -f1 /proc/uptime)" -gt 10 ]; do usleep 200000; done
try ovs-vswitchd --pidfile --detach --no-chdir --log-file
internal() { # tag: dom0's own port
    echo "-- add-port ovs0 dom$1 tag=$1 -- set interface dom$1 type=internal"
}
# shellcheck disable=SC2046
try ovs-vsctl add-br ovs0 $(internal 10) $(internal 20) $(internal 30)
for tag in 10 20 30; do
    try ip link set "dom$tag" up
    try ip addr add "10.$tag.0.1/24" dev "dom$tag"
    # Linux answers for all its addresses on each interface: here an address has one place
    echo 1 >"/proc/sys/net/ipv4/conf/dom$tag/arp_ignore"
done
bridge_up xenbr0 192.168.9.1/24
try ip netns add outside
try ip link add out0 type veth peer name in0
try ip link set in0 netns outside
outside() {
    ip netns exec outside "$@"
}
try ip link set out0 up
try ip addr add 10.120.0.1/24 dev out0
try ip addr add 10.130.0.1/24 dev out0
try outside ip link set in0 up
try outside ip addr add 10.120.0.2/24 dev in0
try outside ip addr add 10.130.0.2/24 dev in0

mac=00:16:3e:00:00
knows | guest a "vif = ['mac=$mac:a0,bridge=xenbr0', 'mac=$mac:a1,script=vif-route,ip=10.120.0.7,gatewaydev=out0',
    'mac=$mac:a2,script=vif-nat,ip=192.168.50.2', 'mac=$mac:a3,script=vif-openvswitch,bridge=ovs0.10']"
knows | guest b "vif = ['mac=$mac:b0,script=/etc/xen/scripts/vif-openvswitch,bridge=ovs0.20',
    'mac=$mac:b1,script=vif-openvswitch,bridge=ovs0:10:20', 'mac=$mac:b2,script=/etc/xen/scripts/vif-bridge,bridge=xenbr0']"
(cd "/lib/modules/$(uname -r)/kernel" && printf '%s.ko\n' llc stp garp mrp 8021q | cpio -o -H newc) >>/tmp/b.cpio 2>/dev/null
echo /sys/class/net/* >/tmp/before
for name in a b; do
    try xl create "/tmp/$name.cfg"
    guest_says "$name" "@@READY" 200
done

step "a bridge"
asks a 0 "up a0 192.168.9.2/24"
reaches a 192.168.9.1

step "a route: the neighbour and the guest are in one network, dom0 between them"
asks a 0 "up a1 10.120.0.7/32 && ip route add 10.120.0.0/24 dev \$(nic a1)"
reaches a 10.120.0.1
reaches a 10.120.0.2
try outside ping -c 1 -W 5 10.120.0.7

step "a network behind dom0: the neighbour has no way to it"
asks a 0 "up a2 192.168.50.2/32 && ip route add 192.168.50.129 dev \$(nic a2) && ip route add 10.130.0.0/24 via 192.168.50.129"
reaches a 192.168.50.129
outside ip route get 192.168.50.2 >/dev/null 2>&1 && fail "the neighbour knows a way to the guest"
reaches a 10.130.0.2

step "Debian's vif-bridge by our xl"
[ -e "/sys/class/net/xenbr0/brif/$(port b 2)" ] || fail "no port $(port b 2): $(ls /sys/class/net/xenbr0/brif)"
asks b 0 "up b2 192.168.9.3/24"
reaches b 192.168.9.1
reaches b 192.168.9.2

step "the switch: what it knows"
same "tag of a" 10 "$(ovs-vsctl get port "$(port a 3)" tag)"
same "tag of b, by Debian's script" 20 "$(ovs-vsctl get port "$(port b 0)" tag)"
same "tag and trunks of b" "[] [10, 20]" "$(ovs-vsctl get port "$(port b 1)" tag trunks | tr '\n' ' ' | sed 's/ $//')"
same "names of b, by Debian's script" "$(names_of b "$mac:b0")" "$(names "$(port b 0)")"
same "names of b" "$(names_of b "$mac:b1")" "$(names "$(port b 1)")"
same "names of a" "$(names_of a "$mac:a3")" "$(names "$(port a 3)")"

step "the switch: one tag, another, trunks"
asks a 0 "up a3 10.10.0.2/24 10.40.0.2/24"
asks b 0 "for m in llc stp garp mrp 8021q; do insmod /\$m.ko || exit 1; done; echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore"
asks b 0 "up b1 && for v in 10 20 30; do ip link add link \$(nic b1) name v\$v type vlan id \$v && ip link set v\$v up || exit 1; done"
asks b 0 "ip addr add 10.40.0.3/24 dev v10 && ip addr add 10.20.0.3/24 dev v20 && ip addr add 10.30.0.3/24 dev v30"
asks b 0 "up b0 10.10.0.4/24"
reaches a 10.10.0.1
reaches a 10.40.0.3
reaches b 10.20.0.1
misses a 10.10.0.4
misses b 10.10.0.1
misses b 10.30.0.1
# It was the tag, and nothing else
try ovs-vsctl set port "$(port b 0)" tag=10 -- set port "$(port b 1)" trunks=10,20,30
reaches a 10.10.0.4
reaches b 10.10.0.1
reaches b 10.30.0.1

step "attach and detach while packets flow"
asks a 0 "ping -i 0.1 -c 1000000 10.40.0.3 >/tmp/pings & echo \$! >/tmp/pid"
try xl network-attach a "mac=$mac:a4" script=vif-openvswitch bridge=ovs0.20
asks a 0 "until_true eval 'test -n \"\$(nic a4)\"' && up a4 10.20.0.2/24"
reaches a 10.20.0.1
attached=$(port a 4)
same "tag of what was attached" 20 "$(ovs-vsctl get port "$attached" tag)"
try xl network-detach a "$mac:a4"
asks a 0 "until_true eval 'test -z \"\$(nic a4)\"'"
ovs-vsctl list-ports ovs0 | grep -qx "$attached" && fail "the switch still has $attached"
asks a 0 "n=\$(wc -l </tmp/pings); until_true eval 'test \$((n + 3)) -lt \$(wc -l </tmp/pings)'"

step "destroy"
try xl destroy a
try xl destroy b
same "ports of the switch" "dom10 dom20 dom30" "$(ovs-vsctl list-ports ovs0 | sort | tr '\n' ' ' | sed 's/ $//')"
same "ports of the bridge" "" "$(ls /sys/class/net/xenbr0/brif)"
same "tables of nft" "" "$(nft list tables)"
same "routes to guests" "" "$(ip route | grep -e 10.120.0.7 -e 192.168.50)"
same "addresses that dom0 answers for" "" "$(ip neigh show proxy)"
echo /sys/class/net/* | diff /tmp/before - || fail "interfaces are left"
pass
