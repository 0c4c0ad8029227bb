// SPDX-License-Identifier: MIT
// other_version domctl|sysctl VERSION PROGRAM...: runs a program that finds a hypervisor of another
// version of that interface. It is traced: of its hypercalls those in VERSION go on in the version
// that there is, all others in one that there is not. Their argument must lie in memory that a
// tracer can write: libxencall takes such where there is no /dev/xen/hypercall.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "abi/xen.h"

#define PRIVCMD_HYPERCALL 0x305000u // _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))
#define IOCTL             29u       // of arm64
#define NO_VERSION        0xffffffffu

struct privcmd_call {
    uint64_t op, arg[5];
};

static void fail(const char *what)
{
    perror(what);
    exit(99);
}

static int copy(pid_t pid, uint64_t at, void *bytes, size_t n, int is_write)
{
    struct iovec here = {bytes, n};
    struct iovec there = {(void *)at, n};
    const ssize_t done = is_write ? process_vm_writev(pid, &here, 1, &there, 1, 0)
                                  : process_vm_readv(pid, &here, 1, &there, 1, 0);
    return done == (ssize_t)n;
}

// At the way into a system call.
static void change(pid_t pid, uint64_t op, uint32_t ours, uint32_t theirs)
{
    struct user_regs_struct regs;
    struct iovec all = {&regs, sizeof(regs)};
    struct privcmd_call call;
    uint32_t version = 0;
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0) {
        fail("registers");
    }
    if (regs.regs[8] == IOCTL && (uint32_t)regs.regs[1] == PRIVCMD_HYPERCALL &&
        copy(pid, regs.regs[2], &call, sizeof(call), 0) && call.op == op) {
        const uint64_t at = call.arg[0] + 4; // behind the command
        int is_done = copy(pid, at, &version, sizeof(version), 0);
        version = version == theirs ? ours : NO_VERSION;
        is_done = is_done && copy(pid, at, &version, sizeof(version), 1);
        if (!is_done) {
            fail("the version");
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: other_version domctl|sysctl VERSION PROGRAM...\n");
        return 99;
    }
    const int is_domctl = strcmp(argv[1], "domctl") == 0;
    const uint32_t ours = is_domctl ? XEN_DOMCTL_INTERFACE_VERSION : XEN_SYSCTL_INTERFACE_VERSION;
    const uint32_t theirs = (uint32_t)strtoul(argv[2], NULL, 0);
    const pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(argv[3], argv + 3);
        fail(argv[3]);
    }
    int status;
    int is_inside = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0) {
        fail("trace");
    }
    for (int signal = 0;; signal = 0) {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) < 0 || waitpid(pid, &status, 0) != pid) {
            fail("trace");
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            is_inside = !is_inside;
            if (is_inside) {
                change(pid, is_domctl ? __HYPERVISOR_domctl : __HYPERVISOR_sysctl, ours, theirs);
            }
        } else {
            signal = WSTOPSIG(status);
        }
    }
}
