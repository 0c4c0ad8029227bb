# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 29. Our xl at a terminal: a dialogue with a guest by create -c and by console, Ctrl-C goes to the guest, Ctrl-] leaves,
#     the terminal's settings come back; colours and widths for people, none in a pipe
# needs: smp=2 vcpus=2 timeout=200 own once
. /test/lib.sh

dialogue() { # lines of a dialogue (test/dom0/terminal.c) in printf's words: make /tmp/dialogue
    printf '%b\n' "$@" >/tmp/dialogue
}

at_terminal() { # wanted status, command...: the dialogue with it; what it wrote is in /tmp/seen
    wanted=$1
    shift
    terminal /tmp/dialogue "$@" >/tmp/seen 2>/tmp/wrong
    status=$?
    [ $status = "$wanted" ] || {
        cat /tmp/seen
        fail "$*: status $status, wanted $wanted: $(cat /tmp/wrong)"
    }
}

# What getty and login do to a terminal: a prompt, echo off, and single keys
guest talk "channel = ['connection=pty,name=org.test']" <<'END'
(
    until_true test -c /dev/hvc1
    exec </dev/hvc1 >/dev/hvc1 2>&1
    stty -echo
    echo "channel $(cat /sys/bus/xen/devices/console-1/nodename)"
    while read -r line; do echo "it said $line"; done
) &
printf 'talk login: '
read -r name
stty -echo
printf 'Password: '
read -r word
stty echo
echo
echo "Welcome $name, $(expr length "$word") letters"
stty -isig -icanon -echo
while :; do
    printf 'key? '
    key=$(dd bs=1 count=1 2>/dev/null | od -An -tx1)
    echo "key$key"
    [ "$key" != " 71" ] || break
done
poweroff -f
END

step "create -c: log in, type Ctrl-C, leave"
dialogue '?talk login: ' '=raw' '>root\r' '?Password: ' '>secret\r' '?Welcome root, 6 letters' '?key? ' '>\003' '?key 03' '>\035'
at_terminal 0 xl create -c /tmp/talk.cfg
! grep -q secret /tmp/seen || fail "the guest's terminal did not have its echo off"
xl list talk >/dev/null || fail "the guest went with its console"

step "console: what was said meanwhile; who comes second; what is typed last"
try xl sysrq talk h
guest_says talk "HELP"
dialogue '?HELP' '=raw' '>a' '?key 61' "\$! xl console talk </dev/null >/tmp/second 2>&1" '>b\035'
at_terminal 0 xl console talk
grep -q "somebody is at the console of domain [0-9]* already" /tmp/second || fail "a second console: $(cat /tmp/second)"
guest_says talk "key 62"

step "a channel: a console beside the first one"
xl channel-list talk
same "channels" "1 0 4 pty" "$(xl channel-list talk | awk 'NR == 2 { print $1, $2, $3, $6 }')"
same "its name" org.test "$(xenstore-read "/local/domain/$(xl domid talk)/device/console/1/name")"
dialogue '?channel device/console/1' '=raw' '>hello\r' '?it said hello' '>\035'
at_terminal 0 xl console -n 1 talk
await 60 $logs/guest-talk-console1.log "it said hello" || fail "the channel has no log"

step "console: typed ahead; a signal ends it, and the terminal is as it was"
dialogue '>c' '?key 63' '$kill -TERM $(pidof xl | tr " " "\\n" | sort -n | tail -n 1)'
terminal /tmp/dialogue xl console talk >/tmp/seen 2>/tmp/wrong
status=$?
[ $status != 100 ] || fail "console after SIGTERM: $(cat /tmp/wrong)"

step "console: the guest ends, so does it"
dialogue '>q' '?key 71'
at_terminal 0 xl console talk
gone talk

step "tables: colours and one line a guest at a terminal, none in a pipe"
bare one "kernel = '/boot/idle.img'"
try xl create /tmp/one.cfg
: >/tmp/dialogue
esc=$(printf '\033')
at_terminal 0 xl list
grep -q "$esc" /tmp/seen || fail "no colours at a terminal: $(cat /tmp/seen)"
# Without its colours a column begins where it begins in the head
sed "s/$esc\[[0-9]*m//g; s/\r//" /tmp/seen >/tmp/plain
awk 'NR == 1 { at = index($0, "Mem") } substr($0, at - 1, 1) != " " { exit 1 }' /tmp/plain || fail "not aligned: $(cat /tmp/plain)"
same "lines at a terminal" 3 "$(wc -l </tmp/plain)"
xl list | cat >/tmp/pipe
! grep -q "$esc" /tmp/pipe || fail "colours in a pipe"
at_terminal 0 env NO_COLOR=1 xl list
! grep -q "$esc" /tmp/seen || fail "colours in spite of NO_COLOR"
at_terminal 2 xl lst
grep -q "list" /tmp/seen || fail "a mistyped word at a terminal: $(cat /tmp/seen)"
try xl destroy one

step "xenstore-watch tells a script of changes"
xenstore-watch -n 3 /tool/w >/tmp/watched &
watcher=$!
await 60 /tmp/watched /tool/w || fail "xenstore-watch says nothing"
try xenstore-write /tool/w/a 1
try xenstore-rm /tool/w
wait $watcher || fail "xenstore-watch ended with $?"
same "what it saw" "/tool/w /tool/w/a /tool/w" "$(tr '\n' ' ' </tmp/watched | sed 's/ $//')"
pass
