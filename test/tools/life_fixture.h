/* SPDX-License-Identifier: MIT */
/*
 * A whole control domain for unit tests of life/: the fake hypervisor, the fake store with backends
 * that work, folders of its own, a kernel, a disk image and a network script.
 */
#pragma once
#include <dirent.h>
#include <sys/stat.h>
#include "config/config.h"
#include "hv/hv.h"
#include "hv/xen_host.h"
#include "life/life.h"
#include "store/store.h"
#include "test/tools/fake_store.h"

struct fixture {
    struct fake_store *fake;
    struct life life;
    char folder[64];
    char *before; /* the store as it was */
    uint64_t free_pages;
    unsigned nr_attached; /* image files behind loop devices */
    bool may_leave_watch; /* a request to take one away was made to fail */
};
static struct fixture fixture;

static inline char *fixture_path(const char *name)
{
    static char path[8][128];
    static unsigned next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", fixture.folder, name);
    return p;
}

static inline void fixture_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
    FILE *f = fopen(fixture_path(name), "w");
    assert(f != NULL && fwrite(bytes, 1, len, f) == len);
    fclose(f);
    chmod(fixture_path(name), mode);
}

/* The header of an arm64 Image and nothing behind it. */
static inline void fixture_kernel(void)
{
    unsigned char image[8192] = {};
    uint64_t size = sizeof image;
    memcpy(image + 16, &size, sizeof size);
    memcpy(image + 56, "ARM\x64", 4);
    fixture_file("kernel", image, sizeof image, 0644);
}

static const char fixture_script[] =
    "#!/bin/sh\n"
    "echo \"$1 $2 $vif $XENBUS_PATH $XENBUS_TYPE\" >>\"$0.log\"\n"
    "if [ -e \"$0.fail\" ]; then echo 'no such luck' >&2; exit 3; fi\n";

static inline int fixture_setup(void **state)
{
    strcpy(fixture.folder, "/tmp/kanso-life-XXXXXX");
    assert(mkdtemp(fixture.folder) != NULL);
    setenv("KANSO_RUN", fixture_path("run"), 1);
    setenv("KANSO_STATE", fixture_path("state"), 1);
    setenv("KANSO_LOG", fixture_path("log"), 1);
    setenv("KANSO_DUMP", fixture_path("dump"), 1);
    setenv("KANSO_SCRIPTS", fixture.folder, 1);
    fixture_kernel();
    fixture_file("disk", "disk", 4, 0644);
    fixture_file("vif-test", fixture_script, sizeof fixture_script - 1, 0755);
    fixture_file("vif-bridge", fixture_script, sizeof fixture_script - 1, 0755);
    fixture_file("consoled.pid", "1\n", 2, 0644);
    setenv("KANSO_CONSOLED_PID", fixture_path("consoled.pid"), 1);
    xen_host_start();
    fixture.fake = fake_start();
    fixture.fake->hook = fake_drivers;
    fixture.life = (struct life){.cancel_fd = -1};
    assert(hv_open(&fixture.life.hv) == 0);
    assert(store_open_fd(fixture.fake->client_fd, &fixture.life.store) == 0);
    fake_write(fixture.fake, "/local/domain/0/name", "Domain-0");
    /* what the first guest of a machine leaves: folders of classes */
    static const char *const folder[] = {"/vm", "/libxl", "/local/domain/0/backend/vbd",
                                         "/local/domain/0/backend/vif",
                                         "/local/domain/0/backend/console"};
    for (size_t i = 0; i < sizeof folder / sizeof folder[0]; i++) {
        fake_write(fixture.fake, folder[i], "");
    }
    fixture.before = fake_snapshot(fixture.fake);
    fixture.free_pages = xen_host.free_pages;
    fixture.nr_attached = 0;
    fixture.may_leave_watch = false;
    *state = &fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    char command[128];
    life_close(&fixture.life);
    size_t watches = fake_stop(fixture.fake);
    free(fixture.before);
    snprintf(command, sizeof command, "rm -rf %s", fixture.folder);
    return (watches == 0 || fixture.may_leave_watch) && system(command) == 0 && xen_host_is_clean()
               ? 0
               : 1;
}

/* A guest of 16 MiB; extra: lines of xl.cfg, %s is the folder. */
static inline void fixture_config(struct guest_config *config, const char *extra)
{
    char text[2048], more[1024];
    snprintf(more, sizeof more, extra, fixture.folder, fixture.folder, fixture.folder);
    snprintf(text, sizeof text, "name = 'g1'\nkernel = '%s/kernel'\nmemory = 16\n%s\n",
             fixture.folder, more);
    assert(config_read_text("g1.cfg", text, strlen(text), NULL, 0, config) == 0);
}

static inline size_t fixture_files(const char *folder)
{
    DIR *d = opendir(fixture_path(folder));
    size_t nr = 0;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        nr += e->d_name[0] != '.';
    }
    if (d != NULL) {
        closedir(d);
    }
    return nr;
}

/* NULL, or what is not as it was before anything happened. */
static inline const char *fixture_difference(void)
{
    char *now = fake_snapshot(fixture.fake);
    bool is_same = strcmp(now, fixture.before) == 0;
    if (!is_same) {
        fprintf(stderr, "--- before\n%s--- now\n%s", fixture.before, now);
    }
    free(now);
    for (uint16_t domid = 1; domid < XEN_HOST_DOMAINS; domid++) {
        if (xen_host_find(domid) != NULL) {
            return "a domain is left";
        }
    }
    if (fixture_files("state") != 0) {
        return "a state file is left";
    }
    if (fixture.nr_attached != 0) {
        return "a loop device is left";
    }
    return is_same ? NULL : "the store is not as it was";
}
