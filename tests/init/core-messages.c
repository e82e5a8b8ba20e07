/* SPDX-License-Identifier: Apache-2.0 */
/* The message loop: order, waits, faults, warnings, the end of the host, traces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define HOSTNAME(name, ...)                                                                        \
    {                                                                                              \
        .op = PLAN_SET_HOSTNAME, .actor = PLAN_INIT, .set_hostname = {.hostname = name},           \
        __VA_ARGS__                                                                                \
    }

static bool is_message(int socket, int step, int error)
{
    struct plan_message message;

    return test_receive(socket, &message, NULL) && message.step == step && message.error == error;
}

static void announces_in_order(void)
{
    struct test_plan plan = {.steps = {HOSTNAME("one", .flags = PLAN_ANNOUNCE), HOSTNAME("two"),
                                       HOSTNAME("three", .flags = PLAN_ANNOUNCE),
                                       TEST_SHELL("hostname; exit 7")},
                             .clone_flags = CLONE_NEWUTS};
    struct test_init init = test_launch(&plan);
    struct plan_message message;

    tap_ok(is_message(init.socket, 0, 0), "the first announced step");
    tap_ok(is_message(init.socket, 2, 0), "a step that need not be announced is not");
    tap_ok(!test_receive(init.socket, &message, NULL), "end of file when the program runs");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "three\n", "the steps have been carried out");
    tap_ok(test_exited(result.status, 7), "the program's exit status");
}

static void waits_for_host(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_MAKE_CGROUP, .actor = PLAN_HOST},
                                       {.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .flags = PLAN_ANNOUNCE, .wait = 2),
                                       TEST_SHELL("exit 0")},
                             .clone_flags = CLONE_NEWUTS};
    struct test_init init = test_launch(&plan);

    tap_ok(!test_is_readable(init.socket), "waits for the host");
    test_announce(init.socket, 0, 0, -1);
    tap_ok(!test_is_readable(init.socket), "an earlier step is not enough");
    test_announce(init.socket, 1, 0, -1);
    tap_ok(is_message(init.socket, 2, 0), "goes on when the host has announced the step");
    tap_ok(test_exited(test_finish(&init).status, 0), "and to the end");

    init = test_launch(&plan);
    test_announce(init.socket, 1, 0, -1);
    tap_ok(is_message(init.socket, 2, 0), "a later step stands for the earlier ones");
    test_finish(&init);
}

static void fails_at_step(void)
{
    struct test_plan plan = {
        .steps = {HOSTNAME("a"), HOSTNAME("b"), HOSTNAME("c"), TEST_SHELL("hostname")},
        .clone_flags = CLONE_NEWUTS,
        .fault_errno = EXDEV};

    for (int i = 0; i < 6; i++) {
        plan.fault = i + 1;
        struct test_init init = test_launch(&plan);
        tap_ok(is_message(init.socket, i, EXDEV), "step %d fails as it is told to", i);
        struct test_result result = test_finish(&init);
        tap_ok(test_exited(result.status, 1) && result.output[0] == '\0', "and ends the init");
    }
    plan.fault = 2;
    plan.steps[1].flags = PLAN_OPTIONAL;
    struct test_init init = test_launch(&plan);
    tap_ok(is_message(init.socket, 1, EXDEV), "an optional step that fails is a warning");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "c\n", "and the rest is carried out");
    tap_ok(test_exited(result.status, 0), "to the end");
}

static void real_failure(void)
{
    struct test_plan plan = {.steps = {HOSTNAME("a name of more than sixty-four bytes is none that "
                                                "sethostname(2) takes"),
                                       TEST_SHELL("exit 0")},
                             .clone_flags = CLONE_NEWUTS};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 0 && message.error == EINVAL, "the kernel's errno is the message's");
}

static void ends_with_host(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .wait = 1),
                                       TEST_SHELL("echo runs")},
                             .clone_flags = CLONE_NEWUTS};
    struct test_init init = test_launch(&plan);

    tap_ok(!test_is_readable(init.socket), "waits");
    shutdown(init.socket, SHUT_RDWR);
    struct test_result result = test_finish(&init);
    tap_ok(test_exited(result.status, 1) && result.output[0] == '\0', "ends when the host does");

    init = test_launch(&plan);
    test_announce(init.socket, 0, EIO, -1);
    result = test_finish(&init);
    tap_ok(test_exited(result.status, 1) && result.output[0] == '\0', "ends when the host fails");

    plan.steps[0].flags = PLAN_OPTIONAL;
    init = test_launch(&plan);
    test_announce(init.socket, 0, EIO, -1);
    result = test_finish(&init);
    tap_text(result.output, "runs\n", "goes on when an optional step of the host's fails");

    init = test_launch(&plan);
    test_announce(init.socket, 1000, 0, -1);
    tap_ok(test_exited(test_finish(&init).status, 1), "ends when the host talks nonsense");

    plan.steps[1].flags = PLAN_ANNOUNCE;
    plan.steps[1].wait = 0;
    plan.steps[2].wait = 1;
    init = test_launch(&plan);
    shutdown(init.socket, SHUT_RDWR);
    tap_ok(test_exited(test_finish(&init).status, 1), "ends when nobody hears it");
}

static void traces(void)
{
    struct test_plan plan = {.steps = {HOSTNAME("a"), HOSTNAME("b"), TEST_SHELL("exit 0")},
                             .clone_flags = CLONE_NEWUTS,
                             .trace = true};
    struct test_init init = test_launch(&plan);
    struct plan_message message;
    uint64_t last = 1;
    int step = 0;

    for (; test_receive(init.socket, &message, NULL); step++) {
        tap_ok(message.step == step && message.error == 0, "step %d is announced", step);
        tap_ok(last <= message.begin_ns && message.begin_ns <= message.end_ns, "with its times");
        last = message.end_ns;
    }
    tap_ok(step == 4, "all steps but the last, which does not return");
    test_finish(&init);
}

/* A mount goes to the host, which maps it for a user namespace, and comes back. */
static void hands_mounts_over(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_MAKE_MOUNT,
                   .actor = PLAN_INIT,
                   .flags = PLAN_ANNOUNCE,
                   .makes = PLAN_SLOT_SOURCE_1,
                   .make_mount = {.type = "tmpfs", .source = "tmpfs"}},
                  {.op = PLAN_MAP_MOUNT,
                   .actor = PLAN_HOST,
                   .makes = PLAN_SLOT_SOURCE_1,
                   .map_mount = {.mount = PLAN_SLOT_SOURCE_1, .id_map = PLAN_SLOT_ID_MAP_0}},
                  {.op = PLAN_SET_MOUNT_ATTRIBUTES,
                   .actor = PLAN_INIT,
                   .flags = PLAN_ANNOUNCE,
                   .wait = 2,
                   .set_mount_attributes = {.mount = PLAN_SLOT_SOURCE_1}},
                  {.op = PLAN_MAP_MOUNT,
                   .actor = PLAN_INIT,
                   .map_mount = {.mount = PLAN_SLOT_SOURCE_1, .id_map = PLAN_SLOT_ID_MAP_0}},
                  TEST_END},
        .clone_flags = CLONE_NEWNS};
    struct test_init init = test_launch(&plan);
    struct plan_message message;
    int fd = -1;

    tap_ok(test_receive(init.socket, &message, &fd) && message.step == 0 && fd >= 0,
           "a mount that the host uses goes there");
    test_announce(init.socket, 1, 0, fd);
    close(fd);
    tap_ok(is_message(init.socket, 2, 0), "and comes back");
    tap_ok(is_message(init.socket, 3, EBADF), "without a user namespace nothing is mapped");
    test_finish(&init);
}

/* A copy in init would outlive the host's descriptor. */
static void keeps_no_copy(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_OPEN_NAMESPACE,
                   .actor = PLAN_INIT,
                   .flags = PLAN_ANNOUNCE,
                   .makes = PLAN_SLOT_NETWORK,
                   .open_namespace = {.path = "/proc/self/ns/net", .type = CLONE_NEWNET}},
                  {.op = PLAN_JOIN_NAMESPACE,
                   .actor = PLAN_INIT,
                   .join_namespace = {.namespace = PLAN_SLOT_NETWORK, .type = CLONE_NEWNET}},
                  TEST_END}};
    struct test_init init = test_launch(&plan);
    struct plan_message message;
    int fd = -1;

    tap_ok(test_receive(init.socket, &message, &fd) && message.step == 0 && fd >= 0,
           "a namespace goes to the host");
    close(fd);
    tap_ok(is_message(init.socket, 1, EBADF), "and is not open here any more");
    test_finish(&init);
}

static void rejects_what_is_no_plan(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_OPS, .actor = PLAN_INIT}, TEST_END}};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 0 && message.error == ENOSYS, "a step that does not exist");
    plan.steps[0].op = PLAN_COMMIT;
    message = test_fail(&plan);
    tap_ok(message.step == 0 && message.error == ENOSYS, "a step of the host's");
    plan.steps[0] = (struct test_step) TEST_END;
    struct test_result result = test_run(&plan);
    tap_ok(test_exited(result.status, 1), "a plan that does not end in EXECUTE");
}

static void become_nobody(void)
{
    test_must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0, "setuid");
}

static uid_t owner_in_proc(const struct test_init *init)
{
    char path[64];
    struct stat status = {0};

    snprintf(path, sizeof(path), "/proc/%d/uid_map", init->pid);
    test_must(stat(path, &status) == 0, path);
    return status.st_uid;
}

/* CVE-2016-9962: other users must not trace init. */
static void hides_itself(void)
{
    struct test_plan plan = {.steps = {HOSTNAME("x", .flags = PLAN_ANNOUNCE | PLAN_OPTIONAL),
                                       {.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .wait = 2),
                                       TEST_END},
                             .prepare = become_nobody};
    struct test_init init = test_launch(&plan);

    tap_ok(is_message(init.socket, 0, EPERM), "an ordinary user's init");
    tap_ok(owner_in_proc(&init) == 0, "cannot be traced");
    test_finish(&init);

    plan.steps[0] = (struct test_step){.op = PLAN_UNSHARE,
                                       .actor = PLAN_INIT,
                                       .flags = PLAN_ANNOUNCE,
                                       .signals = PLAN_TOKEN_USER_NAMESPACE,
                                       .unshare = {.namespaces = CLONE_NEWUSER}};
    init = test_launch(&plan);
    tap_ok(is_message(init.socket, 0, 0), "an ordinary user's init makes a user namespace");
    tap_ok(owner_in_proc(&init) == 65534, "whose ids the user can map");
    test_finish(&init);
}

int main(void)
{
    test_need_root();
    announces_in_order();
    waits_for_host();
    fails_at_step();
    real_failure();
    ends_with_host();
    traces();
    hands_mounts_over();
    keeps_no_copy();
    rejects_what_is_no_plan();
    hides_itself();
    return tap_end();
}
