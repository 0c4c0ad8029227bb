#!/bin/bash
# SPDX-License-Identifier: MIT
# fuzz.sh PROGRAM...: run each libFuzzer program for T seconds, two at a time; the last line counts programs.
# What was found interesting is kept beside the program and is where the next run begins.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

fuzz() { # program: prints its line; words that it should know may lie beside its source
    source=tools/${1#*/tools-fuzz/}
    words=()
    [ ! -e "$source.dict" ] || words=("-dict=$source.dict")
    mkdir -p "$1.corpus"
    if "$1" "-max_total_time=$T" -timeout=10 "-artifact_prefix=$1." "${words[@]}" "$1.corpus" >"$1.log" 2>&1 &&
        runs=$(sed -n 's/^Done \([0-9]*\) runs in .*/\1/p' "$1.log") && [ "${runs:-0}" -ge 100 ]; then
        printf '  ok       %-48s %s inputs\n' "$1" "$runs"
    else
        printf '  FAILED   %s (log: %s)\n' "$1" "$1.log"
        grep -E 'ERROR|runtime error|Test unit written|must' "$1.log" | head -5
        short=${source#tools/}
        printf '           again: make tools-fuzz T=%s ONLY=%s\n' "$T" "${short%_fuzz}"
        return 1
    fi
}

export -f fuzz
export T=${T:-20}
log=$(mktemp)
printf '%s\0' "$@" | xargs -0 -P 2 -I '{}' bash -c 'said=$(fuzz "$1"); echo "$said"' fuzz '{}' | tee "$log"
passed=$(grep -c '^  ok ' "$log")
rm -f "$log"
echo "fuzz: $passed passed, $(($# - passed)) failed"
[ "$passed" = $# ]
