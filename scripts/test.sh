#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh: host unit tests, then every scenario; the last line counts both
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/test
make --no-print-directory unit 2>&1 | tee build/test/unit.log
passed=$(sed -n 's/^unit: \([0-9]*\) passed.*/\1/p' build/test/unit.log)
failed=$(sed -n 's/^unit: .*, \([0-9]*\) failed/\1/p' build/test/unit.log)
if [ -z "$failed" ]; then
    echo "           again: make unit, log: build/test/unit.log"
    failed=1
fi
test/sys/run.py test --passed "${passed:-0}" --failed "$failed"
