#!/bin/bash
# SPDX-License-Identifier: MIT
# unit.sh PROGRAM...: run the host unit tests, each within a minute; the last line counts programs.
set -uo pipefail
passed=0
failed=0
for program in "$@"; do
    if timeout "${UNIT_TIMEOUT:-60}" "$program" >"$program.log" 2>&1; then
        passed=$((passed + 1))
        printf '  ok       %s\n' "$program"
    else
        failed=$((failed + 1))
        printf '  FAILED   %s (log: %s)\n' "$program" "$program.log"
        grep -E 'error|ERROR|FAILED|runtime|check|assert' "$program.log" | head -10
        name=${program#*/*/}
        case $name in
            tools*/*) printf '           again: make tools-unit T=%s\n' "$(basename "$(dirname "$name")")/$(basename "$name" _test)" ;;
            *) name=${name#hyp/} && printf '           again: make unit T=%s\n' "${name%_test}" ;;
        esac
    fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" = 0 ]
