/* SPDX-License-Identifier: Apache-2.0 */
/* statx(2), also on kernels before 4.11 and with seccomp filters that refuse it. Before 5.8 it
 * does not return the mount ID. */
#include "init.h"
#include "path.h"

#define FDINFO_SIZE 1024

static uint32_t major_of(uint64_t device)
{
    return (uint32_t) (device >> 8) & 0xfff;
}

static uint32_t minor_of(uint64_t device)
{
    return (uint32_t) (device & 0xff) | ((uint32_t) (device >> 12) & 0xfff00);
}

static int old_status(int dir, const char *path, int flags, struct statx *ret_status)
{
    struct sys_stat old;
    const int r = sys_newfstatat(dir, path, &old, flags);

    if (r < 0)
        return r;
    *ret_status = (struct statx){
        .stx_mask = STATX_BASIC_STATS,
        .stx_mode = (uint16_t) old.st_mode,
        .stx_nlink = (uint32_t) old.st_nlink,
        .stx_uid = old.st_uid,
        .stx_gid = old.st_gid,
        .stx_ino = old.st_ino,
        .stx_size = (uint64_t) old.st_size,
        .stx_rdev_major = major_of(old.st_rdev),
        .stx_rdev_minor = minor_of(old.st_rdev),
        .stx_dev_major = major_of(old.st_dev),
        .stx_dev_minor = minor_of(old.st_dev),
        .stx_atime = {.tv_sec = (int64_t) old.st_atime, .tv_nsec = (uint32_t) old.st_atime_nsec},
        .stx_mtime = {.tv_sec = (int64_t) old.st_mtime, .tv_nsec = (uint32_t) old.st_mtime_nsec},
    };
    return 0;
}

int path_statx(int dir, const char *path, int flags, struct statx *ret_status)
{
    const int r = sys_statx(dir, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, ret_status);

    return r == -ENOSYS || r == -EPERM ? old_status(dir, path, flags, ret_status) : r;
}

/* "mnt_id:\t29\n" in /proc/PID/fdinfo/FD. */
int path_find_mount_id(int proc, int fd, struct statx *status)
{
    char path[64], text[FDINFO_SIZE];
    struct sys_statfs system;

    if ((status->stx_mask & STATX_MNT_ID) != 0)
        return 0;
    init_print(path, proc == AT_FDCWD ? "/proc/self/fdinfo/" : "self/fdinfo/", (uint64_t) fd);
    INIT_FD info = sys_openat(proc, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (info < 0)
        return info;
    const int err = sys_fstatfs(info, &system);
    if (err < 0 || system.f_type != PROC_SUPER_MAGIC)
        return err < 0 ? err : -EINVAL;
    const long size = sys_read(info, text, sizeof(text) - 1);
    if (size < 0)
        return (int) size;
    text[size] = '\0';
    const char *at = text;
    while (at != NULL && !init_begins(at, "mnt_id:\t")) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL)
        return -EINVAL;
    status->stx_mnt_id = 0;
    for (at += 8; *at >= '0' && *at <= '9'; at++)
        status->stx_mnt_id = status->stx_mnt_id * 10 + (uint64_t) (*at - '0');
    status->stx_mask |= STATX_MNT_ID;
    return 0;
}

int path_status(int fd, struct statx *ret_status)
{
    const int r = path_statx(fd, "", AT_EMPTY_PATH, ret_status);

    /* The mask shows if /proc does not have the mount ID either. */
    if (r == 0)
        path_find_mount_id(AT_FDCWD, fd, ret_status);
    return r;
}
