// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <errno.h>
#include <stdlib.h>

#include "config/config.h"
#include "lib/failing.h"
#include "lib/json.h"

static struct guest_config c;

static void read_text(const char *text)
{
    guest_config_fini(&c);
    heard_nothing();
    if (config_read_text("a.cfg", text, strlen(text), NULL, 0, &c) != 0) {
        fail_msg("%s", heard);
    }
}

/* To be freed. */
static char *write_config(const struct guest_config *config)
{
    struct text t = {0};
    struct json j;
    json_begin(&j, &t);
    json_open_object(&j, NULL);
    config_write_json(&j, config);
    json_close_object(&j);
    return text_take(&t);
}

static int read_json(const char *json, struct guest_config *config)
{
    heard_nothing();
    return config_read_json("g.json", json, strlen(json), config);
}

static const char full[] =
    "name='g \\'\xc3\xa9'\nuuid='01234567-89ab-cdef-0123-456789abcdef'\nkernel='/k'\n"
    "ramdisk='/r'\ncmdline='a \"b\" \\\\c\\x07'\ndevice_tree='/d'\nmemory=100\nmaxmem=200\n"
    "shadow_memory=3\nvcpus=2\nmaxvcpus=3\ncpus=['0-1,70','all']\ncpus_soft='2'\npool='p'\n"
    "cpu_weight=300\ncap=40\nperiod=10000\nbudget=9000\nextratime=0\non_poweroff='restart'\n"
    "on_reboot='preserve'\non_crash='rename-restart'\non_watchdog='coredump-destroy'\n"
    "on_soft_reset='coredump-restart'\nmax_event_channels=300\nmax_grant_frames=20\n"
    "max_maptrack_frames=30\nmax_grant_version=1\nseclabel='s'\ninit_seclabel='i'\nnomigrate=1\n"
    "driver_domain=1\nlocaltime=1\nrtc_timeoffset=-60\ngic_version='v3'\nvuart='sbsa_uart'\n"
    "disk=['/dev/a,,xvda','vdev=hdc,cdrom','script=x,backendtype=phy,backend=b,no-discard,"
    "untrusted,direct-io-safe,access=w!,vdev=d20p3,target=t,u']\n"
    "vif=['','mac=00:16:3e:00:00:02,bridge=b.1:2,script=s,ip=1.2.3.4,gatewaydev=e,vifname=v,"
    "model=m,backend=n,forwarddev=f,type=vif,untrusted,mtu=1400,devid=9,rate=1MB/s@20ms']\n"
    "channel=['name=a,connection=pty','name=b,connection=socket,path=/s,backend=d']\n";

/* Written, read, written: the same text, so everything that is written survives. */
static void there_and_back(void **state)
{
    read_text(full);
    char *first = write_config(&c);
    struct guest_config back;
    assert_int_equal(read_json(first, &back), 0);
    assert_string_equal(heard, "");
    char *second = write_config(&back);
    assert_string_equal(first, second);
    free(first);
    free(second);
    assert_string_equal(back.file, "g.json");
    assert_string_equal(back.name, c.name);
    assert_memory_equal(back.uuid, c.uuid, 16);
    assert_string_equal(back.cmdline, c.cmdline);
    assert_int_equal(back.nr_cpus, 2);
    assert_int_equal(back.cpus[0].nr_words, 2);
    assert_int_equal(back.cpus[0].word[1], 64);
    assert_int_equal(back.cpus[1].nr_words, CPU_SET_BITS / 64);
    assert_int_equal(back.nr_cpus_soft, 3);
    assert_memory_equal(&back.sched, &c.sched, sizeof(c.sched));
    assert_string_equal(back.seclabel, "s");
    assert_string_equal(back.init_seclabel, "i");
    assert_int_equal(back.disk[1].format, DISK_EMPTY);
    assert_true(back.disk[1].cdrom && back.disk[1].removable && !back.disk[1].writable);
    assert_int_equal(back.disk[2].number, c.disk[2].number);
    assert_string_equal(back.disk[2].target, "t,u");
    assert_int_equal(back.disk[2].backend, DISK_PHY);
    assert_true(back.disk[2].no_discard && back.disk[2].untrusted && back.disk[2].direct_io_safe);
    assert_true(back.disk[2].shared && back.disk[2].writable && !back.disk[0].shared);
    assert_false(back.disk[0].no_discard || back.disk[0].untrusted);
    assert_true(back.disk[0].writable);
    assert_false(back.vif[0].has_mac);
    assert_int_equal(back.vif[1].devid, 9);
    assert_int_equal(back.vif[1].rate_bytes, 20000);
    assert_int_equal(back.vif[1].rate_interval_us, 20000);
    assert_string_equal(back.channel[1].path, "/s");
    guest_config_fini(&back);
}

/* Each member that the two share, by name: a new one that JSON forgets shows here. */
static void nothing_is_lost(void **state)
{
    read_text(full);
    char *json = write_config(&c);
    struct guest_config b;
    assert_int_equal(read_json(json, &b), 0);
    free(json);
    assert_int_equal(b.memory_kib, c.memory_kib);
    assert_int_equal(b.maxmem_kib, c.maxmem_kib);
    assert_int_equal(b.paging_kib, c.paging_kib);
    assert_int_equal(b.vcpus, c.vcpus);
    assert_int_equal(b.maxvcpus, c.maxvcpus);
    assert_string_equal(b.pool, c.pool);
    assert_string_equal(b.kernel, c.kernel);
    assert_string_equal(b.ramdisk, c.ramdisk);
    assert_string_equal(b.device_tree, c.device_tree);
    assert_int_equal(b.on_poweroff, c.on_poweroff);
    assert_int_equal(b.on_reboot, c.on_reboot);
    assert_int_equal(b.on_crash, c.on_crash);
    assert_int_equal(b.on_watchdog, c.on_watchdog);
    assert_int_equal(b.on_soft_reset, c.on_soft_reset);
    assert_int_equal(b.max_grant_frames, c.max_grant_frames);
    assert_int_equal(b.max_maptrack_frames, c.max_maptrack_frames);
    assert_int_equal(b.max_grant_version, c.max_grant_version);
    assert_int_equal(b.max_event_channels, c.max_event_channels);
    assert_int_equal(b.rtc_timeoffset, c.rtc_timeoffset);
    assert_true(b.localtime && b.nomigrate && b.driver_domain && b.vuart && b.has_uuid);
    assert_int_equal(b.gic_version, GIC_V3);
    assert_int_equal(b.nr_disks, 3);
    assert_string_equal(b.disk[2].script, "x");
    assert_string_equal(b.disk[2].backend_domain, "b");
    assert_int_equal(b.nr_vifs, 2);
    const struct guest_vif *v = &b.vif[1];
    assert_memory_equal(v->mac, c.vif[1].mac, 6);
    assert_string_equal(v->bridge, "b.1:2");
    assert_string_equal(v->script, "s");
    assert_string_equal(v->ip, "1.2.3.4");
    assert_string_equal(v->gateway_device, "e");
    assert_string_equal(v->vifname, "v");
    assert_string_equal(v->model, "m");
    assert_string_equal(v->backend_domain, "n");
    assert_string_equal(v->forwarddev, "f");
    assert_true(v->is_netfront_only && v->untrusted);
    assert_int_equal(v->mtu, 1400);
    assert_int_equal(b.nr_channels, 2);
    assert_null(b.channel[0].path);
    assert_string_equal(b.channel[1].backend_domain, "d");
    guest_config_fini(&b);
}

static void bootloader(void **state)
{
    read_text("name='g'\nbootloader='pygrub'\nbootloader_args=['-q','x y']\ndisk=['/x,,xvda']\n");
    char *json = write_config(&c);
    struct guest_config b;
    assert_int_equal(read_json(json, &b), 0);
    free(json);
    assert_string_equal(b.bootloader, "pygrub");
    assert_string_equal(b.bootloader_args[0], "-q");
    assert_string_equal(b.bootloader_args[1], "x y");
    assert_null(b.bootloader_args[2]);
    assert_null(b.kernel);
    guest_config_fini(&b);
}

/* The text itself, with libxl's names and order, four blanks a level. */
static void names_of_xen(void **state)
{
    read_text("name='g'\nkernel='/k'\nextra='x'\nmemory=64\nvcpus=2\non_crash='preserve'\n"
              "disk=['/dev/a,,xvda']\nvif=['mac=00:16:3e:00:00:02,bridge=br0']\n");
    char *json = write_config(&c);
    assert_string_equal(json, "{\n"
                              "    \"c_info\": {\n"
                              "        \"type\": \"pvh\",\n"
                              "        \"name\": \"g\",\n"
                              "        \"run_hotplug_scripts\": \"True\"\n"
                              "    },\n"
                              "    \"b_info\": {\n"
                              "        \"max_vcpus\": 2,\n"
                              "        \"avail_vcpus\": [\n"
                              "            0,\n"
                              "            1\n"
                              "        ],\n"
                              "        \"max_memkb\": 65536,\n"
                              "        \"target_memkb\": 65536,\n"
                              "        \"sched_params\": {\n"
                              "\n"
                              "        },\n"
                              "        \"claim_mode\": \"True\",\n"
                              "        \"kernel\": \"/k\",\n"
                              "        \"cmdline\": \"x\",\n"
                              "        \"type.pvh\": {\n"
                              "\n"
                              "        },\n"
                              "        \"arch_arm\": {\n"
                              "\n"
                              "        },\n"
                              "        \"arch_x86\": {\n"
                              "\n"
                              "        }\n"
                              "    },\n"
                              "    \"disks\": [\n"
                              "        {\n"
                              "            \"pdev_path\": \"/dev/a\",\n"
                              "            \"vdev\": \"xvda\",\n"
                              "            \"format\": \"raw\",\n"
                              "            \"readwrite\": 1\n"
                              "        }\n"
                              "    ],\n"
                              "    \"nics\": [\n"
                              "        {\n"
                              "            \"devid\": 0,\n"
                              "            \"mac\": \"00:16:3e:00:00:02\",\n"
                              "            \"bridge\": \"br0\"\n"
                              "        }\n"
                              "    ],\n"
                              "    \"on_reboot\": \"restart\",\n"
                              "    \"on_crash\": \"preserve\",\n"
                              "    \"on_soft_reset\": \"soft_reset\"\n"
                              "}\n");
    free(json);
}

static const char recorded[] =
    "name='g';uuid='01234567-89ab-cdef-0123-456789abcdef';kernel='/boot/idle.img'\n"
    "ramdisk='/etc/passwd';root='/dev/xvda';extra='a b'\ndevice_tree='/etc/passwd'\n"
    "memory=100\nmaxmem=200\nvcpus=2\nmaxvcpus=3\ncpus=['0-1','1']\ncpus_soft='1'\n"
    "cpu_weight=300\ncap=40\non_poweroff='restart'\non_reboot='preserve'\n"
    "on_crash='rename-restart'\non_watchdog='coredump-destroy'\n"
    "on_soft_reset='coredump-restart'\nmax_event_channels=300\nmax_grant_frames=20\n"
    "max_maptrack_frames=30\nmax_grant_version=1\nnomigrate=1\ndriver_domain=1\n"
    "rtc_timeoffset='60'\ngic_version='v3'\nvuart='sbsa_uart'\nshadow_memory=3\n"
    "extratime=1\ndisk=['/dev/a,,xvda','vdev=hdc,cdrom','script=x,backendtype=phy,backend=0,"
    "no-discard,direct-io-safe,access=r,vdev=d20p3,target=t,u','/q,,xvdq,discard']\n"
    "vif=['','mac=00:16:3e:00:00:02,bridge=b.1:2,script=s,ip=1.2.3.4,gatewaydev=e,vifname=v,"
    "model=m,backend=0,type=vif,mtu=1400,devid=9,rate=1MB/s@20ms']\n"
    "channel=['name=a,connection=pty','name=b,connection=socket,path=/s']\n";

/* What xl create -n of Debian's Xen 4.17 prints for recorded[], word for word. */
static const char xen_says[] = "{\n"
                               "    \"c_info\": {\n"
                               "        \"type\": \"pvh\",\n"
                               "        \"name\": \"g\",\n"
                               "        \"uuid\": \"01234567-89ab-cdef-0123-456789abcdef\",\n"
                               "        \"run_hotplug_scripts\": \"True\",\n"
                               "        \"driver_domain\": \"True\"\n"
                               "    },\n"
                               "    \"b_info\": {\n"
                               "        \"max_vcpus\": 3,\n"
                               "        \"avail_vcpus\": [\n"
                               "            0,\n"
                               "            1\n"
                               "        ],\n"
                               "        \"vcpu_hard_affinity\": [\n"
                               "            [\n"
                               "                0,\n"
                               "                1\n"
                               "            ],\n"
                               "            [\n"
                               "                1\n"
                               "            ]\n"
                               "        ],\n"
                               "        \"vcpu_soft_affinity\": [\n"
                               "            [\n"
                               "                1\n"
                               "            ],\n"
                               "            [\n"
                               "                1\n"
                               "            ],\n"
                               "            [\n"
                               "                1\n"
                               "            ]\n"
                               "        ],\n"
                               "        \"numa_placement\": \"False\",\n"
                               "        \"max_memkb\": 204800,\n"
                               "        \"target_memkb\": 102400,\n"
                               "        \"shadow_memkb\": 3072,\n"
                               "        \"rtc_timeoffset\": 60,\n"
                               "        \"disable_migrate\": \"True\",\n"
                               "        \"max_grant_frames\": 20,\n"
                               "        \"max_maptrack_frames\": 30,\n"
                               "        \"max_grant_version\": 1,\n"
                               "        \"sched_params\": {\n"
                               "            \"weight\": 300,\n"
                               "            \"cap\": 40,\n"
                               "            \"extratime\": 1\n"
                               "        },\n"
                               "        \"claim_mode\": \"True\",\n"
                               "        \"event_channels\": 300,\n"
                               "        \"kernel\": \"/boot/idle.img\",\n"
                               "        \"cmdline\": \"root=/dev/xvda a b\",\n"
                               "        \"ramdisk\": \"/etc/passwd\",\n"
                               "        \"device_tree\": \"/etc/passwd\",\n"
                               "        \"type.pvh\": {\n"
                               "\n"
                               "        },\n"
                               "        \"arch_arm\": {\n"
                               "            \"gic_version\": \"v3\",\n"
                               "            \"vuart\": \"sbsa_uart\"\n"
                               "        },\n"
                               "        \"arch_x86\": {\n"
                               "\n"
                               "        }\n"
                               "    },\n"
                               "    \"disks\": [\n"
                               "        {\n"
                               "            \"pdev_path\": \"/dev/a\",\n"
                               "            \"vdev\": \"xvda\",\n"
                               "            \"format\": \"raw\",\n"
                               "            \"readwrite\": 1\n"
                               "        },\n"
                               "        {\n"
                               "            \"vdev\": \"hdc\",\n"
                               "            \"format\": \"empty\",\n"
                               "            \"removable\": 1,\n"
                               "            \"is_cdrom\": 1\n"
                               "        },\n"
                               "        {\n"
                               "            \"backend_domname\": \"0\",\n"
                               "            \"pdev_path\": \"t,u\",\n"
                               "            \"vdev\": \"d20p3\",\n"
                               "            \"backend\": \"phy\",\n"
                               "            \"format\": \"raw\",\n"
                               "            \"script\": \"x\",\n"
                               "            \"direct_io_safe\": true,\n"
                               "            \"discard_enable\": \"False\"\n"
                               "        },\n"
                               "        {\n"
                               "            \"pdev_path\": \"/q\",\n"
                               "            \"vdev\": \"xvdq\",\n"
                               "            \"format\": \"raw\",\n"
                               "            \"readwrite\": 1\n"
                               "        }\n"
                               "    ],\n"
                               "    \"nics\": [\n"
                               "        {\n"
                               "            \"devid\": 0\n"
                               "        },\n"
                               "        {\n"
                               "            \"backend_domname\": \"0\",\n"
                               "            \"devid\": 9,\n"
                               "            \"mtu\": 1400,\n"
                               "            \"model\": \"m\",\n"
                               "            \"mac\": \"00:16:3e:00:00:02\",\n"
                               "            \"ip\": \"1.2.3.4\",\n"
                               "            \"bridge\": \"b.1:2\",\n"
                               "            \"ifname\": \"v\",\n"
                               "            \"script\": \"s\",\n"
                               "            \"nictype\": \"vif\",\n"
                               "            \"rate_bytes_per_interval\": 20000,\n"
                               "            \"rate_interval_usecs\": 20000,\n"
                               "            \"gatewaydev\": \"e\"\n"
                               "        }\n"
                               "    ],\n"
                               "    \"channels\": [\n"
                               "        {\n"
                               "            \"devid\": 0,\n"
                               "            \"name\": \"a\",\n"
                               "            \"connection.pty\": {\n"
                               "\n"
                               "            }\n"
                               "        },\n"
                               "        {\n"
                               "            \"devid\": 1,\n"
                               "            \"name\": \"b\",\n"
                               "            \"connection.socket\": {\n"
                               "                \"path\": \"/s\"\n"
                               "            }\n"
                               "        }\n"
                               "    ],\n"
                               "    \"on_poweroff\": \"restart\",\n"
                               "    \"on_reboot\": \"preserve\",\n"
                               "    \"on_watchdog\": \"coredump_destroy\",\n"
                               "    \"on_crash\": \"restart_rename\",\n"
                               "    \"on_soft_reset\": \"coredump_restart\"\n"
                               "}\n";

static void as_xen_prints_it(void **state)
{
    read_text(recorded);
    char *json = write_config(&c);
    assert_string_equal(json, xen_says);
    free(json);
}

#define WITH(b_info) "{\"c_info\":{\"name\":\"g\"},\"b_info\":{\"max_memkb\":1024" b_info "}}"
#define BESIDE(more) "{\"c_info\":{\"name\":\"g\"},\"b_info\":{\"max_memkb\":1024}," more "}"

static void wrong(void **state)
{
    static const struct {
        const char *json, *said;
    } rows[] = {
        {"", "the JSON is cut off"},
        {"{\"c_info\":", "the JSON is cut off"},
        {"{,}", "no JSON, at byte 1: "},
        {"[]", "a JSON object is wanted"},
        {"{}", "c_info has no name"},
        {"{\"c_info\":7}", "c_info: a JSON object is wanted"},
        {"{\"c_info\":{\"name\":7}}", "name: a JSON string is wanted"},
        {"{\"c_info\":{\"name\":\"g\"}}", "target_memkb: 1 to max_memkb are wanted"},
        {"{\"c_info\":{\"name\":\"a\\u0000b\"}}", "name: a NUL in a string"},
        {"{\"c_info\":{\"name\":\"g\",\"uuid\":\"1\"}}", "uuid: \"1\" is none"},
        {WITH(",\"target_memkb\":1025"), "target_memkb: 1 to max_memkb are wanted"},
        {WITH(",\"max_vcpus\":129"), "max_vcpus: a number from 1 to 128 is wanted"},
        {WITH(",\"max_vcpus\":1,\"avail_vcpus\":[0,1]"), "avail_vcpus: 1 to max_vcpus"},
        {WITH(",\"avail_vcpus\":[]"), "avail_vcpus: 1 to max_vcpus"},
        {WITH(",\"vcpu_hard_affinity\":[1]"), "an array of JSON arrays is wanted"},
        {WITH(",\"vcpu_hard_affinity\":[[\"x\"]]"), "an array of JSON ints is wanted"},
        {WITH(",\"vcpu_hard_affinity\":[[1024]]"), "a CPU's number is at most 1023"},
        {WITH(",\"vcpu_soft_affinity\":[[-1]]"), "a CPU's number is at most 1023"},
        {WITH(",\"localtime\":\"maybe\""), "localtime: unknown word \"maybe\""},
        {WITH(",\"arch_arm\":{\"gic_version\":\"v4\"}"), "gic_version: unknown word \"v4\""},
        {WITH(",\"bootloader_args\":[1]"), "an array of JSON strings is wanted"},
        {WITH(",\"sched_params\":{\"weight\":70000}"), "weight: a number from 0 to 65535"},
        {BESIDE("\"disks\":{}"), "disks: a JSON array is wanted"},
        {BESIDE("\"disks\":[1]"), "an array of JSON objects is wanted"},
        {BESIDE("\"disks\":[{}]"), "vdev: \"\" is no virtual disk"},
        {BESIDE("\"disks\":[{\"vdev\":\"vda\"}]"), "vdev: \"vda\" is no virtual disk"},
        {BESIDE("\"nics\":[{\"mac\":\"x\"}]"), "mac: \"x\": a MAC address has six groups"},
        {BESIDE("\"channels\":[{}]"), "a channel has no name"},
        {BESIDE("\"on_crash\":\"explode\""), "on_crash: unknown word \"explode\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct guest_config b;
        char said[128];
        snprintf(said, sizeof(said), "error: g.json: %s", rows[i].said);
        if (read_json(rows[i].json, &b) != -EINVAL) {
            fail_msg("%s is taken", rows[i].json);
        }
        assert_heard(said);
        assert_null(strstr(strstr(heard, "error: ") + 1, "error: "));
        assert_null(b.name);
        assert_null(b.file);
    }
}

static void too_much(void **state)
{
    struct text t = {0};
    struct guest_config b;
    text_add(&t, "{\"c_info\":{\"name\":\"g\"},\"b_info\":{\"max_memkb\":1024},\"disks\":[");
    for (int i = 0; i <= 4096; i++) {
        text_add(&t, "%s{}", i == 0 ? "" : ",");
    }
    text_add(&t, "]}");
    assert_int_equal(read_json(t.s, &b), -EINVAL);
    assert_heard("an array of more than 4096 elements");
    text_cut(&t, 0);
    text_pad(&t, ' ', (16 << 20) + 1);
    assert_int_equal(read_json(t.s, &b), -EINVAL);
    assert_heard("JSON of at most 16777216 bytes is wanted");
    text_fini(&t);
}

/* What libxl writes and we do not know is left aside. */
static void from_libxl(void **state)
{
    struct guest_config b;
    assert_int_equal(read_json("{\"c_info\":{\"type\":\"pvh\",\"name\":\"g\",\"hap\":\"True\"},"
                               "\"b_info\":{\"max_memkb\":1024,\"target_memkb\":512,"
                               "\"nested_hvm\":\"False\",\"arch_x86\":{},\"kernel\":null},"
                               "\"vtpms\":[]}",
                               &b),
                     0);
    assert_int_equal(b.memory_kib, 512);
    assert_int_equal(b.vcpus, 1);
    assert_int_equal(b.on_reboot, ACTION_DESTROY);
    assert_null(b.kernel);
    guest_config_fini(&b);
}

/* What is not there has libxl's default. */
static void absent(void **state)
{
    struct guest_config b;
    assert_int_equal(read_json("{\"c_info\":{\"name\":\"g\"},\"b_info\":{\"max_memkb\":1024},"
                               "\"disks\":[{\"vdev\":\"xvda\"}],\"nics\":[{}]}",
                               &b),
                     0);
    assert_int_equal(b.memory_kib, 1024);
    assert_int_equal(b.vcpus, 1);
    assert_int_equal(b.maxvcpus, 1);
    assert_false(b.has_uuid || b.localtime || b.nomigrate || b.driver_domain || b.vuart);
    assert_int_equal(b.gic_version, GIC_DEFAULT);
    assert_int_equal(b.paging_kib + b.max_event_channels, 0);
    assert_int_equal(b.rtc_timeoffset, 0);
    assert_int_equal(b.max_grant_frames, -1);
    assert_int_equal(b.max_maptrack_frames, -1);
    assert_int_equal(b.max_grant_version, -1);
    assert_int_equal(b.sched.weight, -1);
    assert_int_equal(b.sched.budget_us, -1);
    assert_int_equal(b.on_soft_reset, ACTION_DESTROY);
    const struct guest_disk *d = &b.disk[0];
    assert_false(d->writable || d->removable || d->cdrom || d->no_discard || d->untrusted);
    assert_false(d->direct_io_safe);
    assert_int_equal(d->format, DISK_RAW);
    assert_int_equal(d->backend, DISK_BACKEND_DEFAULT);
    const struct guest_vif *v = &b.vif[0];
    assert_false(v->has_mac || v->is_netfront_only || v->untrusted);
    assert_int_equal(v->devid, -1);
    assert_int_equal(v->mtu, 0);
    assert_int_equal(v->rate_bytes, 0);
    assert_int_equal(v->rate_interval_us, 0);
    guest_config_fini(&b);
}

static void no_empty_lists(void **state)
{
    read_text("name='g'\nkernel='/k'\n");
    char *json = write_config(&c);
    static const char *const absent[] = {
        "disks",          "nics",       "channels",       "affinity",       "shadow_memkb",
        "event_channels", "bootloader", "uuid",           "rtc_timeoffset", "max_grant",
        "gic_version",    "on_crash",   "disable_migrate"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
        assert_null(strstr(json, absent[i]));
    }
    free(json);
}

static void affinity_is_placement(void **state)
{
    static const char *const cpus[] = {"", "cpus='1'", "cpus_soft='1'"};
    for (size_t i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof(text), "name='g'\nkernel='/k'\n%s\n", cpus[i]);
        read_text(text);
        char *json = write_config(&c);
        assert_int_equal(strstr(json, "\"numa_placement\": \"False\"") != NULL, i > 0);
        free(json);
    }
}

static void without_memory(void **state)
{
    read_text(full);
    char *json = write_config(&c);
    size_t k = 1;
    for (;; k++) {
        struct guest_config b;
        failing_arm(k);
        const int err = read_json(json, &b);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            guest_config_fini(&b);
            break;
        }
        assert_int_equal(err, -ENOMEM);
        assert_heard("error: out of memory\n");
        assert_null(b.name);
    }
    assert_in_range(k, 40, 200);
    for (k = 1;; k++) {
        failing_arm(k);
        char *again = write_config(&c);
        if (!failing_disarm()) {
            assert_string_equal(again, json);
            free(again);
            break;
        }
        assert_null(again);
    }
    free(json);
    guest_config_fini(&c);
    assert_no_leak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(bootloader),
        cmocka_unit_test(names_of_xen),
        cmocka_unit_test(wrong),
        cmocka_unit_test(from_libxl),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(too_much),
        cmocka_unit_test(as_xen_prints_it),
        cmocka_unit_test(absent),
        cmocka_unit_test(no_empty_lists),
        cmocka_unit_test(affinity_is_placement),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    guest_config_fini(&c);
    return failures;
}
