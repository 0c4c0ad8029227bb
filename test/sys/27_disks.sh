# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 27. Disks with our tools: a volume, a partition, an image file; what Linux negotiates and uses; attach and detach under load;
#     one writer or readers, under whatever name; a hook of the user's and Debian's block script; data outlives the guest
# One CPU, as in 3: QEMU 7.2's GICv2 keeps an SPI active for ever on a CPU that took it if it is ended on another.
# needs: disk=256 timeout=400 tools dom0args=kanso.tools=own
. /test/lib.sh

explain() {
    timeout 20 xenstore-ls -f | grep 'vbd.*state\|vbd.*physical-device\|vbd.*hotplug'
    # Who is blocked: by the guest's shell, its thread for the store may be the one
    guest_told d '0 for p in /proc/[0-9]*; do grep -q "^State:.*D" $p/status && cat $p/comm $p/stack >/dev/hvc0; done'
    sleep 5
}
sum() { # file or device: of its first 8 MiB, as they are there and not in dom0's cache
    [ ! -b "$1" ] || blockdev --flushbufs "$1"
    head -c 8388608 "$1" | md5sum | cut -d' ' -f1
}
back() { # guest, number, key: of a disk's back end
    xenstore-read "/local/domain/0/backend/vbd/$(xl domid "$1")/$2/$3"
}
front() {
    xenstore-read "/local/domain/$(xl domid "$1")/device/vbd/$2/$3"
}
counted() { # statistic: of xvdb's back end
    cat "/sys/bus/xen-backend/devices/vbd-$id-51728/statistics/$1"
}
refused() { # what it shall say, command...
    words=$1
    shift
    "$@" >/tmp/refused 2>&1 && fail "this was let in: $*"
    grep -q "$words" /tmp/refused || fail "$*: wanted '$words', said: $(cat /tmp/refused)"
}
load_begins() { # on the volume, that nothing of what follows disturbs
    load="while [ ! -e /tmp/stop ]; do cp /tmp/data /mnt/load && sync && cmp /tmp/data /mnt/load || break; echo >>/tmp/rounds; done"
    asks d 0 "rm -f /tmp/stop /tmp/stopped /tmp/rounds; ($load; touch /tmp/stopped) >/tmp/load 2>&1 &"
    asks d 0 "until_true test -s /tmp/rounds"
}
load_was_good() {
    asks d 0 "touch /tmp/stop; until_true test -e /tmp/stopped && cat /tmp/load && test ! -s /tmp/load"
}

step "a volume, a partition, an image file"
until [ -b /dev/vda2 ]; do usleep 20000; done
modprobe dm-mod
modprobe ext4
try lvm pvcreate /dev/vda1
try lvm vgcreate vg0 /dev/vda1
for name in root more; do
    try lvm lvcreate -y -Wn -Zn -L 48M -n $name vg0
done
try /sbin/mke2fs -q -t ext4 /dev/vg0/root
truncate -s 16M /tmp/image
truncate -s 16M /tmp/second
(
    echo "until_true test -b /dev/xvdc"
    echo "modprobe ext4"
    follows
) | guest d "memory = 256" "disk = ['phy:/dev/vg0/root,xvda,w', 'phy:/dev/vda2,xvdb,w', '/tmp/image,raw,xvdc,w']"
try xl create /tmp/d.cfg
guest_says d "@@READY" 200
id=$(xl domid d)

step "what both ends agreed on"
for disk in 51712 51728 51744; do
    same "persistent grants, dom0" 1 "$(back d $disk feature-persistent)"
    same "persistent grants, guest" 1 "$(front d $disk feature-persistent)"
    [ "$(back d $disk feature-max-indirect-segments)" -ge 32 ] || fail "indirect segments: $(back d $disk feature-max-indirect-segments)"
done
for disk in xvda xvdb xvdc; do
    asks d 0 "dmesg | grep 'blkfront: $disk: .*persistent grants: enabled; indirect descriptors: enabled'"
    asks d 0 "cat /sys/block/$disk/queue/max_segments"
    # a request without an indirect page has 11
    [ "$said" -ge 32 ] || fail "$disk takes $said segments a request"
done

step "large requests go through indirect pages, the pages stay granted"
echo 1 >/sys/module/xen_blkback/parameters/log_stats
requests=$(counted wr_req)
sectors=$(counted wr_sect)
asks d 0 "head -c 8388608 /dev/urandom >/tmp/data && dd if=/tmp/data of=/dev/xvdb bs=1M oflag=direct"
requests=$(($(counted wr_req) - requests))
sectors=$(($(counted wr_sect) - sectors))
echo "$sectors sectors in $requests requests"
same "sectors" 16384 $sectors
[ $((sectors / requests)) -gt 88 ] || fail "$sectors sectors in $requests requests: no more than 11 segments each"

step "data on each of them"
asks d 0 "md5sum </tmp/data"
data=${said%% *}
asks d 0 "mount -t ext4 /dev/xvda /mnt && cp /tmp/data /mnt/data && sync"
asks d 0 "dd if=/tmp/data of=/dev/xvdc bs=64k conv=fsync"
asks d 0 "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/xvdb bs=1M count=8 iflag=direct 2>/dev/null | md5sum"
same "what the guest reads back" "$data" "${said%% *}"

step "attach and detach under load"
load_begins
try xl block-attach d phy:/dev/vg0/more xvdd w
asks d 0 "until_true test -b /dev/xvdd && dd if=/tmp/data of=/dev/xvdd bs=1M oflag=direct && sync"
try xl block-detach d xvdd
asks d 0 "until_true test ! -b /dev/xvdd"
same "what was written to the disk that came and went" "$data" "$(sum /dev/vg0/more)"
asks d 0 "n=\$(wc -l </tmp/rounds); until_true eval 'test \$((n + 1)) -lt \$(wc -l </tmp/rounds)'"
load_was_good

step "one writer, or readers: under every name"
bare other "kernel = '/boot/idle.img'"
try xl create -q -p /tmp/other.cfg
ln -s /dev/vg0/root /tmp/link
ln /tmp/image /tmp/hard
mkdir -p /run/bound
try mount --bind /tmp /run/bound
loop=$(back d 51744 physical-device-path)
for name in /dev/vg0/root /dev/mapper/vg0-root /dev/dm-0 /tmp/link vg0/root /dev/vda1 /dev/vda /dev/vda2 /tmp/image /tmp/hard /run/bound/image "$loop"; do
    for mode in w r; do
        case $name$mode in
            /dev/vdaw | /dev/vda1w) words="in use in this domain" ;; # the volume group has it
            *) words="disk xvde: .*$name is in use by guest \"d\" (xvd[abc], writes)" ;;
        esac
        refused "$words" xl block-attach other "phy:$name" xvde $mode
    done
done
refused "in use by guest \"d\"" xl block-attach d phy:/dev/mapper/vg0-root xvde w
refused "in use by guest \"d\"" xl block-attach other script=block,vdev=xvde,target=/tmp/hard
refused "in use by guest \"d\"" xl block-attach other script=/etc/xen/scripts/block,vdev=xvde,target=/dev/dm-0
same "disks of the other" 1 "$(xl block-list other | wc -l)"
for name in phy:/tmp/hard,xvde,w! phy:/dev/mapper/vg0-root,xvdf,w!; do
    try xl block-attach other "$name"
done
same "disks of the other" 3 "$(xl block-list other | wc -l)"
try /sbin/mke2fs -q -F -t ext4 /tmp/second
try mount -o loop -t ext4 /tmp/second /mnt
refused "in use in this domain" xl block-attach other phy:/tmp/second xvdg w
try umount /mnt
try xl destroy other

step "a hook of the user's, and Debian's block script"
cat >/tmp/hook <<'END'
#!/bin/sh
# It does what scripts do, and writes down how it was called
echo "$1 $script $XENBUS_TYPE $XENBUS_PATH $XENBUS_BASE_PATH $(xenstore-read "$XENBUS_PATH/params")" >>/tmp/hooked
case $1 in
    add)
        device=$(losetup -f)
        losetup "$device" /tmp/second
        xenstore-write "$XENBUS_PATH/node" "$device" "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$device")" \
            "$XENBUS_PATH/hotplug-status" connected
        ;;
    remove) losetup -d "$(xenstore-read "$XENBUS_PATH/node")" ;;
esac
END
chmod 755 /tmp/hook
try xl block-attach d script=/tmp/hook,vdev=xvde,target=anything:at/all
asks d 0 "until_true test -b /dev/xvde && echo HOOKED | dd of=/dev/xvde conv=notrunc,fsync"
try xl block-detach d xvde
same "what the guest wrote" HOOKED "$(head -n 1 /tmp/second)"
path=backend/vbd/$id/51776
same "what the hook was told" "add /tmp/hook vbd $path backend anything:at/all
remove /tmp/hook vbd $path backend anything:at/all" "$(cat /tmp/hooked)"
try xl block-attach d script=/etc/xen/scripts/block,vdev=xvdf,target=/tmp/second
asks d 0 "until_true test -b /dev/xvdf && head -n 1 /dev/xvdf"
same "a file by Debian's script" HOOKED "$said"
try xl block-detach d xvdf

step "a disk goes while it is written to"
# The last that is asked of this guest's frontends: Linux' thread for the store may wait for ever afterwards (docs/compatibility.md)
load_begins
try xl block-attach d phy:/dev/vg0/more xvdd w
asks d 0 "until_true test -b /dev/xvdd; while dd if=/tmp/data of=/dev/xvdd bs=1M oflag=direct; do echo >>/tmp/writes; done >/tmp/writer 2>&1 &"
asks d 0 "until_true test -s /tmp/writes"
try xl block-detach d xvdd
asks d 0 "until_true test ! -b /dev/xvdd"
load_was_good

step "what the back end counted"
dmesg | grep "xen-blkback.*pg:" | tail -n 5
dmesg | grep -q "xen-blkback.*pg: *[1-9][0-9]*/" || fail "no page stayed granted"

step "destroy, then read back"
asks d 0 "sync; umount /mnt"
try xl destroy d
gone d
same "loop devices" "" "$(losetup -a)"
same "on the partition" "$data" "$(sum /dev/vda2)"
same "in the file" "$data" "$(sum /tmp/image)"
blockdev --flushbufs /dev/vg0/root
try mount -o ro -t ext4 /dev/vg0/root /mnt
same "on the volume" "$data" "$(sum /mnt/data)"
refused "in use in this domain" xl create /tmp/d.cfg
try umount /mnt
pass
