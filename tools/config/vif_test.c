// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <errno.h>

#include "config/config.h"
#include "lib/failing.h"

static int read_vif(const char *words, struct guest_vif *v)
{
    heard_nothing();
    return config_read_vif(&words, 1, v);
}

static void nothing_said(void **state)
{
    struct guest_vif v;
    assert_int_equal(read_vif("", &v), 0);
    assert_false(v.has_mac || v.is_netfront_only || v.untrusted);
    assert_int_equal(v.devid, -1);
    assert_int_equal(v.mtu, 0);
    assert_int_equal(v.rate_bytes, 0);
    assert_int_equal(v.rate_interval_us, 0);
    assert_null(v.bridge);
    guest_vif_fini(&v);
    assert_int_equal(read_vif(" , ,", &v), 0);
    guest_vif_fini(&v);
}

static void all_said(void **state)
{
    struct guest_vif v;
    assert_int_equal(
        read_vif("mac=00:16:3E:74:3d:76, bridge = xenbr0 ,script=vif-route,ip=10.0.0.1 "
                 "10.0.0.2/24,gatewaydev=eth1,vifname=web0,backend=net,type=vif,"
                 "mtu=9000,devid=3,untrusted,forwarddev=eth9",
                 &v),
        0);
    static const uint8_t mac[6] = {0x00, 0x16, 0x3e, 0x74, 0x3d, 0x76};
    assert_memory_equal(v.mac, mac, 6);
    assert_true(v.has_mac && v.is_netfront_only && v.untrusted);
    assert_string_equal(v.bridge, "xenbr0");
    assert_string_equal(v.script, "vif-route");
    assert_string_equal(v.ip, "10.0.0.1 10.0.0.2/24");
    assert_string_equal(v.gateway_device, "eth1");
    assert_string_equal(v.vifname, "web0");
    assert_string_equal(v.backend_domain, "net");
    assert_string_equal(v.forwarddev, "eth9");
    assert_int_equal(v.mtu, 9000);
    assert_int_equal(v.devid, 3);
    assert_string_equal(heard, "");
    guest_vif_fini(&v);
    const char *const parts[] = {"mac=00:16:3e:00:00:01", "netdev=eth0", "model=e1000",
                                 "type=ioemu", "accel=1"};
    assert_int_equal(config_read_vif(parts, 5, &v), 0);
    assert_string_equal(v.gateway_device, "eth0");
    assert_heard("warning: command line:23: vif: netdev is deprecated: say gatewaydev");
    assert_string_equal(v.model, "e1000");
    assert_false(v.is_netfront_only);
    assert_heard("warning: command line:41: vif: model is ignored: it is for HVM guests only");
    assert_heard("warning: command line:52: vif: type=ioemu is ignored");
    assert_heard("warning: command line:64: vif: accel is ignored");
    guest_vif_fini(&v);
}

static void macs(void **state)
{
    struct guest_vif v;
    assert_int_equal(read_vif("mac=00:00:00:00:00:00", &v), 0);
    assert_false(v.has_mac); /* as in Xen: one is made */
    guest_vif_fini(&v);
    assert_int_equal(read_vif("mac=fe:ff:ff:ff:ff:ff", &v), 0);
    assert_int_equal(v.mac[0], 0xfe);
    guest_vif_fini(&v);
    static const char *const spelled[] = {"mac=00-16-3E-0a-0-1", "mac=0:16:3e:A:00:01"};
    for (size_t i = 0; i < 2; i++) {
        static const uint8_t mac[6] = {0x00, 0x16, 0x3e, 0x0a, 0x00, 0x01};
        assert_int_equal(read_vif(spelled[i], &v), 0);
        assert_memory_equal(v.mac, mac, 6);
        guest_vif_fini(&v);
    }
    static const char *const bad[] = {"mac=",
                                      "mac=00:16:3e:74:3d",
                                      "mac=00:16:3e:74:3d:76:00",
                                      "mac=00:16:3e:74:3d:7g",
                                      "mac=00:16:3e:74:3d:",
                                      "mac=:16:3e:74:3d:76",
                                      "mac=00:16:3e:74:3d76",
                                      "mac=000:16:3e:74:3d:76",
                                      "mac=00 16 3e 74 3d 76",
                                      "mac=00:16:3e:74:3d:76 x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(read_vif(bad[i], &v), -EINVAL);
        assert_heard("error: command line:5: vif: a MAC address has six groups");
    }
    assert_int_equal(read_vif("mac=01:16:3e:74:3d:76", &v), -EINVAL);
    assert_heard("this is a multicast address");
    assert_int_equal(read_vif("mac=ff:ff:ff:ff:ff:ff", &v), -EINVAL);
    assert_heard("this is a multicast address");
}

static void rates(void **state)
{
    static const struct {
        const char *rate;
        uint64_t bytes;
        uint32_t interval_us;
    } good[] = {
        {"rate=10Mb/s", 62500, 50000},
        {"rate=250KB/s", 12500, 50000},
        {"rate=1MB/s@20ms", 20000, 20000}, /* the manual's example */
        {"rate=1MB/s@20m", 20000, 20000},
        {"rate=1GB/s@1s", 1000000000, 1000000},
        {"rate=8000b/s@500000us", 500, 500000},
        {"rate=8000b/s@500000u", 500, 500000},
        {"rate=1MB/s@1", 1000000, 1000000},
        {"rate=1GB/s @ 10us", 10000, 10},
        {"rate=4294967295B/s@1s", 4294967295, 1000000},
        {"rate=1B/s@4294s", 4294, 4294000000},
        {"rate=20B/s", 1, 50000},
    };
    struct guest_vif v;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(read_vif(good[i].rate, &v), 0);
        assert_int_equal(v.rate_bytes, good[i].bytes);
        assert_int_equal(v.rate_interval_us, good[i].interval_us);
        guest_vif_fini(&v);
    }
    static const struct {
        const char *rate, *said;
    } bad[] = {
        {"rate=", "\"\" is no rate"},
        {"rate=10", "\"10\" is no rate"},
        {"rate=10MB", "\"10MB\" is no rate"},
        {"rate=10mb/s", "\"10mb/s\" is no rate"},
        {"rate=-1MB/s", "\"-1MB/s\" is no rate"},
        {"rate=1TB/s", "\"1TB/s\" is no rate"},
        {"rate=18446744073709551616B/s", "is no rate"},
        {"rate=18446744073709551615GB/s", "is no rate"},
        {"rate=1MB/s@", "\"\" is no interval"},
        {"rate=1MB/s@0", "\"0\" is no interval"},
        {"rate=1MB/s@1h", "\"1h\" is no interval"},
        {"rate=1MB/s@4295s", "\"4295s\" is no interval"},
        {"rate=1MB/s@4294967296us", "is no interval"},
        {"rate=1MB/s@500000", "\"500000\" is no interval"},
        {"rate=4294967296B/s@1s", "more than 4 GiB in each interval of 1000000 us"},
        {"rate=400000000000000000B/s", "more than 4 GiB in each interval of 50000 us"},
        {"rate=19B/s", "less than a byte in each interval of 50000 us"},
        {"rate=0MB/s", "less than a byte in each interval"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(read_vif(bad[i].rate, &v), -EINVAL);
        assert_heard(bad[i].said);
    }
}

static void bridges(void **state)
{
    static const char *const good[] = {
        "xenbr0",      "br0.100",         "br0.0:1:4095",        "br0:10:20:30",
        "ovs-lan.5:6", "fifteenletters1", "fifteenletters1.4094"};
    struct guest_vif v;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        char words[64];
        snprintf(words, sizeof(words), "bridge=%s", good[i]);
        assert_int_equal(read_vif(words, &v), 0);
        assert_string_equal(v.bridge, good[i]);
        guest_vif_fini(&v);
    }
    static const struct {
        const char *words, *said;
        unsigned column;
    } bad[] = {
        {"bridge=br0.100:", "\"\" is no VLAN", 16},
        {"bridge=br0.100:5:x", "\"x\" is no VLAN", 18},
        {"bridge=br0.100:4096", "\"4096\" is no VLAN", 16},
        {"bridge=br0.x:5", "\"x\" is no VLAN", 12},
        {"bridge=br0.5000:5", "\"5000\" is no VLAN", 12},
        {"bridge=.5:6", "\".5:6\" is no name of a bridge", 8},
        {"bridge=sixteenletters12", "\"sixteenletters12\" is no name of a bridge", 8},
        {"bridge=a/b", "\"a/b\" is no name of a bridge", 8},
        {"bridge=", "\"\" is no name of a bridge", 8},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char said[128];
        snprintf(said, sizeof(said), "error: command line:%u: vif: %s", bad[i].column, bad[i].said);
        assert_int_equal(read_vif(bad[i].words, &v), -EINVAL);
        assert_heard(said);
    }
}

static void wrong(void **state)
{
    static const struct {
        const char *words, *said;
    } bad[] = {
        {"xenbr0", "\"xenbr0\" is not KEY=VALUE"},
        {"brigde=xenbr0", "unknown word \"brigde=\"; did you mean bridge?"},
        {"nonsense=1", "unknown word \"nonsense=\"\n"},
        {"bridge=a,bridge=b", "bridge is said twice"},
        {"mac=00:16:3e:0:0", "six groups"},
        {"gatewaydev=a,netdev=b", "netdev is said twice"},
        {"mtu=67", "\"67\" is no number from 68 to 65535"},
        {"mtu=65536", "\"65536\" is no number from 68 to 65535"},
        {"mtu=1500x", "\"1500x\" is no number"},
        {"devid=-1", "\"-1\" is no number from 0 to 32767"},
        {"devid=32768", "\"32768\" is no number"},
        {"type=foo", "unknown type \"foo\""},
        {"script=", "a value is missing"},
        {"vifname=sixteenletters12", "\"sixteenletters12\" is no name of an interface"},
        {"vifname=a b", "\"a b\" is no name of an interface"},
        {"vifname=", "\"\" is no name of an interface"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct guest_vif v;
        assert_int_equal(read_vif(bad[i].words, &v), -EINVAL);
        assert_heard(bad[i].said);
        assert_null(v.bridge);
    }
}

static void without_memory(void **state)
{
    size_t k = 1;
    for (;; k++) {
        struct guest_vif v;
        failing_arm(k);
        const int err = read_vif(
            "bridge=a,script=b,ip=c,netdev=d,vifname=e,backend=f,model=g,forwarddev=h", &v);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            guest_vif_fini(&v);
            break;
        }
        assert_int_equal(err, -ENOMEM);
        assert_heard("error: out of memory\n");
    }
    assert_int_equal(k, 11); /* the report, the text, eight strings */
    assert_no_leak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said),   cmocka_unit_test(all_said), cmocka_unit_test(macs),
        cmocka_unit_test(rates),          cmocka_unit_test(bridges),  cmocka_unit_test(wrong),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
