# needs: dom0=1024 tools timeout=400
. /test/lib.sh
bare idle "kernel = '/boot/idle.img'"
    for end in 1 2 3; do
        try xl create -q /tmp/idle.cfg
        guest_says idle "@@BARE-DONE"
        [ $end != 2 ] || try xl vcpu-list
        try xl destroy idle
        gone idle
        rm -f $logs/guest-idle.log
    done
own_tools own
        try xl create -q /tmp/idle.cfg
        guest_says idle "@@BARE-DONE"
        try xl destroy idle
        gone idle
pass
