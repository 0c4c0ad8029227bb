/* SPDX-License-Identifier: MIT */
/*
 * bootloader=: a program such as pygrub that finds kernel, ramdisk and command line on the guest's
 * first disk. It runs when the domain is made and before its kernel is opened, as Xen's tools have
 * it, with their words:
 *
 *     PROGRAM [--kernel=K] [--ramdisk=R] [--args=A] --output=FILE --output-format=simple0
 *             --output-directory=FOLDER bootloader_args... DISK
 *
 * FILE says what it found (config/found.h), FOLDER is for what it copied from the disk: gone again
 * as soon as kernel and ramdisk are opened, or it failed.
 */
#include "life/private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/text.h"
#include "life/bootrun.h"

#define LOG_NAME "bootloader-%s"

/* An executable file of that name in a folder, to be freed. */
static char *look_in(const char *folder, size_t length, const char *name)
{
    char *path = NULL;
    struct stat st;
    if (asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0) {
        return NULL;
    }
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0) {
        return path;
    }
    free(path);
    return NULL;
}

/* Where Xen's own helpers are, then PATH; a name with a slash is a path. To be freed; NULL: nowhere
 */
static char *find_program(const char *name)
{
    static const char *const helpers[] = {"/usr/lib/xen-4.17/bin", "/usr/lib/xen/bin",
                                          "/usr/libexec/xen/bin"};
    if (strchr(name, '/') != NULL) {
        return strdup(name);
    }
    for (size_t i = 0; i < sizeof helpers / sizeof helpers[0]; i++) {
        char *path = look_in(helpers[i], strlen(helpers[i]), name);
        if (path != NULL) {
            return path;
        }
    }
    const char *at = getenv("PATH");
    for (at = at == NULL ? "/usr/sbin:/usr/bin:/sbin:/bin" : at; *at != 0;) {
        const size_t length = strcspn(at, ":");
        char *path = length == 0 ? NULL : look_in(at, length, name);
        if (path != NULL) {
            return path;
        }
        at += length + (at[length] == ':');
    }
    return NULL;
}

static int check_disk(const struct guest_config *c)
{
    const struct guest_disk *disk = c->nr_disks > 0 ? &c->disk[0] : NULL;
    if (disk == NULL || disk->target == NULL) {
        message_error("bootloader %s: the guest has no disk to boot from", c->bootloader);
        return -EINVAL;
    }
    if (disk->script != NULL || disk->backend_domain != NULL) {
        message_error(
            "bootloader %s: it reads devices and raw files of this domain; disk %s has %s",
            c->bootloader, disk->vdev, disk->script != NULL ? "script=" : "backend=");
        return -EOPNOTSUPP;
    }
    return 0;
}

int bootloader_check(const struct guest_config *c)
{
    char *path = find_program(c->bootloader);
    int error = 0;
    if (path == NULL) {
        message_error("bootloader %s: there is no such program among Xen's helpers, nor in PATH",
                      c->bootloader);
        error = -ENOENT;
    } else if (access(path, X_OK) != 0) {
        error = -errno;
        message_error("bootloader %s: it can't be run: %s", path, strerror(-error));
    }
    free(path);
    const int other = check_disk(c);
    return error != 0 ? error : other;
}

/* ---- one run */

struct run {
    struct life *l;
    const struct guest_config *config;
    uint32_t domid;
    bool is_restart;
    char folder[128], output[128];
    int near, far; /* of the terminal for others, -1: none */
    struct bootrun process;
};

static void add(char **argv, size_t *nr, bool *failed, const char *format, const char *value)
{
    if (value != NULL && *value != 0) {
        if (asprintf(&argv[*nr], format, value) < 0) {
            *failed = true;
        } else {
            (*nr)++;
        }
    }
}

static void free_arguments(char **argv)
{
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* NULL: no memory. */
static char **make_arguments(const struct run *run)
{
    const struct guest_config *c = run->config;
    size_t nr_own = 0;
    while (c->bootloader_args != NULL && c->bootloader_args[nr_own] != NULL) {
        nr_own++;
    }
    char **argv = calloc(nr_own + 9, sizeof *argv);
    char *program = find_program(c->bootloader);
    char *disk = device_disk_path(&c->disk[0]);
    bool failed = argv == NULL || program == NULL || disk == NULL;
    size_t nr = 0;
    if (!failed) {
        add(argv, &nr, &failed, "%s", program);
        add(argv, &nr, &failed, "--kernel=%s", c->kernel);
        add(argv, &nr, &failed, "--ramdisk=%s", c->ramdisk);
        add(argv, &nr, &failed, "--args=%s", c->cmdline);
        add(argv, &nr, &failed, "--output=%s", run->output);
        add(argv, &nr, &failed, "--output-format=%s", "simple0");
        add(argv, &nr, &failed, "--output-directory=%s", run->folder);
        for (size_t i = 0; i < nr_own; i++) {
            argv[nr] = strdup(c->bootloader_args[i]); /* an empty one, too */
            failed = failed || argv[nr++] == NULL;
        }
        add(argv, &nr, &failed, "%s", disk);
    }
    free(program);
    free(disk);
    if (failed) {
        free_arguments(argv);
        argv = NULL;
    }
    return argv;
}

/* Files and empty folders in it and itself; what is mounted there is a guest's and stays. */
static void remove_folder(const char *folder)
{
    struct stat ours;
    DIR *d = stat(life_run_folder(), &ours) == 0 ? opendir(folder) : NULL;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_dev == ours.st_dev) {
            (void)unlinkat(dirfd(d), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
        }
    }
    if (d != NULL) {
        closedir(d);
        if (rmdir(folder) != 0) {
            message_warning("can't remove %s: %s", folder, strerror(errno));
        }
    }
}

static void clean(const struct run *run)
{
    (void)unlink(run->output);
    remove_folder(run->folder);
}

static void set_paths(struct run *run)
{
    snprintf(run->folder, sizeof run->folder, "%s/bootloader.%u.d", life_run_folder(), run->domid);
    snprintf(run->output, sizeof run->output, "%s/bootloader.%u.out", life_run_folder(),
             run->domid);
}

/* An earlier run whose process was killed may have left some. */
static int make_folder(struct run *run)
{
    set_paths(run);
    clean(run);
    (void)mkdir(life_run_folder(), 0755);
    int fd = -1;
    int error = mkdir(run->folder, 0700) != 0 ? -errno : 0;
    if (error == 0) {
        fd = open(run->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        error = fd < 0 ? -errno : 0;
    }
    if (error != 0) {
        message_error("can't make %s: %s", run->folder, strerror(-error));
        return error;
    }
    close(fd);
    return 0;
}

/* From now on the guest has its name, and a console unless we talk with its user ourselves. */
static int publish(struct run *run, bool has_person)
{
    char name[64] = "";
    struct store_txn t;
    if (!has_person) {
        int error = bootrun_open_terminal(&run->near, &run->far, name, sizeof name);
        if (error != 0) {
            message_error("can't make a terminal for the bootloader: %s", strerror(-error));
            return error;
        }
    }
    store_txn_init(&t);
    nodes_add_early(&t, run->domid, run->config->name, name);
    int error = store_txn_commit(run->l->store, &t);
    store_txn_fini(&t);
    run->process.in = has_person ? STDIN_FILENO : run->near;
    run->process.out = has_person ? STDOUT_FILENO : run->near;
    run->process.far = run->far;
    return error;
}

/* `xl destroy` does not wait for us: it takes the domain away, or, of a guest that comes again, the
 * state file, and then waits for our end. */
static bool is_unwanted(void *context)
{
    const struct run *run = context;
    struct xen_domctl_getdomaininfo info;
    return hv_get_domain(run->l->hv, (uint16_t)run->domid, &info) != 0 ||
           (info.flags & XEN_DOMINF_dying) != 0 ||
           (run->is_restart && !state_exists(run->config->uuid));
}

/* The last line that it said, without what would move a terminal's cursor. */
static const char *last_line(char *said)
{
    size_t n = strlen(said);
    while (n > 0 && (said[n - 1] == '\n' || said[n - 1] == '\r' || said[n - 1] == ' ')) {
        said[--n] = 0;
    }
    char *line = strrchr(said, '\n');
    line = line == NULL ? said : line + 1;
    for (char *c = line; *c != 0; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    }
    return line;
}

static int judge(struct run *run, const char *program, int error)
{
    struct bootrun *p = &run->process;
    if (error == -EINTR) {
        message_error("bootloader %s: interrupted; guest \"%s\" is not created", program,
                      run->config->name);
    } else if (error == -ECANCELED) {
        message_error("bootloader %s: its guest was destroyed", program);
    } else if (error != 0) {
        message_error("bootloader %s: it can't be run: %s", program, strerror(-error));
    }
    if (error != 0 || p->status == 0) {
        return error;
    }
    const char *said = last_line(p->said);
    const bool is_killed = WIFSIGNALED(p->status);
    message_error("bootloader %s: %s %d%s%s%s%s", program,
                  is_killed ? "it was ended by signal" : "it ended with status",
                  is_killed ? WTERMSIG(p->status) : WEXITSTATUS(p->status), is_killed ? ", " : "",
                  is_killed ? strsignal(WTERMSIG(p->status)) : "", *said != 0 ? ": " : "", said);
    return -EIO;
}

static int run_program(struct run *run)
{
    char log[300];
    char **argv = make_arguments(run);
    if (argv == NULL) {
        message_error("no memory to run the bootloader");
        return -ENOMEM;
    }
    snprintf(log, sizeof log, LOG_NAME, run->config->name);
    run->process.argv = argv;
    run->process.log = ending_open_log(log);
    run->process.cancel_fd = run->l->cancel_fd;
    run->process.is_unwanted = is_unwanted;
    run->process.context = run;
    const int fd = run->process.log;
    int error = judge(run, argv[0], bootrun(&run->process));
    if (fd >= 0) {
        close(fd);
    }
    free_arguments(argv);
    return error;
}

static int read_output(struct run *run, struct found *out)
{
    struct text text = {0};
    int error = text_read_file(&text, run->output, FOUND_MAX);
    if (error != 0) {
        message_error("bootloader %s: what it found can't be read: %s", run->config->bootloader,
                      error == -E2BIG ? "more than 64 KiB" : strerror(-error));
    } else {
        error = found_read(text_string(&text), text.length, run->config->bootloader, out);
    }
    text_fini(&text);
    return error;
}

int bootloader_run(struct life *l, const struct guest_config *config, uint32_t domid,
                   bool has_person, bool is_restart, struct found *out)
{
    struct run run = {
        .l = l, .config = config, .domid = domid, .is_restart = is_restart, .near = -1, .far = -1};
    int error = make_folder(&run);
    error = error != 0 ? error : publish(&run, has_person);
    error = error != 0 ? error : run_program(&run);
    error = error != 0 ? error : read_output(&run, out);
    if (run.near >= 0) {
        close(run.near);
        close(run.far);
    }
    if (error != 0) {
        clean(&run);
    }
    return error;
}

void bootloader_clean(uint32_t domid)
{
    struct run run = {.domid = domid};
    set_paths(&run);
    clean(&run);
}
