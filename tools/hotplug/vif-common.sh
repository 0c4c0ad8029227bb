# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the network scripts share: $dev, the interface, under its name of vifname= if it has one.
. "$(dirname "$0")/common.sh"

: "${vif:?is not set: the name of the interface}"
dev=$vif
name=$(node vifname)

if [ -n "$name" ]; then
    if [ "$verb" = online ] && [ ! -e "/sys/class/net/$name" ]; then
        must ip link set dev "$dev" down
        must ip link set dev "$dev" name "$name"
    elif [ "$verb" = online ] && [ -e "/sys/class/net/$dev" ]; then
        fail "there is a network interface $name already"
    fi
    dev=$name
fi

is_there() {
    [ -e "/sys/class/net/$dev" ]
}

# A port of a bridge: an address that no bridge takes for its own, and the guest's MTU if it has one
port_up() {
    must ip link set dev "$dev" address fe:ff:ff:ff:ff:ff
    mtu=$(node mtu)
    if [ -n "$mtu" ]; then
        must ip link set dev "$dev" mtu "$mtu"
    fi
    must ip link set dev "$dev" up
}

# The guest's addresses of ip=, each on a line, without a prefix length
addresses() {
    for address in $(node ip | tr , ' '); do
        echo "${address%%/*}"
    done
}
