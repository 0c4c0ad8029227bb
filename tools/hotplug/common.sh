# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What our hotplug scripts share. Xen's environment: XENBUS_PATH is the backend's folder in the store, $1 the verb. A
# script that fails says why in hotplug-error, where whoever called it reads it, and on standard error.
set -eu
PATH=${PATH:-}:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
: "${XENBUS_PATH:?is not set: Xen scripts are run by the tools, not by hand}"
verb=${1:?no verb: online, offline, add or remove}

fail() { # sentence
    xenstore-write "$XENBUS_PATH/hotplug-error" "$*" "$XENBUS_PATH/hotplug-status" error || true
    echo "$0: $*" >&2
    exit 1
}

must() { # command: its own words are the reason if it fails
    if ! said=$("$@" 2>&1); then
        fail "\`$*\` failed${said:+: $said}"
    fi
}

may() { # command that may fail quietly, for things that may have gone already
    "$@" >/dev/null 2>&1 || true
}

node() { # key, default: of the backend
    xenstore-read "$XENBUS_PATH/$1" 2>/dev/null || printf '%s' "${2-}"
}

needs() { # programs
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || fail "$program is not installed"
    done
}

connected() {
    xenstore-write "$XENBUS_PATH/hotplug-status" connected || fail "can't write hotplug-status"
}
