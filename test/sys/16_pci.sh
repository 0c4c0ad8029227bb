# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 16. A disk behind dom0's PCI host bridge: its windows are mapped, its interrupts arrive, by GICv2m's frame (GICv2) or
#     by a shared line of interrupt-map (GICv3, whose ITS dom0 does not get)
# needs: timeout=100
# needs: args=-blockdev args=driver=null-co,size=67108864,node-name=p0,read-zeroes=on
# needs: args=-device args=virtio-blk-pci,drive=p0
. /test/lib.sh

interrupts() { # of the disk so far
    awk '/virtio0/ { n += $2 } END { print n + 0 }' /proc/interrupts
}

step "the disk"
n=0
until [ -b /dev/vda ]; do
    n=$((n + 1))
    [ $n -lt 400 ] || fail "no /dev/vda"
    usleep 50000
done
before=$(interrupts)
try dd if=/dev/zero of=/dev/vda bs=64k count=16 conv=fsync
try dd if=/dev/vda of=/dev/null bs=4k count=200 iflag=direct
more=$(($(interrupts) - before))
[ "$more" -ge 200 ] || fail "$more interrupts of 200 reads"

step "its interrupt"
grep virtio0 /proc/interrupts
case $(option kanso.gic) in
    2) grep -q 'MSI.*virtio0-req' /proc/interrupts || fail "no MSI beside GICv2m" ;;
    3) grep -q 'GICv3.*Level.*virtio0' /proc/interrupts || fail "no line of the GIC" ;;
esac
pass
