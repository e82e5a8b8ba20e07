/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/plan/check.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/socket.h"
#include "launch/destroy.h"
#include "launch/executor.h"
#include "launch/hook.h"
#include "launch/listener.h"
#include "launch/notify.h"

struct starting {
    struct state state;
    struct executor executor;
    int notify; /* notify_open, or -1 */
};

static int check_status(struct state *state, struct error *error)
{
    enum spec_status status = state_status(state);

    switch (status) {
    case SPEC_STATUS_NONE:
        return state_not_running(state, status, error);
    case SPEC_STATUS_CREATED:
        return 0;
    case SPEC_STATUS_RUNNING:
        return error_set(error, EBUSY, "container \"%s\" is running already", state->id);
    case SPEC_STATUS_PAUSED:
        return error_set(error, EBUSY, "cannot start container \"%s\": it is paused", state->id);
    default:
        return error_set(error, ESRCH, "cannot start container \"%s\": it has stopped", state->id);
    }
}

static int hand_listener(struct executor *executor, const struct plan_step *step)
{
    struct starting *starting = executor->context;

    const struct listener_process process = {&starting->state, SPEC_STATUS_CREATED,
                                             starting->state.pid};

    return listener_hand(executor, step, &process);
}

static int find_step(const struct plan_header *plan, enum plan_op op)
{
    for (int i = 0; i < (int) plan->step_count; i++)
        if (plan_steps(plan)[i].op == op)
            return i;
    return PLAN_NONE;
}

static int has_nothing_to_start(const struct state *state, struct error *error)
{
    return error_set(error, EINVAL,
                     "container \"%s\" has no process to start: its config has no \"process\"",
                     state->id);
}

static int read_plan(struct starting *starting, struct error *error)
{
    static executor_handler *const handlers[PLAN_OPS] = {
        [PLAN_CONNECT_AGENT] = listener_connect,
        [PLAN_HAND_LISTENER] = hand_listener,
    };
    struct state *state = &starting->state;
    char *bytes;
    size_t size;

    if (state_is_pod(state))
        return has_nothing_to_start(state, error);
    int result = file_read(state->arena, state->dir, STATE_PLAN, &bytes, &size);

    if (result < 0) {
        error_errno(error, -result, "read the plan of container \"%s\"", state->id);
        return error_cause(error, "%s", file_read_error(-result));
    }
    const struct plan_header *plan = (const struct plan_header *) bytes;
    if (size >= sizeof(*plan) && plan->magic != PLAN_MAGIC) {
        error_set(error, EPROTO,
                  "cannot start container \"%s\": another version of berth has created it",
                  state->id);
        return error_hint(error, "delete it and create it again, or start it with that version");
    }
    TRY(plan_check(plan, size, error));
    if (find_step(plan, PLAN_EXECUTE) == PLAN_NONE)
        return has_nothing_to_start(state, error);
    starting->executor = executor_of(state->arena, plan, error);
    starting->executor.handlers = handlers;
    starting->executor.context = starting;
    starting->executor.heard = find_step(plan, PLAN_AWAIT_START);
    return 0;
}

/* The container has a socket for sd_notify(3) if `create` had a NOTIFY_SOCKET. This command may
 * have one too. */
static int open_notify(struct starting *starting, struct error *error)
{
    if (text_environment("NOTIFY_SOCKET") == NULL ||
        file_access(starting->state.dir, STATE_NOTIFY_DIR, F_OK) < 0)
        return 0;
    return notify_open(starting->state.dir, &starting->notify, error);
}

static int connect_init(struct starting *starting, struct error *error)
{
    struct executor *executor = &starting->executor;

    executor->pidfd = state_open_process(&starting->state);
    if (executor->pidfd < 0 && executor->pidfd != -ESRCH)
        return state_process_error(&starting->state, -executor->pidfd, error);
    executor->socket = executor->pidfd < 0 ? executor->pidfd
                                           : sys_socket_connect(starting->state.dir,
                                                                STATE_START_SOCKET, SOCK_SEQPACKET);
    if (executor->socket == -ECONNREFUSED || executor->pidfd == -ESRCH)
        return error_set(error, ESRCH, "cannot start container \"%s\": it has stopped",
                         starting->state.id);
    if (executor->socket < 0)
        return error_errno(error, -executor->socket, "reach the init of container \"%s\"",
                           starting->state.id);
    return 0;
}

/* runtime.md, "Lifecycle": a container that cannot be started is destroyed. */
static int give_up(struct starting *starting, struct error *error)
{
    struct error ignored = {0};

    if (destroy_container(&starting->state, &ignored) < 0)
        log_ignored(&ignored);
    return -error->number;
}

static int run_start_steps(struct starting *starting, struct error *error)
{
    struct state *state = &starting->state;

    TRY(connect_init(starting, error));
    if (renameat(state->dir, STATE_START_SOCKET, state->dir, STATE_STARTING_SOCKET) < 0) {
        error_errno(error, errno, "write down that container \"%s\" starts", state->id);
        return give_up(starting, error);
    }
    int result = executor_run(&starting->executor);
    if (result == 0)
        result = executor_run_until_exec(&starting->executor);
    error->exit_status = 0;
    if (result < 0)
        return give_up(starting, error);
    unlinkat(state->dir, STATE_STARTING_SOCKET, 0);
    state_unlock(state);
    if (hook_run_poststart(state, error) < 0)
        return state_relock(state) == -ENOENT ? -error->number : give_up(starting, error);
    if (starting->notify >= 0)
        notify_wait(starting->notify, starting->executor.pidfd, state->pid);
    return 0;
}

static int start(struct starting *starting, struct error *error)
{
    TRY(state_open_locked(&starting->state, error));
    TRY(check_status(&starting->state, error));
    TRY(read_plan(starting, error));
    TRY(open_notify(starting, error));
    int result = run_start_steps(starting, error);
    executor_close(&starting->executor);
    fd_close(&starting->executor.pidfd);
    return result;
}

int runtime_start(const struct runtime_options *options, const char *id, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct starting starting = {.state = state_of(&arena, options, id), .notify = -1};
    int result = start(&starting, error);

    fd_close(&starting.notify);
    state_close(&starting.state);
    return result;
}
