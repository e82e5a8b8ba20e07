/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on files and mounts; see sys.h. */
#pragma once

#include "sys.h"

/* --- files ------------------------------------------------------------------------------------ */

static inline int sys_openat(int dir, const char *path, int flags, unsigned mode)
{
    return (int) arch_call6(__NR_openat, dir, SYS_WORD(path), flags | SYS_LARGE_FILE, mode, 0, 0);
}

static inline int sys_openat2(int dir, const char *path, const struct open_how *how)
{
    struct open_how full = *how;

    if ((full.flags & O_PATH) == 0)
        full.flags |= SYS_LARGE_FILE;
    return (int) arch_call6(__NR_openat2, dir, SYS_WORD(path), SYS_WORD(&full), sizeof(full), 0, 0);
}

static inline int sys_statx(int dir, const char *path, int flags, unsigned mask,
                            struct statx *ret_status)
{
    return (int) arch_call6(__NR_statx, dir, SYS_WORD(path), flags, mask, SYS_WORD(ret_status), 0);
}

static inline int sys_newfstatat(int dir, const char *path, struct sys_stat *ret_status, int flags)
{
    return (int) arch_call6(SYS_NR_FSTATAT, dir, SYS_WORD(path), SYS_WORD(ret_status), flags, 0, 0);
}

static inline int sys_faccessat(int dir, const char *path, int mode)
{
    return (int) arch_call3(__NR_faccessat, dir, SYS_WORD(path), mode);
}

static inline int sys_faccessat2(int dir, const char *path, int mode, int flags)
{
    return (int) arch_call6(__NR_faccessat2, dir, SYS_WORD(path), mode, flags, 0, 0);
}

static inline int sys_mkdirat(int dir, const char *path, unsigned mode)
{
    return (int) arch_call3(__NR_mkdirat, dir, SYS_WORD(path), mode);
}

static inline int sys_mknodat(int dir, const char *path, unsigned mode, unsigned device)
{
    return (int) arch_call6(__NR_mknodat, dir, SYS_WORD(path), mode, device, 0, 0);
}

static inline int sys_symlinkat(const char *target, int dir, const char *path)
{
    return (int) arch_call3(__NR_symlinkat, SYS_WORD(target), dir, SYS_WORD(path));
}

static inline int sys_linkat(int from, const char *old, int to, const char *path, int flags)
{
    return (int) arch_call6(__NR_linkat, from, SYS_WORD(old), to, SYS_WORD(path), flags, 0);
}

static inline int sys_readlinkat(int dir, const char *path, char *ret_target, size_t size)
{
    return (int) arch_call6(__NR_readlinkat, dir, SYS_WORD(path), SYS_WORD(ret_target),
                            SYS_WORD(size), 0, 0);
}

static inline int sys_unlinkat(int dir, const char *path, int flags)
{
    return (int) arch_call3(__NR_unlinkat, dir, SYS_WORD(path), flags);
}

static inline int sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
    return (int) arch_call3(SYS_NR_FCHOWN, fd, uid, gid);
}

static inline int sys_fchownat(int dir, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    return (int) arch_call6(__NR_fchownat, dir, SYS_WORD(path), uid, gid, flags, 0);
}

static inline int sys_fchmod(int fd, unsigned mode)
{
    return (int) arch_call3(__NR_fchmod, fd, mode, 0);
}

static inline int sys_fchmodat(int dir, const char *path, unsigned mode)
{
    return (int) arch_call3(__NR_fchmodat, dir, SYS_WORD(path), mode);
}

static inline int sys_utimensat(int dir, const char *path, const struct __kernel_timespec times[2],
                                int flags)
{
    return (int) arch_call6(SYS_NR_UTIMENSAT, dir, SYS_WORD(path), SYS_WORD(times), flags, 0, 0);
}

static inline int sys_getdents(int fd, void *entries, size_t size)
{
    return (int) arch_call3(__NR_getdents64, fd, SYS_WORD(entries), SYS_WORD(size));
}

static inline long sys_listxattr(const char *path, char *ret_names, size_t size)
{
    return arch_call3(__NR_listxattr, SYS_WORD(path), SYS_WORD(ret_names), SYS_WORD(size));
}

static inline long sys_llistxattr(const char *path, char *ret_names, size_t size)
{
    return arch_call3(__NR_llistxattr, SYS_WORD(path), SYS_WORD(ret_names), SYS_WORD(size));
}

static inline long sys_flistxattr(int fd, char *ret_names, size_t size)
{
    return arch_call3(__NR_flistxattr, fd, SYS_WORD(ret_names), SYS_WORD(size));
}

static inline long sys_fgetxattr(int fd, const char *name, void *ret_value, size_t size)
{
    return arch_call6(__NR_fgetxattr, fd, SYS_WORD(name), SYS_WORD(ret_value), SYS_WORD(size), 0,
                      0);
}

static inline int sys_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
    return (int) arch_call6(__NR_fsetxattr, fd, SYS_WORD(name), SYS_WORD(value), SYS_WORD(size), 0,
                            0);
}

static inline long sys_lgetxattr(const char *path, const char *name, void *ret_value, size_t size)
{
    return arch_call6(__NR_lgetxattr, SYS_WORD(path), SYS_WORD(name), SYS_WORD(ret_value),
                      SYS_WORD(size), 0, 0);
}

static inline int sys_lsetxattr(const char *path, const char *name, const void *value, size_t size)
{
    return (int) arch_call6(__NR_lsetxattr, SYS_WORD(path), SYS_WORD(name), SYS_WORD(value),
                            SYS_WORD(size), 0, 0);
}

static inline int sys_chdir(const char *path)
{
    return (int) arch_call3(__NR_chdir, SYS_WORD(path), 0, 0);
}

static inline int sys_fchdir(int fd)
{
    return (int) arch_call3(__NR_fchdir, fd, 0, 0);
}

/* Returns the length including the NUL. The path does not start with "/" if it is unreachable
 * from the root. */
static inline int sys_getcwd(char *ret_path, size_t size)
{
    return (int) arch_call3(__NR_getcwd, SYS_WORD(ret_path), SYS_WORD(size), 0);
}

static inline int sys_chroot(const char *path)
{
    return (int) arch_call3(__NR_chroot, SYS_WORD(path), 0, 0);
}

/* --- mounts ----------------------------------------------------------------------------------- */

static inline int sys_mount(const char *source, const char *target, const char *type,
                            unsigned long flags, const void *data)
{
    return (int) arch_call6(__NR_mount, SYS_WORD(source), SYS_WORD(target), SYS_WORD(type),
                            SYS_WORD(flags), SYS_WORD(data), 0);
}

static inline int sys_umount(const char *target, int flags)
{
    return (int) arch_call3(__NR_umount2, SYS_WORD(target), flags, 0);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int) arch_call3(__NR_pivot_root, SYS_WORD(new_root), SYS_WORD(put_old), 0);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags)
{
    return (int) arch_call3(__NR_open_tree, dir, SYS_WORD(path), flags);
}

static inline int sys_move_mount(int from, const char *source, int to, const char *target,
                                 unsigned flags)
{
    return (int) arch_call6(__NR_move_mount, from, SYS_WORD(source), to, SYS_WORD(target), flags,
                            0);
}

static inline int sys_fsopen(const char *type, unsigned flags)
{
    return (int) arch_call3(__NR_fsopen, SYS_WORD(type), flags, 0);
}

static inline int sys_fsconfig(int fd, unsigned command, const char *key, const void *value,
                               int number)
{
    return (int) arch_call6(__NR_fsconfig, fd, command, SYS_WORD(key), SYS_WORD(value), number, 0);
}

static inline int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
    return (int) arch_call3(__NR_fsmount, fd, flags, attributes);
}

static inline int sys_fspick(int dir, const char *path, unsigned flags)
{
    return (int) arch_call3(__NR_fspick, dir, SYS_WORD(path), flags);
}

static inline int sys_mount_setattr(int dir, const char *path, unsigned flags,
                                    const struct mount_attr *attributes)
{
    return (int) arch_call6(__NR_mount_setattr, dir, SYS_WORD(path), flags, SYS_WORD(attributes),
                            sizeof(*attributes), 0);
}
