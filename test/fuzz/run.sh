#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh check | run.sh errors | run.sh fuzz SECONDS | run.sh soak SECONDS: the hypervisor's fuzzers. check is the share of `make test`:
# fixed seeds, about a minute. errors runs the builds that count regions, for errors.py. fuzz gives each fuzzer so long; soak runs
# seeded drivers only, on seeds from the clock; these two run JOBS of them at once, one a core unless told. The last line counts.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
mode=$1
seconds=${2:-60}
logs=build/fuzz/logs
[ "$mode" != errors ] || logs=build/fuzz/counted
mkdir -p "$logs" build/fuzz/corpus
export TSAN_OPTIONS="suppressions=test/fuzz/tsan.supp halt_on_error=1"
jobs=1
rm -f $logs/*.failed $logs/*.passed

# name, command: when there is room; what it says last is told
run() {
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
    one "$@" &
}

one() {
    local name=$1 log=$logs/$1.log
    shift
    if "$@" >"$log" 2>&1; then
        touch "$logs/$name.passed"
        echo "  ok       fuzz $name: $(tail -n 1 "$log")"
    else
        touch "$logs/$name.failed"
        echo "  FAILED   fuzz $name"
        grep -E 'error|ERROR|SUMMARY|fuzz: again' "$log" | head -n 10
        echo "           again: $*, log: $log"
    fi
}

# AFL++ keeps what it finds in a folder and ends well in any case
afl() {
    local out=build/fuzz/afl
    rm -rf $out
    AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 \
        ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0 \
        afl-fuzz -V "$1" -m none -t 5000 -i test/fuzz/corpus -o $out -- build/fuzz/hypercalls-afl || return
    set -- $out/default/crashes/id* $out/default/hangs/id*
    if [ -e "$1" ] || [ -e "$2" ]; then
        echo "fuzz: error: AFL++ found $*"
        return 1
    fi
    sed -n 's/^\(execs_done\|corpus_count\) *: /\1 /p' $out/default/fuzzer_stats | tr '\n' ' '
    echo "no finding"
}

seeded() {
    run "$1" "build/fuzz/$2" "${@:3}"
}

case $mode in
    check)
        seeded hypercalls hypercalls --seed 1 --calls 1500000 --cpus 2
        seeded hypercalls-gicv2 hypercalls --seed 2 --calls 1500000 --cpus 3 --gic 2
        seeded hypercalls-faults hypercalls --seed 3 --calls 1500000 --cpus 2 --faults
        seeded hypercalls-asked hypercalls --seed 5 --calls 20000 --cpus 1 --ask 1
        seeded races races --seed 2 --calls 100000 --cpus 3
        seeded races-gicv2 races --seed 11 --calls 100000 --cpus 4 --gic 2
        seeded races-2-cpus races --seed 21 --calls 100000 --cpus 2 --gic 2
        run faults build/fuzz/faults
        run faults-slabs build/fuzz/faults-slabs
        run calls build/fuzz/hypercalls --check
        run corpus build/fuzz/hypercalls test/fuzz/corpus/*
        ;;
    errors)
        counts=build/fuzz/counts
        rm -rf $counts
        export LLVM_PROFILE_FILE=$counts/%p-%m.profraw
        # Its report would be of the counts themselves, written at exit: fuzz-check looks for races
        export TSAN_OPTIONS=report_bugs=0
        seeded hypercalls hypercalls-cover --seed 1 --calls 2000000 --cpus 3 --list
        seeded hypercalls-gicv2 hypercalls-cover --seed 2 --calls 2000000 --cpus 2 --gic 2 --list
        seeded hypercalls-faults hypercalls-cover --seed 3 --calls 2000000 --cpus 2 --faults --list
        seeded races races-cover --seed 2 --calls 100000 --cpus 3 --list
        run faults build/fuzz/faults-cover --list
        run corpus build/fuzz/hypercalls-cover --list test/fuzz/corpus/*
        wait
        llvm-profdata merge -o $counts/all $counts/*.profraw || touch $logs/merge.failed
        ;;
    fuzz | soak)
        seed=${SEED:-$(date +%s)}
        jobs=${JOBS:-$(nproc)}
        for gic in 2 3; do
            seeded "hypercalls-gicv$gic" hypercalls --seed "$seed" --calls 100000000000 --seconds "$seconds" --cpus 3 --gic $gic
            seeded "hypercalls-faults-gicv$gic" hypercalls --seed "$seed" --calls 100000000000 --seconds "$seconds" --cpus 2 --gic $gic --faults
            seeded "hypercalls-fast-gicv$gic" hypercalls-fast --seed "$seed" --calls 100000000000 --seconds "$seconds" --cpus 4 --gic $gic
            seeded "races-gicv$gic" races --seed "$seed" --calls 100000000000 --seconds "$seconds" --cpus 3 --gic $gic
        done
        seeded hypercalls-asked hypercalls --seed "$seed" --calls 100000000000 --seconds "$seconds" --cpus 1 --ask 1
        if [ "$mode" = fuzz ]; then
            run libfuzzer build/fuzz/hypercalls-libfuzzer -max_total_time="$seconds" -len_control=0 -max_len=16384 \
                -artifact_prefix="$logs/" build/fuzz/corpus test/fuzz/corpus
            run afl afl "$seconds"
        fi
        run faults build/fuzz/faults
        ;;
esac
wait
passed=$(find $logs -name '*.passed' | wc -l)
failed=$(find $logs -name '*.failed' | wc -l)
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
