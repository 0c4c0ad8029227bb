/* SPDX-License-Identifier: MIT */
/* physdev_op(command, argument): dom0 tells what it found on the PCI bus. */
#ifndef ABI_PHYSDEV_H
#define ABI_PHYSDEV_H

#include "abi/types.h"

#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add     25
#define PHYSDEVOP_pci_device_remove  26

#define XEN_PCI_MMCFG_RESERVED 0x1

struct xen_physdev_pci_mmcfg_reserved {
    u64 address;
    u16 segment;
    u8 start_bus;
    u8 end_bus;
    u32 flags; /* XEN_PCI_MMCFG_* */
};
_Static_assert(sizeof(struct xen_physdev_pci_mmcfg_reserved) == 16);

#define XEN_PCI_DEV_EXTFN  0x1
#define XEN_PCI_DEV_VIRTFN 0x2
#define XEN_PCI_DEV_PXM    0x4

struct xen_physdev_pci_device_add {
    u16 seg;
    u8 bus;
    u8 devfn;
    u32 flags; /* XEN_PCI_DEV_* */
    struct {
        u8 bus;
        u8 devfn;
    } physfn;     /* of a virtual function */
    u32 optarr[]; /* [0]: proximity domain, if PXM */
};
_Static_assert(sizeof(struct xen_physdev_pci_device_add) == 12);

struct xen_physdev_pci_device {
    u16 seg;
    u8 bus;
    u8 devfn;
};
_Static_assert(sizeof(struct xen_physdev_pci_device) == 4);

#endif
