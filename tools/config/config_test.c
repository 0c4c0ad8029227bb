// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "config/config.h"
#include "config/keys.h"
#include "lib/failing.h"

#define LEAST "name='g'\nkernel='/k'\n"

static struct guest_config c;

static int read_with(const char *text, const char *const *args, size_t nr_args)
{
    guest_config_fini(&c);
    heard_nothing();
    return config_read_text("a.cfg", text, strlen(text), args, nr_args, &c);
}

static int read_text(const char *text)
{
    return read_with(text, NULL, 0);
}

static void defaults(void **state)
{
    assert_int_equal(read_text(LEAST), 0);
    assert_string_equal(heard, "");
    assert_string_equal(c.file, "a.cfg");
    assert_string_equal(c.name, "g");
    assert_string_equal(c.kernel, "/k");
    assert_null(c.ramdisk);
    assert_null(c.cmdline);
    assert_false(c.has_uuid);
    assert_int_equal(c.memory_kib, 32 * 1024);
    assert_int_equal(c.maxmem_kib, 32 * 1024);
    assert_int_equal(c.vcpus, 1);
    assert_int_equal(c.maxvcpus, 1);
    assert_int_equal(c.sched.weight, -1);
    assert_int_equal(c.sched.cap, -1);
    assert_int_equal(c.sched.period_us, -1);
    assert_int_equal(c.sched.budget_us, -1);
    assert_int_equal(c.sched.extratime, -1);
    assert_int_equal(c.on_poweroff, ACTION_DESTROY);
    assert_int_equal(c.on_reboot, ACTION_RESTART);
    assert_int_equal(c.on_crash, ACTION_DESTROY);
    assert_int_equal(c.on_watchdog, ACTION_DESTROY);
    assert_int_equal(c.on_soft_reset, ACTION_SOFT_RESET);
    assert_int_equal(c.max_grant_frames, -1);
    assert_int_equal(c.max_maptrack_frames, -1);
    assert_int_equal(c.max_grant_version, -1);
    assert_int_equal(c.gic_version, GIC_DEFAULT);
    assert_int_equal(c.nr_disks + c.nr_vifs + c.nr_channels + c.nr_cpus + c.nr_cpus_soft, 0);
}

static void everything(void **state)
{
    assert_int_equal(
        read_text(
            "name = \"web\"\nuuid='01234567-89ab-cdef-0123-456789ABCDEF'; type='pvh'\n"
            "kernel='/k'\nramdisk='/r'\ndevice_tree='/d'\nroot='/dev/xvda ro'\nextra='x=1'\n"
            "memory='512'\nmaxmem=1024\nshadow_memory=8\nvcpus=2\nmaxvcpus=4\npool='p'\n"
            "cpu_weight=512\ncap=50\nperiod=10000\nbudget=4000\nextratime=1\n"
            "on_poweroff='preserve'\non_reboot='rename-restart'\non_crash='coredump-restart'\n"
            "on_watchdog='coredump-destroy'\non_soft_reset='destroy'\n"
            "disk=['/dev/a,,xvda', '/dev/b,,xvdb,r',]\nvif=['', 'bridge=br1', 'devid=7']\n"
            "channel=['name=a,connection=pty','name=b,connection=SOCKET,path=/s,backend=d']\n"
            "max_event_channels=500\nmax_grant_frames=64\nmax_maptrack_frames=0\n"
            "max_grant_version=1\nseclabel='s'\ninit_seclabel='i'\nnomigrate=1\n"
            "driver_domain=1\nlocaltime=1\nrtc_timeoffset=-3600\ngic_version='v3'\n"
            "vuart='sbsa_uart'\n"),
        0);
    assert_string_equal(heard, "");
    static const uint8_t uuid[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                     0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    assert_memory_equal(c.uuid, uuid, 16);
    assert_true(c.has_uuid);
    assert_string_equal(c.ramdisk, "/r");
    assert_string_equal(c.device_tree, "/d");
    assert_string_equal(c.cmdline, "root=/dev/xvda ro x=1");
    assert_int_equal(c.memory_kib, 512 * 1024);
    assert_int_equal(c.maxmem_kib, 1024 * 1024);
    assert_int_equal(c.paging_kib, 8 * 1024);
    assert_int_equal(c.vcpus, 2);
    assert_int_equal(c.maxvcpus, 4);
    assert_string_equal(c.pool, "p");
    assert_int_equal(c.sched.weight, 512);
    assert_int_equal(c.sched.cap, 50);
    assert_int_equal(c.sched.period_us, 10000);
    assert_int_equal(c.sched.budget_us, 4000);
    assert_int_equal(c.sched.extratime, 1);
    assert_int_equal(c.on_poweroff, ACTION_PRESERVE);
    assert_int_equal(c.on_reboot, ACTION_RENAME_RESTART);
    assert_int_equal(c.on_crash, ACTION_COREDUMP_RESTART);
    assert_int_equal(c.on_watchdog, ACTION_COREDUMP_DESTROY);
    assert_int_equal(c.on_soft_reset, ACTION_DESTROY);
    assert_int_equal(c.nr_disks, 2);
    assert_string_equal(c.disk[1].vdev, "xvdb");
    assert_false(c.disk[1].writable);
    assert_int_equal(c.disk[1].at.column, 23);
    assert_int_equal(c.nr_vifs, 3);
    assert_int_equal(c.vif[0].devid, 0);
    assert_int_equal(c.vif[1].devid, 1);
    assert_string_equal(c.vif[1].bridge, "br1");
    assert_int_equal(c.vif[2].devid, 7);
    assert_int_equal(c.nr_channels, 2);
    assert_null(c.channel[0].path);
    assert_string_equal(c.channel[1].name, "b");
    assert_string_equal(c.channel[1].path, "/s");
    assert_string_equal(c.channel[1].backend_domain, "d");
    assert_int_equal(c.max_event_channels, 500);
    assert_int_equal(c.max_grant_frames, 64);
    assert_int_equal(c.max_maptrack_frames, 0);
    assert_int_equal(c.max_grant_version, 1);
    assert_string_equal(c.seclabel, "s");
    assert_string_equal(c.init_seclabel, "i");
    assert_true(c.nomigrate && c.driver_domain && c.localtime && c.vuart);
    assert_int_equal(c.rtc_timeoffset, -3600);
    assert_int_equal(c.gic_version, GIC_V3);
    const struct config_place at = config_place_of(&c, "ramdisk");
    assert_int_equal(at.line, 4);
    assert_int_equal(config_place_of(&c, "bootloader").line, 0);
    assert_int_equal(config_place_of(&c, "nonsense").line, 0);
    heard_nothing();
    config_error(&c, at, "%s: no such file", "/r");
    config_error(&c, (struct config_place){0}, "odd");
    config_error(&c, (struct config_place){.source = 2, .line = 1, .column = 9}, "odd, too");
    assert_string_equal(heard, "error: a.cfg:4:1: /r: no such file\nerror: a.cfg: odd\n"
                               "error: command line:9: odd, too\n");
}

static void of_nowhere(void **state)
{
    const struct guest_config nothing = {0};
    heard_nothing();
    config_error(&nothing, (struct config_place){0}, "odd");
    config_error(&nothing, (struct config_place){.line = 1, .column = 2}, "odd");
    assert_string_equal(heard, "error: odd\nerror: odd\n");
    assert_int_equal(config_place_of(&nothing, "name").line, 0);
}

static void command_line_wins(void **state)
{
    static const char *const args[] = {"memory=64", "name=other", "disk+=['/dev/z,,xvdz']",
                                       "extra=a b='c'"};
    assert_int_equal(read_with(LEAST "memory=32\ndisk=['/dev/x,,xvda']\nextra='q'", args, 4), 0);
    assert_string_equal(heard, "");
    assert_string_equal(c.name, "other");
    assert_int_equal(c.memory_kib, 64 * 1024);
    assert_string_equal(c.cmdline, "a b='c'");
    assert_int_equal(c.nr_disks, 2);
    assert_int_equal(c.disk[1].at.source, 3);
    static const char *const wrong[] = {"memory=0"};
    assert_int_equal(read_with(LEAST, wrong, 1), -EINVAL);
    assert_string_equal(heard, "error: command line:8: memory: a number from 1 to 16777216 is "
                               "wanted\n    memory=0\n           ^\n");
    assert_null(c.name);
}

static void command_lines(void **state)
{
    assert_int_equal(read_text(LEAST "root='/dev/xvda'"), 0);
    assert_string_equal(c.cmdline, "root=/dev/xvda");
    assert_int_equal(read_text(LEAST "extra='a'\nextra+=' b'"), 0);
    assert_string_equal(c.cmdline, "a b");
    assert_int_equal(read_text(LEAST "extra='a'\ncmdline='x y'\nroot='r'"), 0);
    assert_string_equal(c.cmdline, "x y");
    assert_heard("warning: a.cfg:5:1: root and extra are ignored: cmdline is said");
    assert_int_equal(read_text(LEAST "extra='a'\ncmdline=''"), 0);
    assert_string_equal(c.cmdline, "a");
    assert_int_equal(read_text(LEAST "extra=''\nroot=''\nramdisk=''"), 0);
    assert_null(c.cmdline);
    assert_null(c.ramdisk);
}

static void bootloaders(void **state)
{
    assert_int_equal(read_text("name='g'\nbootloader='pygrub'\ndisk=['/x,,xvda']\n"
                               "bootloader_args=['-q','--entry=1']"),
                     0);
    assert_string_equal(c.bootloader, "pygrub");
    assert_string_equal(c.bootloader_args[1], "--entry=1");
    assert_null(c.bootloader_args[2]);
    assert_int_equal(read_text("name='g'\nbootloader='pygrub'\ndisk=['/x,,xvda']\n"
                               "bootloader_args=' -q\t-x  '"),
                     0);
    assert_string_equal(c.bootloader_args[0], "-q");
    assert_string_equal(c.bootloader_args[1], "-x");
    assert_null(c.bootloader_args[2]);
    assert_heard("warning: a.cfg:4:17: bootloader_args: a string is deprecated");
    assert_int_equal(read_text(LEAST "bootloader='x'"), -EINVAL);
    assert_heard("a.cfg:3:1: bootloader: the guest has no disk");
    assert_int_equal(read_text(LEAST "bootloader_args=['x']"), 0);
    assert_heard("warning: a.cfg:3:1: bootloader_args is ignored");
}

static void kinds_of_guests(void **state)
{
    static const char *const fine[] = {"type='pv'", "builder='generic'", "builder='pv'"};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof(text), LEAST "%s\n", fine[i]);
        assert_int_equal(read_text(text), 0);
        assert_heard("the guest will be PVH: there are no PV guests on Arm");
    }
    assert_heard("warning: a.cfg:3:1: builder is deprecated: say type=\"pvh\", or nothing");
    assert_int_equal(read_text(LEAST "builder='hvm'"), -EINVAL);
    assert_heard("builder=\"hvm\" is not supported yet: needs HVM guests");
    /* Its firmware would boot it: that there is no kernel is no second mistake */
    assert_int_equal(read_text("name='g'\ntype='hvm'"), -EINVAL);
    assert_null(strstr(heard, "kernel"));
    assert_int_equal(read_text(LEAST "type='xyz'"), -EINVAL);
    assert_heard("type: pvh is wanted, this is the string \"xyz\"");
}

static void memory_and_vcpus(void **state)
{
    assert_int_equal(read_text(LEAST "maxmem=100"), 0);
    assert_int_equal(c.memory_kib, 100 * 1024);
    assert_int_equal(read_text(LEAST "memory=100"), 0);
    assert_int_equal(c.maxmem_kib, 100 * 1024);
    assert_int_equal(read_text(LEAST "memory=16777216"), 0);
    assert_int_equal(c.memory_kib, INT64_C(1) << 34);
    assert_int_equal(read_text(LEAST "maxvcpus=3"), 0);
    assert_int_equal(c.vcpus, 1);
    assert_int_equal(c.maxvcpus, 3);
    assert_int_equal(read_text(LEAST "vcpus=3"), 0);
    assert_int_equal(c.maxvcpus, 3);
    assert_int_equal(read_text(LEAST "vcpus=128\ngic_version='v3'"), 0);
    assert_int_equal(read_text(LEAST "vcpus=8\ngic_version='v2'"), 0);
    assert_int_equal(read_text(LEAST "budget=1"), 0);
    assert_int_equal(read_text(LEAST "period=1"), 0);
    assert_int_equal(read_text(LEAST "period=1;budget=1"), 0);
}

static void names(void **state)
{
    assert_int_equal(read_text("name=123\nkernel='/k'"), 0);
    assert_heard("warning: a.cfg:1:1: name: \"123\" will be taken for a domain's number");
    assert_int_equal(read_text("name='a\\nb'\nkernel='/k'"), -EINVAL);
    assert_int_equal(read_text("name=''\nkernel='/k'"), -EINVAL);
    assert_heard("a.cfg:1:1: name is missing");
}

static uint64_t cpus_of(const char *text)
{
    struct cpu_set set;
    const char *why = "";
    if (config_read_cpus(text, &set, &why) != 0) {
        fail_msg("%s: %s", text, why);
    }
    assert_in_range(set.nr_words, 1, CPU_SET_BITS / 64);
    assert_int_not_equal(set.word[set.nr_words - 1], 0);
    const uint64_t first = set.word[0];
    free(set.word);
    return first;
}

static void cpu_lists(void **state)
{
    assert_int_equal(cpus_of("0"), 1);
    assert_int_equal(cpus_of("0-3,5,^1"), 0x2d);
    assert_int_equal(cpus_of(" 2 , 4-5 "), 0x34);
    assert_int_equal(cpus_of("all"), UINT64_MAX);
    assert_int_equal(cpus_of("all,^7"), ~UINT64_C(0x80));
    assert_int_equal(cpus_of("all,^0-62"), UINT64_C(1) << 63);
    assert_int_equal(cpus_of("1,^all,3"), 8);
    assert_int_equal(cpus_of("63"), UINT64_C(1) << 63);
    assert_int_equal(cpus_of("0,1023"), 1);
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "a CPU's number, a range (0-3), \"all\""},
        {"x", "a CPU's number, a range"},
        {"1,", "a CPU's number, a range"},
        {"1-", "a CPU's number, a range"},
        {"-1", "a CPU's number, a range"},
        {"1 2", "CPUs and ranges are separated by commas"},
        {"1;2", "CPUs and ranges are separated by commas"},
        {"allx", "a CPU's number, a range"},
        {"3-1", "the range ends before it begins"},
        {"1024", "a CPU's number is at most 1023"},
        {"0-99999999999", "a CPU's number is at most 1023"},
        {"1,^1", "no CPU is left"},
        {"^1", "no CPU is left"},
        {"node:0", "node: is not supported yet"},
        {"nodes:0-1", "node: is not supported yet"},
        {"^node:1", "node: is not supported yet"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct cpu_set set;
        const char *why = NULL;
        assert_int_equal(config_read_cpus(bad[i].text, &set, &why), -EINVAL);
        assert_non_null(strstr(why, bad[i].why));
        assert_null(set.word);
    }
}

static void affinity(void **state)
{
    assert_int_equal(read_text(LEAST "maxvcpus=3\ncpus='1-2'\ncpus_soft=2"), 0);
    assert_int_equal(c.nr_cpus, 3);
    assert_int_equal(c.cpus[2].word[0], 6);
    assert_int_equal(c.nr_cpus_soft, 3);
    assert_int_equal(c.cpus_soft[1].word[0], 4);
    assert_int_equal(read_text(LEAST "maxvcpus=3\ncpus=['1','2-3']"), 0);
    assert_int_equal(c.nr_cpus, 2);
    assert_int_equal(c.cpus[0].word[0], 2);
    assert_int_equal(c.cpus[1].word[0], 12);
    assert_int_equal(read_text(LEAST "cpus=['1','2']"), 0);
    assert_heard("warning: a.cfg:3:6: cpus: 2 items for 1 vCPUs");
    assert_int_equal(c.nr_cpus, 1);
    assert_int_equal(read_text(LEAST "cpus=[]\n"), 0);
    assert_int_equal(c.nr_cpus, 0);
    assert_int_equal(read_text(LEAST "maxvcpus=3\ncpus=['1','x','']"), -EINVAL);
    assert_heard("a.cfg:4:11: cpus: \"x\": a CPU's number");
}

static void what_is_off(void **state)
{
    /* Configurations made for x86 say what they do not want: no word about that */
    assert_int_equal(read_text(LEAST "pci=[]\nspice=0\nvnc='0'\nvga='none'\ntee='none'\nsdl=0\n"
                                     "passthrough='disabled'\nacpi=0\nserial=''\naltp2m=0\n"
                                     "passthrough='default'\naltp2m='disabled'\n"),
                     0);
    assert_null(strstr(heard, "supported"));
    assert_null(strstr(heard, "ignored"));
    assert_int_equal(read_text(LEAST "acpi=1\npae=1\nviridian=['all']\ntsc_mode='native'\n"), 0);
    assert_heard("warning: a.cfg:3:1: acpi is ignored: guests get a device tree, no ACPI tables");
    assert_heard("warning: a.cfg:5:1: viridian is ignored: it is for HVM guests only");
    assert_int_equal(read_text(LEAST "passthrough='share_pt'\ntee='optee'"), -EINVAL);
    assert_heard("error: a.cfg:3:1: passthrough is not supported yet: needs passthrough");
    assert_heard("error: a.cfg:4:1: tee is not supported yet: needs mediation");
}

static void the_table(void **state)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    assert_in_range(nr, 150, 200);
    for (size_t i = 0; i < nr; i++) {
        const struct config_key *k = &keys[i];
        assert_ptr_equal(config_find_key(k->name, NULL), k);
        assert_in_range(strlen(k->help), 2, 75);
        if (k->fate == KEY_TAKEN) {
            assert_true(k->take != NULL || k->size > 0);
            assert_true(k->wanted != WANT_NUMBER || k->take != NULL || k->low < k->high);
            assert_true(k->wanted != WANT_WORD || k->words != NULL);
            assert_true(k->offset + k->size <= sizeof(struct guest_config));
            continue;
        }
        /* What is not taken has its sentence, for any value that is not off */
        char text[256];
        char said[256];
        snprintf(text, sizeof(text), LEAST "%s=1\n", k->name);
        snprintf(said, sizeof(said), "%s: a.cfg:3:1: %s is %s: %s",
                 k->fate == KEY_REFUSED ? "error" : "warning", k->name,
                 k->fate == KEY_REFUSED ? "not supported yet" : "ignored", k->why);
        assert_int_equal(read_text(text), k->fate == KEY_REFUSED ? -EINVAL : 0);
        assert_heard(said);
    }
    const char *near;
    assert_null(config_find_key("memroy", &near));
    assert_string_equal(near, "memory");
    assert_null(config_find_key("Memory", &near));
    assert_string_equal(near, "memory");
    assert_null(config_find_key("NAME", &near));
    assert_string_equal(near, "name");
    assert_null(config_find_key("zzzzzzzz", &near));
    assert_null(near);
}

/* Each type of each taken key, wrong. */
static void wrong_types(void **state)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    for (size_t i = 0; i < nr; i++) {
        const struct config_key *k = &keys[i];
        if (k->fate != KEY_TAKEN || strcmp(k->name, "name") == 0) {
            continue;
        }
        const bool wants_list = k->wanted == WANT_LIST || k->wanted == WANT_STRING_OR_LIST;
        char text[128];
        snprintf(text, sizeof(text), LEAST "%s=%s\n", k->name, wants_list ? "[['x']]" : "['x']");
        assert_int_equal(read_text(text), -EINVAL);
        assert_heard("is wanted, this is a list");
        assert_heard(k->name);
    }
}

static void settling(void **state)
{
    assert_int_equal(read_text(LEAST "vif=['','mac=00:16:3e:01:02:03','']"), 0);
    assert_int_equal(config_settle(&c), 0);
    assert_true(c.has_uuid);
    assert_int_equal(c.uuid[6] >> 4, 4);
    assert_int_equal(c.uuid[8] >> 6, 2);
    static const uint8_t said[6] = {0x00, 0x16, 0x3e, 1, 2, 3};
    assert_memory_equal(c.vif[1].mac, said, 6);
    for (size_t i = 0; i < 3; i++) {
        assert_true(c.vif[i].has_mac);
        assert_memory_equal(c.vif[i].mac, said, 3);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(c.vif[i].mac, c.vif[j].mac, 6);
        }
    }
    uint8_t uuid[16];
    uint8_t mac[6];
    memcpy(uuid, c.uuid, 16);
    memcpy(mac, c.vif[0].mac, 6);
    assert_int_equal(config_settle(&c), 0);
    assert_memory_equal(uuid, c.uuid, 16);
    assert_memory_equal(mac, c.vif[0].mac, 6);
}

/* The kernel's random bytes: real ones, none, or those of a list. */
static enum { RANDOM, BROKEN, SHORT, LISTED } randomness;
static const uint8_t *listed;

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    if (randomness == BROKEN) {
        errno = ENOSYS;
        return -1;
    }
    if (randomness == SHORT) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)bytes)[i] = randomness == LISTED ? *listed++ : (uint8_t)rand();
    }
    return (ssize_t)size;
}

static void no_randomness(void **state)
{
    assert_int_equal(read_text(LEAST "vif=['']"), 0);
    randomness = BROKEN;
    assert_int_equal(config_settle(&c), -ENOSYS);
    assert_heard("error: no random bytes: Function not implemented");
    assert_false(c.has_uuid || c.vif[0].has_mac);
    randomness = SHORT;
    assert_int_equal(config_settle(&c), -EIO);
    randomness = RANDOM;
    assert_int_equal(config_settle(&c), 0);
    c.vif[0].has_mac = false;
    randomness = BROKEN;
    assert_int_equal(config_settle(&c), -ENOSYS);
    randomness = RANDOM;
}

/* A MAC address that an interface has already is drawn again. */
static void macs_differ(void **state)
{
    static const uint8_t drawn[] = {1, 2, 3, 9, 9, 9, 9, 9, 9, 4, 5, 6};
    assert_int_equal(read_text(LEAST "uuid='01234567-89ab-cdef-0123-456789abcdef'\n"
                                     "vif=['mac=00:16:3e:01:02:03','','']"),
                     0);
    listed = drawn;
    randomness = LISTED;
    assert_int_equal(config_settle(&c), 0);
    randomness = RANDOM;
    assert_ptr_equal(listed, drawn + sizeof(drawn));
    assert_int_equal(c.vif[1].mac[5], 9);
    assert_int_equal(c.vif[2].mac[5], 6);
}

static void channels(void **state)
{
    static const struct {
        const char *words, *said;
    } bad[] = {
        {"name", "\"name\" is not KEY=VALUE"},
        {"name=a,conection=pty", "unknown word \"conection=\"; did you mean connection?"},
        {"name=a", "connection= is missing: pty or socket"},
        {"name=a,connection=pipe", "unknown connection \"pipe\""},
        {"name=a,connection=socket", "connection=socket needs path="},
        {"name=a,connection=pty,path=/x", "path= is for connection=socket only"},
        {"name=a,name=b,connection=pty", "name is said twice"},
        {"name=a,connection=pty','name=a,connection=pty", "name a is there before, in line 3"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char text[128];
        snprintf(text, sizeof(text), LEAST "channel=['%s']", bad[i].words);
        assert_int_equal(read_text(text), -EINVAL);
        assert_heard(bad[i].said);
        assert_heard("error: a.cfg:3:");
    }
    assert_int_equal(read_text(LEAST "channel=[' name = a ,, connection = PTY ']"), 0);
    assert_string_equal(c.channel[0].name, "a");
}

static void devices_twice(void **state)
{
    assert_int_equal(read_text(LEAST "vif=['','devid=0']"), -EINVAL);
    assert_heard("a.cfg:3:9: vif: devid 0 is there before, in line 3");
    assert_int_equal(read_text(LEAST "vif=['vifname=a','vifname=b','vifname=a']"), -EINVAL);
    assert_heard("a.cfg:3:30: vif: vifname a is there before, in line 3");
    assert_int_equal(read_text(LEAST "vif=['mac=00:16:3e:00:00:01','mac=00:16:3e:00:00:02']"), 0);
    /* One volume twice: both read only, or by scripts, is no harm */
    assert_int_equal(read_text(LEAST "disk=['/x,,xvda,r','/x,,xvdb,r']"), 0);
    assert_int_equal(read_text(LEAST "disk=['script=s,vdev=xvda,target=x','/x,,xvdb']"), 0);
    assert_int_equal(read_text(LEAST "disk=['vdev=hdc,cdrom','vdev=hdd,cdrom']"), 0);
    assert_int_equal(read_text(LEAST "disk=['/x,,xvda,r','/x,,xvdb']"), -EINVAL);
    assert_heard("/x is the target of xvda, too");
    assert_int_equal(read_text(LEAST "disk=['/x,,xvda','/y,,d0']"), -EINVAL);
    assert_heard("disk: d0 is there before");
}

static void words_of_actions(void **state)
{
    assert_string_equal(config_action_name(ACTION_DESTROY), "destroy");
    assert_string_equal(config_action_name(ACTION_RENAME_RESTART), "rename-restart");
    assert_string_equal(config_action_name(ACTION_SOFT_RESET), "soft-reset");
    assert_string_equal(config_action_name((enum guest_action)99), "?");
}

static void files(void **state)
{
    guest_config_fini(&c);
    heard_nothing();
    assert_int_equal(config_read("/nonexistent/a.cfg", NULL, 0, &c), -ENOENT);
    assert_string_equal(heard, "error: /nonexistent/a.cfg: No such file or directory\n");
    assert_int_equal(config_read("/", NULL, 0, &c), -EISDIR);
    char path[] = "/tmp/config_test.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, LEAST "vcpus=0\n", strlen(LEAST) + 8), strlen(LEAST) + 8);
    heard_nothing();
    static const char *const args[] = {"vcpus=2"};
    assert_int_equal(config_read(path, args, 1, &c), 0);
    assert_string_equal(c.file, path);
    guest_config_fini(&c);
    assert_int_equal(config_read(path, NULL, 0, &c), -EINVAL);
    assert_heard(path);
    assert_heard(":3:7: vcpus: a number from 1 to 128");
    assert_int_equal(ftruncate(fd, CONFIG_MAX_BYTES + 1), 0);
    assert_int_equal(config_read(path, NULL, 0, &c), -E2BIG);
    assert_heard("a configuration has at most 1048576 bytes");
    close(fd);
    unlink(path);
    static const char *const all[] = {"name=g", "kernel=/k"};
    assert_int_equal(config_read(NULL, all, 2, &c), 0);
    assert_string_equal(c.kernel, "/k");
}

static void without_memory(void **state)
{
    static const char text[] =
        LEAST "ramdisk='/r'\nroot='x'\nextra='y'\nvcpus=2\ncpus='0-1'\ncpus_soft=['1','0']\n"
              "disk=['/dev/a,,xvda','b,,xvdb']\nvif=['bridge=b,ip=1']\nbogus=1\n"
              "channel=['name=a,connection=socket,path=/p']\nbootloader_args='a b'\n";
    static const char *const args[] = {"disk+=['/dev/z,,xvdz']", "pool=p"};
    size_t k = 1;
    for (;; k++) {
        failing_arm(k);
        const int err = read_with(text, args, 2);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            break;
        }
        if (err != -ENOMEM) {
            fail_msg("allocation %zu failed, answer %d: %s", k, err, heard);
        }
        assert_heard("error: out of memory\n");
        assert_null(c.name);
    }
    assert_in_range(k, 60, 200);
    guest_config_fini(&c);
    assert_no_leak();
}

/* \n, \t and \\ undone, in place. */
static char *unescape(char *s)
{
    char *to = s;
    for (const char *from = s; *from != '\0'; from++) {
        if (*from == '\\' && from[1] != '\0') {
            from++;
            *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return s;
}

/* The rows of test/sys/bad.tsv that are configurations. */
static void bad_input(void **state)
{
    FILE *f = fopen("test/sys/bad.tsv", "re");
    assert_non_null(f);
    char line[2048];
    unsigned nr = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "cfg-", 4) != 0) {
            continue;
        }
        char *column[5] = {line};
        for (size_t i = 1; i < 5; i++) {
            char *tab = strchr(column[i - 1], '\t');
            assert_non_null(tab);
            *tab = '\0';
            column[i] = tab + 1;
        }
        assert_null(strchr(column[4], '\t'));
        assert_string_equal(column[3], "1");
        const int err = read_text(unescape(column[1]));
        if (err != -EINVAL || strstr(heard, unescape(column[2])) == NULL) {
            fail_msg("%s: expected: %s\nanswer %d, heard: %s", column[0], column[2], err, heard);
        }
        /* One mistake is one error, nothing follows from it */
        const char *first = strstr(heard, "error: ");
        assert_non_null(first);
        if ((strstr(first + 1, "error: ") == NULL) != (strcmp(column[0], "cfg-many") != 0)) {
            fail_msg("%s: %s", column[0], heard);
        }
        nr++;
    }
    fclose(f);
    assert_in_range(nr, 20, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(command_line_wins),
        cmocka_unit_test(command_lines),
        cmocka_unit_test(bootloaders),
        cmocka_unit_test(kinds_of_guests),
        cmocka_unit_test(memory_and_vcpus),
        cmocka_unit_test(names),
        cmocka_unit_test(cpu_lists),
        cmocka_unit_test(affinity),
        cmocka_unit_test(what_is_off),
        cmocka_unit_test(the_table),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(settling),
        cmocka_unit_test(files),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(of_nowhere),
        cmocka_unit_test(no_randomness),
        cmocka_unit_test(macs_differ),
        cmocka_unit_test(channels),
        cmocka_unit_test(devices_twice),
        cmocka_unit_test(words_of_actions),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    guest_config_fini(&c);
    return failures;
}
