/* SPDX-License-Identifier: Apache-2.0 */
/* The cache returns exactly the program compiled for exactly this input, or none. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/seccomp/seccomp.h"
#include "tap-error.h"
#include "tap.h"

#define ENTRIES_MAX 64

struct program {
    char bytes[BPF_MAXINSNS * 8];
    ssize_t size;
};

static char top[] = "/tmp/seccomp-cache-XXXXXX";
static char dir[64];

static bool make(const struct spec_seccomp *seccomp, struct program *program)
{
    struct error error = {0};
    int fd = -1;

    if (seccomp_make_program(seccomp, dir, &fd, &error) < 0) {
        printf("# %s\n", tap_error(&error));
        return false;
    }
    bool sealed = (fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0;
    program->size = fd_read_all(fd, program->bytes, sizeof(program->bytes));
    close(fd);
    return sealed && program->size > 0;
}

static bool same(const struct program *a, const struct program *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, (size_t) a->size) == 0;
}

/* Counts the files. *ret_path (may be NULL) is one of them. */
static size_t count_files(char *ret_path)
{
    DIR *entries = opendir(dir);
    size_t count = 0;

    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        if (ret_path != NULL)
            sprintf(ret_path, "%.60s/%.100s", dir, entry->d_name);
    }
    if (entries != NULL)
        closedir(entries);
    return count;
}

static void empty(void)
{
    file_remove_tree(AT_FDCWD, dir);
}

static const char *const names[] = {"getppid", "getpgid"};
static const struct spec_seccomp_arg args[] = {
    {.index = 1, .op = SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ, .value = 3, .value_two = 2}};

static struct spec_syscall rule_before(void)
{
    return (struct spec_syscall){.names = names,
                                 .n_names = 2,
                                 .args = args,
                                 .n_args = 1,
                                 .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO};
}

static struct spec_seccomp profile_of(const struct spec_syscall *rule)
{
    return (struct spec_seccomp){
        .default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW, .syscalls = rule, .n_syscalls = 1};
}

static void flip(const char *path, off_t at)
{
    AUTO_FD fd = open(path, O_RDWR);
    char byte;

    if (pread(fd, &byte, 1, at) != 1)
        exit(1);
    byte ^= 16;
    if (pwrite(fd, &byte, 1, at) != 1)
        exit(1);
}

static void test_damage(void)
{
    struct spec_syscall rule = rule_before();
    struct spec_seccomp seccomp = profile_of(&rule);
    static struct program first;
    static struct program second;
    char path[200] = "";
    struct stat info;
    size_t wrong = 0;

    tap_ok(make(&seccomp, &first) && count_files(path) == 1,
           "a compiled program is stored in the cache");
    tap_ok(make(&seccomp, &second) && same(&first, &second) && count_files(NULL) == 1,
           "the stored program is found");
    tap_ok(stat(path, &info) == 0 && (info.st_mode & 07777) == 0600,
           "only the owner may access the cache file");
    tap_ok(stat(dir, &info) == 0 && (info.st_mode & 07777) == 0700,
           "only the owner may access the cache directory");
    stat(path, &info);
    for (off_t at = 0; at < info.st_size; at++) {
        flip(path, at);
        wrong += !make(&seccomp, &second) || !same(&first, &second);
    }
    tap_ok(wrong == 0, "a wrong byte anywhere (%jd) leads to a new compilation",
           (intmax_t) info.st_size);
    for (off_t size = 0; size < info.st_size; size += 7) {
        wrong += truncate(path, size) < 0 || !make(&seccomp, &second) || !same(&first, &second);
    }
    tap_ok(wrong == 0, "a file cut off anywhere leads to a new compilation");
    wrong =
        truncate(path, info.st_size + 8) < 0 || !make(&seccomp, &second) || !same(&first, &second);
    tap_ok(wrong == 0 && stat(path, &info) == 0,
           "a file that is too long leads to a new compilation");
    empty();
}

/* Each changed input has its own entry. */
static void test_key(void)
{
    static const struct spec_seccomp_arg other_args[] = {
        {.index = 2, .op = SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ, .value = 3, .value_two = 2},
        {.index = 1, .op = SPEC_SECCOMP_OP_SCMP_CMP_EQ, .value = 3, .value_two = 2},
        {.index = 1, .op = SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ, .value = 7, .value_two = 2},
        {.index = 1, .op = SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ, .value = 3, .value_two = 1}};
    static const char *const other_names[] = {"getppi", "dgetpgid"};
    enum spec_seccomp_arch native = SPEC_SECCOMP_ARCH_SCMP_ARCH_X86_64;
    struct spec_syscall rules[12];
    struct spec_seccomp profiles[16];
    static struct program program;
    size_t count = 0;

    for (size_t i = 0; i < 12; i++)
        rules[i] = rule_before();
    for (size_t i = 0; i < 16; i++)
        profiles[i] = profile_of(&rules[i < 12 ? i : 0]);
    rules[1].action = SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE;
    rules[2].has_errno_ret = true;
    rules[2].errno_ret = 38;
    rules[3].n_names = 1;
    rules[4].names = other_names;
    for (size_t i = 0; i < 4; i++)
        rules[5 + i].args = &other_args[i];
    rules[9].n_args = 0;
    rules[10].has_errno_ret = true;
    profiles[11].n_syscalls = 0;
    profiles[12].default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_LOG;
    profiles[13].default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO;
    profiles[14].default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO;
    profiles[14].has_default_errno_ret = true;
    profiles[14].default_errno_ret = 38;
    profiles[15].architectures = &native;
    profiles[15].n_architectures = 1;
    count = seccomp_arch_native() == SCMP_ARCH_X86_64 ? 16 : 15;
    for (size_t i = 0; i < count; i++) {
        size_t before = count_files(NULL);

        tap_ok(make(&profiles[i], &program) && count_files(NULL) == before + 1,
               "input %zu has a key of its own", i);
    }
    empty();
}

static void test_bound(void)
{
    struct spec_syscall rule = rule_before();
    struct spec_seccomp seccomp = profile_of(&rule);
    static struct program program;

    rule.has_errno_ret = true;
    for (rule.errno_ret = 1; rule.errno_ret < ENTRIES_MAX + 20; rule.errno_ret++)
        make(&seccomp, &program);
    tap_ok(count_files(NULL) == ENTRIES_MAX, "the cache keeps at most %zu entries",
           count_files(NULL));
    empty();
}

/* Such entries are ignored, without an error. */
static void test_foreign(void)
{
    struct spec_syscall rule = rule_before();
    struct spec_seccomp seccomp = profile_of(&rule);
    static struct program program;
    char other[80];

    if (mkdir(dir, 0777) < 0 || chmod(dir, 0777) < 0)
        exit(1);
    tap_ok(make(&seccomp, &program) && count_files(NULL) == 0,
           "a directory that everybody can write to is not used");
    if (geteuid() == 0 && chmod(dir, 0700) == 0 && chown(dir, 1, 1) == 0)
        tap_ok(make(&seccomp, &program) && count_files(NULL) == 0,
               "a directory of another user is not used");
    empty();
    snprintf(other, sizeof(other), "%s/other", top);
    if (mkdir(other, 0700) < 0 || symlink(other, dir) < 0)
        exit(1);
    tap_ok(make(&seccomp, &program) && count_files(NULL) == 0, "a symbolic link is not used");
    unlink(dir);
    int file = open(dir, O_CREAT | O_WRONLY, 0600);
    tap_ok(make(&seccomp, &program), "a file instead of the directory is not used");
    close(file);
    unlink(dir);
    snprintf(dir, sizeof(dir), "/proc/no-such-place");
    tap_ok(make(&seccomp, &program), "a directory that cannot be created does no harm");
    snprintf(dir, sizeof(dir), "%s/cache", top);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

/* A filter the size of Docker's default profile. */
static void test_speed(void)
{
    static const char *all[512];
    static const enum spec_seccomp_arch architectures[] = {SPEC_SECCOMP_ARCH_SCMP_ARCH_X86_64,
                                                           SPEC_SECCOMP_ARCH_SCMP_ARCH_X86,
                                                           SPEC_SECCOMP_ARCH_SCMP_ARCH_X32};
    struct spec_syscall rule = {.names = all, .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW};
    struct spec_seccomp seccomp = profile_of(&rule);
    static struct program program;
    double best = 1e9;

    for (int i = 0; rule.n_names < 320 && i < 512; i++) {
        all[rule.n_names] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
        rule.n_names += all[rule.n_names] != NULL;
    }
    seccomp.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO;
    seccomp.architectures = architectures;
    seccomp.n_architectures = seccomp_arch_native() == SCMP_ARCH_X86_64 ? 3 : 0;
    double start = now_us();
    tap_ok(make(&seccomp, &program), "a large profile is compiled");
    double compiled = now_us() - start;
    for (int i = 0; i < 20; i++) {
        start = now_us();
        make(&seccomp, &program);
        best = now_us() - start < best ? now_us() - start : best;
    }
    tap_ok(best * 5 < compiled, "a program of %zd bytes: compiled in %.0f us, found in %.0f us",
           program.size, compiled, best);
    empty();
}

int main(void)
{
    if (mkdtemp(top) == NULL)
        return 1;
    snprintf(dir, sizeof(dir), "%s/cache", top);
    test_damage();
    test_key();
    test_bound();
    test_foreign();
    test_speed();
    file_remove_tree(AT_FDCWD, top);
    return tap_end();
}
