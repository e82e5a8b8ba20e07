/* SPDX-License-Identifier: Apache-2.0 */
/* Where a system call has its paths: tests/attack/injector.c. */
#include <fcntl.h>
#include <limits.h>
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

static const struct path_argument path_arguments[] = {
    {SYS_open, -1, 0},       {SYS_openat, 0, 1},      {SYS_openat2, 0, 1},       {SYS_creat, -1, 0},     {SYS_mkdir, -1, 0},       {SYS_mkdirat, 0, 1},
    {SYS_mknod, -1, 0},      {SYS_mknodat, 0, 1},     {SYS_symlink, -1, 1},      {SYS_symlinkat, 1, 2},  {SYS_link, -1, 0},        {SYS_link, -1, 1},
    {SYS_linkat, 0, 1},      {SYS_linkat, 2, 3},      {SYS_unlink, -1, 0},       {SYS_unlinkat, 0, 1},   {SYS_rmdir, -1, 0},       {SYS_rename, -1, 0},
    {SYS_rename, -1, 1},     {SYS_renameat, 0, 1},    {SYS_renameat, 2, 3},      {SYS_renameat2, 0, 1},  {SYS_renameat2, 2, 3},    {SYS_stat, -1, 0},
    {SYS_lstat, -1, 0},      {SYS_newfstatat, 0, 1},  {SYS_statx, 0, 1},         {SYS_statfs, -1, 0},    {SYS_access, -1, 0},      {SYS_faccessat, 0, 1},
    {SYS_faccessat2, 0, 1},  {SYS_readlink, -1, 0},   {SYS_readlinkat, 0, 1},    {SYS_chdir, -1, 0},     {SYS_chroot, -1, 0},      {SYS_mount, -1, 0},
    {SYS_mount, -1, 1},      {SYS_umount2, -1, 0},    {SYS_open_tree, 0, 1},     {SYS_move_mount, 0, 1}, {SYS_move_mount, 2, 3},   {SYS_mount_setattr, 0, 1},
    {SYS_fspick, 0, 1},      {SYS_pivot_root, -1, 0}, {SYS_pivot_root, -1, 1},   {SYS_execve, -1, 0},    {SYS_execveat, 0, 1},     {SYS_chmod, -1, 0},
    {SYS_fchmodat, 0, 1},    {SYS_chown, -1, 0},      {SYS_lchown, -1, 0},       {SYS_fchownat, 0, 1},   {SYS_truncate, -1, 0},    {SYS_utimensat, 0, 1},
    {SYS_setxattr, -1, 0},   {SYS_lsetxattr, -1, 0},  {SYS_getxattr, -1, 0},     {SYS_lgetxattr, -1, 0}, {SYS_inotify_add_watch, -1, 1},
};

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

/* Writes "PROCESS CALL PATH" for each path of a call, from the root directory on if that can be told. */
static void write_paths(FILE *file, pid_t pid, const char *point, const struct __ptrace_syscall_info *info)
{
    for (size_t i = 0; i < sizeof(path_arguments) / sizeof(path_arguments[0]); i++) {
        const struct path_argument *argument = &path_arguments[i];
        char text[PATH_MAX] = "";
        char base[PATH_MAX] = "";
        char link[64];

        if ((unsigned long long) argument->call != info->entry.nr)
            continue;
        read_text(pid, info->entry.args[argument->path], text);
        int directory = argument->directory < 0 ? AT_FDCWD : (int) info->entry.args[argument->directory];
        if (directory == AT_FDCWD)
            snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
        else
            snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, directory);
        ssize_t n = text[0] == '/' ? 0 : readlink(link, base, sizeof(base) - 1);
        base[n < 0 ? 0 : n] = '\0';
        fprintf(file, "%s %s/%s\n", point, base, text);
    }
}
