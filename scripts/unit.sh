#!/bin/bash
# SPDX-License-Identifier: MIT
# unit.sh PROGRAM...: run the host unit tests, two at a time, each within a minute; the last line counts programs.
set -uo pipefail

unit() { # program: prints its line
    if timeout "${UNIT_TIMEOUT:-60}" "$1" >"$1.log" 2>&1; then
        printf '  ok       %s\n' "$1"
        return
    fi
    printf '  FAILED   %s (log: %s)\n' "$1" "$1.log"
    grep -E 'error|ERROR|FAILED|runtime|check|assert' "$1.log" | head -10
    name=${1#*/*/}
    case $name in
        tools*/*) printf '           again: make tools-unit T=%s\n' "$(basename "$(dirname "$name")")/$(basename "$name" _test)" ;;
        *) name=${name#hyp/} && printf '           again: make unit T=%s\n' "${name%_test}" ;;
    esac
}

export -f unit
lines=$(mktemp)
printf '%s\0' "$@" | xargs -0 -r -P 2 -I '{}' bash -c 'said=$(unit "$1"); echo "$said"' unit '{}' | tee "$lines"
passed=$(grep -c '^  ok ' "$lines")
rm -f "$lines"
echo "unit: $passed passed, $(($# - passed)) failed"
[ "$passed" = $# ]
