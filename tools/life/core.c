/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory and vCPUs as an ELF core in the format of Xen's own dumps. What is not known
 * before the pages were read comes behind them; the header is written last, so a core that was cut
 * short is none.
 *
 *      Elf64_Ehdr | section headers | .note.Xen | .xen_prstatus | (page) .xen_pages | .xen_pfn |
 *      .shstrtab
 */
#include "life/private.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "abi/arch.h"
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/progress.h"

#define PAGE           4096
#define WINDOW         1024 /* frames mapped at a time */
#define MAGIC          0xf00febeeULL
#define FORMAT_VERSION 1
#define NOTE_NONE      0x2000000
#define NOTE_HEADER    0x2000001
#define NOTE_VERSION   0x2000002
#define NOTE_FORMAT    0x2000003

/* Where a guest on Arm may have RAM, in frames. */
static const struct {
    uint64_t first, end;
} banks[] = {{0x40000, 0x100000}, {0x200000, 0x10000000}};

enum { NONE, STRINGS, NOTES, VCPUS, PAGES, FRAMES, NR_SECTIONS };
static const char *const section_name[NR_SECTIONS] = {
    "", ".shstrtab", ".note.Xen", ".xen_prstatus", ".xen_pages", ".xen_pfn"};

struct note_header {
    uint64_t magic, nr_vcpus, nr_pages, page_bytes;
};
struct note_version {
    uint64_t major, minor;
    char extra[16], compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    char capabilities[1024], changeset[64];
    uint64_t virt_start, page_bytes;
};
/* The four notes as they lie in the file: each has a header of 12 bytes and the name "Xen". */
struct notes {
    Elf64_Nhdr none;
    char none_name[4];
    Elf64_Nhdr header;
    char header_name[4];
    struct note_header header_data;
    Elf64_Nhdr version;
    char version_name[4];
    struct note_version version_data;
    Elf64_Nhdr format;
    char format_name[4];
    uint64_t format_data;
} __attribute__((packed));

struct core {
    struct life *l;
    uint32_t domid;
    int fd;
    unsigned nr_vcpus;
    uint64_t max_gfn;
    uint64_t *frame; /* of each page in the file */
    size_t nr_frames, room;
    off_t pages_at, at; /* at: where the next page goes */
    struct progress progress;
};

static int put(struct core *c, const void *bytes, size_t len, off_t at)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = pwrite(c->fd, p, len, at);
        if (n <= 0) {
            return n == 0 ? -EIO : -errno;
        }
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static off_t vcpus_at(void)
{
    return (off_t)(sizeof(Elf64_Ehdr) + NR_SECTIONS * sizeof(Elf64_Shdr) + sizeof(struct notes));
}

/* vCPUs that were never up have no context that means anything: they are in the file as zeros. */
static int put_vcpus(struct core *c)
{
    for (unsigned i = 0; i < c->nr_vcpus; i++) {
        struct xen_vcpu_guest_context context = {};
        int error = hv_get_context(c->l->hv, (uint16_t)c->domid, i, &context);
        if (error != 0 && error != -ESRCH && error != -EINVAL) {
            return error;
        }
        error = put(c, &context, sizeof context, vcpus_at() + (off_t)(i * sizeof context));
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int keep_frame(struct core *c, uint64_t gfn)
{
    if (c->nr_frames == c->room) {
        size_t room = c->room * 2 + 4096;
        uint64_t *frame = realloc(c->frame, room * sizeof *frame);
        if (frame == NULL) {
            return -ENOMEM;
        }
        c->frame = frame;
        c->room = room;
    }
    c->frame[c->nr_frames++] = gfn;
    return 0;
}

/* Writes the pages of a window that are there, neighbours together. */
static int put_window(struct core *c, const char *base, const uint64_t *gfn, const int *absent,
                      size_t nr)
{
    for (size_t i = 0; i < nr;) {
        size_t run = 0;
        int error = 0;
        for (; error == 0 && i + run < nr && absent[i + run] == 0; run++) {
            error = keep_frame(c, gfn[i + run]);
        }
        if (error == 0 && run > 0) {
            error = put(c, base + i * PAGE, run * PAGE, c->at);
            c->at += (off_t)(run * PAGE);
        }
        if (error != 0) {
            return error;
        }
        i += run > 0 ? run : 1;
    }
    return 0;
}

static int put_range(struct core *c, uint64_t first, uint64_t end)
{
    uint64_t gfn[WINDOW];
    int absent[WINDOW];
    for (uint64_t at = first; at < end; at += WINDOW) {
        size_t nr = end - at < WINDOW ? (size_t)(end - at) : WINDOW;
        struct hv_mapping mapping = {};
        for (size_t i = 0; i < nr; i++) {
            gfn[i] = at + i;
        }
        int error = hv_map(c->l->hv, (uint16_t)c->domid, gfn, nr, false, &mapping, absent);
        if (error == 0) {
            error = put_window(c, mapping.at, gfn, absent, nr);
            hv_unmap(c->l->hv, &mapping);
        } else if (error == -ENOENT || error == -EINVAL || error == -EFAULT) {
            error = 0; /* nothing is there at all */
        }
        if (error == 0 && life_is_cancelled(c->l)) {
            error = -EINTR;
        }
        if (error != 0) {
            return error;
        }
        progress_update(&c->progress, c->nr_frames);
    }
    return 0;
}

static int put_pages(struct core *c)
{
    int error = 0;
    c->pages_at =
        (vcpus_at() + (off_t)(c->nr_vcpus * sizeof(struct xen_vcpu_guest_context)) + PAGE - 1) /
        PAGE * PAGE;
    c->at = c->pages_at;
    for (size_t i = 0; error == 0 && i < sizeof banks / sizeof banks[0]; i++) {
        uint64_t end = banks[i].end < c->max_gfn + 1 ? banks[i].end : c->max_gfn + 1;
        error = put_range(c, banks[i].first, end > banks[i].first ? end : banks[i].first);
    }
    return error;
}

static Elf64_Nhdr note_of(uint32_t type, size_t len)
{
    return (Elf64_Nhdr){.n_namesz = 4, .n_descsz = (uint32_t)len, .n_type = type};
}

static int put_notes(struct core *c)
{
    struct hv_version version;
    int error = hv_get_version(c->l->hv, &version);
    if (error != 0) {
        return error;
    }
    struct notes n = {
        .none = note_of(NOTE_NONE, 0),
        .none_name = "Xen",
        .header = note_of(NOTE_HEADER, sizeof n.header_data),
        .header_name = "Xen",
        .header_data = {MAGIC, c->nr_vcpus, c->nr_frames, PAGE},
        .version = note_of(NOTE_VERSION, sizeof n.version_data),
        .version_name = "Xen",
        .version_data = {.major = version.major,
                         .minor = version.minor,
                         .virt_start = version.virt_start,
                         .page_bytes = PAGE},
        .format = note_of(NOTE_FORMAT, sizeof n.format_data),
        .format_name = "Xen",
        .format_data = FORMAT_VERSION,
    };
    memcpy(n.version_data.extra, version.extra, sizeof n.version_data.extra);
    memcpy(n.version_data.compiler, version.compiler, sizeof n.version_data.compiler);
    memcpy(n.version_data.compile_by, version.compile_by, sizeof n.version_data.compile_by);
    memcpy(n.version_data.compile_domain, version.compile_domain,
           sizeof n.version_data.compile_domain);
    memcpy(n.version_data.compile_date, version.compile_date, sizeof n.version_data.compile_date);
    memcpy(n.version_data.capabilities, version.capabilities, sizeof n.version_data.capabilities);
    memcpy(n.version_data.changeset, version.changeset, sizeof n.version_data.changeset);
    return put(c, &n, sizeof n, (off_t)(vcpus_at() - (off_t)sizeof n));
}

static int put_header(struct core *c)
{
    Elf64_Ehdr e = {.e_type = ET_CORE,
                    .e_machine = EM_AARCH64,
                    .e_version = EV_CURRENT,
                    .e_shoff = sizeof e,
                    .e_ehsize = sizeof e,
                    .e_shentsize = sizeof(Elf64_Shdr),
                    .e_shnum = NR_SECTIONS,
                    .e_shstrndx = STRINGS};
    memcpy(e.e_ident, ELFMAG, SELFMAG);
    e.e_ident[EI_CLASS] = ELFCLASS64;
    e.e_ident[EI_DATA] = ELFDATA2LSB;
    e.e_ident[EI_VERSION] = EV_CURRENT;
    return put(c, &e, sizeof e, 0);
}

/* Behind the pages: their frames, the names, and then what stands at the front. */
static int put_rest(struct core *c)
{
    char names[128];
    size_t names_len = 0;
    size_t frames_len = c->nr_frames * sizeof *c->frame;
    size_t context = sizeof(struct xen_vcpu_guest_context);
    Elf64_Shdr section[NR_SECTIONS] = {
        [STRINGS] = {.sh_type = SHT_STRTAB, .sh_offset = (uint64_t)c->at + frames_len},
        [NOTES] = {.sh_type = SHT_NOTE,
                   .sh_offset = (uint64_t)vcpus_at() - sizeof(struct notes),
                   .sh_size = sizeof(struct notes)},
        [VCPUS] = {.sh_type = SHT_PROGBITS,
                   .sh_offset = (uint64_t)vcpus_at(),
                   .sh_size = c->nr_vcpus * context,
                   .sh_entsize = context},
        [PAGES] = {.sh_type = SHT_PROGBITS,
                   .sh_offset = (uint64_t)c->pages_at,
                   .sh_size = c->nr_frames * PAGE,
                   .sh_addralign = PAGE,
                   .sh_entsize = PAGE},
        [FRAMES] = {.sh_type = SHT_PROGBITS,
                    .sh_offset = (uint64_t)c->at,
                    .sh_size = frames_len,
                    .sh_addralign = 8,
                    .sh_entsize = 8},
    };
    for (size_t i = 0; i < NR_SECTIONS; i++) {
        section[i].sh_name = (uint32_t)names_len;
        names_len +=
            (size_t)snprintf(names + names_len, sizeof names - names_len, "%s", section_name[i]) +
            1;
    }
    section[STRINGS].sh_size = names_len;
    int error = put(c, c->frame, frames_len, c->at);
    error = error != 0 ? error : put(c, names, names_len, (off_t)section[STRINGS].sh_offset);
    error = error != 0 ? error : put(c, section, sizeof section, sizeof(Elf64_Ehdr));
    error = error != 0 ? error : put_notes(c);
    return error != 0 ? error : put_header(c);
}

static int write_core(struct core *c, uint64_t nr_pages)
{
    int error = hv_get_max_gfn(c->l->hv, (uint16_t)c->domid, &c->max_gfn);
    progress_begin(&c->progress, "dumping", nr_pages);
    error = error != 0 ? error : put_vcpus(c);
    error = error != 0 ? error : put_pages(c);
    error = error != 0 ? error : put_rest(c);
    progress_end(&c->progress);
    return error;
}

int life_dump_core(struct life *l, uint32_t domid, const char *file)
{
    struct xen_domctl_getdomaininfo info;
    struct core c = {.l = l, .domid = domid};
    int error = life_info(l, domid, false, &info);
    if (error != 0) {
        return error;
    }
    c.fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (c.fd < 0) {
        error = -errno;
        message_error("can't write %s: %s", file, strerror(-error));
        return error;
    }
    c.nr_vcpus = info.max_vcpu_id + 1;
    error = hv_pause_domain(l->hv, (uint16_t)domid);
    if (error == 0) {
        error = write_core(&c, info.tot_pages);
        (void)hv_unpause_domain(l->hv, (uint16_t)domid);
    }
    if (close(c.fd) != 0 && error == 0) {
        error = -errno;
    }
    free(c.frame);
    if (error != 0) {
        (void)unlink(file);
        message_error("domain %u could not be dumped into %s: %s", domid, file, strerror(-error));
    }
    return error;
}
