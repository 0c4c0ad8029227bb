# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 25. The emulated UART, bare and under Linux: words out into the log, lines typed by xl console -t vuart in, more than its ring holds
# needs: dom0=1024 timeout=240
. /test/lib.sh

tty_of() {
    xenstore-read "/local/domain/$(xl domid "$1")/vuart/0/tty"
}

# said NAME TEXT: the guest says TEXT on its UART
said() {
    guest_says "$1-vuart0" "$2"
}

step "by polling"
bare bare "kernel = '/boot/vuart.img'" "vuart = 'sbsa_uart'"
try xl create /tmp/bare.cfg
said bare "@@VUART bare"
said bare "@@VUART listens"
same "lines beyond the ring" 1000 "$(grep -c '^0123456789abcdefghijklmnopqrst' $logs/guest-bare-vuart0.log)"
echo "to the bare guest" >"$(tty_of bare)"
said bare "@@VUART TOLD to the bare guest"
said bare "@@VUART done"
guest_says bare "@@BARE-DONE vuart"
sed 's/@@BARE/BARE/' $logs/guest-bare.log
grep -q "@@BARE-DONE vuart: .* bad 0x0" $logs/guest-bare.log || fail "the bare guest's checks"
try xl destroy bare
gone bare

step "Linux on it from its first word on"
guest l1 "vuart = 'sbsa_uart'" <<'END_GUEST'
stty -F /dev/ttyAMA0 -echo
exec </dev/ttyAMA0 >/dev/ttyAMA0 2>&1
n=0
while [ $n -lt 200 ]; do
    echo "line $n of two hundred, each of them of some length, more than the ring holds"
    n=$((n + 1))
done
echo "@@VUART up"
while read -r line; do
    case $line in
        bulk*) bulk=$((bulk + 1)) ;;
        interrupts) grep ttyAMA /proc/interrupts || grep uart /proc/interrupts || cat /proc/interrupts ;;
        *) echo "@@VUART TOLD $line, bulk $bulk" ;;
    esac
done
END_GUEST
sed -i "s/^extra = .*/extra = 'console=hvc0 console=ttyAMA0 earlycon=pl011,mmio32,0x22000000 rdinit=\/init'/" /tmp/l1.cfg
try xl create /tmp/l1.cfg
said l1 "@@VUART up"
log=$logs/guest-l1-vuart0.log
grep -q "bootconsole .pl11. enabled" $log || grep -q "bootconsole .pl011. enabled" $log || fail "no early console: $(head $log)"
grep -q "ttyAMA0 at MMIO 0x22000000 (irq = [0-9]*, base_baud = 0) is a SBSA" $log || fail "no driver: $(grep -i tty $log)"
same "lines" 200 "$(grep -c '^line [0-9]* of two hundred' $log)"

step "lines typed"
tty=$(tty_of l1)
echo "by the terminal" >"$tty"
said l1 "@@VUART TOLD by the terminal, bulk"
n=0
while [ $n -lt 60 ]; do
    echo "bulk $n, and some more words so that sixty of these are more than the ring holds"
    n=$((n + 1))
done >"$tty"
echo "after sixty" >"$tty"
said l1 "@@VUART TOLD after sixty, bulk 60"
echo interrupts >"$tty"
said l1 "uart-pl011"
grep uart-pl011 $log

step "xl console -t vuart"
mkfifo /tmp/in
xl console -t vuart l1 </tmp/in >/tmp/out 2>&1 &
pid=$!
exec 3>/tmp/in
case $(readlink -f "$(command -v xl)") in
    /usr/lib/kanso/*) echo "by xl console" >&3 ;;
    *) echo "by xl console" >"$tty" ;; # Debian's takes input only from a terminal
esac
await 200 /tmp/out "TOLD by xl console" || fail "no answer in xl console -t vuart: $(tail -n 3 /tmp/out)"
exec 3>&-
kill $pid 2>/dev/null

try xl destroy l1
gone l1
pass
