// SPDX-License-Identifier: MIT
// Rings every number, known and unknown, with sub-operations and pointers that are wrong.
#include "guest.h"

const char guest_name[] = "hypercalls";

enum { EPERM = 1, EFAULT = 14, EINVAL = 22, ENOSYS = 38 };

// Numbers that an Arm guest may call; all others answer ENOSYS
static const unsigned char known[] = {7,  12, 13, 17, 18, 20, 21, 24, 27,
                                      29, 32, 33, 34, 35, 36, 39, 41, 42};
static const unsigned long pointers[] = {
    8,          0x09000000,   0x3ffffff8,         0x60000000,
    0xbfffffff, 0x7ffffffff9, 0xffffff8000000000, 0xffffffffffffffff,
};

static bool is_known(unsigned number)
{
    for (unsigned i = 0; i < sizeof(known); i++) {
        if (known[i] == number) {
            return true;
        }
    }
    return false;
}

// What answers without looking at the pointer, or would end or hold this guest
static bool is_skipped(unsigned number, unsigned operation)
{
    switch (number) {
    case CALL_SCHED:
        return operation <= 1;
    case CALL_VERSION:
    case CALL_MULTICALL:
        return true;
    }
    return false;
}

static void expect_error(unsigned number, unsigned operation, long result, unsigned long pointer)
{
    if (result > -200 && result < 0) {
        return;
    }
    print("call ");
    print_hex(number);
    print(" operation ");
    print_hex(operation);
    print(" pointer ");
    print_hex(pointer);
    print(" ");
    expect(false, "no error", result);
}

static void wrong_pointers(void)
{
    static const unsigned char by_pointer[] = {CALL_EVTCHN, CALL_HVM};

    for (unsigned i = 0; i < sizeof(by_pointer); i++) {
        for (unsigned operation = 0; operation < 40; operation++) {
            if (is_skipped(by_pointer[i], operation)) {
                continue;
            }
            for (unsigned p = 0; p < sizeof(pointers) / sizeof(pointers[0]); p++) {
                expect_error(by_pointer[i], operation,
                             hypercall(by_pointer[i], operation, pointers[p], 0), pointers[p]);
            }
        }
    }
    for (unsigned p = 0; p < sizeof(pointers) / sizeof(pointers[0]); p++) {
        unsigned long a = pointers[p];

        // The first two answer the number of extents done, which is none: Xen has always said 0
        expect(hypercall(CALL_MEMORY, 6, a, 0) == 0, "populate_physmap", a);
        expect(hypercall(CALL_MEMORY, 1, a, 0) == 0, "decrease_reservation", a);
        expect(hypercall(CALL_MEMORY, 7, a, 0) == -EFAULT, "add_to_physmap", a);
        expect(hypercall(CALL_MEMORY, 15, a, 0) == -EFAULT, "remove_from_physmap", a);
        expect(hypercall(CALL_MEMORY, 23, a, 0) == -EFAULT, "add_to_physmap_batch", a);
        expect(hypercall(CALL_SCHED, 2, a, 0) == -EFAULT, "shutdown", a);
        expect(hypercall(CALL_SCHED, 3, a, 0) == -EFAULT, "poll", a);
        expect(hypercall(CALL_MULTICALL, a, 1, 0) == -EFAULT, "multicall", a);
        expect(hypercall(CALL_VERSION, 1, a, 0) == -EFAULT, "extraversion", a);
        expect(hypercall(CALL_VERSION, 6, a, 0) == -EFAULT, "get_features", a);
        expect(hypercall(20, 0, a, 1) == -EFAULT, "map_grant_ref", a);
        expect(hypercall(20, 1, a, 1) == -EFAULT, "unmap_grant_ref", a);
        expect(hypercall(20, 5, a, 1) == -EFAULT, "grant copy", a);
        expect(hypercall(20, 12, a, 1) == -EFAULT, "grant cache_flush", a);
        expect(hypercall(24, 10, 0, a) == -EFAULT, "register_vcpu_info", a);
        expect_error(35, 0, hypercall(35, a, 0, 0), a);
        expect_error(36, 0, hypercall(36, a, 0, 0), a);
    }
    expect(hypercall(CALL_MULTICALL, 0xbfff0000, 0xffffffff, 0) == -EFAULT, "multicall of 2^32", 0);
    expect(hypercall(20, 0, 0x40000000, 0xffffffff) < 0, "2^32 grants", 0);
}

static void wrong_arguments(void)
{
    struct {
        uint16_t domid, pad;
        uint32_t port;
    } status = {.domid = DOMID_SELF};
    uint32_t ports[] = {1 << 10, 4095, 4096, 131071, 131072, 0x7fffffff, 0xffffffff};

    for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        expect(hypercall(CALL_EVTCHN, 4, (uintptr_t)&ports[i], 0) == -EINVAL, "send", ports[i]);
        expect(hypercall(CALL_EVTCHN, 3, (uintptr_t)&ports[i], 0) == -EINVAL, "close", ports[i]);
        expect(hypercall(CALL_EVTCHN, 9, (uintptr_t)&ports[i], 0) == -EINVAL, "unmask", ports[i]);
        status.port = ports[i];
        expect(hypercall(CALL_EVTCHN, 5, (uintptr_t)&status, 0) == -EINVAL, "status", ports[i]);
    }
    struct {
        uint16_t domid, pad;
        uint32_t index;
        uint64_t value;
    } param = {.domid = DOMID_SELF, .index = 0xffffffff};
    expect(hypercall(CALL_HVM, 1, (uintptr_t)&param, 0) == -EINVAL, "hvm_param 2^32", param.index);
    param.domid = 0;
    param.index = 1;
    expect(hypercall(CALL_HVM, 1, (uintptr_t)&param, 0) < 0, "dom0's hvm_param", param.value);
    struct {
        uint16_t domid, size;
        uint32_t space;
        uint64_t index, gfn;
    } map = {.domid = DOMID_SELF, .space = 77};
    expect(hypercall(CALL_MEMORY, 7, (uintptr_t)&map, 0) < 0, "add_to_physmap of an unknown space",
           77);
    map.domid = 0;
    map.space = 0;
    expect(hypercall(CALL_MEMORY, 7, (uintptr_t)&map, 0) < 0, "add_to_physmap to dom0", 0);
}

void guest_main(void)
{
    for (unsigned number = 0; number < 300; number++) {
        if (!is_known(number)) {
            long r = hypercall(number, 0, 0, 0);
            if (r != -ENOSYS) {
                print("call ");
                print_hex(number);
                print(" ");
            }
            expect(r == -ENOSYS, "unknown number", r);
        }
    }
    expect(hypercall(1UL << 32 | CALL_VERSION, 0, 0, 0) != 0, "number beyond 32 bits", 0);
    expect(hypercall(~0UL, 0, 0, 0) == -ENOSYS, "number -1", 0);
    expect(hypercall(CALL_EVTCHN, 1000, 0x40000000, 0) == -ENOSYS, "evtchn operation 1000", 0);
    expect(hypercall(CALL_SCHED, 1000, 0x40000000, 0) == -ENOSYS, "sched operation 1000", 0);
    expect(hypercall(CALL_MEMORY, 63, 0x40000000, 0) == -ENOSYS, "memory operation 63", 0);
    wrong_pointers();
    wrong_arguments();
    expect(hypercall(CALL_VERSION, 0, 0, 0) == (4 << 16 | 17), "version",
           hypercall(CALL_VERSION, 0, 0, 0));
}
