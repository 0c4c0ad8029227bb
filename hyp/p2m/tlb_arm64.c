/* SPDX-License-Identifier: MIT */
/* Stage-2 registers and TLB maintenance (Arm ARM D8.13, D13.2.151 VTCR_EL2, D13.2.152 VTTBR_EL2).
 */
#include "p2m/tlb.h"

#include "base/bits.h"
#include "base/panic.h"

/* T0SZ 24: 40 bits in. SL0 1: start at level 1. Walks Inner and Outer Write-Back, inner shareable.
 * TG0 0: 4 KiB. */
#define VTCR_T0SZ(bits) (64 - (bits))
#define VTCR_SL0_LEVEL1 (1ULL << 6)
#define VTCR_IRGN0_WBWA (1ULL << 8)
#define VTCR_ORGN0_WBWA (1ULL << 10)
#define VTCR_SH0_INNER  (3ULL << 12)
#define VTCR_PS_SHIFT   16
#define VTCR_VS         BIT(19)
#define VTCR_RES1       BIT(31)

#define PARANGE_40 2u /* ID_AA64MMFR0_EL1.PARange */
#define PARANGE_48 5u

static u64 parange(void)
{
    u64 mmfr0;
    asm("mrs %0, id_aa64mmfr0_el1" : "=r"(mmfr0));
    return FIELD(mmfr0, 3, 0);
}

u32 stage2_probe(void)
{
    if (parange() < PARANGE_40) {
        panic("stage 2: this CPU has fewer than 40 bits of physical address");
    }
    u64 mmfr1;
    asm("mrs %0, id_aa64mmfr1_el1" : "=r"(mmfr1));
    return FIELD(mmfr1, 7, 4) == 2 ? 16 : 8;
}

void stage2_init_cpu(u32 vmid_bits)
{
    u64 vtcr = VTCR_RES1 | VTCR_T0SZ(40) | VTCR_SL0_LEVEL1 | VTCR_IRGN0_WBWA | VTCR_ORGN0_WBWA |
               VTCR_SH0_INNER | MIN(parange(), PARANGE_48) << VTCR_PS_SHIFT |
               (vmid_bits == 16 ? VTCR_VS : 0);
    asm volatile("msr vtcr_el2, %0\n\tisb" : : "r"(vtcr) : "memory");
    /* Nothing of before us, whatever its VMID, on this CPU. */
    asm volatile("dsb nshst\n\ttlbi alle1\n\tdsb nsh\n\tisb" : : : "memory");
}

static u64 vttbr(maddr_t root, u16 vmid)
{
    return root.m | (u64)vmid << 48;
}

static u64 read_vttbr(void)
{
    u64 value;
    asm volatile("mrs %0, vttbr_el2" : "=r"(value));
    return value;
}

static void write_vttbr(u64 value)
{
    asm volatile("msr vttbr_el2, %0\n\tisb" : : "r"(value) : "memory");
}

void stage2_load(maddr_t root, u16 vmid)
{
    write_vttbr(vttbr(root, vmid));
}

void pte_write(u64 *slot, u64 value)
{
    *(volatile u64 *)slot = value;
}

void pte_sync(void)
{
    asm volatile("dsb ishst" : : : "memory");
}

/* TLBI by VMID takes it from VTTBR_EL2. Another domain's is named over the empty table: should the
 * CPU speculate with the EL1 registers that are loaded, every walk ends in a stage-2 fault and
 * nothing wrong is cached. */
static u64 name_vmid(maddr_t empty, u16 vmid)
{
    u64 old = read_vttbr();
    if (old >> 48 != vmid) {
        write_vttbr(vttbr(empty, vmid));
    }
    return old;
}

static void name_back(u64 old)
{
    if (read_vttbr() != old) {
        write_vttbr(old);
    }
}

void tlb_flush_vmid(maddr_t empty, u16 vmid)
{
    asm volatile("dsb ishst" : : : "memory");
    u64 old = name_vmid(empty, vmid);
    asm volatile("tlbi vmalls12e1is\n\tdsb ish\n\tisb" : : : "memory");
    name_back(old);
}

void tlb_flush_ipa(maddr_t empty, u16 vmid, gfn_t gfn, u64 pages)
{
    asm volatile("dsb ishst" : : : "memory");
    u64 old = name_vmid(empty, vmid);
    for (u64 i = 0; i < pages; i++) {
        asm volatile("tlbi ipas2e1is, %0" : : "r"(gfn.gfn + i) : "memory");
    }
    /* Combined entries of both stages are not found by IPA: all of the VMID's stage 1 goes, after
     * stage 2 has. */
    asm volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
    name_back(old);
}

void tlb_flush_all_guests(void)
{
    asm volatile("dsb ishst\n\ttlbi alle1is\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

void tlb_flush_none(void)
{
}
