#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""guard.py finds what grew, what is missing and what is new, and lets 2 % pass."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import guard  # noqa: E402

FOUR = [100, 100, 100, 100]
CASES = [  # what the file says, what is counted, words of the sentences, how many fell
    ({"a": FOUR}, {"a": [102, 100, 99, 100]}, [], 0),
    ({"a": FOUR}, {"a": [100, 103, 100, 100]}, ["a (GICv2, cortex-a57): 100 -> 103"], 0),
    ({"a": FOUR}, {"a": [100, 100, None, 90]}, ["a (GICv3, cortex-a76): not counted"], 1),
    ({"a": FOUR}, {}, ["not counted"] * 4, 0),
    ({}, {"b": FOUR}, ["b: not in counts.tsv"], 0),
]


def main():
    """Each case."""
    for then, now, words, fell in CASES:
        wrong, found = guard.compare(then, now)
        assert len(wrong) == len(words) and all(w in s for w, s in zip(words, wrong)), (then, now, wrong)
        assert found == fell, (then, now, found)
    compiler, table = guard.recorded()
    assert "gcc" in compiler and all(len(counts) == 4 for counts in table.values()), compiler
    print(f"guard: {len(CASES)} cases")


if __name__ == "__main__":
    main()
