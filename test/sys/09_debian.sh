# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# 9. A Debian root file system boots as a guest to its login prompt, and a user logs in
# needs: debian timeout=400
. /test/lib.sh

until [ -b /dev/vda ]; do usleep 20000; done
guest debian "vcpus = 2" "memory = 512" "disk = ['phy:/dev/vda,xvda,w']" <<'END'
modprobe ext4
until_true test -b /dev/xvda
mount -t ext4 /dev/xvda /mnt
umount /proc /sys
exec switch_root /mnt /sbin/init
END
step "xl create"
try xl create /tmp/debian.cfg
guest_says debian "@@GUEST-USERSPACE"
step "wait for the login prompt"
guest_says debian "guest login:"
step "log in"
guest_told debian root
guest_says debian "-bash-"
# shellcheck disable=SC2016
guest_told debian '. /etc/os-release; echo "@@DEBIAN" $VERSION_ID $(systemctl is-system-running) $(nproc)'
guest_says debian "@@DEBIAN 12"
grep -a "@@DEBIAN" $logs/guest-debian.log
step "shut down"
try xl shutdown -w debian
gone debian
pass
