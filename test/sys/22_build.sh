# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 22. Our xl builds guests: bare and Linux; kernels raw, packed (gzip, zstd) and as EFI zboot; what each create costs
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
pass
