/* SPDX-License-Identifier: Apache-2.0 */
/* Filters with a listener: init sends the listener whatever the filter forbids, before init makes a
 * system call that the filter sees. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define CALL BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define UNLESS(number, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, (skip))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define LOAD 4
#define HAND 5
#define UNKNOWN_FLAG (1U << 30)

static const struct sock_filter ask_for_all[] = {RETURN(SECCOMP_RET_USER_NOTIF)};
static const struct sock_filter kill_but_execve[] = {CALL, UNLESS(__NR_execve, 1),
                                                     RETURN(SECCOMP_RET_ERRNO | EXDEV),
                                                     RETURN(SECCOMP_RET_KILL_PROCESS)};

static struct test_plan plan_with_listener(void)
{
    return (struct test_plan){
        .steps = {{.op = PLAN_COMPILE_SECCOMP, .actor = PLAN_HOST, .makes = PLAN_SLOT_SECCOMP},
                  {.op = PLAN_FIND_PROGRAM,
                   .actor = PLAN_INIT,
                   .wait = 1,
                   .find_program = {.program = "/bin/true"}},
                  {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},
                  {.op = PLAN_SET_NO_NEW_PRIVILEGES, .actor = PLAN_INIT},
                  {.op = PLAN_LOAD_SECCOMP,
                   .actor = PLAN_INIT,
                   .flags = PLAN_ANNOUNCE,
                   .uses = PLAN_BIT(PLAN_SLOT_SECCOMP),
                   .makes = PLAN_SLOT_LISTENER,
                   .load_seccomp = {.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER}},
                  {.op = PLAN_HAND_LISTENER,
                   .actor = PLAN_HOST,
                   .uses = PLAN_BIT(PLAN_SLOT_LISTENER),
                   .signals = PLAN_TOKEN_HANDED},
                  {.op = PLAN_EXECUTE,
                   .actor = PLAN_INIT,
                   .wait = HAND + 1,
                   .execute = {.argv = TEST_LIST("true")}},
                  TEST_END},
        .clone_flags = CLONE_NEWPID};
}

static struct test_init launch(const struct test_plan *plan, const struct sock_filter *filter,
                               size_t size)
{
    struct test_init init = test_launch(plan);
    int memfd = test_memfd(filter, size);

    test_announce(init.socket, 0, 0, memfd);
    close(memfd);
    return init;
}

/* Lets all system calls continue until no process is under the filter. Returns their number.
 * *ret_first is the first one. */
static int answer_all(int listener, int *ret_first)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    int count = 0;

    while (poll(&fd, 1, 60000) > 0 && (fd.revents & POLLIN)) {
        struct seccomp_notif call = {0};
        struct seccomp_notif_resp answer = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
            continue;
        if (count++ == 0)
            *ret_first = call.data.nr;
        answer.id = call.id;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    return count;
}

static void hands_over(void)
{
    struct plan_message message;
    const struct test_plan plan = plan_with_listener();
    struct test_init init = launch(&plan, ask_for_all, sizeof(ask_for_all));
    int listener = -1, first = -1;

    tap_ok(test_receive(init.socket, &message, &listener) && message.step == LOAD &&
               message.error == 0 && listener >= 0,
           "the seccomp listener comes with the step's message");
    tap_ok(!test_is_readable(listener),
           "INIT makes no call that the filter notifies before the agent has the listener");
    test_announce(init.socket, HAND, 0, -1);
    int count = answer_all(listener, &first);
    tap_ok(count > 1 && first == __NR_execve,
           "execve(2) is the first of %d notified calls once the agent has the listener", count);
    close(listener);
    tap_ok(test_exited(test_finish(&init).status, 0),
           "the program runs under the notifying filter");
}

static void needs_no_call(void)
{
    struct plan_message message;
    const struct test_plan plan = plan_with_listener();
    struct test_init init = launch(&plan, kill_but_execve, sizeof(kill_but_execve));
    int listener = -1;

    tap_ok(test_receive(init.socket, &message, &listener) && message.error == 0 && listener >= 0,
           "INIT sends the listener even if the filter kills for any call but execve");
    test_announce(init.socket, HAND, 0, -1);
    close(listener);
    struct test_result result = test_finish(&init);
    tap_ok(WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGSYS,
           "that filter applies to the program");
}

static void fails(void)
{
    struct test_plan plan = plan_with_listener();
    struct plan_message message;
    int listener = -1;

    plan.steps[LOAD].load_seccomp.flags |= UNKNOWN_FLAG;
    struct test_init init = launch(&plan, ask_for_all, sizeof(ask_for_all));
    tap_ok(test_receive(init.socket, &message, &listener) && message.step == LOAD &&
               message.error == EINVAL && listener < 0,
           "a filter that the kernel refuses is an error");
    tap_ok(test_exited(test_finish(&init).status, 1),
           "INIT exits when the kernel refuses the filter");
    plan = plan_with_listener();
    init = launch(&plan, ask_for_all, sizeof(ask_for_all));
    test_receive(init.socket, &message, &listener);
    tap_ok(test_exited(test_finish(&init).status, 1),
           "INIT exits when the host is gone while it waits for the agent");
    close(listener);
}

static void is_traced(void)
{
    struct test_plan plan = plan_with_listener();
    struct plan_message message = {0};
    int listener = -1, first;

    plan.trace = true;
    struct test_init init = launch(&plan, ask_for_all, sizeof(ask_for_all));
    for (int i = 0; i < 4; i++)
        test_receive(init.socket, &message, &listener);
    tap_ok(message.step == LOAD && listener >= 0 && message.begin_ns != 0 &&
               message.end_ns >= message.begin_ns,
           "the trace has the times of the seccomp step");
    test_announce(init.socket, HAND, 0, -1);
    answer_all(listener, &first);
    close(listener);
    test_finish(&init);
}

/* A process that may not call exit_group(2) has to end in another way. */
static void ends_without_exit(void)
{
    static const struct sock_filter no_exit[] = {CALL,
                                                 UNLESS(__NR_execve, 1),
                                                 RETURN(SECCOMP_RET_ERRNO | EXDEV),
                                                 UNLESS(__NR_exit_group, 1),
                                                 RETURN(SECCOMP_RET_ERRNO | EPERM),
                                                 RETURN(SECCOMP_RET_ALLOW)};
    struct plan_message message;
    const struct test_plan plan = plan_with_listener();
    struct test_init init = launch(&plan, no_exit, sizeof(no_exit));
    int listener = -1;

    test_receive(init.socket, &message, &listener);
    close(listener);
    test_announce(init.socket, HAND, 0, -1);
    tap_ok(test_receive(init.socket, &message, NULL) && message.error == EXDEV &&
               WIFSIGNALED(test_finish(&init).status),
           "INIT ends as PID 1 even if the filter forbids exit");
}

int main(void)
{
    test_need_root();
    hands_over();
    needs_no_call();
    fails();
    is_traced();
    ends_without_exit();
    return tap_end();
}
