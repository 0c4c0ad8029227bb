# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 23. Bad input (bad.tsv): each row gets its sentence and its status, and store, domains and free frames stay what they were; so it
#     is when a daemon does not run, or runs already
# needs: timeout=900 tools once
. /test/lib.sh

xl=/usr/lib/kanso/bin/xl
[ -x $xl ] || fail "our xl is not in this ramdisk"

state() { # what a refused command must not change
    xenstore-ls -f | grep -v '^/tool'
    xl list | awk 'NR > 1 { print $1, $2, $3, $4 }'
}

mkdir -p /bad
: >/bad/empty
echo "This is no kernel." >/bad/text
head -c 102400 /boot/vmlinuz >/bad/short
gzip -c /boot/vmlinuz | head -c 1000000 >/bad/short.gz
printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\076\000' >/bad/x86
head -c 4096 /dev/zero >>/bad/x86
dd if=/dev/zero of=/bad/disk bs=1M count=4 2>/dev/null
cp /bad/disk /bad/free
# shellcheck disable=SC2016 # what bootloaders do with their arguments
{
    printf '#!/bin/sh\nfor disk; do :; done\necho "no kernel on $disk" >&2\nexit 3\n' >/bad/lost
    printf '#!/bin/sh\nkill -9 $$\n' >/bad/killed
    printf '#!/bin/sh\nfor a; do case $a in --output=*) echo kernel /bad/text >${a#*=} ;; esac; done\n' >/bad/wrong
}
chmod 755 /bad/lost /bad/killed /bad/wrong
bridge_up xenbr0 192.168.9.1/24
bare one "kernel = '/boot/idle.img'" "uuid = '12345678-1234-1234-1234-123456789abc'" "disk = ['/bad/disk,raw,xvda,w']"
bare two "kernel = '/boot/idle.img'"
try $xl create -q -p /tmp/one.cfg
try $xl create -q -p /tmp/two.cfg
state >/tmp/before
frames=$(free_pages)

rows=0
failed=0
judge() { # command...: did it say what the row at hand wants, with its status?
    timeout 60 "$@" >out 2>err </dev/null
    found=$?
    rows=$((rows + 1))
    printf '%b' "$message" >wanted
    if [ $found != "$status" ]; then
        echo "bad: $id: status $found, wanted $status: $(cat err)"
        failed=$((failed + 1))
    elif ! tr '\n' '\001' <err | grep -qF "$(tr '\n' '\001' <wanted)"; then
        echo "bad: $id: '$(cat err)', wanted '$(cat wanted)'"
        failed=$((failed + 1))
    fi
}
without() { # rows: of the table, by the beginning of their names
    while IFS="$(printf '\t')" read -r id input message status _; do
        case $id in
            "$1"*) judge $xl $input ;;
        esac
    done </test/bad.tsv
}
ended() { # pid
    ! kill -0 "$1" 2>/dev/null
}

cd /tmp || fail "cd"
while IFS="$(printf '\t')" read -r id input message status _; do
    case $id in
        cfg-* | new-*)
            printf '%b' "$input" >a.cfg
            judge $xl create -q a.cfg
            ;;
        cmd-*)
            set -f
            judge $xl $input
            set +f
            ;;
        *) continue ;;
    esac
    state >after
    cmp -s before after || {
        diff before after
        cp after before
        echo "bad: $id changed something"
        failed=$((failed + 1))
    }
    # dom0's own stage-2 tables may take a page; the smallest domain takes ten, and goes in steps
    n=0
    until now=$(free_pages) && [ $((frames - now)) -le 2 ]; do
        n=$((n + 1))
        [ $n -lt 100 ] || {
            echo "bad: $id: $((frames - now)) frames are gone"
            failed=$((failed + 1))
            break
        }
        usleep 50000
    done
    frames=$now
done </test/bad.tsv
try $xl destroy two

step "without daemons"
pid=$(cat /run/xenconsoled.pid)
kill "$pid"
eventually "xenconsoled ends" ended "$pid"
bare three "kernel = '/boot/idle.img'"
without no-console
try $xl destroy three

step "a hypervisor of another interface version"
mv /dev/xen/hypercall /dev/xen/hidden
while IFS="$(printf '\t')" read -r id input message status _; do
    case $id in
        version-*) judge other_version $input $xl list ;;
    esac
done </test/bad.tsv
mv /dev/xen/hidden /dev/xen/hypercall

step "daemons that run already"
try /usr/lib/kanso/bin/xenconsoled --pid-file=/run/first.pid
while IFS="$(printf '\t')" read -r id input message status _; do
    case $id in
        twice-*) judge $input ;;
    esac
done </test/bad.tsv
pid=$(cat /run/first.pid)
kill "$pid"
eventually "our xenconsoled ends" ended "$pid"
try /usr/lib/kanso/bin/xenconsoled --pid-file=/run/second.pid
kill "$(cat /run/second.pid)"

step "without a store"
bare four "kernel = '/boot/idle.img'"
frames=$(free_pages)
pid=$(cat /run/xenstored.pid)
kill -9 "$pid"
eventually "xenstored ends" ended "$pid"
without no-store
now=$(free_pages)
[ $((frames - now)) -le 2 ] || fail "$((frames - now)) frames went without a store"

step "$rows rows"
[ $rows -ge 110 ] || fail "$rows rows only"
[ $failed = 0 ] || fail "$failed rows are wrong"
pass
