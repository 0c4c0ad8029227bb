/* SPDX-License-Identifier: MIT */
/*
 * What the firmware told us, read once at boot from the flattened device tree (fw/devicetree.c),
 * and PSCI.
 */
#ifndef FW_FIRMWARE_H
#define FW_FIRMWARE_H

#include "base/addr.h"
#include "base/err.h"
#include "base/range.h"

enum boot_module_kind { MODULE_KERNEL, MODULE_RAMDISK, MODULE_DEVICETREE, MODULE_XSM, MODULE_NR };

#define FW_MAX_BANKS    32u
#define FW_MAX_RESERVED 64u
#define FW_MAX_CPUS     128u

struct firmware {
    const void *fdt; /* mapped, for libfdt; lives until dom0 is built */
    maddr_t fdt_at;
    u64 fdt_bytes;
    u32 nr_banks; /* RAM, sorted, merged; without what /reserved-memory says not to map */
    struct range bank[FW_MAX_BANKS];
    u32 nr_reserved; /* /memreserve/ and /reserved-memory; sorted, may overlap */
    struct range reserved[FW_MAX_RESERVED];
    struct range module[MODULE_NR]; /* bytes 0: absent */
    char xen_bootargs[1024];
    char dom0_bootargs[1024];
    u32 nr_cpus;
    u64 cpu_mpidr[FW_MAX_CPUS]; /* index: our CPU number; 0 is the boot CPU */
    bool psci_smc;              /* conduit: smc, else hvc (unusable at EL2: refused) */
    u32 psci_version;           /* 0: none */
    u32 psci_cpu_on_id; /* PSCI 0.1 numbers its functions in the tree; 0: the standard one */
    char stdout_path[128];
};
extern struct firmware firmware;

/* Parses; the error line names what and where. Panics on nothing: E_INVAL with *why set. */
enum err firmware_read(const void *fdt, maddr_t at, const char **why);
/* The name of a kind of module, for messages. */
const char *firmware_module_name(enum boot_module_kind kind);

/* Boot options "name=value ..." of the hypervisor. Returns the value ("" when bare) or NULL; the
 * text is copied to out (at most size). Every option asked for is known; option_warn_unknown()
 * names the others. */
bool option_find(const char *name, char *out, u32 size);
void option_warn_unknown(void);
/* A switch: "name", "name=1|yes|on|true", "no-name", "name=0|no|off|false"; otherwise fallback. */
bool option_is_on(const char *name, bool fallback);
/* A number; fallback when it is absent, or not one (which is warned about). */
u64 option_number(const char *name, u64 fallback);

/* Device tree helpers over libfdt, used by drivers too. */
int fdt_find_compatible(const char *const *compatibles, u32 n);
/* reg entry i of node translated to a machine range through the parents' ranges. */
enum err fdt_reg(int node, u32 i, struct range *out);
/* interrupts(-extended) entry i of node: GIC number and trigger. E_NOENT when there is no such
 * entry or the parent is not the GIC. */
enum err fdt_irq(int node, u32 i, u32 *irq, u32 *trigger);
/* The architected timer's node, or -1; and the GIC number of one of its interrupts (secure
 * physical, non-secure physical, virtual, hypervisor: binding arm,arch_timer). */
int fdt_timer(void);
u32 fdt_timer_ppi(u32 i, u32 otherwise);

/* PSCI of the machine (DEN0022). */
enum err psci_init(void);
enum err psci_cpu_on(u64 mpidr, maddr_t entry, u64 context);
__noreturn void psci_system_off(void);
__noreturn void psci_system_reset(void);
/* SMC call to the firmware below, SMCCC 1.1; out: x0..x3. */
void smccc_call(const u64 in[8], u64 out[4]);

#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_WORKAROUND_1  0x80008000u /* branch targets, CVE-2017-5715 */
#define SMCCC_WORKAROUND_2  0x80007fffu /* stores passed by loads, CVE-2018-3639 */
#define SMCCC_WORKAROUND_3  0x80003fffu /* branch targets and history, CVE-2022-23960 */

/* SMCCC 1.1 came with PSCI 1.0; firmware older than that, or none, must not be asked: SMC may be
 * undefined. */
bool firmware_has_smccc(void);
/* What it says of one of the workarounds on this CPU (DEN0028E 7.3): 0 call it, positive: no need,
 * negative: it knows nothing of it. Each CPU asks as it comes up. */
s32 firmware_ask_workaround(u32 function);
/* For guests, which move: 0 if any CPU that asked needs it (all can be called then), positive if
 * none does. */
s32 firmware_workaround(u32 function);

#endif
