/* SPDX-License-Identifier: MIT */
/*
 * Addresses and numbers that must not be mixed: each is a struct of one member with a name of its
 * own, so that passing a guest address where a machine address is meant does not compile. They
 * travel in one register and cost nothing.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/types.h"

typedef struct {
    u64 m;
} maddr_t; /* machine (host physical) address, bytes */
typedef struct {
    u64 g;
} gaddr_t; /* guest-physical (intermediate physical) address, bytes */
typedef struct {
    u64 v;
} gva_t; /* guest-virtual address, in the calling vCPU's stage-1 regime */
typedef struct {
    u64 mfn;
} mfn_t; /* machine frame number, 4 KiB units */
typedef struct {
    u64 gfn;
} gfn_t; /* guest frame number, 4 KiB units */
typedef struct {
    u16 id;
} domid_t;
typedef struct {
    u32 port;
} port_t; /* event channel port, local to a domain */
typedef struct {
    u32 hw;
} hwirq_t; /* interrupt id of the host's GIC */
typedef struct {
    u32 virq;
} virq_t; /* interrupt id of a guest's virtual GIC */

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)
#define ORDER_4K   0u
#define ORDER_2M   9u
#define ORDER_1G   18u

#define MFN_INVALID ((mfn_t){~0ULL})
#define GFN_INVALID ((gfn_t){~0ULL})

static inline mfn_t maddr_to_mfn(maddr_t a)
{
    return (mfn_t){a.m >> PAGE_SHIFT};
}

static inline maddr_t mfn_to_maddr(mfn_t n)
{
    return (maddr_t){n.mfn << PAGE_SHIFT};
}

static inline gfn_t gaddr_to_gfn(gaddr_t a)
{
    return (gfn_t){a.g >> PAGE_SHIFT};
}

static inline mfn_t mfn_add(mfn_t n, u64 pages)
{
    return (mfn_t){n.mfn + pages};
}

static inline gfn_t gfn_add(gfn_t n, u64 pages)
{
    return (gfn_t){n.gfn + pages};
}

static inline bool domid_eq(domid_t a, domid_t b)
{
    return a.id == b.id;
}

#endif
