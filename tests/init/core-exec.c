/* SPDX-License-Identifier: Apache-2.0 */
/* FIND_PROGRAM, CLOSE_DESCRIPTORS, EXECUTE. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

/* The directory searched for programs: a new tmpfs in each child. */
#define TREE "/mnt"

static void write_program(const char *path, const char *content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    test_must(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t) strlen(content) &&
                  fchmod(fd, mode) == 0,
              path);
    close(fd);
}

static void make_programs(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", TREE, "tmpfs", 0, "mode=0755") == 0, "tmpfs");
    mkdir(TREE "/a", 0755);
    mkdir(TREE "/b", 0755);
    mkdir(TREE "/locked", 0700);
    mkdir(TREE "/a/directory", 0755);
    write_program(TREE "/a/plain", "text", 0644);
    write_program(TREE "/b/plain", "#!/bin/sh\necho b\n", 0755);
    write_program(TREE "/a/only", "#!/bin/sh\necho a\n", 0755);
    write_program(TREE "/a/text", "no program", 0644);
    write_program(TREE "/b/empty", "", 0755);
    write_program(TREE "/b/root", "#!/bin/sh\n", 0700);
    write_program(TREE "/b/lost", "#!" TREE "/none\n", 0755);
    write_program(TREE "/locked/hidden", "#!/bin/sh\n", 0755);
    test_must(symlink("loop", TREE "/a/loop") == 0, "symlink");
    test_must(chdir(TREE "/b") == 0, "chdir");
}

struct search {
    const char *name, *path;
    int error;
    const char *output; /* NULL: search only */
};

static const struct search searches[] = {
    {"only", TREE "/a:" TREE "/b", 0, "a\n"},
    {"plain", TREE "/a:" TREE "/b", 0, "b\n"},
    {"plain", TREE "/a", EACCES, NULL},
    {"plain", TREE "/a:" TREE "/none", EACCES, NULL},
    {"nothing", TREE "/a:" TREE "/b", ENOENT, NULL},
    {"nothing", TREE "/locked:" TREE "/b", EACCES, NULL},
    {"hidden", TREE "/locked", EACCES, NULL},
    {"root", TREE "/b", EACCES, NULL},
    {"directory", TREE "/a", EACCES, NULL},
    {"loop", TREE "/a", ENOENT, NULL},
    {"only", TREE "/a/text:" TREE "/a", 0, "a\n"},
    {"plain", ":" TREE "/a", 0, "b\n"},
    {"plain", TREE "/none::", 0, "b\n"},
    {"plain", "", 0, "b\n"},
    {"true", NULL, 0, ""},
    {"only", NULL, ENOENT, NULL},
    {"./plain", NULL, 0, "b\n"},
    {"../a/only", NULL, 0, "a\n"},
    {TREE "/a/only", "", 0, "a\n"},
    {TREE "/a/text", NULL, EACCES, NULL},
    {TREE "/a", NULL, EACCES, NULL},
    {TREE "/a/none", NULL, ENOENT, NULL},
    {TREE "/a/only/none", NULL, ENOTDIR, NULL},
    {"", "/bin", ENOENT, NULL},
    {NULL, "/bin", ENOENT, NULL},
};

static void searches_as_execvp(void)
{
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        const struct search *search = &searches[i];
        struct test_plan plan = {
            .steps =
                {{.op = PLAN_SET_USER, .actor = PLAN_INIT, .set_user = {.uid = 1000, .gid = 1000}},
                 {.op = PLAN_FIND_PROGRAM,
                  .actor = PLAN_INIT,
                  .find_program = {.program = search->name, .search_path = search->path}},
                 {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},
                 {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_LIST("zero")}},
                 TEST_END},
            .clone_flags = CLONE_NEWNS,
            .prepare = make_programs};
        struct test_init init = test_launch(&plan);
        struct plan_message message = {.step = 1};
        bool failed = test_receive(init.socket, &message, NULL);
        tap_ok(message.error == search->error && message.step == 1 &&
                   failed == (message.error != 0),
               "%s in %s: errno %d is expected (got %d)", search->name, search->path, search->error,
               message.error);
        struct test_result result = test_finish(&init);
        tap_text(result.output, search->output != NULL ? search->output : "",
                 "the program that was found prints its output");
    }
}

static void long_names(void)
{
    char name[5000];
    struct test_plan plan = {.steps = {{.op = PLAN_FIND_PROGRAM,
                                        .actor = PLAN_INIT,
                                        .find_program = {.program = name, .search_path = "/bin"}},
                                       TEST_END}};

    memset(name, 'x', sizeof(name));
    name[256] = '\0';
    tap_ok(test_fail(&plan).error == ENAMETOOLONG, "a program name above NAME_MAX is too long");
    memset(name, '/', sizeof(name));
    name[4096] = '\0';
    tap_ok(test_fail(&plan).error == ENAMETOOLONG, "a program path above PATH_MAX is too long");
    name[4095] = '\0';
    tap_ok(test_fail(&plan).error == EACCES, "a program path of PATH_MAX bytes reaches the kernel");
    memset(name, 'x', sizeof(name));
    name[4999] = '\0';
    plan.steps[0].find_program.program = "true";
    plan.steps[0].find_program.search_path = name;
    tap_ok(test_fail(&plan).error == ENOENT, "an entry of PATH that is too long is skipped");
}

static void failing_execve(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_FIND_PROGRAM,
                   .actor = PLAN_INIT,
                   .find_program = {.program = "./lost"}},
                  {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT, .flags = PLAN_ANNOUNCE},
                  {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_LIST("zero")}},
                  TEST_END},
        .clone_flags = CLONE_NEWNS,
        .prepare = make_programs};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 2 && message.error == ENOENT,
           "execve of a script without its interpreter fails with ENOENT");
    tap_ok(message.value == 1, "the message's value says that the program exists");
    plan.steps[0].find_program.program = "./empty";
    message = test_fail(&plan);
    tap_ok(message.step == 2 && message.error == ENOEXEC && message.value == 0,
           "execve of an empty file fails with ENOEXEC");
}

static void arguments_and_environment(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_FIND_PROGRAM,
                   .actor = PLAN_INIT,
                   .find_program = {.program = "/usr/bin/env"}},
                  {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},
                  {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_LIST("env")}},
                  TEST_END}};

    tap_text(test_run(&plan).output, "", "the program gets exactly the listed environment");
    plan.steps[2].execute.env = TEST_LIST("A=1", "A=2", "=", "B");
    tap_text(test_run(&plan).output, "A=1\nA=2\n=\nB\n",
             "an unusual environment is passed unchanged");

    plan = (struct test_plan){
        .steps = {
            {.op = PLAN_FIND_PROGRAM,
             .actor = PLAN_INIT,
             .find_program = {.program = "sh", .search_path = "/bin"}},
            {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},
            {.op = PLAN_EXECUTE,
             .actor = PLAN_INIT,
             .execute = {.argv = TEST_LIST("own name", "-c",
                                           "echo \"$0|$1|$2|$#\"; tr '\\0' '|' </proc/$$/cmdline",
                                           "", "a b", "")}},
            TEST_END}};
    tap_text(test_run(&plan).output,
             "|a b||2\nown name|-c|echo \"$0|$1|$2|$#\"; tr '\\0' '|' </proc/$$/cmdline||a b||",
             "arguments are passed unchanged");
}

#define PRINT_DESCRIPTORS                                                                          \
    "for i in 0 1 2 3 4 5 6 7 8 9 10 11; do [ ! -e /proc/$$/fd/$i ] || printf \"$i \"; done"
#define LIST_DESCRIPTORS                                                                           \
    {.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "/bin/sh"}},         \
        {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT, .close_descriptors = {.kept = 4}},      \
        {.op = PLAN_EXECUTE,                                                                       \
         .actor = PLAN_INIT,                                                                       \
         .execute = {.argv = TEST_SCRIPT(PRINT_DESCRIPTORS "; cat <&4 <&6")}},                     \
        TEST_END

/* Init's own descriptors must not fill the gaps (CVE-2024-21626). */
static void kept_descriptors(void)
{
    int one = test_memfd("one\n", 4), two = test_memfd("two\n", 4);
    struct test_plan plan = {
        .steps = {{.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_PROC},
                  {.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_ROOT},
                  {.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_TARGET},
                  LIST_DESCRIPTORS},
        .kept = {0, one + 1, 0, two + 1},
        .n_kept = 4};

    lseek(one, 0, SEEK_SET);
    lseek(two, 0, SEEK_SET);
    struct test_result result = test_run(&plan);
    tap_text(result.output, "0 1 2 4 6 two\n",
             "the program gets the kept descriptors and no others");

    plan.steps[5].execute.argv = TEST_SCRIPT(PRINT_DESCRIPTORS);
    plan.steps[4].close_descriptors.kept = 0;
    plan.n_kept = 0;
    tap_text(test_run(&plan).output, "0 1 2 ",
             "without kept descriptors the program gets standard streams only");
    close(one);
    close(two);
}

/* Labels of security modules are written after the kept descriptors have been moved down to the
 * number that procfs had. */
static void procfs_beside_kept(void)
{
    int kept = test_memfd("", 0);
    struct test_plan plan = {
        .steps =
            {{.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_PROC},
             {.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "/bin/cat"}},
             {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT, .close_descriptors = {.kept = 3}},
             {.op = PLAN_PUT_FILE,
              .actor = PLAN_INIT,
              .uses = PLAN_BIT(PLAN_SLOT_PROC),
              .put_file = {.file = "self/oom_score_adj", .content = "7"}},
             {.op = PLAN_EXECUTE,
              .actor = PLAN_INIT,
              .execute = {.argv = TEST_LIST("cat", "/proc/self/oom_score_adj")}},
             TEST_END},
        .kept = {kept + 1, kept + 1, kept + 1},
        .n_kept = 3};

    tap_text(test_run(&plan).output, "7\n",
             "the descriptor of procfs moves away from a kept number");
    close(kept);
}

/* The socket has the number that the first kept descriptor needs. The failure must be reported
 * nevertheless. */
static void failure_beside_kept(void)
{
    int kept = test_memfd("", 0);
    struct test_plan plan = {
        .steps =
            {{.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "./empty"}},
             {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT, .close_descriptors = {.kept = 2}},
             {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_LIST("zero")}},
             TEST_END},
        .clone_flags = CLONE_NEWNS,
        .prepare = make_programs,
        .kept = {kept + 1, kept + 1},
        .n_kept = 2};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 2 && message.error == ENOEXEC,
           "the socket to the host moves away from kept numbers");
    close(kept);
}

static void disturb_signals(void)
{
    sigset_t all;

    for (int signo = 1; signo <= 64; signo++)
        signal(signo, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void signals(void)
{
    struct test_plan plan = {
        .steps = {TEST_SHELL("grep -e ^SigBlk -e ^SigIgn -e ^SigPnd /proc/self/status")},
        .ignored_signals = ~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1)),
        .prepare = disturb_signals};

    tap_text(test_run(&plan).output,
             "SigPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n",
             "the program starts with no signal blocked or ignored");
}

int main(void)
{
    test_need_root();
    searches_as_execvp();
    long_names();
    failing_execve();
    arguments_and_environment();
    kept_descriptors();
    procfs_beside_kept();
    failure_beside_kept();
    signals();
    return tap_end();
}
