#!/bin/bash
# SPDX-License-Identifier: MIT
# debian.sh IMAGE: a Debian arm64 root file system in an ext4 image. Packages are unpacked, not configured
# (their scripts would need an arm64 machine); the few files that a login needs are written here.
set -euo pipefail
cd "$(dirname "$0")/.."

image=$1
root=$image.d
rm -rf "$root"
mkdir -p "$root"/usr/{bin,sbin,lib}
for name in bin sbin lib; do
    ln -s usr/$name "$root/$name"
done
echo "debian: unpacking a root file system"
scripts/debs.sh --closure "$root" usr-is-merged base-files base-passwd bash dash coreutils libc-bin util-linux mount \
    login passwd systemd-sysv udev init-system-helpers hostname grep sed findutils mawk debianutils procps

rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bash-completion,perl} "$root"/usr/lib/aarch64-linux-gnu/{gconv,perl*} \
    "$root"/usr/lib/udev/hwdb.d
[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
ln -sf mawk "$root/usr/bin/awk"
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
# root without a password: the guest has no network and lives for one test
sed -i 's/^root:[^:]*:/root::/' "$root/etc/passwd"
echo guest >"$root/etc/hostname"
echo "/dev/xvda / ext4 defaults 0 1" >"$root/etc/fstab"
: >"$root/etc/machine-id"
mkdir -p "$root/etc/pam.d"
echo "auth sufficient pam_unix.so nullok" >"$root/etc/pam.d/common-auth"
echo "account required pam_unix.so" >"$root/etc/pam.d/common-account"
echo "password required pam_unix.so" >"$root/etc/pam.d/common-password"
echo "session required pam_unix.so" | tee "$root/etc/pam.d/common-session" >"$root/etc/pam.d/common-session-noninteractive"

size=$(($(du -sm "$root" | cut -f1) * 5 / 4 + 32))
rm -f "$image.new"
truncate -s ${size}M "$image.new"
make=(mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -d "$root" "$image.new")
[ "$(id -u)" = 0 ] || make=(unshare --map-root-user "${make[@]}")
PATH=$PATH:/sbin:/usr/sbin "${make[@]}"
mv "$image.new" "$image"
rm -rf "$root"
echo "debian: $image, $size MiB"
