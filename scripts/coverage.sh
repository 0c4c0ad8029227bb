#!/bin/bash
# SPDX-License-Identifier: MIT
# coverage.sh: lines that the host unit tests reach, by room; fails when a room that counts is under 80 %
set -euo pipefail
cd "$(dirname "$0")/.."
rooms="base mem p2m evtchn gnttab call sched vgic vuart"
out=build/host-coverage

make --no-print-directory ARCH=host COVERAGE=1 all
find "$out" -name '*.gcda' -delete
make --no-print-directory ARCH=host COVERAGE=1 unit || true
bad=0
for room in $rooms; do
    gcovr --root . --object-directory "$out" --filter "hyp/$room/" --exclude '.*_test\.[ch]' --exclude '.*_host\.[ch]' \
        --gcov-ignore-parse-errors --json-summary "$out/$room.json" --txt "$out/$room.txt" "$out" 2>"$out/gcovr.log" ||
        { tail -n 5 "$out/gcovr.log"; exit 1; }
    percent=$(sed -n 's/.*"line_percent": *\([0-9.]*\).*/\1/p' "$out/$room.json" | tail -1)
    mark=""
    if [ "${percent%.*}" -lt 80 ]; then
        mark="  under 80 %: $out/$room.txt"
        bad=1
    fi
    printf '  %-8s %5s %%%s\n' "$room" "$percent" "$mark"
done
exit $bad
