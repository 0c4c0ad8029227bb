/* SPDX-License-Identifier: MIT */
/*
 * The secure side of QEMU's GIC, version 2 or 3: every interrupt is non-secure group 1, but for our
 * timer and one SGI, which are group 0 and come as FIQ.
 */
#include "el3.h"

#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_IPRIORITYR 0x400
#define GICD_SGIR       0xf00
#define GICD_PIDR2_V2   0xfe8
#define GICC_CTLR       0x00
#define GICC_PMR        0x04
#define GICC_IAR        0x0c
#define GICC_EOIR       0x10
#define GICR_WAKER      0x14
#define GICR_SGI        0x10000

#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR0_EL1    S3_0_C12_C8_0
#define ICC_EOIR0_EL1   S3_0_C12_C8_1
#define ICC_SGI0R_EL1   S3_0_C12_C11_7
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICC_SRE_EL3     S3_6_C12_C12_5

enum { GICD = 0x08000000, GICC = 0x08010000, GICR = 0x080a0000, GICR_FRAMES = 0x20000 };
#define OURS (1u << IRQ_TIMER | 1u << SGI_WAKE)

/* GICv3 keeps its peripheral ids where GICv2's distributor has ended. */
static bool is_v3(void)
{
    return (read32(GICD + GICD_PIDR2_V2) >> 4 & 0xf) != 2;
}

static void private_interrupts(u64 base)
{
    write32(base + GICD_IGROUPR, ~OURS);
    for (u32 irq = 0; irq < 32; irq++) {
        write8(base + GICD_IPRIORITYR + irq, OURS >> irq & 1 ? 0 : 0xa0);
    }
    write32(base + GICD_ISENABLER, OURS);
}

static void init_v2(u32 cpu)
{
    private_interrupts(GICD);
    write32(GICC + GICC_PMR, 0xff);   /* with bit 7 clear the other side could not change it */
    write32(GICC + GICC_CTLR, 1 | 8); /* group 0, as FIQ */
    if (cpu == 0) {
        write32(GICD + GICD_CTLR, 3);
    }
}

static void init_v3(u32 cpu)
{
    u64 redistributor = GICR + (u64)cpu * GICR_FRAMES;
    if (cpu == 0) {
        write32(GICD + GICD_CTLR, 0x30); /* affinity routing of both sides, before the groups */
        write32(GICD + GICD_CTLR, 0x33);
    }
    write32(redistributor + GICR_WAKER, 0);
    private_interrupts(redistributor + GICR_SGI);
    write_register(ICC_SRE_EL3, 0xf);
    sync();
    write_register(ICC_SRE_EL1, 7); /* the secure one: SCR_EL3.NS is clear still */
    write_register(ICC_SRE_EL2, 0xf);
    sync();
    write_register(ICC_PMR_EL1, 0xff);
    write_register(ICC_IGRPEN0_EL1, 1);
    sync();
}

void gic_init(u32 cpu)
{
    if (cpu == 0) {
        u32 words = (read32(GICD + GICD_TYPER) & 0x1f) + 1;
        for (u32 i = 1; i < words; i++) {
            write32(GICD + GICD_IGROUPR + i * 4, ~0u);
        }
    }
    if (is_v3()) {
        init_v3(cpu);
    } else {
        init_v2(cpu);
    }
}

void gic_wake(u32 cpu)
{
    if (is_v3()) {
        write_register(ICC_SGI0R_EL1, (u64)SGI_WAKE << 24 | 1u << cpu);
        sync();
    } else {
        write32(GICD + GICD_SGIR, 1u << (16 + cpu) | SGI_WAKE);
    }
}

u32 gic_acknowledge(void)
{
    return is_v3() ? (u32)read_register(ICC_IAR0_EL1) : read32(GICC + GICC_IAR);
}

void gic_end(u32 raw)
{
    if (is_v3()) {
        write_register(ICC_EOIR0_EL1, raw);
        sync();
    } else {
        write32(GICC + GICC_EOIR, raw);
    }
}
