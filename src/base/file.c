/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"

#define FILE_SIZE_MAX ((size_t) 64 * 1024 * 1024)
#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int read_open(struct arena *arena, int fd, const struct stat *info, char **ret_bytes,
                     size_t *ret_size)
{
    if (info->st_size > (off_t) FILE_SIZE_MAX)
        return -EFBIG;
    /* Pipes and files in /proc have size 0: read them in growing pieces until end of file. A file
     * of a known size ends there: the read(2) that would say so is saved, unless it grows. */
    size_t known = (size_t) info->st_size, room = known > 0 ? known + 1 : 4096, size = 0;
    char *bytes = arena_alloc(arena, room + 1);

    for (;;) {
        ssize_t count = read(fd, bytes + size, room - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        size += (size_t) count;
        if (count == 0 || size == known)
            break;
        if (size < room)
            continue;
        if (room > FILE_SIZE_MAX)
            return -EFBIG;
        room *= 2;
        bytes = memcpy(arena_alloc(arena, room + 1), bytes, size);
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    if (ret_size != NULL)
        *ret_size = size;
    return 0;
}

/* Without O_NONBLOCK, open(2) or read(2) on a FIFO would block. */
int file_read(struct arena *arena, int dir, const char *path, char **ret_bytes, size_t *ret_size)
{
    AUTO_FD fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    if (S_ISDIR(info.st_mode))
        return -EISDIR;
    return S_ISREG(info.st_mode) ? read_open(arena, fd, &info, ret_bytes, ret_size) : -ESPIPE;
}

const char *file_read_error(int number)
{
    return number == ESPIPE ? "not a regular file" : text_of_errno(number);
}

int file_read_named(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size)
{
    AUTO_FD fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    return read_open(arena, fd, &info, ret_bytes, ret_size);
}

int file_put(int dir, const char *path, const char *text)
{
    AUTO_FD fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, text, strlen(text));

    if (written < 0)
        return -errno;
    return (size_t) written == strlen(text) ? 0 : -EIO;
}

/* O_EXCL and O_NOFOLLOW: the owner of the directory could have planted a file or a symbolic link
 * under the temporary name. */
static int open_temporary(int dir, const char *path, mode_t mode, char temporary[static PATH_MAX])
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    if (snprintf(temporary, PATH_MAX, "%s.%d", path, getpid()) >= PATH_MAX)
        return -ENAMETOOLONG;
    int fd = openat(dir, temporary, flags, mode);
    if (fd < 0 && errno == EEXIST && unlinkat(dir, temporary, 0) == 0)
        fd = openat(dir, temporary, flags, mode);
    return fd < 0 ? -errno : fd;
}

/* `result` is the result so far. */
static int end_replace(int dir, const char *temporary, const char *path, int result)
{
    if (result == 0 && renameat(dir, temporary, dir, path) < 0)
        result = -errno;
    if (result < 0)
        unlinkat(dir, temporary, 0);
    return result;
}

int file_replace(int dir, const char *path, const void *bytes, size_t size, mode_t mode)
{
    char temporary[PATH_MAX];
    AUTO_FD fd = open_temporary(dir, path, mode, temporary);

    if (fd < 0)
        return fd;
    return end_replace(dir, temporary, path, fd_write_all(fd, bytes, size));
}

static int copy_owner(int fd, const struct stat *from)
{
    mode_t mode = from->st_mode & 0777;

    if (fchown(fd, from->st_uid, (gid_t) -1) < 0)
        return -errno;
    if (fchown(fd, (uid_t) -1, from->st_gid) < 0)
        mode &= ~(mode_t) S_IRWXG;
    return fchmod(fd, mode) < 0 ? -errno : 0;
}

int file_replace_alike(int dir, const char *path, const void *bytes, size_t size,
                       const struct stat *replaced)
{
    char temporary[PATH_MAX];
    AUTO_FD fd = open_temporary(dir, path, 0600, temporary);

    if (fd < 0)
        return fd;
    int result = copy_owner(fd, replaced);
    if (result == 0)
        result = fd_write_all(fd, bytes, size);
    return end_replace(dir, temporary, path, result);
}

/* Opens the file of `place`, an O_PATH descriptor, through the descriptor: a concurrent rename has
 * no effect. Returns a descriptor, -EEXIST if the file is to be replaced, or another negative
 * errno. */
static int open_in_place(int place)
{
    char path[PATH_MAX];
    struct stat info;

    if (fstat(place, &info) < 0)
        return -errno;
    if (S_ISREG(info.st_mode))
        return -EEXIST;
    if (S_ISLNK(info.st_mode)) {
        ssize_t size = readlinkat(place, "", path, sizeof(path) - 1);

        if (size <= 0 || path[0] != '/' || (info.st_uid != geteuid() && info.st_uid != 0))
            return -EEXIST;
        path[size] = '\0';
    } else {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
    }
    /* O_NONBLOCK: do not wait for a reader of a FIFO. */
    int fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : errno == ENOENT ? -EEXIST : -errno;
}

int file_write_named(const char *path, const void *bytes, size_t size, mode_t mode)
{
    AUTO_FD place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    AUTO_FD fd = place < 0 ? -EEXIST : open_in_place(place);

    if (fd == -EEXIST)
        return file_replace(AT_FDCWD, path, bytes, size, mode);
    if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0)
        return fd < 0 ? fd : -errno;
    return fd_write_all(fd, bytes, size);
}

void file_remove_named(const char *path)
{
    struct stat info;

    if (lstat(path, &info) == 0 && S_ISREG(info.st_mode))
        unlink(path);
}

/* Only root can be writing into another user's directory. */
static int own(int fd, int dir)
{
    struct stat info;

    if (fstat(dir, &info) < 0)
        return -errno;
    if (info.st_uid == geteuid() || geteuid() != 0)
        return 0;
    return fchown(fd, info.st_uid, info.st_gid) < 0 ? -errno : 0;
}

int file_replace_private(int dir, const char *path, const void *bytes, size_t size)
{
    char temporary[PATH_MAX];
    AUTO_FD fd = open_temporary(dir, path, 0600, temporary);

    if (fd < 0)
        return fd;
    int result = own(fd, dir);
    if (result == 0)
        result = fd_write_all(fd, bytes, size);
    return end_replace(dir, temporary, path, result);
}

int file_make_dirs(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(part))
        return -ENAMETOOLONG;
    memcpy(part, path, length + 1);
    for (char *end = part + 1; *end != '\0'; end++) {
        if (*end != '/')
            continue;
        *end = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return -errno;
        *end = '/';
    }
    return mkdir(part, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int remove_entries(DIR *dir)
{
    struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM)
            return -errno;
        TRY(file_remove_tree(dirfd(dir), entry->d_name));
    }
    return 0;
}

int file_remove_tree(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        int number = errno;

        close(fd);
        return -number;
    }
    int result = remove_entries(entries);
    closedir(entries);
    if (result == 0 && unlinkat(dir, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
        result = -errno;
    return result;
}

int file_access(int dir, const char *path, int mode)
{
    int result = faccessat(dir, path, mode, AT_EACCESS);

    if (result < 0 && errno == EPERM)
        result = (int) syscall(SYS_faccessat, dir, path, mode);
    return result < 0 ? -errno : 0;
}

const char *file_search_path(void)
{
    const char *path = text_environment("PATH");

    return path != NULL ? path : USUAL_PATH;
}

const char *file_find_program(struct arena *arena, const char *name)
{
    const char *path = file_search_path();

    for (bool more = true; more; path++) {
        size_t length = strcspn(path, ":");
        const char *file = text_path_join(arena, arena_copy(arena, path, length), name);

        if (length > 0 && access(file, X_OK) == 0)
            return file;
        path += length;
        more = *path != '\0';
    }
    return NULL;
}
