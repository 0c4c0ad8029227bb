# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scenarios share. They run in dom0, say @@STEP as they go and @@PASS or @@FAIL once.
logs=/var/log/xen/console

option() { # name: the value of name=value on the kernel's command line
    sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

# own_tools WORD: from now on PATH finds our own tools: all of them (own), none (debian), or those that are named
own_tools() {
    own=
    case $1 in
        "" | debian) ;;
        own) own=$(ls /usr/lib/kanso/bin) ;;
        *) own=$(echo "$1" | tr , ' ') ;;
    esac
    mkdir -p /run/tools
    for tool in $own; do
        ln -sf "/usr/lib/kanso/bin/$tool" "/run/tools/$tool"
        [ "$tool" = xenstore ] || continue
        for name in chmod control exists list ls read rm watch write; do
            ln -sf xenstore "/run/tools/xenstore-$name"
        done
    done
    PATH=/run/tools:$PATH
    echo "@@TOOLS ours:" ${own:-none}
}

step() {
    echo "@@STEP up=$(cut -d' ' -f1 /proc/uptime) $*"
}

explain() { # what a scenario knows of its own when it fails
    :
}

fail() {
    echo "@@FAIL $*"
    explain
    echo "--- xl list"
    xl list
    for log in "$logs"/guest-*.log; do
        [ -e "$log" ] && { echo "--- $log"; tail -n 60 "$log"; }
    done
    echo "--- hotplug"
    tail -n 20 /var/log/xen/xen-hotplug.log
    echo "--- kernel"
    dmesg | tail -n 30
    echo "--- hypervisor, then its domains, run queues and event channels"
    xl dmesg | tail -n 60
    xl dmesg -c >/dev/null
    xl debug-keys qre
    xl dmesg
    exit 1
}

pass() {
    echo "@@PASS"
    exit 0
}

try() { # command...: quiet unless it fails
    "$@" >/tmp/try.log 2>&1 || {
        status=$?
        cat /tmp/try.log
        fail "status $status from: $*"
    }
}

same() { # what, wanted, found
    [ "$2" = "$3" ] || fail "$1: wanted '$2', found '$3'"
}

# left SECONDS: so many, or fewer if the scenario is to end before that: it shall still say what it waited for
left() {
    end=$(option kanso.end)
    now=$(cut -d. -f1 /proc/uptime)
    [ -n "$end" ] && [ $((now + $1)) -gt "$end" ] || end=$((now + $1))
    echo $((end > now ? end - now : 1))
}

guest_says() { # name, text, seconds, count: wait for the guest's console
    await "$(left "${3:-600}")" "$logs/guest-$1.log" "$2" "${4:-1}" || fail "guest $1 never said '$2'"
}

guest_told() { # name, line: type a line on the guest's console
    echo "$2" >"$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"
}

between() { # mark, command...: that mark before, the next one after it, for test/bench's plugin
    mark=$1
    shift
    "/boot/mark-$mark.img"
    "$@" >/tmp/out 2>&1 || fail "$*: $(cat /tmp/out)"
    "/boot/mark-$((mark + 1)).img"
}

# The end of a guest's script: it does what it is told, line by line, and says how that ended
follows() {
    cat <<'END'
stty -echo
echo "@@READY"
while read -r number line; do
    (eval "$line") >/tmp/said 2>&1
    echo "@@$number status $? $(tail -n 1 /tmp/said)"
done
END
}

asked=0
asks() { # guest that follows, wanted status, command: the last line of what it said is in $said
    asked=$((asked + 1))
    guest_told "$1" "$asked $3"
    guest_says "$1" "@@$asked status" 100
    said=$(sed -n "s/.*@@$asked status \(.*\)/\1/p" "$logs/guest-$1.log" | tr -d '\r')
    [ "${said%% *}" = "$2" ] || fail "guest $1: $3: wanted status $2: $said"
    said=${said#* }
}

unless_said() { # line, lines...: the line, unless one of the others sets its key
    default=$1
    key=${default%% *}
    shift
    for line in "$@"; do
        [ "${line%% *}" != "$key" ] || return 0
    done
    echo "$default"
}

# guest NAME LINE...: make /tmp/NAME.cfg for a Linux guest that runs the script on stdin; LINEs add to the configuration
guest() {
    name=$1
    shift
    rm -rf "/tmp/$name.d"
    mkdir -p "/tmp/$name.d"
    cat >"/tmp/$name.d/run.sh"
    cp /boot/guest.cpio.gz "/tmp/$name.cpio"
    (cd "/tmp/$name.d" && find . | cpio -o -H newc) >>"/tmp/$name.cpio" 2>/dev/null
    {
        echo "name = '$name'"
        echo "kernel = '/boot/vmlinuz'"
        echo "ramdisk = '/tmp/$name.cpio'"
        echo "extra = 'console=hvc0 rdinit=/init loglevel=4'"
        unless_said "memory = 128" "$@"
        unless_said "vcpus = 1" "$@"
        printf '%s\n' "$@"
    } >"/tmp/$name.cfg"
}

# bare NAME LINE...: make /tmp/NAME.cfg for the bare-metal guest /boot/IMAGE of the line kernel = '...'
bare() {
    name=$1
    shift
    {
        echo "name = '$name'"
        unless_said "memory = 8" "$@"
        unless_said "vcpus = 1" "$@"
        unless_said "on_crash = 'preserve'" "$@"
        printf '%s\n' "$@"
    } >"/tmp/$name.cfg"
}

bridge_up() { # name, address/bits
    ip link add "$1" type bridge
    ip link set "$1" up
    ip addr add "$2" dev "$1"
}

free_pages() {
    physinfo | cut -d' ' -f2
}

# What must be the same before and after: on Xen free pages, on Kanso what its debug key M says of its own stores
# (a line "resource NAME COUNT" each: free pages, slabs by type, event ports, VMIDs, maptrack entries)
counts() {
    if xl info | grep "^xen_extra" | grep -qi kanso; then
        xl dmesg -c >/dev/null
        xl debug-keys M
        xl dmesg | sed -n 's/.*\(resource [a-z0-9_.-]* [0-9]*\).*/\1/p'
    else
        echo "pages $(free_pages)"
    fi
}

settled() { # wait until two domains' worth of deferred work is done: the counts become the first ones again
    n=0
    until counts >/tmp/after && cmp -s /tmp/before /tmp/after; do
        n=$((n + 1))
        [ $n -lt 50 ] || return 1
        usleep 200000
    done
}

state_of() { # domain: the letters of xl list
    xl list "$1" | awk 'NR == 2 { print $5 }'
}

eventually() { # what, command...: wait until the command succeeds
    what=$1
    shift
    n=0
    until "$@"; do
        n=$((n + 1))
        [ $n -lt 600 ] || fail "never: $what"
        usleep 50000
    done
}

has_left() { # name
    ! xl domid "$1" >/dev/null 2>&1
}

gone() { # names: wait until their domains have left the list
    for name in "$@"; do
        eventually "domain $name goes away" has_left "$name"
    done
}

is_elf() { # file
    [ "$(hexdump -n 4 -e '4/1 "%02x"' "$1")" = 7f454c46 ]
}
