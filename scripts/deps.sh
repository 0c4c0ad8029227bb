#!/bin/bash
# SPDX-License-Identifier: MIT
# deps.sh GROUP...: make sure that the host has what a target needs; install Debian packages by name.
#
# A line of the table: group, package, how to see that it is there (a command or a file, by a pattern).
set -euo pipefail

table="
arm64   gcc-aarch64-linux-gnu    command:aarch64-linux-gnu-gcc
arm64   libc6-dev-arm64-cross    file:/usr/aarch64-linux-gnu/include/string.h
arm64   xz-utils                 command:xz
arm32   gcc-arm-linux-gnueabihf  command:arm-linux-gnueabihf-gcc
clang   clang                    command:clang
clang   lld                      command:ld.lld
fuzz    clang                    command:clang
fuzz    libclang-rt-14-dev       file:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
cover   llvm                     command:llvm-cov
afl     afl++                    command:afl-clang-fast
host    gcc                      command:gcc
host    libcmocka-dev            file:/usr/include/cmocka.h
host    libfdt-dev               file:/usr/include/libfdt.h
tools   libxen-dev               file:/usr/include/xencall.h
tools   zlib1g-dev               file:/usr/include/zlib.h
tools   libzstd-dev              file:/usr/include/zstd.h
tools   libjson-c-dev            file:/usr/include/json-c/json.h
tools   device-tree-compiler     command:dtc
coverage gcovr                   command:gcovr
abi     libxen-dev               file:/usr/include/xen/xen.h
abi     gcc-aarch64-linux-gnu    command:aarch64-linux-gnu-gcc
abi     libc6-dev-arm64-cross    file:/usr/aarch64-linux-gnu/include/string.h
abi     gcc-arm-linux-gnueabihf  command:arm-linux-gnueabihf-gcc
abi     libc6-dev-armhf-cross    file:/usr/arm-linux-gnueabihf/include/string.h
dom0    kmod                     command:modprobe
dom0    cpio                     command:cpio
dom0    gzip                     command:gzip
run     qemu-system-arm          command:qemu-system-aarch64
run     python3                  command:python3
dom0    e2fsprogs                command:mke2fs
run     fdisk                    command:sfdisk
run     zstd                     command:zstd
run     device-tree-compiler     command:fdtput
lint    python3                  command:python3
lint    clang-format             command:clang-format
lint    clang-22                 command:clang-22
lint    clang-tidy               command:clang-tidy
lint    gcc-aarch64-linux-gnu    command:aarch64-linux-gnu-gcc
lint    cppcheck                 command:cppcheck
lint    sparse                   command:sparse
lint    shellcheck               command:shellcheck
lint    mandoc                   command:mandoc
stats   cloc                     command:cloc
"

present() {
    case $1 in
        command:*) PATH=$PATH:/usr/sbin:/sbin command -v "${1#*:}" >/dev/null ;;
        file:*) compgen -G "${1#*:}" >/dev/null ;;
    esac
}

# One at a time: `make -j` asks for several groups at once, and apt serves one
mkdir -p build
exec 9>build/.deps.lock
flock 9

missing=()
while read -r group package sign; do
    case " $* " in
        *" $group "*) present "$sign" || missing+=("$package") ;;
    esac
done <<<"$table"

if [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            echo "deps: as root, run: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        sudo=(sudo -n)
    fi
    echo "deps: installing ${missing[*]}"
    log=$(mktemp)
    install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}")
    "${install[@]}" >"$log" 2>&1 || { "${sudo[@]}" apt-get -q update && "${install[@]}"; } >"$log" 2>&1 || {
        echo "deps: cannot install ${missing[*]}: is there a network? (apt's words: $log)" >&2
        exit 1
    }
    rm -f "$log"
fi

case " $* " in
    *" run "*)
        version=$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p')
        if [ -z "$version" ]; then
            echo "deps: qemu-system-aarch64 --version tells no version: is it QEMU? apt-get install --reinstall qemu-system-arm" >&2
            exit 1
        fi
        if [ "$(printf '7.2\n%s\n' "$version" | sort -V | head -1)" != 7.2 ]; then
            echo "deps: QEMU $version is too old: install Debian 12's qemu-system-arm (7.2) or a newer one" >&2
            exit 1
        fi
        ;;
esac
