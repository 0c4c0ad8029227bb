#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh: host unit tests of hypervisor and tools, the fuzzers' fixed seeds, the ABI's comparison, every scenario; the last line counts them all
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mkdir -p build/test
passed=0
failed=0
for target in unit tools-unit fuzz-check; do
    log=build/test/$target.log
    make --no-print-directory "$target" 2>&1 | tee "$log"
    counts=$(sed -n 's/^\(unit\|fuzz\): \([0-9]*\) passed, \([0-9]*\) failed$/\2 \3/p' "$log")
    if [ -z "$counts" ]; then
        echo "           again: make $target, log: $log"
        counts="0 1"
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
done
for program in test/abi/compare.py test/abi/compare_test.py scripts/symbols_test.py; do
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
