#!/bin/bash
# SPDX-License-Identifier: MIT
# debs.sh [--closure] [--backports] DIR PACKAGE...: unpack Debian's arm64 packages into DIR, with --closure all that they depend on.
#
# apt works on a private state under build/debian/apt with arm64 as its only architecture, so the
# host's package database never hears of it. Downloads stay in build/debian/debs: a package that is
# there already needs no network. The name "kernel" stands for what linux-image-arm64 points at.
#
# --backports: not for arm64 but for this machine, from the backports of its release, on the mirror that
# its own apt has; then --closure is what is not installed here.
set -euo pipefail
cd "$(dirname "$0")/.."

closure=
backports=
while [[ $1 = --* ]]; do
    case $1 in
        --closure) closure=yes ;;
        --backports) backports=-backports ;;
    esac
    shift
done
apt=$PWD/build/debian/apt$backports
debs=$PWD/build/debian/debs$backports
dir=$1
shift
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial} "$debs" "$dir"
touch "$apt/status"
exec 9>"$apt/lock"
flock 9

options=(-q -o APT::Sandbox::User=root -o Dir::State="$apt/state" -o Dir::Cache="$apt/cache" -o Acquire::Languages=none
    -o Debug::NoLocking=1)
if [ -z "$backports" ]; then
    options+=(-o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State::status="$apt/status")
    lists="*arm64_Packages*"
    release=
else
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    release=$codename-backports
    options+=(-o Dir::State::status=/var/lib/dpkg/status -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=-
        -t "$release")
    lists="*-backports_*_Packages*"
fi

# The mirror's two suites, as the machine's own apt names the mirror.
backports_sources() {
    # shellcheck disable=SC2016 # the names in it are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' 'Origin: Debian' |
        awk -v codename="$codename" -v release="$release" '$2 == codename { print "deb", $1, codename, "main\ndeb", $1, release, "main"; exit }'
}

update() {
    echo "debs: reading Debian's package lists (${release:-arm64})"
    [ -z "$backports" ] || backports_sources >"$apt/sources.list"
    # One third-party source without arm64 must not stop us: Debian's own lists decide.
    apt-get "${options[@]}" update >"$apt/update.log" 2>&1 || true
    compgen -G "$apt/state/lists/$lists" >/dev/null || return 1
    touch "$apt/updated"
}

fail() {
    echo "debs: cannot get $1 from Debian's archive: this step needs the network once (log: ${apt#"$PWD"/}/)" >&2
    exit 1
}

name_of_kernel() {
    local have
    have=$(find "$debs" -name 'linux-image-6*_arm64.deb' -printf '%f\n' | sort -V | tail -1)
    if [ -n "$have" ]; then
        echo "${have%%_*}"
        return
    fi
    [ -e "$apt/updated" ] || update >&2 || return 1
    apt-cache "${options[@]}" depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-6[^ ]*\).*/\1/p' | head -1
}

file_of() {
    find "$debs" -name "$1_*.deb" | sort -V | tail -1
}

if [ -n "$closure" ]; then
    # The list is kept: with it and the packages the next time needs no network
    list=$apt/closure-$(echo "$*" | sha256sum | cut -c1-16)
    if [ ! -s "$list" ]; then
        [ -e "$apt/updated" ] || update || fail "$1"
        apt-get "${options[@]}" -s --no-install-recommends install "$@" 2>/dev/null |
            awk '/^Inst/ { print $2 }' >"$list" || { rm -f "$list"; fail "what $1 depends on"; }
    fi
    mapfile -t closed <"$list"
    set -- "${closed[@]}"
fi

missing=()
names=()
for name in "$@"; do
    if [ "$name" = kernel ]; then
        name=$(name_of_kernel)
        [ -n "$name" ] || fail "the arm64 kernel"
    fi
    names+=("$name")
    [ -n "$(file_of "$name")" ] || missing+=("$name")
done

download() {
    (cd "$debs" && apt-get "${options[@]}" download "${missing[@]}") >"$apt/download.log" 2>&1
}

if [ ${#missing[@]} -gt 0 ]; then
    [ -e "$apt/updated" ] || update || fail "${missing[0]}"
    echo "debs: downloading ${#missing[@]} packages (${missing[0]} ...)"
    download || { update && download; } || fail "${#missing[@]} packages (${missing[0]} ...)"
fi
for name in "${names[@]}"; do
    # A directory that is a symbolic link (/bin to usr/bin) stays one
    dpkg --fsys-tarfile "$(file_of "$name")" | tar -x --keep-directory-symlink -C "$dir"
done
