// SPDX-License-Identifier: MIT
/* A whole build on the fake machine, and each of its calls failing. load.c is tested here too. */
#include "build/fixture.h"

#include <libfdt.h>
#include <zlib.h>

#include "abi/arm.h"
#include "abi/grant.h"
#include "abi/memory.h"
#include "lib/failing.h"

static struct build *build;
static struct build_result result;
static uint16_t domid;
static uint64_t tree[8192];

static int boot(void)
{
    build_close(build);
    build = NULL;
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(build_create(build, hv, 0, &domid), 0);
    return build_boot(build, &result);
}

static int finish(void **state)
{
    build_close(build);
    build = NULL;
    return teardown(state);
}

/* The tree as the guest finds it where its first vCPU is told. */
static void read_tree(uint64_t address)
{
    assert_true(xen_host_read(domid, address, tree, 4096));
    const uint32_t bytes = fdt_totalsize(tree);
    assert_true(bytes > 512 && bytes < sizeof(tree));
    assert_true(xen_host_read(domid, address, tree, bytes));
    assert_int_equal(fdt_check_full(tree, bytes), 0);
    assert_true(xen_host_is_flushed(domid, address, bytes));
}

static uint64_t chosen(const char *name)
{
    int bytes = 0;
    const fdt64_t *value = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), name, &bytes);
    assert_int_equal(bytes, 8);
    uint64_t cells;
    memcpy(&cells, value, 8);
    return fdt64_to_cpu(cells);
}

static void a_guest_is_ready(void **state)
{
    assert_int_equal(boot(), 0);
    assert_int_equal(nr_said, 0);
    const struct xen_host_domain *d = xen_host_find(domid);
    const struct xen_vcpu_guest_context *c = &d->context[0];
    assert_int_equal(c->flags, VGCF_online);
    assert_int_equal(c->user_regs.pc64, 0x40080000);
    assert_int_equal(c->user_regs.cpsr, PSR_GUEST64_INIT);
    assert_int_equal(c->user_regs.x1 | c->user_regs.x2 | c->user_regs.x3, 0);
    assert_int_equal(c->sctlr, SCTLR_GUEST_INIT);
    assert_int_equal(c->ttbcr | c->ttbr0 | c->ttbr1, 0);
    assert_int_equal(d->context[1].flags, 0);

    read_tree(c->user_regs.x0);
    assert_true(fdt_stringlist_search(tree, fdt_path_offset(tree, "/hypervisor"), "compatible",
                                      "xen,xen-4.17") == 0);
    assert_true(fdt_stringlist_search(tree, fdt_path_offset(tree, "/interrupt-controller@3001000"),
                                      "compatible", "arm,gic-v3") == 0);
    const uint64_t start = chosen("linux,initrd-start");
    assert_int_equal(chosen("linux,initrd-end") - start, 50000);
    assert_true(fixture_is_loaded(domid, 0x40080000, 65536, 100000));
    assert_true(fixture_is_loaded(domid, start, 0, 50000));

    assert_int_equal(d->param[HVM_PARAM_CALLBACK_IRQ], 0x020000000000021fULL);
    assert_int_equal(d->param[HVM_PARAM_CONSOLE_PFN], 0x39000);
    assert_int_equal(d->param[HVM_PARAM_STORE_PFN], 0x39001);
    assert_int_equal(d->param[HVM_PARAM_MONITOR_RING_PFN], 0x39002);
    assert_int_equal(d->param[HVM_PARAM_CONSOLE_EVTCHN], result.console_port);
    assert_int_equal(d->param[HVM_PARAM_STORE_EVTCHN], result.store_port);
    assert_int_equal(result.console_gfn, 0x39000);
    assert_int_equal(result.store_gfn, 0x39001);
    assert_int_equal(result.vuart_port, 0);
    assert_int_not_equal(result.console_port, result.store_port);
    assert_int_equal(d->port[result.store_port].status, EVTCHNSTAT_unbound);
    assert_int_equal(d->port[result.store_port].u.unbound.dom, 0);
    assert_int_equal(d->paused, 1);

    struct hv_mapping ring;
    assert_int_equal(hv_map_grant(hv, domid, GNTTAB_RESERVED_CONSOLE, true, &ring), 0);
    strcpy(ring.at, "console");
    hv_unmap(hv, &ring);
    assert_int_equal(hv_map_grant(hv, domid, GNTTAB_RESERVED_XENSTORE, true, &ring), 0);
    strcpy(ring.at, "store");
    hv_unmap(hv, &ring);
    char content[8];
    assert_true(xen_host_read(domid, 0x39000000, content, 8));
    assert_string_equal(content, "console");
    assert_true(xen_host_read(domid, 0x39001000, content, 8));
    assert_string_equal(content, "store");
}

static void a_vuart(void **state)
{
    config.vuart = true;
    config.ramdisk = NULL;
    assert_int_equal(boot(), 0);
    assert_int_equal(result.vuart_port, 77);
    assert_int_equal(result.vuart_gfn, 0x39003);
    assert_int_equal(xen_host_find(domid)->vuart_gfn, 0x39003);
    read_tree(xen_host_find(domid)->context[0].user_regs.x0);
    assert_true(fdt_path_offset(tree, "/sbsa-pl011@22000000") > 0);
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,initrd-start", NULL));
}

static void no_vuart_here(void **state)
{
    config.vuart = true;
    xen_host.has_no_vuart = true;
    assert_int_equal(boot(), -ENOSYS);
    assert_string_equal(said, "this hypervisor has no vuart for guests: leave vuart= out");
    assert_int_equal(nr_said, 1);
}

/* The kernel is a zImage of 100,000 bytes, with something appended. */
static void take_zimage(void)
{
    uint8_t head[0x40] = {0};
    fixture_put(head + 0x24, 0x016f2818);
    fixture_put(head + 0x2c, 100000);
    unlink(kernel_path);
    fixture_write(kernel_path, head, sizeof(head), 123456);
    config.memory_kib = config.maxmem_kib = 131072 + 4096;
}

/* A guest of 32 bits: another size of addresses, other registers. */
static void a_zimage(void **state)
{
    take_zimage();
    assert_int_equal(boot(), 0);
    const struct xen_host_domain *d = xen_host_find(domid);
    assert_int_equal(d->address_bits, 32);
    assert_int_equal(d->context[0].user_regs.pc32, 0x42000000);
    assert_int_equal(d->context[0].user_regs.r0_usr, 0);
    assert_int_equal(d->context[0].user_regs.r1_usr, ~0U);
    assert_int_equal(d->context[0].user_regs.cpsr, PSR_GUEST32_INIT);
    read_tree(d->context[0].user_regs.r2_usr);
    assert_int_equal(chosen("linux,initrd-start"), 0x48000000);
    assert_true(fixture_is_loaded(domid, 0x42000000, 65536, 100000));
    char beyond[4];
    assert_true(xen_host_read(domid, 0x42000000 + 100000, beyond, 4));
    assert_memory_equal(beyond, "\0\0\0\0", 4); /* what was appended is not */
}

/* A kernel that a bootloader hands out when the domain is there: its files may go at once, and the
 * words for the bootloader name none. */
static void found_by_a_bootloader(void **state)
{
    take_zimage();
    struct guest_config found = config;
    config.kernel = "/boot/on-the-disk";
    config.ramdisk = NULL;
    config.bootloader = found.bootloader = "pygrub";
    build_close(build);
    build = NULL;
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(build_create(build, hv, 0, &domid), 0);
    assert_int_equal(xen_host_find(domid)->claimed_pages, (131072 + 4096) / 4 + 3);
    assert_int_equal(xen_host_find(domid)->address_bits, 64);
    assert_int_equal(build_set_kernel(build, &found), 0);
    unlink(kernel_path);
    unlink(ramdisk_path);
    assert_int_equal(build_boot(build, &result), 0);
    assert_int_equal(nr_said, 0);
    assert_int_equal(xen_host_find(domid)->address_bits, 32);
    assert_true(fixture_is_loaded(domid, 0x42000000, 65536, 100000));
    assert_true(fixture_is_loaded(domid, 0x48000000, 0, 50000));
}

/* Packs the file of the kernel in place. */
static void pack(uint64_t bytes)
{
    static uint8_t raw[12 << 20];
    FILE *f = fopen(kernel_path, "r");
    assert_int_equal(fread(raw, 1, bytes, f), bytes);
    fclose(f);
    gzFile z = gzopen(kernel_path, "w1");
    assert_int_equal(gzwrite(z, raw, (unsigned)bytes), (int)bytes);
    gzclose(z);
}

static uint64_t told, told_total;
static unsigned nr_told;

static void progress(void *context, uint64_t done, uint64_t total)
{
    assert_ptr_equal(context, &told);
    assert_true(done >= told);
    assert_true(done <= total);
    told = done;
    told_total = total;
    nr_told++;
}

/* Windows of 2 MiB, however the kernel is packed; calls do not grow with pages. */
static void large_files_in_windows(void **state)
{
    const uint64_t bytes = 10 * MIB + 12345;
    fixture_kernel(bytes, bytes + 100000);
    config.memory_kib = config.maxmem_kib = 65536;
    for (unsigned packed = 0; packed < 2; packed++) {
        if (packed) {
            pack(bytes);
        }
        const unsigned maps = xen_host.nr_maps;
        told = nr_told = 0;
        build_close(build);
        assert_int_equal(build_open(&build, &config), 0);
        build_set_progress(build, progress, &told);
        assert_int_equal(build_create(build, hv, 0, &domid), 0);
        xen_host_arm(0, 0);
        assert_int_equal(build_boot(build, &result), 0);
        assert_true(fixture_is_loaded(domid, 0x40080000, 65536, bytes));
        assert_int_equal(xen_host.nr_maps - maps, 2); /* magic pages, grants */
        assert_true(xen_host.nr_calls < 45);
        assert_int_equal(nr_told, 7);
        assert_int_equal(told, told_total);
        assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_cacheflush),
                         4 * (packed + 1));
    }
}

static void a_packed_kernel_that_lies(void **state)
{
    fixture_kernel(200000, 4096); /* says 4 KiB and is more */
    pack(200000);
    char sentence[128];
    snprintf(sentence, sizeof(sentence),
             "%s: unpacked it is larger than the 4 KiB there are for it", kernel_path);
    assert_int_equal(boot(), -EFBIG);
    assert_string_equal(said, sentence);
    assert_int_equal(nr_said, 1);
}

static void files_that_change(void **state)
{
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(build_create(build, hv, 0, &domid), 0);
    assert_int_equal(truncate(ramdisk_path, 100), 0);
    assert_int_equal(build_boot(build, &result), -EFAULT);
    char sentence[128];
    snprintf(sentence, sizeof(sentence), "%s: it has become shorter", ramdisk_path);
    assert_string_equal(said, sentence);
    assert_int_equal(nr_said, 1);
    assert_int_equal(xen_host.nr_mapped, 0);
    assert_int_equal(xen_host_find(domid)->context[0].flags, 0); /* it never came so far */
}

static void every_call_may_fail(void **state)
{
    unsigned k = 1, nr_forgiven = 0;
    config.vuart = true;
    for (;; k++) {
        build_close(build);
        assert_int_equal(build_open(&build, &config), 0);
        assert_int_equal(build_create(build, hv, 0, &domid), 0);
        nr_said = 0;
        xen_host_arm(k, EIO);
        const int error = build_boot(build, &result);
        const bool has_failed = xen_host_disarm();
        assert_int_equal(xen_host.nr_mapped, 0);
        if (has_failed && error == 0) {
            nr_forgiven++;
            assert_int_equal(nr_said, 0);
        } else if (has_failed) {
            assert_true(error == -EIO || error == -ENOMEM);
            assert_int_equal(nr_said, 1);
        }
        assert_int_equal(hv_destroy_domain(hv, domid), 0);
        if (!has_failed) {
            assert_int_equal(error, 0);
            break;
        }
    }
    assert_true(k > 25);
    assert_int_equal(nr_forgiven, 3); /* build id, page size, virtual start: not needed */
}

static void every_allocation_may_fail(void **state)
{
    size_t k = 1;
    for (;; k++) {
        build_close(build);
        assert_int_equal(build_open(&build, &config), 0);
        assert_int_equal(build_create(build, hv, 0, &domid), 0);
        nr_said = 0;
        failing_arm(k);
        const int error = build_boot(build, &result);
        const bool has_failed = failing_disarm();
        assert_int_equal(hv_destroy_domain(hv, domid), 0);
        if (!has_failed) {
            assert_int_equal(error, 0);
            break;
        }
        assert_true(error == -ENOMEM || error == -ENOBUFS);
        assert_int_equal(nr_said, 1);
        assert_int_equal(xen_host.nr_mapped, 0);
    }
    assert_true(k >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guest_is_ready, setup, finish),
        cmocka_unit_test_setup_teardown(a_vuart, setup, finish),
        cmocka_unit_test_setup_teardown(no_vuart_here, setup, finish),
        cmocka_unit_test_setup_teardown(a_zimage, setup, finish),
        cmocka_unit_test_setup_teardown(found_by_a_bootloader, setup, finish),
        cmocka_unit_test_setup_teardown(large_files_in_windows, setup, finish),
        cmocka_unit_test_setup_teardown(a_packed_kernel_that_lies, setup, finish),
        cmocka_unit_test_setup_teardown(files_that_change, setup, finish),
        cmocka_unit_test_setup_teardown(every_call_may_fail, setup, finish),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
