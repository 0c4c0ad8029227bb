#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does compare.py notice? Changes a copy of abi/ in one place at a time and wants each change reported at its line."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# file, text there, text instead, what the report must say
CHANGES = [
    ("event.h", "EVTCHNOP_send             4", "EVTCHNOP_send 5", "EVTCHNOP_send is 0x5, Xen's is 0x4"),
    ("grant.h", "GNTST_eagain            (-12)", "GNTST_eagain 12", "GNTST_eagain"),
    ("memory.h", "- 1) & 0xffu)", "- 1) & 0x7fu)", "XENMEMF_get_node(0u)"),
    ("arm.h", "0x79, 0xd1, 0x8d", "0x79, 0xd1, 0x8c", "XEN_SMCCC_UID"),
    ("sched.h", "SHUTDOWN_MAX        5", "SHUTDOWN_LAST 5", "SHUTDOWN_LAST is not in libxen-dev"),
    ("domctl.h", "s32 max_grant_frames;", "u32 max_grant_frames;", "max_grant_frames sign"),
    ("domctl.h", "u16 _pad[3];", "u16 _gap[3];", "struct xen_domctl._gap, on Xen's side"),
    ("sysctl.h", "u32 core;\n    u32 socket;", "u32 socket;\n    u32 core;", "struct xen_sysctl_cputopo.core offset"),
    ("hvm.h", "u16 pad;\n    u32 index;", "u32 index;\n    u16 pad;", "struct xen_hvm_param.pad offset"),
    ("version.h", "char compiler[64];", "char compiler[65];", "struct xen_compile_info.compiler size"),
    ("vcpu.h", "s32 state; ", "s32 state;\n    s64 extra; ", "struct xen_vcpu_runstate_info.extra"),
]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as copy:
        for file, old, new, says in CHANGES:
            shutil.copytree(os.path.join(TOP, "abi"), os.path.join(copy, "abi"), dirs_exist_ok=True)
            path = os.path.join(copy, "abi", file)
            with open(path) as f:
                text = f.read()
            # Sizes asserted in the headers would stop the compiler first; here only the comparison shall speak.
            with open(path, "w") as f:
                f.write(re.sub(r"_Static_assert\(.*?\);", "", text.replace(old, new, 1), flags=re.S))
            result = subprocess.run([os.path.join(HERE, "compare.py"), "--target", "arm64", "--top", copy],
                                    capture_output=True, text=True, check=False)
            report = result.stdout + result.stderr
            good = old in text and result.returncode == 1 and \
                re.search(rf"^abi/{file}:\d+: .*{re.escape(says)}", report, re.M)
            if not good:
                failed += 1
                print(f"FAIL abi/{file}: {old!r} -> {new!r} was not reported\n{report}")
    print(f"abi comparison: {len(CHANGES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
