// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <errno.h>

#include "config/config.h"
#include "lib/failing.h"

static int read_disk(const char *words, struct guest_disk *d)
{
    heard_nothing();
    return config_read_disk(&words, 1, d);
}

/* Both texts mean the same disk. */
static void assert_same(const char *a, const char *b)
{
    struct guest_disk x;
    struct guest_disk y;
    assert_int_equal(read_disk(a, &x), 0);
    assert_int_equal(read_disk(b, &y), 0);
    assert_string_equal(x.vdev, y.vdev);
    assert_int_equal(x.number, y.number);
    assert_int_equal(x.target == NULL, y.target == NULL);
    assert_string_equal(x.target == NULL ? "" : x.target, y.target == NULL ? "" : y.target);
    assert_int_equal(x.format, y.format);
    assert_int_equal(x.backend, y.backend);
    assert_int_equal(x.writable, y.writable);
    assert_int_equal(x.removable, y.removable);
    assert_int_equal(x.cdrom, y.cdrom);
    assert_string_equal(x.script == NULL ? "" : x.script, y.script == NULL ? "" : y.script);
    guest_disk_fini(&x);
    guest_disk_fini(&y);
}

static void by_position(void **state)
{
    struct guest_disk d;
    assert_int_equal(read_disk("/dev/vg/root,,xvda", &d), 0);
    assert_string_equal(d.target, "/dev/vg/root");
    assert_string_equal(d.vdev, "xvda");
    assert_int_equal(d.number, 51712);
    assert_int_equal(d.format, DISK_RAW);
    assert_int_equal(d.backend, DISK_BACKEND_DEFAULT);
    assert_true(d.writable);
    assert_false(d.removable || d.cdrom || d.no_discard || d.direct_io_safe || d.untrusted);
    assert_null(d.script);
    assert_null(d.backend_domain);
    assert_int_equal(d.at.source, 1);
    guest_disk_fini(&d);
    assert_int_equal(read_disk("vg/root,raw,xvdb,r", &d), 0);
    assert_string_equal(d.target, "/dev/vg/root");
    assert_false(d.writable);
    guest_disk_fini(&d);
}

static void manual_examples(void **state)
{
    static const char *const disks[] = {
        "/dev/vg/guest-volume,,hda",
        "/dev/vg/guest-volume,raw,hda,rw",
        "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume",
        "raw:/dev/vg/guest-volume,hda,w",
        "phy:/dev/vg/guest-volume,hda,w",
        "vdev=hda,/dev/vg/guest-volume",
        "  /dev/vg/guest-volume , , hda , w ",
        "phy:/dev/vg/guest-volume,raw,hda",
        "tap:aio:/dev/vg/guest-volume,hda,rw",
        ",,hda,,target=/dev/vg/guest-volume",
        "phy:vg/guest-volume,hda,w",
        "file:/dev/vg/guest-volume,,hda",
        "/dev/vg/guest-volume,,hda,format=raw"};
    for (size_t i = 1; i < sizeof(disks) / sizeof(*disks); i++) {
        assert_same(disks[0], disks[i]);
    }
    static const char *const cdroms[] = {
        "/root/image.iso,,hdc,cdrom",
        "/root/image.iso,,hdc,,cdrom",
        "/root/image.iso,raw,hdc,devtype=cdrom",
        "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
        "raw:/root/image.iso,hdc:cdrom,ro",
        "file:/root/image.iso,hdc:cdrom,w"};
    for (size_t i = 1; i < sizeof(cdroms) / sizeof(*cdroms); i++) {
        assert_same(cdroms[0], cdroms[i]);
    }
    struct guest_disk d;
    assert_int_equal(read_disk(",hdc:cdrom,r", &d), 0);
    assert_null(d.target);
    assert_int_equal(d.format, DISK_EMPTY);
    assert_true(d.cdrom && d.removable && !d.writable);
    assert_int_equal(d.number, 22 << 8);
    guest_disk_fini(&d);
    assert_same(",hdc:cdrom,r", "vdev=hdc,cdrom");
}

static void words(void **state)
{
    struct guest_disk d;
    assert_int_equal(read_disk("backendtype=phy,backend=disks,script=block-x,no-discard,"
                               "direct-io-safe,untrusted,vdev=d1p2,specification=xen,"
                               "target=a:b,c=d ",
                               &d),
                     0);
    assert_int_equal(d.backend, DISK_PHY);
    assert_string_equal(d.backend_domain, "disks");
    assert_string_equal(d.script, "block-x");
    assert_string_equal(d.target, "a:b,c=d ");
    assert_true(d.no_discard && d.direct_io_safe && d.untrusted);
    assert_int_equal(d.number, 202 << 8 | 1 << 4 | 2);
    guest_disk_fini(&d);
    static const struct {
        const char *words;
        bool writable, shared;
    } modes[] = {{"/x,,xvda,w", true, false},    {"/x,,xvda,rw!", true, true},
                 {"/x,,xvda,w!", true, true},    {"/x,,xvda,r", false, false},
                 {"phy:/x,xvda,w!", true, true}, {"phy:/x,xvdc:cdrom,w!", false, false}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        assert_int_equal(read_disk(modes[i].words, &d), 0);
        assert_int_equal(d.writable, modes[i].writable);
        assert_int_equal(d.shared, modes[i].shared);
        guest_disk_fini(&d);
    }
    assert_int_equal(read_disk("iscsi:iqn.x:y,xvda,w", &d), 0);
    assert_string_equal(d.script, "block-iscsi");
    assert_string_equal(d.target, "iqn.x:y");
    guest_disk_fini(&d);
    const char *const parts[] = {"/dev/x", "", "xvdc", "ro"};
    assert_int_equal(config_read_disk(parts, 4, &d), 0);
    assert_int_equal(d.number, 51744);
    assert_false(d.writable);
    guest_disk_fini(&d);
}

static void wrong(void **state)
{
    static const struct {
        const char *words, *said;
        unsigned column;
    } rows[] = {
        {"/dev/x,xvda,w", "unknown format \"xvda\"", 8},
        {"/dev/x,raw,xvd1", "\"xvd1\" is no virtual disk", 12},
        {"/dev/x,raw,xvda,z", "unknown access \"z\"", 17},
        {"/dev/x,raw,xvda,w,more", "\"more\" is one word too many", 19},
        {"/dev/x,raw", "no vdev is said", 1},
        {",raw,xvda", "no target is said", 1},
        {"", "no vdev is said", 1},
        {"/dev/x,qcow2,xvda", "format qcow2 is not supported yet: needs QEMU", 8},
        {"qcow2:/dev/x,xvda", "format qcow2 is not supported yet", 1},
        {"nfs:/x,xvda", "unknown prefix \"nfs:\"", 1},
        {"/dev/x,raw,xvda,vdev=xvdb", "the vdev is said twice", 22},
        {"/dev/x,raw,xvda,target=/y", "the target is said twice", 24},
        {"/dev/x,raw,format=raw,xvda", "the format is said twice", 19},
        {"/dev/x,raw,xvda,access=", NULL, 0},
        {"/dev/x,raw,xvda,w,access=r", "the access is said twice", 26},
        {"script=a,script=b,/x,,xvda", "script is said twice", 17},
        {"/x,,hdc:floppy", "unknown devtype \"floppy\"", 9},
        {"/x,,xvda,devtype=tape", "unknown devtype \"tape\"", 18},
        {"/x,,xvda,backendtype=qdisk", "backendtype qdisk is not supported yet", 22},
        {"/x,,xvda,backendtype=foo", "unknown backendtype \"foo\"", 22},
        {"/x,,xvda,specification=virtio", "specification virtio is not supported yet", 24},
        {"/x,,xvda,colo", "COLO is not supported yet", 10},
        {"/x,,xvda,colo-port=3", "COLO is not supported yet", 20},
        {"/x,,xvda,fromat=raw", "unknown word \"fromat=\"; did you mean format?", 10},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct guest_disk d;
        const int err = read_disk(rows[i].words, &d);
        if (rows[i].said == NULL) {
            assert_int_equal(err, 0);
            guest_disk_fini(&d);
            continue;
        }
        char said[128];
        snprintf(said, sizeof(said), "error: command line:%u: disk: %s", rows[i].column,
                 rows[i].said);
        assert_int_equal(err, -EINVAL);
        assert_heard(said);
        assert_null(d.target);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *vdev;
        uint32_t number;
    } good[] = {
        {"xvda", 51712},
        {"xvda1", 51713},
        {"xvda15", 51727},
        {"xvdb", 51728},
        {"xvdp", 51952},
        {"xvdp15", 51967},
        {"xvda16", 1U << 28 | 16},
        {"xvdq", 1U << 28 | 16 << 8},
        {"xvdz", 1U << 28 | 25 << 8},
        {"xvdaa", 1U << 28 | 26 << 8},
        {"xvdtq37", 1U << 28 | 536 << 8 | 37},
        {"d536p37", 1U << 28 | 536 << 8 | 37},
        {"xvda255", 1U << 28 | 255},
        {"d0", 51712},
        {"d0p0", 51712},
        {"d1p2", 51730},
        {"d1048575p255", 1U << 28 | 1048575U << 8 | 255},
        {"sda", 2048},
        {"sdb3", 2048 + 16 + 3},
        {"sdp15", 2048 + 15 * 16 + 15},
        {"hda", 768},
        {"hda63", 768 + 63},
        {"hdb", 832},
        {"hdc2", 5634},
        {"hdd", 5696},
        {"51712", 51712},
        {"0xca00", 51712},
        {"0145000", 51712},
        {"0", 0},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        uint32_t number = 1;
        assert_true(config_disk_number(good[i].vdev, &number));
        assert_int_equal(number, good[i].number);
    }
    static const char *const bad[] = {"",
                                      "xvd",
                                      "xvda0",
                                      "xvda01",
                                      "xvda256",
                                      "xvdA",
                                      "xvda1x",
                                      "d",
                                      "d0p",
                                      "d01",
                                      "d0p01",
                                      "d0p256",
                                      "d1048576",
                                      "dp1",
                                      "d0p1p2",
                                      "sdq",
                                      "sda16",
                                      "hde",
                                      "hda64",
                                      "hd",
                                      "vda",
                                      "536870912",
                                      "1x",
                                      "0x",
                                      "-1",
                                      "xvdzzzzz",
                                      "99999999999999999999",
                                      "d00000000000000001"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint32_t number;
        if (config_disk_number(bad[i], &number)) {
            fail_msg("%s is taken for %u", bad[i], number);
        }
    }
}

static void without_memory(void **state)
{
    size_t k = 1;
    for (;; k++) {
        struct guest_disk d;
        failing_arm(k);
        const int err = read_disk("iscsi:x,hdc:cdrom,r,backend=b", &d);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            guest_disk_fini(&d);
            break;
        }
        assert_int_equal(err, -ENOMEM);
        assert_heard("error: out of memory\n");
    }
    assert_int_equal(k, 7); /* the report, the text, target, script, vdev, backend */
    for (k = 1;; k++) {
        struct guest_disk d;
        failing_arm(k);
        const int err = read_disk("x,,xvda", &d);
        if (!failing_disarm()) {
            guest_disk_fini(&d);
            break;
        }
        assert_int_equal(err, -ENOMEM);
    }
    assert_no_leak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_position), cmocka_unit_test(manual_examples),
        cmocka_unit_test(words),       cmocka_unit_test(wrong),
        cmocka_unit_test(numbers),     cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
