#!/bin/bash
# SPDX-License-Identifier: MIT
# soak.sh SECONDS: scenario 30 with a new seed each time until SECONDS have passed; on GICv3 and GICv2, with the release image
# and with the one of DEBUG=1 in turn. Ends at the first failure; a failure says its seed. SEED is the first one
set -uo pipefail
cd "$(dirname "$0")/.." || exit
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
images=(build/arm64/kanso build/arm64-debug/kanso)
n=0
while [ "$SECONDS" -lt "$1" ]; do
    image=${images[$((n / 2 % 2))]}
    gic=$((3 - n % 2))
    echo "soak: seed $seed, GICv$gic, $image, $SECONDS of $1 s"
    if ! SEED=$seed GIC=$gic KANSO=$image JOBS=1 test/sys/run.py test 30_attack; then
        echo "soak: again: SEED=$seed GIC=$gic KANSO=$image test/sys/run.py test 30_attack"
        exit 1
    fi
    seed=$((seed + 1))
    n=$((n + 1))
done
echo "soak: $n attacks, none did harm"
