#!/bin/bash
# SPDX-License-Identifier: MIT
# dom0.sh OUT: make OUT/dom0.cpio.gz (Debian's Xen tools, busybox, LVM, modules; a guest's kernel and ramdisk
# inside), OUT/switch.cpio.gz (Open vSwitch and nftables, to follow it where they are needed), OUT/guest.cpio.gz and
# OUT/vmlinuz. Everything is Debian's arm64, unpacked under build/debian.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$1
debian=build/debian
tools=$debian/arm64
kernel=$debian/kernel
cross=aarch64-linux-gnu

packages=(xen-hypervisor-4.17-arm64 xen-utils-4.17 xen-utils-common xenstore-utils libxenmisc4.17
    libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4
    libxentoolcore1 libxentoollog1 libc6 libgcc-s1 libfdt1 libyajl2 zlib1g libzstd1 liblzma5 liblzo2-2 libbz2-1.0
    busybox-static bash coreutils util-linux iproute2 bridge-utils lvm2 e2fsprogs
    libuuid1 libblkid1 libtinfo6 libncurses6 libcap2 libmd0 libmnl0 libbpf1 libelf1 libbsd0 libselinux1 libpcre2-8-0
    libdevmapper1.02.1 libdevmapper-event1.02.1 libaio1 libudev1 libsystemd0 libedit2 liblz4-1 libgcrypt20
    libgpg-error0 libext2fs2 libcom-err2 libacl1 libattr1 libgmp10 libmount1 libtirpc3)
switch_packages=(openvswitch-switch openvswitch-common nftables libnftables1 libnftnl11 libxtables12 libjansson4
    libunbound8 libevent-2.1-7 libnettle8 libhogweed6 libnuma1 libxdp1 libcap-ng0 libssl3)
dom0_modules=(xen-privcmd xenfs xen-gntdev xen-gntalloc xen-evtchn bridge loop xen-blkback xen-netback tun
    dm-mod virtio_mmio virtio_pci virtio_blk virtio_net ext4 crc32c_generic
    openvswitch veth 8021q nf_tables nft_chain_nat nft_masq)
guest_modules=(xen-blkfront xen-netfront ext4 crc32c_generic)

unpack() { # directory, packages: once for each list of packages
    local dir=$1
    shift
    if [ "$(cat "$dir/.packages" 2>/dev/null)" != "$*" ]; then
        echo "dom0: unpacking $# packages into $dir"
        rm -rf "$dir"
        scripts/debs.sh "$dir" "$@"
        echo "$*" >"$dir/.packages"
    fi
}

libraries() { # root: copy what its programs and their libraries need
    local root=$1 todo done_=" " next name path
    declare -A where
    while read -r path; do where[${path##*/}]=$path; done < <(find "$tools/lib" "$tools/usr/lib" -name '*.so*')
    needed() { { xargs -r $cross-readelf -d 2>/dev/null || true; } | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u; }
    mkdir -p "$root/lib/aarch64-linux-gnu"
    # pthread_cancel opens libgcc_s at run time: nothing names it
    todo="libgcc_s.so.1 $(find "$root" -type f -perm /111 | needed)"
    while [ -n "$todo" ]; do
        next=()
        for name in $todo; do
            case $done_ in *" $name "*) continue ;; esac
            done_+="$name "
            [ -n "${where[$name]:-}" ] || { echo "dom0: no package brings $name" >&2; return 1; }
            cp -L "${where[$name]}" "$root/lib/aarch64-linux-gnu/$name"
            next+=("$root/lib/aarch64-linux-gnu/$name")
        done
        todo=$(printf '%s\n' "${next[@]}" | needed)
    done
    cp -L "${where[ld-linux-aarch64.so.1]}" "$root/lib/ld-linux-aarch64.so.1"
    find "$root" -type f -perm /111 -exec $cross-strip --strip-unneeded {} + 2>/dev/null || true
}

modules() { # root, names: with all they depend on
    local root=$1 name path
    shift
    for name in "$@"; do
        PATH=$PATH:/sbin modprobe -S "$release" -d "$kernel" --show-depends "$name" |
            sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | sort -u | while read -r path; do
        install -D -m 644 "$path" "$root/lib/modules/$release/kernel/${path##*/}"
    done
    find "$root/lib/modules" -name '*.ko' -exec $cross-strip --strip-debug {} +
    : >"$root/lib/modules/$release/modules.order"
    : >"$root/lib/modules/$release/modules.builtin"
    : >"$root/lib/modules/$release/modules.builtin.modinfo"
    PATH=$PATH:/sbin depmod -b "$root" "$release"
}

# A whole number of words, so that another archive may follow
pack() { # root, file
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --owner=+0:+0) | gzip -n -1 >"$2.new"
    truncate -s %4 "$2.new"
    mv "$2.new" "$2"
}

skeleton() { # root, directories
    local root=$1
    shift
    rm -rf "$root"
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run} "${@/#/$root/}"
    cp "$tools/bin/busybox" "$root/bin/"
    ln -s busybox "$root/bin/sh"
    ln -s ../bin/busybox "$root/sbin/modprobe" # where the kernel looks for it
}

mkdir -p "$out/dom0"
unpack "$tools" "${packages[@]}" "${switch_packages[@]}"
unpack "$kernel" kernel
release=$(ls "$kernel/lib/modules")
[ -e "$kernel/lib/modules/$release/modules.dep" ] || PATH=$PATH:/sbin depmod -b "$kernel" "$release"

echo "dom0: a guest's ramdisk"
root=$out/dom0/guest
skeleton "$root" mnt
modules "$root" "${guest_modules[@]}"
install -m 755 test/dom0/guest-init "$root/init"
# What the kernel runs when the store asks for it; our init has no signals to wait for
for name in poweroff reboot; do
    printf '#!/bin/sh\n/bin/busybox %s -f\n' $name >"$root/sbin/$name"
    chmod 755 "$root/sbin/$name"
done
pack "$root" "$out/guest.cpio.gz"
cp "$kernel/boot/vmlinuz-$release" "$out/vmlinuz"

echo "dom0: the control domain's ramdisk"
root=$out/dom0/root
skeleton "$root" usr/bin usr/sbin var/lib/xenstored var/lib/xen var/log/xen/console etc root boot test mnt
cp "$tools"/usr/bin/{flock,stat} "$tools"/bin/{bash,ip} "$root/bin/"
cp "$tools"/sbin/{bridge,brctl,lvm,mke2fs} "$root/sbin/"
mkdir -p "$root/usr/lib/xen-4.17/bin"
cp "$tools"/usr/lib/xen-4.17/bin/{xl,xenstored,xenconsoled,xenconsole,xen-init-dom0,xenstore-control,xenctx,xentop,libxl-save-helper} \
    "$root/usr/lib/xen-4.17/bin/"
cp -a "$tools"/usr/lib/xen-common "$root/usr/lib/" 2>/dev/null || true
cp -a "$tools"/usr/bin/xenstore* "$root/usr/bin/"
cp -a "$tools"/etc/xen "$root/etc/"
mkdir -p "$root/etc/lvm"
cp test/dom0/lvm.conf "$root/etc/lvm/"
mkdir -p "$root/lib"
$cross-gcc -O2 -Wall -Wextra -Werror -shared -fPIC -o "$root/lib/record.so" test/dom0/record.c
for tool in test/dom0/{await,lives,other_version,physinfo,round_trip,terminal}.c; do
    $cross-gcc -O2 -Wall -Wextra -Werror -I. -static -o "$root/bin/$(basename "$tool" .c)" "$tool"
done
modules "$root" "${dom0_modules[@]}"
libraries "$root"
install -m 755 test/dom0/init "$root/init"
cp test/dom0/lib.sh test/dom0/demo.sh "$root/test/"
cp "$out/vmlinuz" "$root/boot/vmlinuz"
cp "$out/guest.cpio.gz" "$root/boot/"
pack "$root" "$out/dom0.cpio.gz"

echo "dom0: a switch for it"
switch=$out/dom0/switch
mkdir -p "$switch"/usr/{bin,sbin,share/openvswitch} "$switch"/{etc,var/lib,var/log}/openvswitch
cp "$tools"/usr/bin/{ovs-vsctl,ovs-appctl,ovsdb-tool} "$switch/usr/bin/"
cp "$tools"/usr/sbin/{ovsdb-server,nft} "$tools"/usr/lib/openvswitch-switch/ovs-vswitchd "$switch/usr/sbin/"
cp "$tools/usr/share/openvswitch/vswitch.ovsschema" "$switch/usr/share/openvswitch/"
libraries "$switch"
for path in "$switch"/lib/*.so.1 "$switch"/lib/aarch64-linux-gnu/*; do
    [ ! -e "$root/${path#"$switch"/}" ] || rm "$path"
done
pack "$switch" "$out/switch.cpio.gz"
rm -rf "$out/dom0"
for name in dom0 switch; do
    echo "dom0: $out/$name.cpio.gz, $(du -h "$out/$name.cpio.gz" | cut -f1)"
done
