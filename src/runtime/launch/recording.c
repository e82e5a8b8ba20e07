/* SPDX-License-Identifier: Apache-2.0 */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"

#define LOCK_NAP_NS 10000000L

static int refuse(const struct recording_file *file, int number, const char *act,
                  struct error *error)
{
    error_errno(error, number, "--record-seccomp: %s %s", act, file->path);
    return error_set_file(error, file->path);
}

int recording_directory(const struct recording_file *file, char ret_path[static PATH_MAX])
{
    size_t length = (size_t) (file->name - file->path);

    if (length > PATH_MAX)
        return -ENAMETOOLONG;
    /* Without the slash at its end, unless it is the root. */
    if (length == 0)
        snprintf(ret_path, PATH_MAX, ".");
    else
        snprintf(ret_path, PATH_MAX, "%.*s", length == 1 ? 1 : (int) length - 1, file->path);
    return 0;
}

/* Adds what the file has. *ret_info is its status, with the mode 0 if the file is missing. */
static int read_existing(const struct recording_file *file, struct seccomp_recording *recording,
                         struct stat *ret_info, struct error *error)
{
    char *bytes;
    size_t size;

    ret_info->st_mode = 0;
    if (fstatat(file->dir, file->name, ret_info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : refuse(file, errno, "look at", error);
    if (!S_ISREG(ret_info->st_mode)) {
        refuse(file, EINVAL, "write", error);
        return error_cause(error, "not a regular file");
    }
    int result = file_read(recording->arena, file->dir, file->name, &bytes, &size);
    if (result < 0)
        return refuse(file, -result, "read", error);
    if (seccomp_recording_read(recording, file->path, bytes, size, error) < 0)
        return error_hint(error, "--record-seccomp extends only what it has written: name another "
                                 "file");
    return 0;
}

int recording_check(const struct recording_file *file, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct seccomp_recording recording = seccomp_recording_of(&arena);
    struct stat info;

    TRY(read_existing(file, &recording, &info, error));
    int result = file_access(file->dir, ".", W_OK | X_OK);
    if (result == 0 && info.st_mode != 0)
        result = file_access(file->dir, file->name, W_OK);
    if (result < 0)
        return refuse(file, -result, "write", error);
    if (info.st_mode == 0 || geteuid() == 0 || info.st_uid == geteuid())
        return 0;
    refuse(file, EPERM, "write", error);
    return error_cause(error, "it belongs to another user");
}

static int refuse_lock(const struct recording_file *file, int number, struct error *error)
{
    char dir[PATH_MAX];

    if (number != ETIMEDOUT || recording_directory(file, dir) < 0)
        return refuse(file, number, "lock the directory of", error);
    refuse(file, number, "write", error);
    error_cause(error, "another process holds a lock on the directory %s", dir);
    return error_hint(error, "the recorder waits for the lock and writes the file then");
}

/* flock(2) has no timeout, and a signal that interrupts it could come too early. */
static int lock_within(int fd, int timeout_ms)
{
    const int64_t end_ms = clock_now_ms() + timeout_ms;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (clock_now_ms() >= end_ms)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_NAP_NS}, NULL);
    }
    return 0;
}

/* The lock on the directory is held while the file is read and replaced. It needs a descriptor of
 * its own: duplicates of one share the lock. */
static int lock(const struct recording_file *file, int timeout_ms)
{
    AUTO_FD fd = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (timeout_ms != RECORDING_WAIT_FOREVER)
        TRY(lock_within(fd, timeout_ms));
    else if (flock(fd, LOCK_EX) < 0)
        return -errno;
    return fd_take(&fd);
}

int recording_extend(const struct recording_file *file, const struct seccomp_calls *calls,
                     int timeout_ms, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct seccomp_recording recording = seccomp_recording_of(&arena);
    struct stat info;

    AUTO_FD locked = lock(file, timeout_ms);
    if (locked < 0)
        return refuse_lock(file, -locked, error);
    TRY(read_existing(file, &recording, &info, error));
    seccomp_recording_add(&recording, calls);
    const struct text text = seccomp_recording_text(&recording);
    int result = info.st_mode == 0
                     ? file_replace(file->dir, file->name, text.bytes, text.size, 0644)
                     : file_replace_alike(file->dir, file->name, text.bytes, text.size, &info);
    return result < 0 ? refuse(file, -result, "write", error) : 0;
}
