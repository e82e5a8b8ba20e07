/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file a program: a header, the key (all of the input), the program. The file's name is a hash of the key, only to find
 * it; the key itself is compared whole, so a wrong filter cannot be taken whatever the hash does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/sys/memfd.h"
#include "compile.h"

#define FORMAT 1U /* of a file; counted up when the format or the way of compiling changes */
#define ENTRIES_MOST 64
#define NAME_SIZE 24

struct cache_header {
    uint32_t format;
    uint32_t filter_size; /* bytes; a whole number of instructions */
    uint64_t key_size;
};

#define INSTRUCTION_SIZE 8U /* sizeof(struct sock_filter) */

/* FNV-1a of 64 bits. */
static void name_of(const struct text *key, char name[NAME_SIZE])
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (size_t i = 0; i < key->size; i++)
        hash = (hash ^ (unsigned char) key->bytes[i]) * 0x100000001b3U;
    snprintf(name, NAME_SIZE, "%016llx.bpf", (unsigned long long) hash);
}

static bool is_own(int fd, mode_t type)
{
    struct stat info;

    return fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == type && info.st_uid == geteuid() &&
           (info.st_mode & 022) == 0;
}

/* The directory, made if it is missing; -1 if it cannot be trusted. */
static int open_cache(const char *cache_dir)
{
    if (cache_dir == NULL || (mkdir(cache_dir, 0700) < 0 && errno != EEXIST))
        return -1;
    AUTO_FD dir = open(cache_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0 && is_own(dir, S_IFDIR))
        return fd_take(&dir);
    log_debug("not using the seccomp cache %s: it is not the caller's alone", cache_dir);
    return -1;
}

/* Copies the program of the file in the cache to `fd`; false if there is none that is right. */
static bool take(int dir, const char *name, const struct text *key, int fd)
{
    AUTO_ARENA arena = {0};
    struct cache_header header;

    AUTO_FD file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || !is_own(file, S_IFREG) ||
        fd_read_all(file, &header, sizeof(header)) != sizeof(header) || header.format != FORMAT ||
        header.key_size != key->size || header.filter_size == 0 ||
        header.filter_size % INSTRUCTION_SIZE != 0 || header.filter_size > UINT16_MAX * INSTRUCTION_SIZE)
        return false;
    size_t size = key->size + header.filter_size;
    char *bytes = arena_alloc(&arena, size + 1);
    /* One byte more than there may be: a longer file is a broken one. */
    if (fd_read_all(file, bytes, size + 1) != (ssize_t) size || memcmp(bytes, key->bytes, key->size) != 0)
        return false;
    return fd_write_all(fd, bytes + key->size, header.filter_size) == 0;
}

/* Past ENTRIES_MOST the whole cache goes: profiles that are in use come back at once. */
static void bound_entries(int dir)
{
    int listing = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = listing < 0 ? NULL : fdopendir(listing);
    size_t count = 0;

    if (entries == NULL)
        return;
    while (readdir(entries) != NULL)
        count++;
    rewinddir(entries);
    for (struct dirent *entry; count > ENTRIES_MOST && (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(dir, entry->d_name, 0);
    closedir(entries);
}

static void keep(int dir, const char *name, const struct text *key, int fd)
{
    AUTO_ARENA arena = {0};
    struct text file = {.arena = &arena};
    off_t size = lseek(fd, 0, SEEK_END);
    struct cache_header header = {FORMAT, (uint32_t) size, key->size};

    if (size <= 0)
        return;
    char *program = arena_alloc(&arena, (size_t) size);
    if (pread(fd, program, (size_t) size, 0) != size)
        return;
    text_add_bytes(&file, &header, sizeof(header));
    text_add_bytes(&file, key->bytes, key->size);
    text_add_bytes(&file, program, (size_t) size);
    bound_entries(dir);
    int result = file_replace(dir, name, file.bytes, file.size, 0600);
    if (result < 0)
        log_debug("cannot keep the seccomp program: %s", error_text_of(-result));
}

int seccomp_make_program(const struct spec_seccomp *seccomp, const char *cache_dir, int *ret_memfd,
                         struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text key = {.arena = &arena};
    char name[NAME_SIZE];

    AUTO_FD fd = sys_memfd_empty("seccomp");
    if (fd < 0)
        return error_errno(error, -fd, "linux.seccomp: make a memfd");
    AUTO_FD dir = open_cache(cache_dir);
    seccomp_write_key(seccomp, &key);
    name_of(&key, name);
    if (dir < 0 || !take(dir, name, &key, fd)) {
        if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
            return error_errno(error, errno, "linux.seccomp: write the program");
        TRY(seccomp_compile(seccomp, fd, error));
        if (dir >= 0)
            keep(dir, name, &key, fd);
    }
    *ret_memfd = fd_take(&fd);
    return 0;
}
