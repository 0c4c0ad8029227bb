/* SPDX-License-Identifier: MIT */
#include "abi/features.h"
#include "abi/sched.h"
#include "abi/version.h"
#include "call/fake_test.h"
#include "call/version.h"
#include "fw/firmware.h"

#define TO (GUEST_BASE + 0x200)

struct firmware firmware = {.xen_bootargs = "dom0_mem=512M abi=4.17"};
static const char *option_abi;

bool option_find(const char *name, char *out, u32 size)
{
    if (strcmp(name, "abi") != 0 || !option_abi) {
        return false;
    }
    strncpy(out, option_abi, size - 1);
    out[size - 1] = '\0';
    return true;
}

s64 sched_yield_frameless(void)
{
    return OK;
}

static s64 version(u64 command, u64 to)
{
    struct call_args args = {{command, to}};
    const s64 early = call_frameless(command, __HYPERVISOR_xen_version);
    const s64 answer = call_xen_version(vcpu_current(), &args);
    assert_true(early == E_RESTART || (early == answer && answer >= 0));
    return answer;
}

static void number_follows_the_option(void **state)
{
    assert_int_equal(version(XENVER_version, 0), 0x40011);
    static const char *const wrong[] = {"",  "4",   "4.",      ".17",     "4.17.1",
                                        "x", "4.x", "70000.1", "1.70000", "4 17"};
    for (u32 i = 0; i < ARRAY_LEN(wrong); i++) {
        option_abi = wrong[i];
        fake_line[0] = '\0';
        version_init(false);
        if (!strstr(fake_line, "ignored") || version(XENVER_version, 0) != 0x40011) {
            fail_msg("abi=%s was taken", wrong[i]);
        }
    }
    option_abi = "4.20";
    fake_line[0] = '\0';
    version_init(false);
    assert_string_equal(fake_line, "");
    assert_int_equal(version(XENVER_version, 0), 0x40014);
    assert_int_equal(call_frameless(XENVER_version, __HYPERVISOR_xen_version), 0x40014);
    /* Of 64 bits the number, of 32 the command. */
    assert_int_equal(call_frameless(1ULL << 32, __HYPERVISOR_xen_version), 0x40014);
    assert_int_equal(call_frameless(SCHEDOP_yield, __HYPERVISOR_sched_op), OK);
    assert_int_equal(call_frameless(SCHEDOP_block, __HYPERVISOR_sched_op), E_RESTART);
    assert_int_equal(call_frameless(0, 1ULL << 32 | __HYPERVISOR_xen_version), E_RESTART);
    option_abi = NULL;
}

/* The string is there, zeros follow to the end and nothing beyond is touched. */
static void expect_text(u64 command, const char *text, u32 bytes)
{
    memset(guest_at(TO), 0xee, bytes + 1);
    assert_int_equal(version(command, TO), 0);
    const char *got = guest_at(TO);
    assert_string_equal(got, text);
    for (u32 i = (u32)strlen(text); i < bytes; i++) {
        assert_int_equal(got[i], 0);
    }
    assert_int_equal((u8)got[bytes], 0xee);
    assert_int_equal(version(command, GUEST_READONLY), -14);
}

static void strings(void **state)
{
    version_init(false);
    expect_text(XENVER_extraversion, "-kanso", 16);
    expect_text(XENVER_capabilities, "xen-3.0-aarch64 ", 1024);
    expect_text(XENVER_changeset, "", 64);
    version_init(true);
    expect_text(XENVER_capabilities, "xen-3.0-aarch64 xen-3.0-armv7l ", 1024);
    assert_int_equal(version(XENVER_compile_info, TO), 0);
    assert_string_equal(((struct xen_compile_info *)guest_at(TO))->compiler, __VERSION__);
    assert_int_equal(version(XENVER_compile_info, GUEST_READONLY), -14);
}

static void what_only_dom0_is_told(void **state)
{
    memset(guest_at(TO), 0xee, 16);
    assert_int_equal(version(XENVER_commandline, TO), 0);
    assert_memory_equal(guest_at(TO), "<denied>\0\xee", 10);
    assert_int_equal(version(XENVER_build_id, 0), -1);
    fake_become(0, 0);
    expect_text(XENVER_commandline, "dom0_mem=512M abi=4.17", 1024);
    memset(firmware.xen_bootargs, 'x', sizeof(firmware.xen_bootargs) - 1);
    expect_text(XENVER_commandline, firmware.xen_bootargs, 1024);
    memset(guest_at(TO), 0, 4);
    assert_int_equal(version(XENVER_build_id, 0), -61);
    assert_int_equal(version(XENVER_build_id, TO), -22);
    *(u32 *)guest_at(TO) = 20;
    assert_int_equal(version(XENVER_build_id, TO), -61);
    assert_int_equal(version(XENVER_build_id, GUEST_NOWHERE), -14);
}

static u32 features(u32 submap)
{
    *(struct xen_feature_info *)guest_at(TO) = (struct xen_feature_info){.submap_idx = submap};
    assert_int_equal(version(XENVER_get_features, TO), 0);
    return ((struct xen_feature_info *)guest_at(TO))->submap;
}

static void feature_map(void **state)
{
    /* writable_page_tables, auto_translated_physmap, vnode, SMCCC; not direct mapped */
    assert_int_equal(features(0), 1 << 0 | 1 << 2 | 1 << 13 | 1 << 14 | 1 << 16);
    fake_become(0, 0)->domain->direct_mapped = true;
    assert_int_equal(features(0), 1 << 0 | 1 << 2 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 17);
    ((struct xen_feature_info *)guest_at(TO))->submap_idx = 1;
    assert_int_equal(version(XENVER_get_features, TO), -22);
    assert_int_equal(version(XENVER_get_features, GUEST_NOWHERE), -14);
    assert_int_equal(version(XENVER_get_features, GUEST_READONLY), -14);
}

static void the_rest(void **state)
{
    assert_int_equal(version(XENVER_pagesize, 0), 4096);
    assert_int_equal(version(XENVER_pagesize, TO), -22);
    memset(guest_at(TO), 0xee, 17);
    assert_int_equal(version(XENVER_platform_parameters, TO), 0);
    assert_memory_equal(guest_at(TO), "\0\0\0\0\0\0\0\0\xee", 9);
    memcpy(vcpu_current()->domain->handle, "0123456789abcdef", 16);
    assert_int_equal(version(XENVER_guest_handle, TO), 0);
    assert_memory_equal(guest_at(TO), "0123456789abcdef\xee", 17);
    assert_int_equal(version(11, TO), -38);
    assert_int_equal(version(0xffffffff, TO), -38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(number_follows_the_option),
        FAKE_TEST(strings),
        FAKE_TEST(what_only_dom0_is_told),
        FAKE_TEST(feature_map),
        FAKE_TEST(the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
