# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The square: a guest crashes, and what the configuration asks for is done
# needs: smp=2 vcpus=2 timeout=600
. /test/rows.sh

magic_of_first_core() {
    core=$(ls -tr /var/lib/xen/dump | head -n 1)
    [ -n "$core" ] && hexdump -n 4 -e '4/1 "%02x"' "/var/lib/xen/dump/$core"
}

crash() { # action
    action=$1
    name=$(echo "c-$action" | tr -d -)
    bare "$name" "kernel = '/boot/crash.img'" "on_crash = '$action'"
    rm -rf /var/lib/xen/dump
    mkdir -p /var/lib/xen/dump
    try xl create -p "/tmp/$name.cfg"
    old=$(xl domid "$name")
    try xl unpause "$name"
    guest_says "$name" "@@BARE crash"
    case $action in
        *destroy) gone "$name" ;;
        preserve)
            become crashed yes is_in_state "$name" c
            same "domid of the preserved guest" "$old" "$(xl domid "$name")"
            ;;
        # It crashes and comes back for ever: the second life proves it
        *restart) guest_says "$name" "@@BARE crash" 200 2 ;;
    esac
    case $action in
        # The first life's; the core of the one that runs may be half written, its header comes last
        coredump-*) become "magic of the core" 7f454c46 magic_of_first_core ;;
    esac
}

# Whoever restarts it is ended first: a waiting xl create of Debian's, or the supervisor's memory of it by xl destroy
end_of() { # action
    for process in /proc/[0-9]*; do
        tr '\000' ' ' <"$process/cmdline" 2>/dev/null | grep -q "^xl create -p /tmp/c" && kill -9 "${process#/proc/}"
    done
    clean_up
}

row on_crash=destroy crash destroy
end_of
row on_crash=restart crash restart
end_of
row on_crash=rename-restart crash rename-restart
end_of
row on_crash=preserve crash preserve
end_of
row on_crash=coredump-destroy crash coredump-destroy
end_of
row on_crash=coredump-restart crash coredump-restart
end_of
pass
