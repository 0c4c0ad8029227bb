# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 3. Real DMA of granted pages: a guest's root on an LVM volume of dom0's virtio disk, a second disk on a partition,
#    its network through dom0's virtio card to a peer outside, all after dom0's balloon has moved pages about
# needs: disk=512 net timeout=300
. /test/lib.sh

balloon() { # MiB: dom0 gives pages back or takes them
    target=/sys/devices/system/xen_memory/xen_memory0
    echo $(($1 * 1024)) >$target/target_kb
    n=0
    until [ "$(cat $target/info/current_kb)" = $(($1 * 1024)) ]; do
        n=$((n + 1))
        [ $n -lt 600 ] || fail "dom0's balloon stays at $(cat $target/info/current_kb) KiB, wanted $(($1 * 1024))"
        usleep 50000
    done
}

step "a volume on the first partition, a root file system on it"
until [ -b /dev/vda2 ]; do usleep 20000; done
modprobe dm-mod
try lvm pvcreate /dev/vda1
try lvm vgcreate vg0 /dev/vda1
try lvm lvcreate -y -Wn -Zn -L 128M -n root vg0
try /sbin/mke2fs -q -t ext4 /dev/vg0/root
modprobe ext4
try mount -t ext4 /dev/vg0/root /mnt
mkdir -p /mnt/bin /mnt/proc /mnt/sys /mnt/dev /mnt/sbin
cp /bin/busybox /mnt/bin/
ln -s busybox /mnt/bin/sh
cat >/mnt/sbin/init <<'END'
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/hvc0 >/dev/hvc0 2>&1
echo "@@ROOT $(grep -o '^/dev/xvda / ext4 rw' /proc/mounts)"
head -c 16777216 /dev/urandom >/data
sync
echo "@@ROOT-MD5 $(md5sum </data)"
head -c 16777216 /dev/urandom >/tmp.data
dd if=/tmp.data of=/dev/xvdb bs=1M conv=fsync 2>/dev/null
echo "@@DISK-MD5 $(head -c 16777216 /dev/xvdb | md5sum)"
until ip link set eth0 up 2>/dev/null; do usleep 50000; done
ip addr add 10.0.2.20/24 dev eth0
for round in 1 2 3; do
    head -c 1048576 /data | nc 10.0.2.100 7 | head -c 1048576 | md5sum >/echo.md5
    head -c 1048576 /data | md5sum | cmp - /echo.md5 && echo "@@ECHO $round"
done
sync
mount -o remount,ro /
echo "@@GUEST-DONE"
exec sh
END
chmod 755 /mnt/sbin/init
try umount /mnt

step "balloon down and up, three times"
for round in 1 2 3; do
    balloon 512
    balloon 768
done

step "dom0's card on the bridge"
ip link add xenbr0 type bridge
ip link set xenbr0 up
ip link set eth0 up
ip link set eth0 master xenbr0
guest disks "disk = ['phy:/dev/vg0/root,xvda,w', 'phy:/dev/vda2,xvdb,w']" "vif = ['bridge=xenbr0']" <<'END'
modprobe ext4
until_true test -b /dev/xvda
mount -t ext4 /dev/xvda /mnt
umount /proc /sys
exec switch_root /mnt /sbin/init
END
step "xl create"
try xl create /tmp/disks.cfg
guest_says disks "@@ROOT /dev/xvda / ext4 rw"
guest_says disks "@@ROOT-MD5"
step "root written"
guest_says disks "@@DISK-MD5"
step "second disk written"
guest_says disks "@@ECHO 3"
guest_says disks "@@GUEST-DONE"

step "destroy, then read back from dom0"
try xl destroy disks
gone disks
echo 3 >/proc/sys/vm/drop_caches
try mount -o ro -t ext4 /dev/vg0/root /mnt
log=$logs/guest-disks.log
same "file on the volume" "$(sed -n 's/.*@@ROOT-MD5 \([0-9a-f]*\).*/\1/p' $log)" "$(md5sum </mnt/data | cut -d' ' -f1)"
same "second disk" "$(sed -n 's/.*@@DISK-MD5 \([0-9a-f]*\).*/\1/p' $log)" "$(head -c 16777216 /dev/vda2 | md5sum | cut -d' ' -f1)"
try umount /mnt
pass
