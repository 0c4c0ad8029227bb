// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Xen's limits: 20 bits of disk, 8 of partition */
#define MAX_DISK      ((1U << 20) - 1)
#define MAX_PARTITION 255U

/* Decimal without needless zeros, all of s, at most `most`. */
static bool read_decimal(const char *s, unsigned most, unsigned *value)
{
    unsigned n = 0;
    if (!isdigit((unsigned char)s[0]) || (s[0] == '0' && s[1] != '\0')) {
        return false;
    }
    for (; isdigit((unsigned char)*s); s++) {
        n = n * 10 + (unsigned)(*s - '0');
        if (n > most) {
            return false;
        }
    }
    *value = n;
    return *s == '\0';
}

/* "b", "aa", then a partition or nothing: letters count a..z, aa..zz, aaa.. */
static bool read_letters(const char *s, unsigned *disk, unsigned *partition)
{
    unsigned n = 0;
    if (!islower((unsigned char)*s)) {
        return false;
    }
    for (; islower((unsigned char)*s); s++) {
        n = n * 26 + (unsigned)(*s - 'a') + 1;
        if (n > MAX_DISK + 1) {
            return false;
        }
    }
    *disk = n - 1;
    *partition = 0;
    return *s == '\0' || (read_decimal(s, MAX_PARTITION, partition) && *partition > 0);
}

/* "0" or "0p1", what follows the d. */
static bool read_disk_partition(const char *s, unsigned *disk, unsigned *partition)
{
    char first[16];
    const size_t length = strcspn(s, "p");
    if (length >= sizeof(first)) {
        return false;
    }
    memcpy(first, s, length);
    first[length] = '\0';
    *partition = 0;
    return read_decimal(first, MAX_DISK, disk) &&
           (s[length] == '\0' || read_decimal(s + length + 1, MAX_PARTITION, partition));
}

static uint32_t virtual_number(unsigned disk, unsigned partition)
{
    return disk <= 15 && partition <= 15 ? 202U << 8 | disk << 4 | partition
                                         : 1U << 28 | disk << 8 | partition;
}

bool config_disk_number(const char *vdev, uint32_t *number)
{
    unsigned disk;
    unsigned partition;
    if (isdigit((unsigned char)*vdev)) {
        char *end;
        errno = 0;
        const unsigned long n = strtoul(vdev, &end, 0);
        *number = (uint32_t)n;
        return errno == 0 && *end == '\0' && n < 2UL << 28;
    }
    if (vdev[0] == 'd' && read_disk_partition(vdev + 1, &disk, &partition)) {
        *number = virtual_number(disk, partition);
        return true;
    }
    if (strncmp(vdev, "xvd", 3) == 0 && read_letters(vdev + 3, &disk, &partition)) {
        *number = virtual_number(disk, partition);
        return true;
    }
    if (strncmp(vdev, "hd", 2) == 0 && read_letters(vdev + 2, &disk, &partition) && disk <= 3 &&
        partition <= 63) {
        *number = (disk < 2 ? 3U : 22U) << 8 | (disk & 1) << 6 | partition;
        return true;
    }
    if (strncmp(vdev, "sd", 2) == 0 && read_letters(vdev + 2, &disk, &partition) && disk <= 15 &&
        partition <= 15) {
        *number = 8U << 8 | disk << 4 | partition;
        return true;
    }
    return false;
}
