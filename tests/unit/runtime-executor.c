/* SPDX-License-Identifier: Apache-2.0 */
/* The host's part of a plan against a fake init: order, waits, failures, end of file. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "explain/explain.h"
#include "launch/executor.h"
#include "tap-error.h"
#include "tap.h"

#define STEPS 6

/* The steps of the test's plan, laid out as in memory. */
struct sample {
    struct plan_header header;
    struct plan_step steps[STEPS];
    char texts[64];
};

enum { AT_PLACE = offsetof(struct sample, texts) };
#define PLACE "process.args[0]"
#define PROGRAM "no-such"

static struct sample sample_plan(void)
{
    struct sample plan = {
        .header = {.magic = PLAN_MAGIC,
                   .size = sizeof(plan),
                   .step_count = STEPS,
                   .steps = offsetof(struct sample, steps),
                   .fault_step = PLAN_NONE},
        .steps =
            {
                [0] = {.op = PLAN_SAVE_STATE,
                       .actor = PLAN_HOST,
                       .makes = PLAN_NONE,
                       .wait = PLAN_NONE},
                [1] = {.op = PLAN_OPEN_HOOK_OUTPUT,
                       .actor = PLAN_HOST,
                       .flags = PLAN_ANNOUNCE,
                       .makes = PLAN_SLOT_HOOK_OUTPUT,
                       .wait = PLAN_NONE},
                [2] = {.op = PLAN_FIND_PROGRAM,
                       .actor = PLAN_INIT,
                       .flags = PLAN_ANNOUNCE,
                       .makes = PLAN_NONE,
                       .signals = PLAN_TOKEN_READY,
                       .wait = 1},
                [3] = {.op = PLAN_COMMIT,
                       .actor = PLAN_HOST,
                       .flags = PLAN_ANNOUNCE,
                       .makes = PLAN_NONE,
                       .signals = PLAN_TOKEN_COMMITTED,
                       .wait = 2},
                [4] = {.op = PLAN_CLOSE_DESCRIPTORS,
                       .actor = PLAN_INIT,
                       .flags = PLAN_ANNOUNCE,
                       .makes = PLAN_NONE,
                       .wait = 3},
                [5] =
                    {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .makes = PLAN_NONE, .wait = PLAN_NONE},
            },
        .texts = PLACE "\0" PROGRAM,
    };

    plan.steps[2].place.at = plan.steps[5].place.at = AT_PLACE;
    plan.steps[2].find_program.program.at = plan.steps[5].execute.program.at =
        AT_PLACE + sizeof(PLACE);
    return plan;
}

struct play {
    struct arena arena;
    struct sample plan;
    struct executor executor;
    struct error error;
    int far;
    int done; /* how many of the host's steps have been carried out */
};

static int count_step(struct executor *executor, const struct plan_step *step)
{
    struct play *play = executor->context;

    if (step->op == PLAN_OPEN_HOOK_OUTPUT)
        executor->slot[PLAN_SLOT_HOOK_OUTPUT] = dup(STDIN_FILENO);
    play->done++;
    return 0;
}

static int no_room(struct executor *executor, const struct plan_step *step)
{
    (void) executor;
    (void) step;
    return -ENOSPC;
}

static int no_unit(struct executor *executor, const struct plan_step *step)
{
    (void) step;
    return error_set(executor->error, ENOENT, "set properties of the unit: not found");
}

static int interrupted(struct executor *executor, const struct plan_step *step)
{
    (void) step;
    return error_set(executor->error, EINTR, "interrupted by signal 2");
}

static void begin(struct play *play)
{
    static executor_handler *const handlers[PLAN_OPS] = {[PLAN_SAVE_STATE] = count_step,
                                                         [PLAN_OPEN_HOOK_OUTPUT] = count_step,
                                                         [PLAN_COMMIT] = count_step};

    *play = (struct play){.plan = sample_plan()};
    play->executor = executor_of(&play->arena, &play->plan.header, &play->error);
    play->executor.handlers = handlers;
    play->executor.context = play;
    sys_socket_pair(&play->executor.socket, &play->far);
}

static void end(struct play *play)
{
    executor_close(&play->executor);
    fd_close(&play->far);
    arena_free(&play->arena);
}

static void say(struct play *play, int step, int error)
{
    struct plan_message message = {.step = step, .error = error};

    sys_socket_send(play->far, &message, sizeof(message), -1);
}

/* Receives the host's next message. Returns its step, and whether a descriptor came with it. */
static int hear(struct play *play, bool *ret_passed)
{
    struct plan_message message = {.step = -9};
    int passed = -1;

    sys_socket_receive(play->far, &message, sizeof(message), &passed);
    *ret_passed = passed >= 0;
    fd_close(&passed);
    return message.step;
}

static void test_success(void)
{
    struct play play;
    bool passed;

    begin(&play);
    say(&play, 2, 0);
    tap_ok(executor_run(&play.executor) == 0 && play.done == 3,
           "the executor carries out all steps of the host");
    tap_ok(hear(&play, &passed) == 1 && passed,
           "the executor announces a new descriptor and passes it");
    tap_ok(hear(&play, &passed) == 3 && !passed, "the executor announces a signalled token");
    say(&play, 4, 0);
    fd_close(&play.far);
    tap_ok(executor_run_until_exec(&play.executor) == 0,
           "end of file after the last step means success");
    end(&play);
}

static int open_source(struct executor *executor, const struct plan_step *step)
{
    return executor_fill(executor, step, dup(STDIN_FILENO));
}

static void test_source(void)
{
    static executor_handler *const handlers[PLAN_OPS] = {
        [PLAN_SAVE_STATE] = count_step, [PLAN_OPEN_TREE] = open_source, [PLAN_COMMIT] = count_step};
    struct play play;
    bool passed;

    begin(&play);
    play.executor.handlers = handlers;
    play.plan.steps[1].op = PLAN_OPEN_TREE;
    play.plan.steps[1].makes = PLAN_SLOT_SOURCE_2;
    say(&play, 2, 0);
    tap_ok(executor_run(&play.executor) == 0 && hear(&play, &passed) == 1 && passed,
           "the executor passes a mount to INIT");
    tap_ok(play.executor.slot[PLAN_SLOT_SOURCE_2] == -1,
           "the executor closes a mount that it has passed");
    end(&play);
}

static void test_unread(void)
{
    struct play play;

    begin(&play);
    say(&play, 2, 0);
    executor_run(&play.executor);
    say(&play, 4, 0);
    fd_close(&play.far); /* two messages of the host are unread: ECONNRESET comes first */
    tap_ok(executor_run_until_exec(&play.executor) == 0,
           "messages that INIT has not read do no harm");
    end(&play);
}

static void test_failure(void)
{
    struct play play;

    begin(&play);
    say(&play, 2, ENOENT);
    fd_close(&play.far);
    tap_ok(executor_run(&play.executor) == -ENOENT && play.done <= 2,
           "a failing step of INIT ends the plan");
    tap_text(tap_error(&play.error),
             PLACE ": exec: \"" PROGRAM "\": executable file not found in $PATH",
             "the error has the words that callers of runc know");
    tap_ok(play.error.exit_status == 127,
           "the error has the exit status that callers of runc know");
    end(&play);
}

static void test_failed_exec(void)
{
    struct play play;

    begin(&play);
    say(&play, 2, 0);
    executor_run(&play.executor);
    say(&play, 4, 0);
    say(&play, 5, EACCES);
    fd_close(&play.far);
    tap_ok(executor_run_until_exec(&play.executor) == -EACCES, "a failing execve ends the plan");
    tap_text(tap_error(&play.error), PLACE ": exec: \"" PROGRAM "\": permission denied",
             "the error of a failing execve names the program");
    tap_ok(play.error.exit_status == 126, "a failing execve gives exit status 126");
    end(&play);
}

static void test_end_of_file(void)
{
    struct play play;

    begin(&play);
    fd_close(&play.far);
    tap_ok(executor_run(&play.executor) == -ECONNRESET,
           "end of file before the last step is an error");
    tap_ok(strstr(tap_error(&play.error), PLACE ": the container's init ended") != NULL,
           "that error names the next step: %s", tap_error(&play.error));
    end(&play);
    begin(&play);
    say(&play, 2, 0);
    executor_run(&play.executor);
    fd_close(&play.far);
    tap_ok(executor_run_until_exec(&play.executor) == -ECONNRESET,
           "end of file before execve is an error");
    end(&play);
}

/* Returns a pidfd of a child that exits at once. */
static int pidfd_of_dead(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(1);
    int pidfd = sys_pidfd_open(pid);
    sys_pidfd_wait(pidfd, -1);
    return pidfd;
}

static void test_dead_first_stage(void)
{
    struct play play;
    AUTO_FD pidfd = pidfd_of_dead();

    alarm(240);
    begin(&play);
    play.executor.pidfd = pidfd;
    play.executor.is_parent = true;
    tap_ok(executor_run(&play.executor) == -ECONNRESET,
           "the exit of the launched process ends the wait while another holds its socket");
    tap_ok(strstr(tap_error(&play.error), "ended with status 1") != NULL,
           "that error says how the process ended: %s", tap_error(&play.error));
    end(&play);
    begin(&play);
    play.executor.pidfd = pidfd;
    say(&play, 2, 0);
    say(&play, 4, 0);
    tap_ok(executor_run(&play.executor) == 0 && executor_run_until_exec(&play.executor) == 0,
           "messages sent before the process ended count");
    end(&play);
    alarm(0);
}

static void test_nonsense(void)
{
    static const int steps[] = {-1, STEPS, 1, INT32_MAX};
    struct play play;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        begin(&play);
        say(&play, steps[i], 0);
        tap_ok(executor_run(&play.executor) == -EPROTO, "a message about step %d is refused",
               steps[i]);
        end(&play);
    }
    static const int errors[] = {-1, 4096, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        begin(&play);
        say(&play, 2, errors[i]);
        tap_ok(executor_run(&play.executor) == -EPROTO, "a message with errno %d is refused",
               errors[i]);
        end(&play);
    }
    static const int64_t pids[] = {0, -1, INT32_MIN, INT64_MAX, (int64_t) INT32_MAX + 1};
    for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
        struct plan_message message = {.step = 2, .value = pids[i]};

        begin(&play);
        play.plan.steps[2].op = PLAN_CLONE_INIT;
        play.plan.steps[2].actor = PLAN_FIRST;
        sys_socket_send(play.far, &message, sizeof(message), -1);
        tap_ok(executor_run(&play.executor) == -EPROTO && play.executor.init_pid == 0,
               "a message with PID %lld is refused", (long long) pids[i]);
        end(&play);
    }
    begin(&play);
    sys_socket_send(play.far, "short", 5, -1);
    tap_ok(executor_run(&play.executor) == -EPROTO, "a message that is too short is refused");
    end(&play);
}

static void test_fault(void)
{
    struct play play;

    begin(&play);
    play.plan.header.fault_step = 1;
    play.plan.header.fault_errno = ENOSPC;
    tap_ok(executor_run(&play.executor) == -ENOSPC && play.done == 1,
           "--fault makes a host step fail");
    tap_text(tap_error(&play.error),
             "open a place for the output of hooks: no space left on device",
             "that error has the step's words");
    end(&play);
}

static void test_unknown(void)
{
    static executor_handler *const handlers[PLAN_OPS] = {[PLAN_SAVE_STATE] = count_step};
    struct play play;

    begin(&play);
    play.executor.handlers = handlers;
    say(&play, 2, 0);
    tap_ok(executor_run(&play.executor) == -ENOSYS && play.done == 1,
           "a step without a handler fails");
    end(&play);
}

static void test_better_news(void)
{
    static executor_handler *const handlers[PLAN_OPS] = {
        [PLAN_SAVE_STATE] = count_step, [PLAN_OPEN_HOOK_OUTPUT] = no_room};
    struct play play;

    begin(&play);
    play.executor.handlers = handlers;
    say(&play, 2, ENOENT);
    tap_ok(executor_run(&play.executor) == -ENOENT,
           "INIT's error takes precedence over the host's own");
    end(&play);
}

/* Runs a plan whose second host step is `handler`. Meanwhile init fails with `error`, or just
 * ends. */
static int run_failing(struct play *play, executor_handler *handler, int error)
{
    static executor_handler *handlers[PLAN_OPS] = {[PLAN_SAVE_STATE] = count_step};

    begin(play);
    handlers[PLAN_OPEN_HOOK_OUTPUT] = handler;
    play->executor.handlers = (executor_handler *const *) handlers;
    if (error != 0)
        say(play, 2, error);
    fd_close(&play->far);
    return executor_run(&play->executor);
}

static void test_words_of_both(void)
{
    struct play play;

    tap_ok(run_failing(&play, no_unit, EACCES) == -EACCES,
           "a host error with a hint gives way to INIT's error, too");
    tap_text(tap_error(&play.error), PLACE ": exec: \"" PROGRAM "\": permission denied",
             "the error has INIT's words");
    end(&play);
    tap_ok(run_failing(&play, no_unit, 0) == -ECONNRESET,
           "a missing cgroup gives way to the exit of INIT");
    end(&play);
    tap_ok(run_failing(&play, no_room, 0) == -ENOSPC,
           "another host error does not give way to the exit of INIT");
    end(&play);
    tap_ok(run_failing(&play, interrupted, EACCES) == -EINTR,
           "an interruption does not give way to the exit of INIT");
    tap_text(tap_error(&play.error), "interrupted by signal 2", "the interruption keeps its words");
    end(&play);
}

static void test_optional(void)
{
    struct play play;

    begin(&play);
    play.plan.steps[2].flags |= PLAN_OPTIONAL;
    say(&play, 2, EPERM);
    tap_ok(executor_run(&play.executor) == 0 && play.error.number == 0,
           "the failure of an optional step is only a warning");
    end(&play);
}

static void test_hook_words(void)
{
    AUTO_ARENA arena = {0};
    struct error error = {0};
    struct failed_hook hook = {"hooks.prestart[0]", "run the hook /h", EIO, 3 << 8, -1};

    tap_ok(explain_hook(&arena, &hook, &error) == -EIO, "a failing hook ends the plan");
    tap_text(tap_error(&error),
             "hooks.prestart[0]: error running prestart hook #0: run the hook /h: exit status 3",
             "the error has the hook's exit status");
    hook.wait_status = 9;
    explain_hook(&arena, &hook, &error);
    tap_text(tap_error(&error),
             "hooks.prestart[0]: error running prestart hook #0: run the hook /h: killed by signal "
             "9 (Killed)",
             "the error has the hook's signal");
    hook.number = ENOENT;
    explain_hook(&arena, &hook, &error);
    tap_text(tap_error(&error),
             "hooks.prestart[0]: error running prestart hook #0: run the hook /h: no such file or "
             "directory",
             "the error says that the hook does not exist");
}

int main(void)
{
    test_success();
    test_source();
    test_unread();
    test_failure();
    test_failed_exec();
    test_end_of_file();
    test_dead_first_stage();
    test_nonsense();
    test_fault();
    test_unknown();
    test_better_news();
    test_words_of_both();
    test_optional();
    test_hook_words();
    return tap_end();
}
