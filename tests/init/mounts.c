/* SPDX-License-Identifier: Apache-2.0 */
#include "mounts.h"
#include "pack.h"

static bool failed;

/* --- functions of init's other half that the handlers need ------------------------------------ */

void init_print(char *to, const char *prefix, uint64_t number)
{
    char digits[21] = {0};
    size_t at = sizeof(digits) - 1;

    do
        digits[--at] = (char) ('0' + number % 10);
    while ((number /= 10) > 0);
    while (*prefix != '\0')
        *to++ = *prefix++;
    memcpy(to, digits + at, sizeof(digits) - at);
}

bool init_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool init_begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

void *init_allocate(size_t size)
{
    return (void *) sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Nobody listens at the socket -1. */
int init_send(struct init *init, int error, int fd)
{
    (void) error, (void) fd;
    return init->socket == -1 ? -EPIPE : 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

int test_call(struct init *init, const struct test_call *call)
{
    struct plan_step step = {
        .op = (uint16_t) call->op,
        .makes = (int16_t) (call->makes == 0 ? PLAN_NONE : call->makes),
        .uses = call->uses,
    };

    init->plan = test_pack(&step, &call->save_state);
    init_check_parent(init, &step);
    return call->handler(init, &step);
}

void test_expect(long found, long wanted, const char *what, const char *file, int line)
{
    if (found == wanted)
        return;
    printf("# %s:%d: %s is %ld, not %ld\n", file, line, what, found, wanted);
    failed = true;
}

static void must(long result, const char *what, const char *path)
{
    if (result >= 0)
        return;
    printf("# cannot %s %s: errno %ld\n", what, path, -result);
    fflush(stdout);
    sys_exit(1);
}

/* --- the tree --------------------------------------------------------------------------------- */

void make_directory(const char *path)
{
    must(sys_mkdirat(AT_FDCWD, path, 0755), "make directory", path);
}

void make_file(const char *path, const char *content)
{
    INIT_FD fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    must(fd, "make file", path);
    must(sys_write(fd, content, strlen(content)), "write", path);
}

void make_link(const char *target, const char *path)
{
    must(sys_symlinkat(target, AT_FDCWD, path), "link", path);
}

void make_special(const char *path, unsigned mode, unsigned device)
{
    must(sys_mknodat(AT_FDCWD, path, mode, device), "make", path);
}

void make_tmpfs(const char *path)
{
    must(sys_mount("tmpfs", path, "tmpfs", 0, NULL), "mount on", path);
}

struct statx look(const char *path)
{
    struct statx status = {0};

    if (sys_statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &status) <
        0)
        return (struct statx){0};
    return status;
}

unsigned mode_at(const char *path)
{
    return look(path).stx_mode;
}

uint64_t mount_at(const char *path)
{
    return look(path).stx_mnt_id;
}

bool has_content(const char *path, const char *content)
{
    char found[256];
    INIT_FD fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    long size = fd < 0 ? -1 : sys_read(fd, found, sizeof(found));

    return size == (long) strlen(content) && memcmp(found, content, (size_t) size) == 0;
}

int count_entries(const char *path)
{
    char entries[4096];
    int n = 0, size;
    INIT_FD fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

    if (fd < 0)
        return fd;
    while ((size = sys_getdents(fd, entries, sizeof(entries))) > 0)
        for (int at = 0; at < size; n++)
            at += ((struct sys_directory_entry *) (void *) (entries + at))->size;
    return n - 2;
}

bool is_open_on(int fd, const char *path)
{
    struct statx a = look(path), b = {0};

    sys_statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &b);
    return a.stx_ino != 0 && a.stx_ino == b.stx_ino && a.stx_mnt_id == b.stx_mnt_id;
}

/* --- running ---------------------------------------------------------------------------------- */

static int wait_for(int pid)
{
    int status;

    return sys_wait4(pid, &status, 0) == pid && (status & 0x7f) == 0 ? status >> 8 & 0xff : -1;
}

int in_child(void (*act)(struct init *init), struct init *init)
{
    fflush(stdout);
    int pid = sys_clone(SIGCHLD, NULL);
    if (pid == 0) {
        failed = false;
        act(init);
        fflush(stdout);
        sys_exit(failed ? 1 : 0);
    }
    return wait_for(pid);
}

static void set_up(struct init *init)
{
    must(sys_unshare(CLONE_NEWNS), "unshare", "mounts");
    must(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
    must(sys_chdir("/"), "change to", "/");
    sys_umask(0);
    make_tmpfs("/mnt");
    make_directory(HOST);
    make_file(HOST "/canary", "host");
    make_directory(HOST "/keep");
    make_directory(ROOT);
    memset(init, 0, sizeof(*init));
    memset(init->slot, 0xff, sizeof(init->slot));
    init->parent = -1;
    init->looked_at = -1;
    init->slot[PLAN_SLOT_ROOT] = sys_openat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/* Checks that the host is unchanged, through a descriptor: the test may have pivoted. */
static void check_host(int host)
{
    struct statx status;
    INIT_FD canary = sys_openat(host, "canary", O_RDONLY | O_CLOEXEC, 0);
    char content[8] = "";

    EXPECT(sys_read(canary, content, sizeof(content)), 4);
    EXPECT(memcmp(content, "host", 5), 0);
    EXPECT(sys_statx(host, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status), 0);
    EXPECT(status.stx_nlink, 3);
    char entries[512];
    INIT_FD again = sys_openat(host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    EXPECT(sys_getdents(again, entries, sizeof(entries)), 24 + 24 + 32 + 24);
    INIT_FD keep = sys_openat(host, "keep", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    EXPECT(sys_getdents(keep, entries, sizeof(entries)), 48);
}

/* Returns the lowest free descriptor: it is higher if descriptors have been leaked. */
static int lowest_free(void)
{
    int fd = sys_fcntl(0, F_DUPFD_CLOEXEC, 3);

    sys_close(fd);
    return fd;
}

static void run_one(const struct test_case *test)
{
    static struct init init;

    set_up(&init);
    int host = sys_openat(AT_FDCWD, HOST, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    init_empty(&init, PLAN_SLOT_ROOT); /* so that the lowest free descriptor is known */
    int before = lowest_free();
    init.slot[PLAN_SLOT_ROOT] = sys_openat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    test->run(&init);
    init_close(&init.parent);
    for (int i = 0; i < PLAN_SLOTS; i++)
        init_empty(&init, i);
    EXPECT(lowest_free(), before);
    check_host(host);
    fflush(stdout);
    sys_exit(failed ? 1 : 0);
}

int test_run(const struct test_case *cases, size_t n)
{
    int n_failed = 0;

    if (arch_call3(__NR_geteuid, 0, 0, 0) != 0) {
        printf("1..0 # SKIP needs root\n");
        return 0;
    }
    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        fflush(stdout);
        int pid = sys_clone(SIGCHLD, NULL);
        if (pid == 0)
            run_one(&cases[i]);
        bool good = wait_for(pid) == 0;
        n_failed += !good;
        printf("%sok %zu %s\n", good ? "" : "not ", i + 1, cases[i].name);
    }
    return n_failed == 0 ? 0 : 1;
}
