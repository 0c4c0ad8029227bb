#!/bin/bash
# SPDX-License-Identifier: MIT
# qemu.sh DIR: a qemu-system-aarch64 from 9.1 on as DIR/qemu, whose plugins count each CPU by itself: this machine's if it is one, or
# that of Debian's backports, unpacked and not installed.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$1
mkdir -p "$dir"
version=$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p')
if [ "$(printf '9.1\n%s\n' "$version" | sort -V | head -1)" = 9.1 ]; then
    ln -sf "$(command -v qemu-system-aarch64)" "$dir/qemu"
    exit
fi
[ ! -x "$dir/qemu" ] || exit 0
scripts/debs.sh --closure --backports "$dir" qemu-system-arm
root=$(cd "$dir" && pwd)
modules=$(find "$root/usr/lib" -type d -name qemu | head -1)
rm -f "$dir/qemu"
cat >"$dir/qemu" <<EOF
#!/bin/sh
export LD_LIBRARY_PATH='${modules%/qemu}' QEMU_MODULE_DIR='$modules'
exec '$root/usr/bin/qemu-system-aarch64' "\$@"
EOF
chmod +x "$dir/qemu"
