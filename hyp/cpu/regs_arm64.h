/* SPDX-License-Identifier: MIT */
/*
 * System registers of AArch64 as C and assembly name them: spelled as in the Arm ARM (DDI 0487,
 * chapter D19), fields as REGISTER_FIELD. Registers younger than the assembler are given by
 * encoding.
 */
#ifndef CPU_REGS_ARM64_H
#define CPU_REGS_ARM64_H

/* --- registers that the assembler may not know by name: S<op0>_<op1>_C<n>_C<m>_<op2> --- */
#define ICC_SRE_EL2      S3_4_C12_C9_5
#define ICC_IAR1_EL1     S3_0_C12_C12_0
#define ICC_EOIR1_EL1    S3_0_C12_C12_1
#define ICC_BPR1_EL1     S3_0_C12_C12_3
#define ICC_CTLR_EL1     S3_0_C12_C12_4
#define ICC_SRE_EL1      S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1  S3_0_C12_C12_7
#define ICC_DIR_EL1      S3_0_C12_C11_1
#define ICC_SGI1R_EL1    S3_0_C12_C11_5
#define ICC_PMR_EL1      S3_0_C4_C6_0
#define ICH_HCR_EL2      S3_4_C12_C11_0
#define ICH_VTR_EL2      S3_4_C12_C11_1
#define ICH_ELRSR_EL2    S3_4_C12_C11_5
#define ICH_VMCR_EL2     S3_4_C12_C11_7
#define ID_AA64ISAR2_EL1 S3_0_C0_C6_2
#define VSESR_EL2        S3_4_C5_C2_3
#define HCRX_EL2         S3_4_C1_C2_2
#define HFGRTR_EL2       S3_4_C1_C1_4
#define HFGWTR_EL2       S3_4_C1_C1_5

/* --- HCR_EL2 (D19.2.48) --- */
#define HCR_VM        (1UL << 0) /* stage 2 on */
#define HCR_SWIO      (1UL << 1) /* set/way invalidate also cleans */
#define HCR_PTW       (1UL << 2) /* a stage-1 walk into device memory faults */
#define HCR_FMO       (1UL << 3) /* FIQ to EL2, virtual FIQ on */
#define HCR_IMO       (1UL << 4) /* IRQ to EL2, virtual IRQ on */
#define HCR_AMO       (1UL << 5) /* SError to EL2, virtual SError on */
#define HCR_VSE       (1UL << 8) /* a virtual SError is pending */
#define HCR_FB        (1UL << 9) /* guest TLB and IC operations are broadcast inner shareable */
#define HCR_BSU_INNER (1UL << 10)
#define HCR_TWI       (1UL << 13) /* trap WFI */
#define HCR_TID1      (1UL << 16)
#define HCR_TID3      (1UL << 18) /* trap the ID registers */
#define HCR_TSC       (1UL << 19) /* trap SMC */
#define HCR_TIDCP     (1UL << 20) /* trap implementation defined registers */
#define HCR_TACR      (1UL << 21) /* trap ACTLR */
#define HCR_TSW       (1UL << 22) /* trap set/way */
#define HCR_TVM       (1UL << 26)
#define HCR_RW        (1UL << 31) /* EL1 is AArch64 */
#define HCR_TLOR      (1UL << 35)
#define HCR_TERR      (1UL << 36)

/* --- SCTLR_EL2 (D19.2.117), EL2 without VHE --- */
#define SCTLR_M   (1UL << 0)
#define SCTLR_C   (1UL << 2)
#define SCTLR_SA  (1UL << 3)
#define SCTLR_I   (1UL << 12)
#define SCTLR_WXN (1UL << 19)
#define SCTLR_EL2_RES1                                                                 \
    ((1UL << 4) | (1UL << 5) | (1UL << 11) | (1UL << 16) | (1UL << 18) | (1UL << 22) | \
     (1UL << 23) | (1UL << 28) | (1UL << 29))
#define SCTLR_EL1_RES1 \
    ((1UL << 11) | (1UL << 20) | (1UL << 22) | (1UL << 23) | (1UL << 28) | (1UL << 29))

/* --- CPTR_EL2 without VHE (D19.2.34) --- */
#define CPTR_RES1 \
    0x32ffUL /* bits that are RES1; TZ (8) and TSM (12) added below trap where they exist */
#define CPTR_TZ  (1UL << 8)
#define CPTR_TFP (1UL << 10) /* trap FP and SIMD */
#define CPTR_TSM (1UL << 12)
#define CPTR_TTA (1UL << 20) /* trap trace registers */
#define CPTR_TAM (1UL << 30) /* trap activity monitors */

/* --- MDCR_EL2 (D19.3.16) --- */
#define MDCR_HPMN(n) ((n)&0x1fUL)
#define MDCR_TPMCR   (1UL << 5)
#define MDCR_TPM     (1UL << 6)
#define MDCR_TDA     (1UL << 9)
#define MDCR_TDOSA   (1UL << 10)
#define MDCR_TDRA    (1UL << 11)
#define MDCR_TPMS    (1UL << 14)
#define MDCR_TTRF    (1UL << 19)

/* --- HSTR_EL2: traps of AArch32 coprocessor 15 by CRn --- */
#define HSTR_T(n) (1UL << (n))

/* --- CNTHCTL_EL2 without VHE: EL1's access to the physical counter and timer --- */
#define CNTHCTL_EL1PCTEN (1UL << 0) /* 1: not trapped */

/* --- timers --- */
#define CNT_CTL_ENABLE (1UL << 0)

/* --- TCR_EL2, VTCR_EL2 (D19.2.145, D19.2.158) --- */
#define TCR_EL2_RES1   ((1UL << 31) | (1UL << 23))
#define TCR_T0SZ(bits) (64UL - (bits))
#define TCR_IRGN0_WBWA (1UL << 8)
#define TCR_ORGN0_WBWA (1UL << 10)
#define TCR_SH0_INNER  (3UL << 12)
#define TCR_EL1_EPD0   (1UL << 7)
#define TCR_EL1_EPD1   (1UL << 23)
#define VTCR_RES1      (1UL << 31)
#define VTCR_SL0(n)    ((n) << 6)
#define VTCR_PS(ps)    ((ps) << 16)
#define VTCR_VS16      (1UL << 19)

/* Memory types: indices into MAIR_EL2, which holds MAIR_VALUE on every CPU. */
#define MAIR_DEVICE 0 /* Device-nGnRE */
#define MAIR_NORMAL 1 /* Normal, Inner and Outer Write-Back, read and write allocate */
#define MAIR_NC     2 /* Normal, Non-cacheable */
#define MAIR_VALUE  0x44ff04UL

/* --- ESR_EL2 (D19.2.39) --- */
#define ESR_EC(esr)  (((esr) >> 26) & 0x3f)
#define ESR_IL       (1UL << 25)
#define ESR_ISS(esr) ((esr)&0x1ffffff)
#define EC_UNKNOWN   0x00
#define EC_WFX       0x01
#define EC_CP15_32   0x03
#define EC_CP15_64   0x04
#define EC_CP14_32   0x05
#define EC_CP14_LDC  0x06
#define EC_FP        0x07
#define EC_CP10      0x08
#define EC_CP14_64   0x0c
#define EC_HVC32     0x12
#define EC_SMC32     0x13
#define EC_HVC64     0x16
#define EC_SMC64     0x17
#define EC_SYSREG    0x18
#define EC_IABT_LOW  0x20
#define EC_DABT_LOW  0x24
#define EC_SERROR    0x2f

/* --- ID fields: low bit of the four-bit field --- */
#define ID_AA64PFR0_EL1_SHIFT  4
#define ID_AA64PFR0_RAS        28
#define ID_AA64PFR0_CSV2       56
#define ID_AA64ISAR2_CLRBHB    28
#define ID_AA64MMFR0_PARANGE   0
#define ID_AA64MMFR1_VMIDBITS  4
#define ID_AA64MMFR1_ECBHB     60
#define ID_FIELD(value, shift) (((value) >> (shift)) & 0xf)

#define ISR_I (1 << 7)

#ifndef __ASSEMBLER__
#include "base/types.h"

#define read_sysreg_(name)                                     \
    ({                                                         \
        u64 read_value;                                        \
        __asm__ volatile("mrs %0, " #name : "=r"(read_value)); \
        read_value;                                            \
    })
#define write_sysreg_(value, name)                                               \
    do {                                                                         \
        u64 write_value = (u64)(value);                                          \
        __asm__ volatile("msr " #name ", %x0" : : "rZ"(write_value) : "memory"); \
    } while (0)
/* Through one more expansion, so that the encodings above are replaced first. No isb: the caller's.
 */
#define read_sysreg(name)         read_sysreg_(name)
#define write_sysreg(value, name) write_sysreg_(value, name)

/* MPIDR_EL1's affinity fields, as device trees and PSCI name a CPU. */
#define MPIDR_AFFINITY 0xff00ffffffULL
#endif

#endif
