// SPDX-License-Identifier: MIT
// physinfo: the host's pages as the hypervisor counts them (xl info rounds to MiB): total free
// scrub
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { HYPERVISOR_SYSCTL = 35, SYSCTL_VERSION = 0x15, SYSCTL_PHYSINFO = 3 };

struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

// struct xen_sysctl with xen_sysctl_physinfo inside, by the public sysctl.h of Xen 4.17
struct sysctl_physinfo {
    uint32_t cmd;
    uint32_t version;
    uint32_t threads_per_core, cores_per_socket, nr_cpus, max_cpu_id, nr_nodes, max_node_id,
        cpu_khz;
    uint32_t capabilities, arch_capabilities;
    uint32_t pad;
    uint64_t total_pages, free_pages, scrub_pages, outstanding_pages, max_mfn;
    uint32_t hw_cap[8];
};

int main(void)
{
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    struct sysctl_physinfo *info =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

    if (fd < 0 || info == MAP_FAILED) {
        perror("physinfo");
        return 1;
    }
    info->cmd = SYSCTL_PHYSINFO;
    info->version = SYSCTL_VERSION;
    struct privcmd_call call = {.op = HYPERVISOR_SYSCTL, .arg = {(uintptr_t)info}};
    if (ioctl(fd, PRIVCMD_HYPERCALL, &call) < 0) {
        perror("physinfo");
        return 1;
    }
    printf("%llu %llu %llu\n", (unsigned long long)info->total_pages,
           (unsigned long long)info->free_pages, (unsigned long long)info->scrub_pages);
    return 0;
}
