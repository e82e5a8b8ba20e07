/* SPDX-License-Identifier: Apache-2.0 */
/* What an outer sandbox or an old kernel does: a seccomp filter answers some system calls with an
 * errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calls that berth uses and that Linux has had since... */
static const struct call {
    const char *name;
    long number;
    int version; /* 5 * 100 + 4: Linux 5.4 */
} calls[] = {
    {"personality", SYS_personality, 102},
#ifdef SYS_renameat /* riscv64 has renameat2 alone */
    {"renameat", SYS_renameat, 206},
#endif
    {"faccessat", SYS_faccessat, 206},
    {"renameat2", SYS_renameat2, 315},
    {"seccomp", SYS_seccomp, 317},
    {"execveat", SYS_execveat, 319},
    {"memfd_create", SYS_memfd_create, 317},
    {"statx", SYS_statx, 411},
    {"pidfd_send_signal", SYS_pidfd_send_signal, 501},
    {"open_tree", SYS_open_tree, 502},
    {"move_mount", SYS_move_mount, 502},
    {"fsopen", SYS_fsopen, 502},
    {"fsconfig", SYS_fsconfig, 502},
    {"fsmount", SYS_fsmount, 502},
    {"fspick", SYS_fspick, 502},
    {"pidfd_open", SYS_pidfd_open, 503},
    {"clone3", SYS_clone3, 503},
    {"openat2", SYS_openat2, 506},
    {"pidfd_getfd", SYS_pidfd_getfd, 506},
    {"faccessat2", SYS_faccessat2, 508},
    {"landlock_create_ruleset", 444, 513},
    {"landlock_add_rule", 445, 513},
    {"landlock_restrict_self", 446, 513},
    {"close_range", SYS_close_range, 509},
    {"epoll_pwait2", SYS_epoll_pwait2, 511},
    {"mount_setattr", SYS_mount_setattr, 512},
    {"fchmodat2", 452, 606},
};
#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

/* A name, or ">VERSION" for all that came after it. */
static int is_meant(const struct call *call, const char *word)
{
    int major, minor;

    if (sscanf(word, ">%d.%d", &major, &minor) == 2)
        return call->version > major * 100 + minor;
    return strcmp(call->name, word) == 0;
}

/* prctl(2) with PR_SCHED_CORE alone. */
static unsigned add_core_scheduling(struct sock_filter *filter, unsigned n)
{
    const unsigned number = offsetof(struct seccomp_data, nr);
    const unsigned option =
        offsetof(struct seccomp_data, args) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);

    filter[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 4);
    filter[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, option);
    filter[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SCHED_CORE, 0, 1);
    filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO);
    filter[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number);
    return n;
}

static unsigned add_calls(struct sock_filter *filter, unsigned n, const char *word)
{
    unsigned before = n;

    if (strcmp(word, "core-scheduling") == 0)
        return add_core_scheduling(filter, n);
    for (size_t i = 0; i < N_CALLS; i++) {
        if (!is_meant(&calls[i], word))
            continue;
        filter[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                    (unsigned) calls[i].number, 0, 1);
        filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO);
    }
    if (n == before) {
        fprintf(stderr, "hosttool: refuse: unknown call %s\n", word);
        exit(125);
    }
    return n;
}

/* The filter stays on execve(2), and so does its listener, which need not have CLOEXEC. */
static int load(unsigned flags, const struct sock_fprog *program)
{
    int r = (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);

    if (r < 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        r = (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    return r;
}

static int become(char **argv)
{
    execvp(argv[0], argv);
    perror(argv[0]);
    return 125;
}

int refuse(char **argv);
int listen_to(char **argv);

int listen_to(char **argv)
{
    struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, filter};
    int listener = load(SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);

    if (listener < 0 || fcntl(listener, F_SETFD, 0) < 0) {
        perror("hosttool: listen");
        return 125;
    }
    return become(argv);
}

/* "0": the calls do nothing and succeed. */
static unsigned number_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned number;
    } names[] = {{"0", 0},           {"EPERM", EPERM},   {"EIO", EIO},
                 {"EINVAL", EINVAL}, {"ENODEV", ENODEV}, {"ENOSYS", ENOSYS}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].number;
    fprintf(stderr, "hosttool: refuse: unknown errno %s\n", name);
    exit(125);
}

int refuse(char **argv)
{
    static struct sock_filter filter[4 * N_CALLS * 2 + 4];
    unsigned number = number_of(argv[0]);
    unsigned n = 0;

    filter[n++] =
        (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *words = argv[1], *word; (word = strsep(&words, ",")) != NULL && n < N_CALLS * 6;)
        n = add_calls(filter, n, word);
    filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (unsigned i = 0; i < n; i++)
        if (filter[i].code == (BPF_RET | BPF_K) && filter[i].k == SECCOMP_RET_ERRNO)
            filter[i].k |= number;
    struct sock_fprog program = {(unsigned short) n, filter};
    if (load(0, &program) < 0) {
        perror("hosttool: refuse");
        return 125;
    }
    return become(argv + 2);
}
