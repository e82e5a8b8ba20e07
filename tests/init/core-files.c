/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN_PROC, PUT_FILE, MAKE_CWD, SET_CWD, OWN_STDIO, FIND_HOME. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define TREE "/mnt"

static void make_tree(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", TREE, "tmpfs", 0, "mode=0755") == 0, "tmpfs");
}

static void make_file(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    test_must(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t) strlen(content), path);
    close(fd);
}

/* --- procfs ----------------------------------------------------------------------------------- */

#define OPEN_PROC                                                                                  \
    {                                                                                              \
        .op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_PROC                          \
    }
#define PUT_BELOW_PROC(where, what)                                                                \
    {                                                                                              \
        .op = PLAN_PUT_FILE, .actor = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_PROC), .put_file = {   \
            .file = where,                                                                         \
            .content = what                                                                        \
        }                                                                                          \
    }
#define PUT(where, what)                                                                           \
    {                                                                                              \
        .op = PLAN_PUT_FILE, .actor = PLAN_INIT, .put_file = {.file = where, .content = what }     \
    }

static void hide_proc(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", "/proc", "tmpfs", 0, "mode=0755") == 0, "tmpfs");
    mkdir("/proc/self", 0755);
}

/* CVE-2019-16884, CVE-2025-52881: the file to write to must be on procfs. */
static void hide_files_of_proc(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", "/proc/sys/kernel", "tmpfs", 0, "mode=0755") == 0, "tmpfs");
    make_file("/proc/sys/kernel/hostname", "");
    make_file("/tmp/berth-test-file", "");
    test_must(mount("/tmp/berth-test-file", "/proc/sys/kernel/hostname", NULL, MS_BIND, NULL) ==
                      0 &&
                  unlink("/tmp/berth-test-file") == 0,
              "bind");
}

static void hide_own_attribute(void)
{
    test_make_mounts_private();
    make_file("/tmp/berth-test-file", "");
    test_must(mount("/tmp/berth-test-file", "/proc/self/attr/exec", NULL, MS_BIND, NULL) == 0 &&
                  unlink("/tmp/berth-test-file") == 0,
              "bind");
}

static void verifies_proc(void)
{
    struct test_plan plan = {.steps = {OPEN_PROC, TEST_SHELL("exit 0")}};

    tap_ok(test_exited(test_run(&plan).status, 0), "OPEN_PROC accepts /proc of type procfs");
    plan.clone_flags = CLONE_NEWNS;
    plan.prepare = hide_proc;
    tap_ok(test_fail(&plan).error == EINVAL, "OPEN_PROC refuses a tmpfs on /proc");
}

static void writes_below_proc(void)
{
    static const struct {
        const char *path;
        int error;
    } wrong[] = {
        {"sys/kernel/none", ENOENT},
        {"self/root/etc/passwd", ELOOP},
        {"self/cwd/x", ELOOP},
        {"self/fd/1", ELOOP},
        {"../etc/passwd", EXDEV},
        {"/etc/passwd", EXDEV},
        {"sys", EISDIR},
        {"version", EACCES},
    };
    struct test_plan plan = {
        .steps = {OPEN_PROC, PUT_BELOW_PROC("sys/kernel/hostname", "new"), TEST_SHELL("hostname")},
        .clone_flags = CLONE_NEWUTS};

    tap_text(test_run(&plan).output, "new\n", "PUT_FILE writes to a file of procfs");
    plan.steps[1].put_file.file = "self/oom_score_adj";
    plan.steps[1].put_file.content = "7";
    plan.steps[4].execute.argv = TEST_SCRIPT("cat /proc/$$/oom_score_adj");
    tap_text(test_run(&plan).output, "7\n", "PUT_FILE writes to the process's own file");
    plan.steps[1].put_file.content = "100000";
    tap_ok(test_fail(&plan).error == EINVAL, "PUT_FILE reports what the kernel refuses");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        plan.steps[1].put_file.file = wrong[i].path;
        int error = test_fail(&plan).error;
        /* procfs rejects root's write to a file without write permission with EACCES or EIO. */
        bool good = error == wrong[i].error || (wrong[i].error == EACCES && error == EIO);
        tap_ok(good, "PUT_FILE %s: errno %d (got %d)", wrong[i].path, wrong[i].error, error);
    }
    plan.steps[1].put_file.file = "sys/kernel/hostname";
    plan.clone_flags = CLONE_NEWUTS | CLONE_NEWNS;
    plan.prepare = hide_files_of_proc;
    tap_ok(test_fail(&plan).error == EXDEV, "PUT_FILE does not write to a mount over the file");
    plan.steps[1].put_file.file = "self/attr/exec";
    plan.prepare = hide_own_attribute;
    tap_ok(test_fail(&plan).error == EXDEV,
           "PUT_FILE does not write to a mount over the file of a label");
}

static void make_links(void)
{
    make_tree();
    make_file(TREE "/file", "old content");
    test_must(symlink("file", TREE "/link") == 0, "link");
}

static void writes_on_host(void)
{
    struct test_plan plan = {.steps = {PUT(TREE "/file", "new"), TEST_SHELL("cat " TREE "/file")},
                             .clone_flags = CLONE_NEWNS,
                             .prepare = make_links};

    tap_text(test_run(&plan).output, "new content",
             "PUT_FILE writes to an ordinary file without truncating it");
    plan.steps[0].put_file.file = TREE "/link";
    tap_ok(test_fail(&plan).error == ELOOP, "PUT_FILE does not follow a symbolic link");
    plan.steps[0].put_file.file = TREE "/none";
    tap_ok(test_fail(&plan).error == ENOENT, "PUT_FILE does not create a file");
    plan.steps[0].put_file.file = "/dev/full";
    tap_ok(test_fail(&plan).error == ENOSPC, "PUT_FILE reports a write that fails");
}

/* --- the working directory -------------------------------------------------------------------- */

static void make_directories(void)
{
    make_tree();
    mkdir(TREE "/there", 0755);
    make_file(TREE "/file", "");
    test_must(symlink("there", TREE "/link") == 0, "link");
    test_must(symlink("/proc/self/fd", TREE "/magic") == 0, "link");
    mkdir(TREE "/locked", 0700);
    test_must(dup2(open("/", O_RDONLY | O_DIRECTORY), 50) == 50, "dup2"); /* a leaked descriptor */
}

static void changes_directory(void)
{
    static const struct {
        const char *path;
        bool make;
        int error;
        const char *output;
    } cases[] = {
        {TREE "/there", false, 0, TREE "/there\n"},
        {TREE "/there", true, 0, TREE "/there\n"},
        {"/", true, 0, "/\n"},
        {TREE "/link", true, 0, TREE "/there\n"},
        {TREE "/none", false, ENOENT, ""},
        {TREE "//a/b/c/", true, 0, TREE "/a/b/c\n"},
        {TREE "/link/a/../b", true, 0, TREE "/there/b\n"},
        {TREE "/file", true, ENOTDIR, ""},
        {TREE "/file/a", true, ENOTDIR, ""},
        {"/proc/none/a", true, ENOENT, ""},
        {"/proc/self/fd/50", true, ELOOP, ""},
        {"/proc/self/fd/50/../../..", true, ELOOP, ""},
        {"/proc/self/cwd", true, ELOOP, ""},
        {TREE "/magic/50/x", true, ELOOP, ""},
    };
    struct test_plan plan = {.steps = {{.actor = PLAN_INIT},
                                       {.op = PLAN_SET_CWD, .actor = PLAN_INIT},
                                       TEST_SHELL("pwd -P")},
                             .clone_flags = CLONE_NEWNS,
                             .prepare = make_directories};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        plan.steps[0].op = cases[i].make ? PLAN_MAKE_CWD : PLAN_SET_CWD;
        plan.steps[0].make_cwd.path = plan.steps[1].set_cwd.path = cases[i].path;
        int error = test_fail(&plan).error;
        tap_ok((error == -1 ? 0 : error) == cases[i].error, "%s%s: errno %d", cases[i].path,
               cases[i].make ? ", made" : "", error);
        tap_text(test_run(&plan).output, cases[i].output,
                 "the program runs in the resulting working directory");
    }
}

/* The current directory is outside the root, so getcwd(2) has no path for it (CVE-2024-21626). */
static void leave_root(void)
{
    make_directories();
    test_must(chroot(TREE) == 0, "chroot");
}

static void stays_below_root(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_CWD, .actor = PLAN_INIT, .set_cwd = {.path = "."}}, TEST_END},
        .clone_flags = CLONE_NEWNS,
        .prepare = leave_root};

    tap_ok(test_fail(&plan).error == ENOENT, "a working directory outside the root is refused");
}

/* --- standard streams ------------------------------------------------------------------------- */

static uid_t owner_after(const char *path, int flags)
{
    int fd = path == NULL ? -1 : open(path, flags | O_CLOEXEC, 0600);
    struct test_plan plan = {
        .steps = {{.op = PLAN_OWN_STDIO, .actor = PLAN_INIT, .own_stdio = {.uid = 1000}},
                  TEST_SHELL("stat -L -c %u /proc/self/fd/0")}};
    int saved = dup(STDIN_FILENO);

    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    struct test_result result = test_run(&plan);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
    return (uid_t) strtoul(result.output, NULL, 10);
}

static void make_stdin_read_only(void)
{
    make_tree();
    make_file(TREE "/file", "");
    test_must(mount(NULL, TREE, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0 &&
                  dup2(open(TREE "/file", O_RDONLY), STDIN_FILENO) == STDIN_FILENO,
              "read-only file");
}

static void gives_streams(void)
{
    char path[] = "/tmp/berth-test-XXXXXX";
    int file = mkstemp(path);
    int end = posix_openpt(O_RDWR | O_NOCTTY);

    tap_ok(owner_after(path, O_RDONLY) == 1000, "OWN_STDIO gives a regular file to the user");
    close(file);
    unlink(path);
    test_must(end >= 0 && grantpt(end) == 0 && unlockpt(end) == 0, "pty");
    tap_ok(owner_after(ptsname(end), O_RDWR | O_NOCTTY) == 1000,
           "OWN_STDIO gives a terminal to the user");
    close(end);
    tap_ok(owner_after("/dev/null", O_RDWR) != 1000, "OWN_STDIO leaves /dev/null to its owner");
    tap_ok(owner_after("/dev/zero", O_RDWR) != 1000, "OWN_STDIO leaves /dev/zero to its owner");

    struct test_plan plan = {
        .steps = {{.op = PLAN_OWN_STDIO, .actor = PLAN_INIT, .own_stdio = {.uid = 1000}},
                  TEST_SHELL("stat -L -c '%u %g' /proc/self/fd/1")}};
    tap_text(test_run(&plan).output, "1000 0\n",
             "OWN_STDIO gives a pipe to the user and keeps its group");
    plan.clone_flags = CLONE_NEWNS;
    plan.prepare = make_stdin_read_only;
    plan.steps[3].execute.argv = TEST_SCRIPT("stat -L -c %u /proc/self/fd/0");
    tap_text(test_run(&plan).output, "0\n", "OWN_STDIO ignores a stream that cannot be given away");
}

/* --- home ------------------------------------------------------------------------------------- */

static const char *passwd;

static void put_passwd(void)
{
    make_tree();
    if (passwd == NULL) {
        test_must(mkfifo(TREE "/passwd", 0644) == 0, "fifo");
    } else
        make_file(TREE "/passwd", passwd);
    test_must(mount(TREE "/passwd", "/etc/passwd", NULL, MS_BIND, NULL) == 0, "bind");
}

static void finds_home(void)
{
    char long_home[1200] = "u:x:7:7:g:/", long_line[9000];
    static const char *const name_of_digits = "7:x:0:0:g:/wrong:\nu:x:07:7:g:/right:/bin/sh";
    const struct {
        const char *passwd, *home, *name;
    } cases[] = {
        {"a:x:1:1:g:/a:/bin/sh\nu:x:7:7:g:/home/u:/bin/sh\nv:x:7:7:g:/v:\n", "/home/u",
         "first line"},
        {"u:x:7:7:g:/home/u", "/home/u", "no shell, no newline"},
        {"", "/", "an empty file"},
        {"u:x:8:7:g:/home/u:/bin/sh\n", "/", "not in the file"},
        {"u:x:7:7:g\n", "/", "too few fields"},
        {"u:x:7:7:g::/bin/sh\n", "/", "an empty one"},
        {"u:x:7:7:g:relative:/bin/sh\n", "/", "a relative one"},
        {"u:x:7x:7:g:/wrong:\nu:x: 7:7:g:/wrong:\nu:x:-7:7:g:/wrong:\nu:x::7:g:/wrong:\n"
         "u:x:4294967303:7:g:/wrong:\n",
         "/", "numbers that are none"},
        {name_of_digits, "/right", "a name that is a number"},
        {long_home, "/", "one that is too long"},
        {long_line, "/home/u", "long lines"},
        {NULL, "/", "a FIFO does not stop it"},
    };
    struct test_plan plan = {
        .steps = {{.op = PLAN_FIND_HOME, .actor = PLAN_INIT, .find_home = {.uid = 7}},
                  TEST_SHELL("printf %s \"$HOME\"")},
        .clone_flags = CLONE_NEWNS,
        .prepare = put_passwd};

    memset(long_home + strlen(long_home), 'x', sizeof(long_home) - strlen(long_home) - 1);
    memset(long_line, 'x', sizeof(long_line) - 1);
    strcpy(long_line + 8000, "\nu:x:7:7:g:/home/u:\n");
    plan.steps[3].execute.env = TEST_LIST("A=1");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        passwd = cases[i].passwd;
        tap_text(test_run(&plan).output, cases[i].home, cases[i].name);
    }
    plan.steps[3].execute.argv = TEST_SCRIPT("tr '\\0' '|' </proc/$$/environ");
    tap_text(test_run(&plan).output, "A=1|HOME=/|", "HOME is the last variable of the environment");
}

int main(void)
{
    test_need_root();
    verifies_proc();
    writes_below_proc();
    writes_on_host();
    changes_directory();
    stays_below_root();
    gives_streams();
    finds_home();
    return tap_end();
}
