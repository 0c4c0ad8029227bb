# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 22. Our xl builds guests: bare and Linux; kernels raw, packed (gzip, zstd) and as EFI zboot; what each create costs;
#     a bootloader that takes the kernel from the guest's disk, once more when it reboots, and one that hangs
# needs: mem=2048 dom0=1024 timeout=300 tools zstd
. /test/lib.sh
xl=/usr/lib/kanso/bin/xl

now() {
    sed -n 's/^now at \([0-9]*\).*/\1/p' /proc/timer_list
}

# With -icount shift=0 the clock counts instructions of the whole machine: 1 ns is one
costs() { # what, command...
    what=$1
    shift
    a=$(now)
    b=$(now)
    try "$@"
    c=$(now)
    echo "@@COST $what $(((c - b) - (b - a)))"
}

step "a bare guest"
bare idle "kernel = '/boot/idle.img'" "memory = 4"
for i in 1 2 3; do
    costs "bare create $i" $xl create -p /tmp/idle.cfg
    [ $i = 3 ] || { costs "bare destroy $i" $xl destroy idle; gone idle; }
done
try $xl unpause idle
$xl list
try $xl destroy idle

guest raw <<'END_GUEST'
echo "@@GUEST-RAW $(cat /proc/cmdline)"
cat /proc/interrupts | head -n 20
END_GUEST
step "a Linux guest"
costs "linux create" $xl create /tmp/raw.cfg
guest_says raw "@@GUEST-RAW console=hvc0"
guest_says raw "@@GUEST-DONE"
costs "linux destroy" $xl destroy raw

step "the same, packed by gzip"
gzip -1 -k -c /boot/vmlinuz >/tmp/vmlinuz.gz
guest packed "kernel = '/tmp/vmlinuz.gz'" <<'END_GUEST'
echo "@@GUEST-PACKED"
END_GUEST
costs "packed create" $xl create /tmp/packed.cfg
guest_says packed "@@GUEST-PACKED"
try $xl destroy packed

# Until the kernel speaks: it was unpacked, and what came out runs
speaks() { # name, kernel, line...
    guest "$1" "kernel = '$2'" "extra = 'console=hvc0'" </dev/null
    costs "$1 create" $xl create "/tmp/$1.cfg"
    guest_says "$1" "Linux version"
    try $xl destroy "$1"
}

step "the same, packed by zstd"
speaks zstd /boot/vmlinuz.zst

le32() { # number: its four bytes
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)))"
}

# As Linux lays it out: a PE program whose DOS header says where in it the packed kernel is, how long and by what it is packed
zboot() { # packed kernel, packer, bytes behind it that are not its own
    bytes=$(stat -c %s "$1")
    {
        printf 'MZ\0\0zimg'
        le32 12296
        le32 "$bytes"
        le32 0
        le32 0
        printf '%s' "$2"
        head -c $((32 - ${#2})) /dev/zero
        printf '\315\043\202\201'
        le32 64
        printf 'PE\0\0\144\252\2\0'
        head -c $((12296 - 72)) /dev/zero
        cat "$1"
        printf '%s' "$3"
        head -c 512 /dev/zero
    }
}

step "an EFI zboot kernel, packed by gzip"
zboot /tmp/vmlinuz.gz gzip "" >/tmp/zboot
rm /tmp/vmlinuz.gz
speaks zbootgzip /tmp/zboot

step "an EFI zboot kernel, packed by zstd"
zboot /boot/vmlinuz.zst zstd22 SIZE >/tmp/zboot
speaks zbootzstd /tmp/zboot

step "a bootloader: kernel and ramdisk from the guest's disk, chosen at its console; asked again for a reboot"
modprobe loop
modprobe ext4
truncate -s 96M /tmp/disk
try /sbin/mke2fs -q -F -t ext4 /tmp/disk
guest disk <<'END_GUEST'
echo "@@GUEST-DISK $(cat /proc/cmdline)"
grep -q again /proc/cmdline || reboot -f
END_GUEST
try mount -o loop -t ext4 /tmp/disk /mnt
cp /boot/vmlinuz /mnt/linux
mv /tmp/disk.cpio /mnt/ramdisk
try umount /mnt
sed -i '/^kernel/d; /^ramdisk/d' /tmp/disk.cfg
printf '%s\n' "bootloader = '/tmp/loader'" "bootloader_args = ['-q']" "disk = ['/tmp/disk,raw,xvda,w']" >>/tmp/disk.cfg
cat >/tmp/loader <<'END'
#!/bin/sh
echo "$*" >>/tmp/loader.calls
for a; do
    case $a in
        --output=*) out=${a#*=} ;;
        --output-directory=*) folder=${a#*=} ;;
        --args=*) args=${a#*=} ;;
    esac
    disk=$a
done
if [ "$(wc -l </tmp/loader.calls)" = 1 ]; then
    printf 'which kernel? '
    read -r kernel
else
    kernel=linux args="$args again"
fi
mkdir -p /tmp/loader.d && mount -o ro,loop -t ext4 "$disk" /tmp/loader.d || exit 2
cp "/tmp/loader.d/$kernel" "$folder/kernel" && cp /tmp/loader.d/ramdisk "$folder/ramdisk"
umount /tmp/loader.d
printf 'kernel %s\0ramdisk %s\0args %s\0' "$folder/kernel" "$folder/ramdisk" "$args" >"$out"
END
chmod 755 /tmp/loader
$xl create /tmp/disk.cfg >/tmp/create.log 2>&1 &
creating=$!
named() { # guest
    [ -n "$($xl domid "$1" 2>/dev/null)" ]
}
eventually "the guest has its name" named disk
echo linux | $xl console disk >/tmp/console.log || fail "xl console: $(cat /tmp/console.log)"
wait $creating || fail "xl create: $(cat /tmp/create.log)"
guest_says disk "@@GUEST-DISK console=hvc0" 100
guest_says disk "loglevel=4 again" 100
guest_says disk "@@GUEST-DONE" 100
same "calls of the bootloader" 2 "$(wc -l </tmp/loader.calls)"
grep -q "^--args=console=hvc0 .* --output=[^ ]* --output-format=simple0 --output-directory=[^ ]* -q /tmp/disk$" /tmp/loader.calls ||
    fail "the bootloader was called: $(cat /tmp/loader.calls)"
$xl destroy disk 2>/dev/null
gone disk
same "what the bootloaders left" "" "$(ls -d /run/kanso/bootloader* /tmp/loader.d/* 2>/dev/null)"

step "a bootloader that hangs is interrupted"
cat >/tmp/loader <<'END'
#!/bin/sh
trap '' INT TERM
echo $$ >/tmp/loader.pid
while :; do sleep 1; done
END
$xl create /tmp/disk.cfg >/tmp/create.log 2>&1 &
creating=$!
eventually "the bootloader runs" test -s /tmp/loader.pid
kill -INT $creating
wait $creating
same "status of xl create" 1 $?
grep -q 'bootloader /tmp/loader: interrupted; guest "disk" is not created' /tmp/create.log || fail "xl create: $(cat /tmp/create.log)"
kill -0 "$(cat /tmp/loader.pid)" 2>/dev/null && fail "the bootloader goes on"
gone disk
same "what the bootloader left" "" "$(ls -d /run/kanso/bootloader* 2>/dev/null)"
pass
