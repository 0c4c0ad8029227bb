#!/bin/bash
# SPDX-License-Identifier: MIT
# coverage.sh: lines that the host unit tests reach, by room; fails when a room that counts is under 80 %, all of hyp/ that is
# built for the host under 90 %, or a function of call/ is never called
set -euo pipefail
cd "$(dirname "$0")/.."
rooms="base mem p2m evtchn gnttab call sched vgic vuart"
out=build/host-coverage

make --no-print-directory ARCH=host COVERAGE=1 all
find "$out" -name '*.gcda' -delete
make --no-print-directory ARCH=host COVERAGE=1 unit || true
bad=0
lines() { # name, least percent, folder in hyp/
    gcovr --root . --object-directory "$out" --filter "hyp/$3" --exclude '.*_test\.[ch]' --exclude '.*_host\.[ch]' \
        --gcov-ignore-parse-errors --json-summary "$out/$1.json" --txt "$out/$1.txt" "$out" 2>"$out/gcovr.log" ||
        { tail -n 5 "$out/gcovr.log"; exit 1; }
    percent=$(sed -n 's/.*"line_percent": *\([0-9.]*\).*/\1/p' "$out/$1.json" | tail -1)
    mark=""
    if [ "${percent%.*}" -lt "$2" ]; then
        mark="  under $2 %: $out/$1.txt"
        bad=1
    fi
    printf '  %-8s %5s %%%s\n' "$1" "$percent" "$mark"
}
for room in $rooms; do
    lines "$room" 80 "$room/"
done
lines hyp 90 ""
scripts/uncalled.py "$out/hyp/call" || bad=1
exit $bad
