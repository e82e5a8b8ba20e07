/* SPDX-License-Identifier: Apache-2.0 */
/* Where a system call has its paths: tests/attack/injector.c. */
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct path_argument {
    int call;
    int directory; /* which argument is the descriptor that the path starts from; -1: none */
    int path;
};

/* clang-format off */
static const struct path_argument path_arguments[] = {
    {SYS_open, -1, 0}, {SYS_openat, 0, 1}, {SYS_openat2, 0, 1}, {SYS_creat, -1, 0},
    {SYS_mkdir, -1, 0}, {SYS_mkdirat, 0, 1}, {SYS_mknod, -1, 0}, {SYS_mknodat, 0, 1},
    {SYS_symlink, -1, 1}, {SYS_symlinkat, 1, 2}, {SYS_link, -1, 0}, {SYS_link, -1, 1},
    {SYS_linkat, 0, 1}, {SYS_linkat, 2, 3}, {SYS_unlink, -1, 0}, {SYS_unlinkat, 0, 1},
    {SYS_rmdir, -1, 0}, {SYS_rename, -1, 0}, {SYS_rename, -1, 1}, {SYS_renameat, 0, 1},
    {SYS_renameat, 2, 3}, {SYS_renameat2, 0, 1}, {SYS_renameat2, 2, 3}, {SYS_stat, -1, 0},
    {SYS_lstat, -1, 0}, {SYS_newfstatat, 0, 1}, {SYS_statx, 0, 1}, {SYS_statfs, -1, 0},
    {SYS_access, -1, 0}, {SYS_faccessat, 0, 1}, {SYS_faccessat2, 0, 1}, {SYS_readlink, -1, 0},
    {SYS_readlinkat, 0, 1}, {SYS_chdir, -1, 0}, {SYS_chroot, -1, 0}, {SYS_mount, -1, 0},
    {SYS_mount, -1, 1}, {SYS_umount2, -1, 0}, {SYS_open_tree, 0, 1}, {SYS_move_mount, 0, 1},
    {SYS_move_mount, 2, 3}, {SYS_mount_setattr, 0, 1}, {SYS_fspick, 0, 1}, {SYS_pivot_root, -1, 0},
    {SYS_pivot_root, -1, 1}, {SYS_execve, -1, 0}, {SYS_execveat, 0, 1}, {SYS_chmod, -1, 0},
    {SYS_fchmodat, 0, 1}, {SYS_chown, -1, 0}, {SYS_lchown, -1, 0}, {SYS_fchownat, 0, 1},
    {SYS_truncate, -1, 0}, {SYS_utimensat, 0, 1}, {SYS_setxattr, -1, 0}, {SYS_lsetxattr, -1, 0},
    {SYS_getxattr, -1, 0}, {SYS_lgetxattr, -1, 0}, {SYS_inotify_add_watch, -1, 1},
};
/* clang-format on */

/* The string at an address of another process; it ends within a page of what is there. */
static void read_text(pid_t pid, unsigned long long address, char text[PATH_MAX])
{
    size_t length = PATH_MAX - 1 - (address + PATH_MAX - 1) % 4096;
    struct iovec here = {text, length};
    struct iovec there = {(void *) (unsigned long) address, length};
    ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

    if (n < 0 || memchr(text, '\0', (size_t) n) != NULL || n == PATH_MAX - 1) {
        text[n < 0 ? 0 : n] = '\0';
        return;
    }
    here = (struct iovec){text + n, PATH_MAX - 1 - (size_t) n};
    there = (struct iovec){(char *) (unsigned long) address + n, here.iov_len};
    ssize_t more = process_vm_readv(pid, &here, 1, &there, 1, 0);
    text[n + (more < 0 ? 0 : more)] = '\0';
}

/* Paths that differ between runs by numbers alone are one: of a process, of a descriptor, of the
 * bundle's folder. */
static void fold_numbers(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++)
        if (*at < '0' || *at > '9')
            *to++ = *at;
        else if (to == text || to[-1] != '#')
            *to++ = '#';
    *to = '\0';
}

/* No slash at the beginning, none at the end, no two in a row. */
static void fold_slashes(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++)
        if (*at != '/' || (to > text && to[-1] != '/'))
            *to++ = *at;
    while (to > text && to[-1] == '/')
        to--;
    *to = '\0';
}

/* From the first of the folders on that it is in. */
static void strip_folder(char *text, const char *const *folders)
{
    for (; *folders != NULL; folders++) {
        const size_t size = strlen(*folders);
        if (strncmp(text, *folders + 1, size - 1) != 0 ||
            (text[size - 1] != '/' && text[size - 1] != '\0'))
            continue;
        memmove(text, text + size - 1, strlen(text + size - 1) + 1);
        fold_slashes(text);
        return;
    }
}

/* The next path of a system call, from argument *AT of the table on: from the root directory, or
 * one of the folders, as far as that can be told. */
static bool next_path(pid_t pid, const struct __ptrace_syscall_info *info,
                      const char *const *folders, size_t *at, char path[2 * PATH_MAX])
{
    char text[PATH_MAX] = "";
    char base[PATH_MAX] = "";
    char link[64];

    while (*at < sizeof(path_arguments) / sizeof(path_arguments[0]) &&
           (unsigned long long) path_arguments[*at].call != info->entry.nr)
        ++*at;
    if (*at == sizeof(path_arguments) / sizeof(path_arguments[0]))
        return false;
    const struct path_argument *argument = &path_arguments[(*at)++];
    read_text(pid, info->entry.args[argument->path], text);
    int directory =
        argument->directory < 0 ? AT_FDCWD : (int) info->entry.args[argument->directory];
    if (directory == AT_FDCWD)
        snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
    else
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, directory);
    ssize_t n = text[0] == '/' ? 0 : readlink(link, base, sizeof(base) - 1);
    base[n < 0 ? 0 : n] = '\0';
    snprintf(path, 2 * PATH_MAX, "%s/%s", base, text);
    fold_slashes(path);
    strip_folder(path, folders);
    fold_numbers(path);
    return true;
}
