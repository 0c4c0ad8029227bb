/* SPDX-License-Identifier: MIT */
/*
 * The Arm part of the ABI, the same for guests of 32 and 64 bits.
 *
 * A call is HVC #XEN_HYPERCALL_TAG with its number in x16 (r12), up to five arguments in x0..x4
 * (r0..r4) and the result in x0 (r0). The call may clobber x16 and the argument registers it uses.
 * Structures are little endian; what is shared lies in normal, write-back, inner shareable memory.
 *
 * A guest as the tools build it (GUEST_*; a guest itself goes by its device tree):
 *
 *     0x0200_0000  virtio-mmio          0x2200_0000  pl011
 *     0x0300_1000  GIC                  0x3800_0000  grant table
 *     0x1000_0000  PCI ECAM             0x3900_0000  magic pages (console, store, ...)
 *     0x2000_0000  ACPI                 0x4000_0000  RAM bank 0, 3 GiB;  bank 1 at 8 GiB
 */
#ifndef ABI_ARM_H
#define ABI_ARM_H

#include "abi/types.h"

#define XEN_HYPERCALL_TAG 0xea1

/* vCPUs whose vcpu_info lies in the shared info page; the others register theirs. */
#define XEN_LEGACY_MAX_VCPUS 1

/* Arm keeps nothing of its own in either page. */
struct xen_arch_vcpu_info {
};

struct xen_arch_shared_info {
};

/* ---- a vCPU's registers, for setvcpucontext and getvcpucontext */

/*
 * The 31 general registers under both of their names: an AArch32 register occupies the low half of
 * the AArch64 register that the architecture maps it to.
 */
struct xen_vcpu_guest_core_regs {
    union {
        u64 x0;
        u32 r0_usr;
    };
    union {
        u64 x1;
        u32 r1_usr;
    };
    union {
        u64 x2;
        u32 r2_usr;
    };
    union {
        u64 x3;
        u32 r3_usr;
    };
    union {
        u64 x4;
        u32 r4_usr;
    };
    union {
        u64 x5;
        u32 r5_usr;
    };
    union {
        u64 x6;
        u32 r6_usr;
    };
    union {
        u64 x7;
        u32 r7_usr;
    };
    union {
        u64 x8;
        u32 r8_usr;
    };
    union {
        u64 x9;
        u32 r9_usr;
    };
    union {
        u64 x10;
        u32 r10_usr;
    };
    union {
        u64 x11;
        u32 r11_usr;
    };
    union {
        u64 x12;
        u32 r12_usr;
    };
    union {
        u64 x13;
        u32 sp_usr;
    };
    union {
        u64 x14;
        u32 lr_usr;
    };
    union {
        u64 x15;
        u32 __unused_sp_hyp;
    };
    union {
        u64 x16;
        u32 lr_irq;
    };
    union {
        u64 x17;
        u32 sp_irq;
    };
    union {
        u64 x18;
        u32 lr_svc;
    };
    union {
        u64 x19;
        u32 sp_svc;
    };
    union {
        u64 x20;
        u32 lr_abt;
    };
    union {
        u64 x21;
        u32 sp_abt;
    };
    union {
        u64 x22;
        u32 lr_und;
    };
    union {
        u64 x23;
        u32 sp_und;
    };
    union {
        u64 x24;
        u32 r8_fiq;
    };
    union {
        u64 x25;
        u32 r9_fiq;
    };
    union {
        u64 x26;
        u32 r10_fiq;
    };
    union {
        u64 x27;
        u32 r11_fiq;
    };
    union {
        u64 x28;
        u32 r12_fiq;
    };
    union {
        u64 x29;
        u32 sp_fiq;
    };
    union {
        u64 x30;
        u32 lr_fiq;
    };
    union {
        u64 pc64; /* ELR_EL2 */
        u32 pc32;
    };
    u64 cpsr; /* SPSR_EL2 */
    union {
        u64 spsr_el1;
        u32 spsr_svc;
    };
    u32 spsr_fiq, spsr_irq, spsr_und, spsr_abt; /* AArch32 only */
    u64 sp_el0, sp_el1, elr_el1;                /* AArch64 only */
};
_Static_assert(sizeof(struct xen_vcpu_guest_core_regs) == 312);
_Static_assert(offsetof(struct xen_vcpu_guest_core_regs, pc64) == 31 * 8);

#define VGCF_online (1 << 0)

struct xen_vcpu_guest_context {
    u32 flags; /* VGCF_* */
    struct xen_vcpu_guest_core_regs user_regs;
    u64 sctlr;
    u64 ttbcr, ttbr0, ttbr1;
};
_Static_assert(sizeof(struct xen_vcpu_guest_context) == 352);

/* PSR bits in cpsr and the spsr fields */
#define PSR_THUMB      (1 << 5)
#define PSR_FIQ_MASK   (1 << 6)
#define PSR_IRQ_MASK   (1 << 7)
#define PSR_ABT_MASK   (1 << 8)
#define PSR_BIG_ENDIAN (1 << 9) /* AArch32 */
#define PSR_DBG_MASK   (1 << 9) /* AArch64 */
#define PSR_IT_MASK    0x0600fc00
#define PSR_JAZELLE    (1 << 24)
#define PSR_Z          (1 << 30)

#define PSR_MODE_USR 0x10
#define PSR_MODE_FIQ 0x11
#define PSR_MODE_IRQ 0x12
#define PSR_MODE_SVC 0x13
#define PSR_MODE_MON 0x16
#define PSR_MODE_ABT 0x17
#define PSR_MODE_HYP 0x1a
#define PSR_MODE_UND 0x1b
#define PSR_MODE_SYS 0x1f

#define PSR_MODE_BIT  0x10 /* set: AArch32 */
#define PSR_MODE_EL3h 0x0d
#define PSR_MODE_EL3t 0x0c
#define PSR_MODE_EL2h 0x09
#define PSR_MODE_EL2t 0x08
#define PSR_MODE_EL1h 0x05
#define PSR_MODE_EL1t 0x04
#define PSR_MODE_EL0t 0x00

/* What a vCPU starts with; old 32-bit kernels need Z to skip their first instructions. */
#define PSR_GUEST32_INIT (PSR_Z | PSR_ABT_MASK | PSR_FIQ_MASK | PSR_IRQ_MASK | PSR_MODE_SVC)
#define PSR_GUEST64_INIT (PSR_ABT_MASK | PSR_FIQ_MASK | PSR_IRQ_MASK | PSR_MODE_EL1h)
#define SCTLR_GUEST_INIT 0x00c50078ULL

/* ---- what createdomain carries for Arm */

#define XEN_DOMCTL_CONFIG_GIC_NATIVE 0
#define XEN_DOMCTL_CONFIG_GIC_V2     1
#define XEN_DOMCTL_CONFIG_GIC_V3     2

#define XEN_DOMCTL_CONFIG_TEE_NONE  0
#define XEN_DOMCTL_CONFIG_TEE_OPTEE 1

struct xen_arch_domainconfig {
    u8 gic_version;      /* in and out: NATIVE becomes the version given */
    u16 tee_type;        /* in */
    u32 nr_spis;         /* in: shared interrupts beyond the 32 private ones */
    u32 clock_frequency; /* out: of the host's timer node if it states one, else 0 */
};
_Static_assert(sizeof(struct xen_arch_domainconfig) == 12);

/* ---- the guest's physical address space, bytes */

#define GUEST_VIRTIO_MMIO_BASE 0x02000000ULL
#define GUEST_VIRTIO_MMIO_SIZE 0x00100000ULL

#define GUEST_GICD_BASE 0x03001000ULL
#define GUEST_GICD_SIZE 0x00001000ULL
#define GUEST_GICC_BASE 0x03002000ULL
#define GUEST_GICC_SIZE 0x00002000ULL

#define GUEST_GICV3_GICD_BASE     0x03001000ULL
#define GUEST_GICV3_GICD_SIZE     0x00010000ULL
#define GUEST_GICV3_RDIST_REGIONS 1
#define GUEST_GICV3_GICR0_BASE    0x03020000ULL /* 128 redistributors of 128 KiB */
#define GUEST_GICV3_GICR0_SIZE    0x01000000ULL

#define GUEST_VPCI_ECAM_BASE 0x10000000ULL
#define GUEST_VPCI_ECAM_SIZE 0x10000000ULL

#define GUEST_ACPI_BASE 0x20000000ULL
#define GUEST_ACPI_SIZE 0x02000000ULL

#define GUEST_PL011_BASE 0x22000000ULL
#define GUEST_PL011_SIZE 0x00001000ULL

#define GUEST_GNTTAB_BASE 0x38000000ULL
#define GUEST_GNTTAB_SIZE 0x01000000ULL

#define GUEST_MAGIC_BASE 0x39000000ULL
#define GUEST_MAGIC_SIZE 0x01000000ULL

#define GUEST_RAM_BANKS 2
#define GUEST_RAM0_BASE 0x40000000ULL /* 3 GiB from 1 GiB */
#define GUEST_RAM0_SIZE 0xc0000000ULL
#define GUEST_RAM1_BASE 0x0200000000ULL /* 1016 GiB from 8 GiB */
#define GUEST_RAM1_SIZE 0xfe00000000ULL
#define GUEST_RAM_BASE  GUEST_RAM0_BASE
#define GUEST_RAM_MAX   (GUEST_RAM0_SIZE + GUEST_RAM1_SIZE)

#define GUEST_MAX_VCPUS 128

/* ---- the guest's interrupts: INTIDs, so a PPI is 16..31 and a SPI 32 and up */

#define GUEST_TIMER_VIRT_PPI        27
#define GUEST_TIMER_PHYS_S_PPI      29
#define GUEST_TIMER_PHYS_NS_PPI     30
#define GUEST_EVTCHN_PPI            31
#define GUEST_VPL011_SPI            32
#define GUEST_VIRTIO_MMIO_SPI_FIRST 33
#define GUEST_VIRTIO_MMIO_SPI_LAST  43

/* HVM_PARAM_CALLBACK_IRQ: type PPI, INTID in bits 7:0, 1 in bit 8 edge, 1 in bit 9 active low */
#define HVM_PARAM_CALLBACK_TYPE_PPI                2
#define HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_MASK      0xff00
#define HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL 2

/* PSCI 0.1 has no fixed function ids: the device tree names these. */
#define PSCI_cpu_suspend 0
#define PSCI_cpu_off     1
#define PSCI_cpu_on      2
#define PSCI_migrate     3

/* ---- SMCCC: revisions and ids of the two services answered besides PSCI, ids as UUID bytes */

#define XEN_SMCCC_MAJOR_REVISION 0
#define XEN_SMCCC_MINOR_REVISION 1
#define XEN_SMCCC_UID                                                                             \
    {                                                                                             \
        0xa7, 0x18, 0x12, 0xdc, 0xc6, 0x98, 0x43, 0x69, 0x9a, 0xcf, 0x79, 0xd1, 0x8d, 0xde, 0xe6, \
            0x67                                                                                  \
    }

#define SSSC_SMCCC_MAJOR_REVISION 0
#define SSSC_SMCCC_MINOR_REVISION 1
#define SSSC_SMCCC_UID                                                                            \
    {                                                                                             \
        0xf8, 0x63, 0x38, 0x6f, 0x4b, 0x39, 0x4c, 0xbd, 0x92, 0x20, 0xce, 0x16, 0x41, 0xe5, 0x9f, \
            0x6f                                                                                  \
    }

#endif
