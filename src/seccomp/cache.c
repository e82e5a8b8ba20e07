/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file per program: a header, the key (the whole input) and the program. The file name is a
 * hash of the key, used only to find the file; the key itself is compared in full, so a hash
 * collision cannot select the wrong filter. The checksum detects files damaged by a disk or another
 * writer.
 */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
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

#define FORMAT 3U /* of a file; increment when the format or the compilation changes */
#define ENTRIES_MAX 64
#define NAME_SIZE 24

struct cache_header {
    uint32_t format;
    uint32_t program_size;
    uint64_t key_size;
    uint64_t sum; /* checksum of the program */
};

/* 64-bit FNV-1a, computed over words. */
static uint64_t hash_of(const void *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325U;
    uint64_t word;

    for (size_t i = 0; i < size; i += sizeof(word)) {
        word = 0;
        memcpy(&word, (const char *) bytes + i, size - i < sizeof(word) ? size - i : sizeof(word));
        hash = (hash ^ word) * 0x100000001b3U;
        hash ^= hash >> 29;
    }
    return hash;
}

static void name_of(const struct text *key, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%016llx.bpf", (unsigned long long) hash_of(key->bytes, key->size));
}

static bool is_own(int fd, mode_t type)
{
    struct stat info;

    return fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == type && info.st_uid == geteuid() &&
           (info.st_mode & 022) == 0;
}

int seccomp_cache_open(const char *path)
{
    if (path == NULL)
        return -1;
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        log_debug("no seccomp cache: make %s: %s", path, text_of_errno(errno));
        return -1;
    }
    AUTO_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0 && is_own(dir, S_IFDIR))
        return fd_take(&dir);
    log_warning("not using the seccomp cache %s: it is not a directory of the caller's alone",
                path);
    return -1;
}

static bool is_sound(const struct cache_header *header, const struct text *key)
{
    return header->format == FORMAT && header->key_size == key->size && header->program_size > 0 &&
           header->program_size % sizeof(struct sock_filter) == 0 &&
           header->program_size <= BPF_MAXINSNS * sizeof(struct sock_filter);
}

bool seccomp_cache_take(int dir, const struct text *key, struct seccomp_program *ret_program)
{
    struct cache_header header;
    char name[NAME_SIZE];

    name_of(key, name);
    AUTO_FD file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || !is_own(file, S_IFREG) ||
        fd_read_all(file, &header, sizeof(header)) != sizeof(header) || !is_sound(&header, key))
        return false;
    size_t size = key->size + header.program_size;
    char *bytes = arena_alloc(key->arena, size + 1);
    /* Read one byte more than expected, to detect a file that is too long. */
    if (fd_read_all(file, bytes, size + 1) != (ssize_t) size ||
        memcmp(bytes, key->bytes, key->size) != 0 ||
        hash_of(bytes + key->size, header.program_size) != header.sum)
        return false;
    *ret_program = (struct seccomp_program){bytes + key->size, header.program_size};
    return true;
}

/* Makes room for one more entry by removing the oldest: a program, or a temporary file of a writer
 * that was killed. */
static void bound_entries(int dir)
{
    int listing = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = listing < 0 ? NULL : fdopendir(listing);
    char oldest[NAME_MAX + 1] = "";
    struct timespec oldest_time = {0};
    size_t count = 0;

    if (entries == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct stat info;

        if (entry->d_name[0] == '.' || fstatat(dir, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        bool older = info.st_mtim.tv_sec < oldest_time.tv_sec ||
                     (info.st_mtim.tv_sec == oldest_time.tv_sec &&
                      info.st_mtim.tv_nsec < oldest_time.tv_nsec);
        if (count++ > 0 && !older)
            continue;
        oldest_time = info.st_mtim;
        snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
    }
    closedir(entries);
    if (count >= ENTRIES_MAX)
        unlinkat(dir, oldest, 0);
}

void seccomp_cache_keep(int dir, const struct text *key, const struct seccomp_program *program)
{
    struct text file = {.arena = key->arena};
    struct cache_header header = {FORMAT, (uint32_t) program->size, key->size,
                                  hash_of(program->bytes, program->size)};
    char name[NAME_SIZE];

    name_of(key, name);
    text_add_bytes(&file, &header, sizeof(header));
    text_add_bytes(&file, key->bytes, key->size);
    text_add_bytes(&file, program->bytes, program->size);
    bound_entries(dir);
    int result = file_replace(dir, name, file.bytes, file.size, 0600);
    if (result < 0)
        log_debug("cannot keep the seccomp program: %s", text_of_errno(-result));
}
