# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# dom0's part of many.py: guests, more and more of them; at some numbers what one more costs, between marks of a plugin
# needs: mem=8192 dom0=2048 timeout=1800 tools
. /test/lib.sh
chmod +x /boot/mark-*.img

measure() { # mark, command...: then until everybody is quiet; the console's log has the host's time of each line
    echo "@@BEGIN $1"
    between "$@"
    echo "@@END $1"
    sleep 1
}
available() {
    awk '/MemAvailable/ { print $2 }' /proc/meminfo
}
is_again() { # name, domid: it has another number
    id=$(xl domid "$1" 2>/dev/null) && [ "$id" != "$2" ]
}

bare first "kernel = '/boot/many.img'" "memory = 4"
try xl create -q /tmp/first.cfg
guest_says first "@@UP many"
measure 10 true
echo "@@MEMORY 0 $(available) $(free_pages)"
made=0
steps=0
for number in $(option kanso.many | tr , ' '); do
    while [ "$made" -lt "$number" ]; do
        made=$((made + 1))
        bare "g$made" "kernel = '/boot/many.img'" "memory = 4"
        [ "$made" = "$number" ] || try xl create -q "/tmp/g$made.cfg"
    done
    step "guest $number"
    sleep 1 # as in create.sh: both hypervisors zero free memory while they idle
    measure 12 xl create -q "/tmp/g$number.cfg"
    guest_says "g$number" "@@UP many"
    echo "@@MEMORY $number $(available) $(free_pages)"
    measure 14 xl list
    measure 16 xenstore-write /bench "$number"
    measure 18 xenstore-read /bench
    guest_told first et
    steps=$((steps + 1))
    guest_says first "@@TICKS" 60 $steps
    tty=$(xenstore-read "/local/domain/$(xl domid "g$number")/console/tty")
    was=$(xl domid "g$number")
    echo "@@BEGIN 20"
    between 20 sh -c "printf r >'$tty'"
    guest_says "g$number" "@@UP many" 60 2 # sleeps until the log grows: nothing of dom0's is counted for asking
    echo "@@BACK"
    eventually "g$number is there again" is_again "g$number" "$was"
    sleep 1
    measure 22 xl destroy "g$number"
    gone "g$number"
    try xl create -q "/tmp/g$number.cfg"
    guest_says "g$number" "@@UP many" 60 3
done
xl list | awk 'NR > 2' | grep -c . | sed 's/^/@@GUESTS /'
same "what failed" 0 "$(cat "$logs"/guest-*.log | grep -c @@BARE-FAIL)"
pass
