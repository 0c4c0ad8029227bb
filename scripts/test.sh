#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh: host unit tests of hypervisor and tools, the hypervisor's fuzzers with fixed seeds, some seconds of each of the
# tools', the ABI's comparison, every scenario; the last line counts them all
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mkdir -p build/test
passed=0
failed=0
for target in unit tools-unit fuzz-check "tools-fuzz T=4"; do
    log=build/test/${target% *}.log
    # shellcheck disable=SC2086
    make --no-print-directory $target 2>&1 | tee "$log"
    counts=$(sed -n 's/^[a-z]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log")
    if [ -z "$counts" ]; then
        echo "           again: make $target, log: $log"
        counts="0 1"
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
done
for program in test/abi/compare.py test/abi/compare_test.py scripts/symbols_test.py test/bench/guard_test.py test/bench/report_test.py; do
    log=build/test/${program##*/}.log
    if "$program" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "  ok       $program"
    else
        failed=$((failed + 1))
        echo "  FAILED   $program"
        echo "           again: $program, log: $log"
    fi
done
test/sys/run.py test --passed "$passed" --failed "$failed"
