/* SPDX-License-Identifier: Apache-2.0 */
/* exec: finds the container's cgroups and namespaces. Otherwise it works like create, without a
 * container. */
#include <errno.h>

#include "exec.h"

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "berth/plan/print.h"
#include "berth/spec/check.h"
#include "berth/sys/launch.h"
#include "berth/sys/process.h"
#include "launch/foreground.h"
#include "state/host-facts.h"

#define EXIT_FAILED 255   /* 1 may be the program's own exit status */
#define RESUME_POLL_MS 20 /* cgroup v1 does not notify of a thaw */

struct exec {
    const struct runtime_exec *request;
    struct transaction transaction;
};

static int check_status(struct exec *exec)
{
    struct state *state = &exec->transaction.state;
    struct error *error = exec->transaction.error;
    enum spec_status status = state->has_record ? state_status(state) : SPEC_STATUS_CREATING;

    switch (status) {
    case SPEC_STATUS_CREATED:
    case SPEC_STATUS_RUNNING:
        return 0;
    case SPEC_STATUS_PAUSED:
        if (exec->request->ignore_paused)
            return 0;
        return error_set(
            error, EBUSY,
            "cannot exec in a paused container (use --ignore-paused to override): \"%s\"",
            state->id);
    default:
        return state_not_running(state, status, error);
    }
}

/* Reads the config of create, and puts the process to run in it. */
static int read_config(struct exec *exec)
{
    struct transaction *transaction = &exec->transaction;
    struct spec_config *config = ARENA_NEW(transaction->arena, struct spec_config);
    const struct spec_config *frozen;

    TRY(state_read_config(&transaction->state, &frozen, transaction->error));
    *config = *frozen;
    TRY(exec_make_process(transaction->arena, frozen->process, exec->request, &config->process,
                          transaction->error));
    transaction->config = config;
    return 0;
}

static int find_cgroups(struct exec *exec)
{
    struct transaction *transaction = &exec->transaction;
    const char *const *options = exec->request->cgroups;
    bool chosen = options != NULL && options[0] != NULL;
    bool has_delegated = spec_delegates_cgroup(transaction->config);
    const struct cgroup_record record = state_cgroups(&transaction->state);

    if (record.n_paths == 0 && !chosen)
        return 0;
    if (!chosen && !has_delegated &&
        cgroup_reopen_to_join(transaction->arena, &record, &transaction->cgroup)) {
        transaction_describe_cgroups(transaction);
        return 0;
    }
    TRY(state_find_cgroup(&transaction->state, &transaction->cgroup_host, &transaction->cgroup,
                          transaction->error));
    for (size_t i = 0; chosen && options[i] != NULL; i++)
        TRY(cgroup_choose(transaction->arena, &transaction->cgroup, options[i],
                          transaction->error));
    if (!chosen)
        cgroup_use_leaf(transaction->arena, &transaction->cgroup, transaction->state.pid,
                        has_delegated);
    transaction_describe_cgroups(transaction);
    return 0;
}

static void find_rdt(struct transaction *transaction)
{
    const struct spec_record *record = &transaction->state.record;

    transaction->rdt.class = transaction->host.rdt_class = record->rdt_class;
    if (record->n_rdt_groups > 0 && !text_equal(record->rdt_groups[0], record->rdt_class))
        transaction->rdt.monitor = record->rdt_groups[0];
}

/* Waits before entering the container's cgroup: a process frozen there could not be killed. Nothing
 * has been created yet, so any signal ends the wait. */
static int await_resume(struct exec *exec)
{
    struct state *state = &exec->transaction.state;
    enum spec_status status;

    while ((status = state_status(state)) == SPEC_STATUS_PAUSED)
        if (sys_pidfd_wait(exec->transaction.joined, RESUME_POLL_MS) != -ETIMEDOUT)
            break;
    if (status == SPEC_STATUS_NONE)
        return state_not_running(state, status, exec->transaction.error);
    return check_status(exec);
}

/* The pidfd keeps referring to the process. What is found by the PID belongs to that process as
 * long as it lives. */
static int find_container(struct exec *exec)
{
    struct transaction *transaction = &exec->transaction;

    TRY(state_open(&transaction->state, transaction->error));
    TRY(check_status(exec));
    transaction->joined = state_join(&transaction->state, transaction->error);
    if (transaction->joined < 0)
        return transaction->joined;
    return exec->request->ignore_paused ? await_resume(exec) : 0;
}

static int prepare(struct exec *exec, struct error *error)
{
    struct transaction *transaction = &exec->transaction;

    TRY(transaction_begin(transaction, error));
    TRY(find_container(exec));
    TRY(read_config(exec));
    TRY(transaction_check_terminal(transaction));
    transaction->kept_fds = sys_count_inherited(exec->request->launch.preserve_fds);
    TRY(transaction_probe(transaction));
    TRY(transaction_probe_landlock(transaction));
    TRY(transaction_probe_cookie(transaction));
    TRY(find_cgroups(exec));
    find_rdt(transaction);
    return transaction_build_plan(transaction);
}

static int start(struct exec *exec, int *ret_status, struct error *error)
{
    struct transaction *transaction = &exec->transaction;

    TRY(prepare(exec, error));
    AUTO_FD signals = foreground_block_signals(!exec->request->launch.detach, error);
    if (signals < 0)
        return signals;
    error->exit_status = 0;
    int result = transaction_carry_out(transaction, signals);
    *ret_status = 0;
    if (result == 0)
        log_release_warnings();
    if (result == 0 && !exec->request->launch.detach)
        result = transaction_wait(transaction, signals, ret_status);
    if (result == 0)
        result = transaction_save_recording(transaction);
    transaction_close(transaction);
    return result;
}

static const struct transaction_kind kind = {
    .name = "exec",
    .build = plan_build_exec,
    .finish = executor_run_until_exec,
};

static struct exec exec_of(struct arena *arena, const struct runtime_options *options,
                           const struct runtime_exec *request)
{
    return (struct exec){
        .request = request,
        .transaction = {.arena = arena,
                        .options = options,
                        .request = &request->launch,
                        .kind = &kind,
                        .joined = -1},
    };
}

int runtime_exec(const struct runtime_options *options, const struct runtime_exec *request,
                 int *ret_status, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct exec exec = exec_of(&arena, options, request);

    int result = start(&exec, ret_status, error);
    transaction_leave(&exec.transaction);
    /* 126 and 127 mean the same as for run; above 128 is a signal. */
    if (result < 0 && error->exit_status <= 128)
        error->exit_status = EXIT_FAILED;
    return result;
}

int runtime_dry_exec(const struct runtime_options *options, const struct runtime_exec *request,
                     struct text *text, struct error *error)
{
    struct exec exec = exec_of(text->arena, options, request);

    int result = prepare(&exec, error);
    if (result == 0)
        plan_print(exec.transaction.plan, text);
    transaction_leave(&exec.transaction);
    return result;
}
