/* SPDX-License-Identifier: MIT */
/* Stage-2 registers and TLB maintenance (Arm ARM D8.13, D13.2.151 VTCR_EL2, D13.2.152 VTTBR_EL2).
 */
#include "p2m/tlb.h"

#include "base/bits.h"
#include "base/panic.h"
#include "cpu/arch.h"
#include "cpu/regs_arm64.h"

#define PARANGE_40 2u /* ID_AA64MMFR0_EL1.PARange */
#define PARANGE_48 5u

static u64 parange(void)
{
    return ID_FIELD(read_sysreg(id_aa64mmfr0_el1), ID_AA64MMFR0_PARANGE);
}

u32 stage2_probe(void)
{
    if (parange() < PARANGE_40) {
        panic("stage 2: this CPU has fewer than 40 bits of physical address");
    }
    return ID_FIELD(read_sysreg(id_aa64mmfr1_el1), ID_AA64MMFR1_VMIDBITS) == 2 ? 16 : 8;
}

void stage2_init_cpu(u32 vmid_bits)
{
    /* 40 bits in, from level 1 on; walks Inner and Outer Write-Back, inner shareable; 4 KiB. */
    write_sysreg(VTCR_RES1 | TCR_T0SZ(40) | VTCR_SL0(1) | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA |
                     TCR_SH0_INNER | VTCR_PS(MIN(parange(), PARANGE_48)) |
                     (vmid_bits == 16 ? VTCR_VS16 : 0),
                 vtcr_el2);
    barrier_context();
    /* Nothing of before us, whatever its VMID, on this CPU. */
    asm volatile("dsb nshst\n\ttlbi alle1\n\tdsb nsh\n\tisb" : : : "memory");
}

static u64 vttbr(maddr_t root, u16 vmid)
{
    return root.m | (u64)vmid << 48;
}

static void write_vttbr(u64 value)
{
    write_sysreg(value, vttbr_el2);
    barrier_context();
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
    u64 old = read_sysreg(vttbr_el2);
    if (old >> 48 != vmid) {
        write_vttbr(vttbr(empty, vmid));
    }
    return old;
}

static void name_back(u64 old)
{
    if (read_sysreg(vttbr_el2) != old) {
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
