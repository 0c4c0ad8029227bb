#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh: host unit tests, the ABI's comparison, every scenario; the last line counts them all
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mkdir -p build/test
make --no-print-directory unit 2>&1 | tee build/test/unit.log
passed=$(sed -n 's/^unit: \([0-9]*\) passed.*/\1/p' build/test/unit.log)
failed=$(sed -n 's/^unit: .*, \([0-9]*\) failed/\1/p' build/test/unit.log)
if [ -z "$failed" ]; then
    echo "           again: make unit, log: build/test/unit.log"
    failed=1
fi
passed=${passed:-0}
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
