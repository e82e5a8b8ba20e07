/* SPDX-License-Identifier: Apache-2.0 */
/* The message loop: order, waits, faults, warnings, the end of the host, traces. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

    tap_ok(is_message(init.socket, 0, 0), "INIT announces the first step that asks for it");
    tap_ok(is_message(init.socket, 2, 0), "INIT does not announce a step that does not ask for it");
    tap_ok(!test_receive(init.socket, &message, NULL),
           "the host sees end of file when the program runs");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "three\n", "INIT has carried out its steps");
    tap_ok(test_exited(result.status, 7), "the program's exit status reaches the host");
}

static void waits_for_host(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_MAKE_CGROUP, .actor = PLAN_HOST},
                                       {.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .flags = PLAN_ANNOUNCE, .wait = 2),
                                       TEST_SHELL("exit 0")},
                             .clone_flags = CLONE_NEWUTS};
    struct test_init init = test_launch(&plan);

    tap_ok(!test_is_readable(init.socket), "INIT waits for the host's step");
    test_announce(init.socket, 0, 0, -1);
    tap_ok(!test_is_readable(init.socket), "INIT does not go on after an earlier step");
    test_announce(init.socket, 1, 0, -1);
    tap_ok(is_message(init.socket, 2, 0), "INIT goes on when the host has announced the step");
    tap_ok(test_exited(test_finish(&init).status, 0),
           "INIT carries the plan out to its end after the wait");

    init = test_launch(&plan);
    test_announce(init.socket, 1, 0, -1);
    tap_ok(is_message(init.socket, 2, 0),
           "the announcement of a later step covers the earlier ones");
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
        tap_ok(is_message(init.socket, i, EXDEV), "--fault makes step %d fail", i);
        struct test_result result = test_finish(&init);
        tap_ok(test_exited(result.status, 1) && result.output[0] == '\0',
               "the failed step ends INIT");
    }
    plan.fault = 2;
    plan.steps[1].flags = PLAN_OPTIONAL;
    struct test_init init = test_launch(&plan);
    tap_ok(is_message(init.socket, 1, EXDEV),
           "the failure of an optional step is sent to the host");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "c\n", "the steps after a failed optional one are carried out");
    tap_ok(test_exited(result.status, 0), "a failed optional step does not change the exit status");
}

static void real_failure(void)
{
    struct test_plan plan = {.steps = {HOSTNAME("a name of more than sixty-four bytes is none that "
                                                "sethostname(2) takes"),
                                       TEST_SHELL("exit 0")},
                             .clone_flags = CLONE_NEWUTS};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 0 && message.error == EINVAL, "the message has the kernel's errno");
}

static void ends_with_host(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .wait = 1),
                                       TEST_SHELL("echo runs")},
                             .clone_flags = CLONE_NEWUTS};
    struct test_init init = test_launch(&plan);

    tap_ok(!test_is_readable(init.socket), "INIT waits while the host lives");
    shutdown(init.socket, SHUT_RDWR);
    struct test_result result = test_finish(&init);
    tap_ok(test_exited(result.status, 1) && result.output[0] == '\0',
           "INIT exits when the host exits");

    init = test_launch(&plan);
    test_announce(init.socket, 0, EIO, -1);
    result = test_finish(&init);
    tap_ok(test_exited(result.status, 1) && result.output[0] == '\0',
           "INIT exits when the host's step fails");

    plan.steps[0].flags = PLAN_OPTIONAL;
    init = test_launch(&plan);
    test_announce(init.socket, 0, EIO, -1);
    result = test_finish(&init);
    tap_text(result.output, "runs\n", "INIT goes on when an optional step of the host fails");

    init = test_launch(&plan);
    test_announce(init.socket, 1000, 0, -1);
    tap_ok(test_exited(test_finish(&init).status, 1), "INIT exits after a malformed message");

    plan.steps[1].flags = PLAN_ANNOUNCE;
    plan.steps[1].wait = 0;
    plan.steps[2].wait = 1;
    init = test_launch(&plan);
    shutdown(init.socket, SHUT_RDWR);
    tap_ok(test_exited(test_finish(&init).status, 1),
           "INIT exits when nobody receives its messages");
}

static void refuse_recvmsg(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_recvmsg, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    test_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
              "seccomp");
}

/* The host may have heard init's last announcement, after which the end of init would look like
 * execve(2). */
static void cannot_listen(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_COMMIT, .actor = PLAN_HOST},
                                       HOSTNAME("x", .wait = 1),
                                       TEST_SHELL("echo runs")},
                             .clone_flags = CLONE_NEWUTS,
                             .prepare = refuse_recvmsg};
    struct test_init init = test_launch(&plan);

    tap_ok(is_message(init.socket, 1, ENOMEM), "INIT reports that it cannot receive from the host");
    struct test_result result = test_finish(&init);
    tap_ok(test_exited(result.status, 1) && result.output[0] == '\0',
           "INIT exits when it cannot receive from the host");
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
        tap_ok(message.step == step && message.error == 0, "with a trace, step %d is announced",
               step);
        tap_ok(last <= message.begin_ns && message.begin_ns <= message.end_ns,
               "an announcement has the step's start and end");
        last = message.end_ns;
    }
    tap_ok(step == 4, "with a trace, every step but EXECUTE is announced");
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
           "INIT sends a mount that the host uses to the host");
    test_announce(init.socket, 1, 0, fd);
    close(fd);
    tap_ok(is_message(init.socket, 2, 0), "INIT receives the mount back from the host");
    tap_ok(is_message(init.socket, 3, EBADF), "without a user namespace the mount has no ID map");
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
           "INIT sends a namespace to the host");
    close(fd);
    tap_ok(is_message(init.socket, 1, EBADF), "INIT closes a namespace that it has sent");
    test_finish(&init);
}

static void rejects_what_is_no_plan(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_OPS, .actor = PLAN_INIT}, TEST_END}};
    struct plan_message message = test_fail(&plan);

    tap_ok(message.step == 0 && message.error == ENOSYS,
           "INIT refuses a plan with an unknown operation");
    plan.steps[0].op = PLAN_COMMIT;
    message = test_fail(&plan);
    tap_ok(message.step == 0 && message.error == ENOSYS,
           "INIT refuses a plan that gives it a step of the host");
    plan.steps[0] = (struct test_step) TEST_END;
    struct test_result result = test_run(&plan);
    tap_ok(test_exited(result.status, 1), "INIT refuses a plan that does not end in EXECUTE");
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

    tap_ok(is_message(init.socket, 0, EPERM), "the INIT of an unprivileged user starts");
    tap_ok(owner_in_proc(&init) == 0, "the INIT of an unprivileged user cannot be traced");
    test_finish(&init);

    plan.steps[0] = (struct test_step){.op = PLAN_UNSHARE,
                                       .actor = PLAN_INIT,
                                       .flags = PLAN_ANNOUNCE,
                                       .signals = PLAN_TOKEN_USER_NAMESPACE,
                                       .unshare = {.namespaces = CLONE_NEWUSER}};
    init = test_launch(&plan);
    tap_ok(is_message(init.socket, 0, 0),
           "the INIT of an unprivileged user creates a user namespace");
    tap_ok(owner_in_proc(&init) == 65534,
           "the unprivileged user can write the ID maps of that namespace");
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
    cannot_listen();
    traces();
    hands_mounts_over();
    keeps_no_copy();
    rejects_what_is_no_plan();
    hides_itself();
    return tap_end();
}
