/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, the two stages, and the settings of new namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* This program is its own payload: see main(). */
static char own_path[4096];

/* --- payloads --------------------------------------------------------------------------------- */

static int is_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) ? 0 : 1;
}

static int print_keyring(void)
{
    char text[256] = "";

    if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof(text)) < 0)
        snprintf(text, sizeof(text), "errno %d", errno);
    printf("%s", text);
    return 0;
}

/* --- joining ---------------------------------------------------------------------------------- */

#define OPEN_UTS(path)                                                                             \
    {                                                                                              \
        .op = PLAN_OPEN_NAMESPACE, .actor = PLAN_INIT, .makes = PLAN_SLOT_NAMESPACE_0,             \
        .open_namespace = {                                                                        \
            .path = path,                                                                          \
            .type = CLONE_NEWUTS                                                                   \
        }                                                                                          \
    }

/* Starts a process that keeps a UTS namespace with the hostname "kept". *ret_path is the
 * namespace's file. */
static pid_t keep_uts_namespace(char path[static 64])
{
    int ready[2];
    char byte;

    test_must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        test_must(unshare(CLONE_NEWUTS) == 0 && sethostname("kept", 4) == 0, "unshare");
        test_must(write(ready[1], "", 1) == 1, "write");
        pause();
        _exit(0);
    }
    test_must(read(ready[0], &byte, 1) == 1, "read");
    close(ready[0]);
    close(ready[1]);
    snprintf(path, 64, "/proc/%d/ns/uts", pid);
    return pid;
}

static void joins_namespaces(void)
{
    char path[64];
    pid_t keeper = keep_uts_namespace(path);
    struct test_plan plan = {
        .steps = {OPEN_UTS(path),
                  {.op = PLAN_JOIN_NAMESPACE,
                   .actor = PLAN_INIT,
                   .join_namespace = {.namespace = PLAN_SLOT_NAMESPACE_0, .type = CLONE_NEWUTS}},
                  TEST_SHELL("hostname")}};

    tap_text(test_run(&plan).output, "kept\n", "JOIN_NAMESPACE joins the namespace");
    static const struct {
        const char *path;
        int error;
    } wrong[] = {{"/proc/self/ns/ipc", EINVAL},
                 {"/proc/self/ns/user", EINVAL},
                 {"/proc/self/status", EINVAL},
                 {"/dev/null", EINVAL},
                 {"/", EINVAL},
                 {"/none", ENOENT}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        plan.steps[0].open_namespace.path = wrong[i].path;
        struct plan_message message = test_fail(&plan);
        tap_ok(message.step == 0 && message.error == wrong[i].error,
               "JOIN_NAMESPACE refuses %s as a uts namespace", wrong[i].path);
    }
    kill(keeper, SIGKILL);
    waitpid(keeper, NULL, 0);
}

static void makes_namespaces(void)
{
    struct test_plan plan = {
        .steps = {
            {.op = PLAN_UNSHARE,
             .actor = PLAN_INIT,
             .unshare = {.namespaces = CLONE_NEWUTS | CLONE_NEWIPC}},
            {.op = PLAN_SET_HOSTNAME, .actor = PLAN_INIT, .set_hostname = {.hostname = "host"}},
            {.op = PLAN_SET_DOMAINNAME,
             .actor = PLAN_INIT,
             .set_domainname = {.domainname = "domain"}},
            TEST_SHELL("hostname; cat /proc/sys/kernel/domainname")}};
    char before[65], after[65];

    gethostname(before, sizeof(before));
    tap_text(test_run(&plan).output, "host\ndomain\n", "hostname and domainname are set");
    gethostname(after, sizeof(after));
    tap_text(after, before, "hostname and domainname change only in the new namespace");
}

/* --- the two stages --------------------------------------------------------------------------- */

static void write_map(pid_t pid, const char *name, const char *map)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    test_must(fd >= 0 && write(fd, map, strlen(map)) == (ssize_t) strlen(map), path);
    close(fd);
}

static struct test_plan two_stages(void)
{
    return (struct test_plan){
        .steps = {{.op = PLAN_UNSHARE,
                   .actor = PLAN_FIRST,
                   .flags = PLAN_ANNOUNCE,
                   .signals = PLAN_TOKEN_USER_NAMESPACE,
                   .unshare = {.namespaces = CLONE_NEWUSER}},
                  {.op = PLAN_MAP_IDS, .actor = PLAN_HOST, .signals = PLAN_TOKEN_MAPPED},
                  {.op = PLAN_BECOME_ROOT, .actor = PLAN_FIRST, .wait = 2},
                  {.op = PLAN_CLONE_INIT,
                   .actor = PLAN_FIRST,
                   .flags = PLAN_ANNOUNCE,
                   .signals = PLAN_TOKEN_INIT,
                   .clone_init = {.namespaces = CLONE_NEWPID | CLONE_NEWUTS}},
                  {.op = PLAN_RECORD_INIT, .actor = PLAN_HOST, .signals = PLAN_TOKEN_RECORDED},
                  {.op = PLAN_SET_HOSTNAME,
                   .actor = PLAN_INIT,
                   .wait = 5,
                   .set_hostname = {.hostname = "inside"}},
                  TEST_SHELL("hostname; id -u; id -G; echo $$")}};
}

static void two_stage_clone(void)
{
    struct test_plan plan = two_stages();
    struct test_init init = test_launch(&plan);
    struct plan_message message;

    tap_ok(test_receive(init.socket, &message, NULL) && message.step == 0 && message.error == 0,
           "the first stage creates the user namespace");
    write_map(init.pid, "uid_map", "0 100000 65536\n");
    write_map(init.pid, "gid_map", "0 200000 65536\n");
    test_announce(init.socket, 1, 0, -1);
    tap_ok(test_receive(init.socket, &message, NULL) && message.step == 3 && message.value > 0,
           "the first stage clones INIT and sends its PID");
    int status;
    tap_ok(waitpid(init.pid, &status, 0) == init.pid && test_exited(status, 0),
           "the first stage exits after it has cloned INIT");
    init.pid = (pid_t) message.value;
    tap_ok(!test_is_readable(init.socket), "INIT waits until the host has recorded it");
    test_announce(init.socket, 4, 0, -1);
    struct test_result result = test_finish(&init);
    tap_text(result.output, "inside\n0\n0\n1\n", "INIT is PID 1 and root of its user namespace");
    tap_ok(test_exited(result.status, 0), "INIT is a child of the host");
}

static void unmapped_root(void)
{
    struct test_plan plan = two_stages();
    struct test_init init = test_launch(&plan);
    struct plan_message message;

    test_receive(init.socket, &message, NULL);
    write_map(init.pid, "uid_map", "5 100000 1\n");
    write_map(init.pid, "gid_map", "5 100000 1\n");
    test_announce(init.socket, 1, 0, -1);
    tap_ok(test_receive(init.socket, &message, NULL) && message.step == 2 &&
               message.error == EINVAL,
           "a user namespace that does not map root is reported");
    tap_ok(test_exited(test_finish(&init).status, 1), "the first stage exits after that report");
}

/* --- the network, keys, sessions -------------------------------------------------------------- */

static struct test_plan run_self(struct test_step step, const char *act)
{
    return (struct test_plan){
        .steps = {
            step,
            {.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = own_path}},
            {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},
            {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_LIST("self", act)}},
            TEST_END}};
}

static void sets_loopback_up(void)
{
    struct test_plan plan =
        run_self((struct test_step){.op = PLAN_SET_UMASK, .actor = PLAN_INIT}, "loopback");

    plan.clone_flags = CLONE_NEWNET;
    tap_ok(test_exited(test_run(&plan).status, 1),
           "the loopback device of a new network namespace is down");
    plan.steps[0].op = PLAN_SET_LOOPBACK_UP;
    tap_ok(test_exited(test_run(&plan).status, 0), "the step sets the loopback device up");
}

static void joins_keyring(void)
{
    struct test_plan plan = run_self((struct test_step){.op = PLAN_JOIN_KEYRING,
                                                        .actor = PLAN_INIT,
                                                        .join_keyring = {.keyring = "berth-test"}},
                                     "keyring");
    struct test_result result = test_run(&plan);

    tap_ok(strstr(result.output, ";berth-test") != NULL || strcmp(result.output, "errno 38") == 0,
           "the container gets a session keyring of its own: %s", result.output);
}

static void makes_session(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_NEW_SESSION, .actor = PLAN_INIT},
                  TEST_SHELL("set -- $(cat /proc/$$/stat); [ $6 = $$ ] && [ $5 = $$ ]")}};

    tap_ok(test_exited(test_run(&plan).status, 0), "NEW_SESSION makes INIT a session leader");
    plan.steps[1] = plan.steps[0];
    plan.steps[2] = (struct test_step) TEST_END;
    struct plan_message message = test_fail(&plan);
    tap_ok(message.step == 1 && message.error == EPERM,
           "NEW_SESSION fails in a process that leads a session already");
}
static void verifies_namespaces(void)
{
    char own[64] = "";

    test_must(readlink("/proc/self/ns/uts", own, sizeof(own) - 1) > 0, "readlink");
    struct test_plan plan = {
        .steps = {{.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_PROC},
                  {.op = PLAN_VERIFY_NAMESPACES,
                   .actor = PLAN_INIT,
                   .uses = PLAN_BIT(PLAN_SLOT_PROC),
                   .verify_namespaces = {.links = TEST_LIST(own)}},
                  TEST_SHELL("echo verified")}};

    tap_text(test_run(&plan).output, "verified\n",
             "VERIFY_NAMESPACES accepts the namespaces that the plan names");
    static const struct {
        const char *name;
        int error;
    } wrong[] = {{"uts:[1]", ESTALE},
                 {"ipc:[4026531839]0", ESTALE},
                 {"none:[1]", ENOENT},
                 {"uts", EINVAL},
                 {NULL, EINVAL}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        plan.steps[1].verify_namespaces.links = TEST_LIST(wrong[i].name);
        struct plan_message message = test_fail(&plan);
        tap_ok(message.step == 1 && message.error == wrong[i].error,
               "ends in a namespace other than %s",
               wrong[i].name != NULL ? wrong[i].name : "none at all");
    }
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return strcmp(argv[1], "loopback") == 0 ? is_loopback_up() : print_keyring();
    test_need_root();
    test_must(readlink("/proc/self/exe", own_path, sizeof(own_path) - 1) > 0, "own path");
    joins_namespaces();
    verifies_namespaces();
    makes_namespaces();
    two_stage_clone();
    unmapped_root();
    sets_loopback_up();
    joins_keyring();
    makes_session();
    return tap_end();
}
