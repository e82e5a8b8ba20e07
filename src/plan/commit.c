/* SPDX-License-Identifier: Apache-2.0 */
/* The end of create, and what INIT waits for at its beginning. */
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

void plan_commit_state(struct plan_builder *builder, unsigned awaits, unsigned signals)
{
    const struct plan_request *request = builder->request;
    const char *receiver =
        builder->joins ? NULL : spec_annotation(builder->config, SPEC_PIDFD_RECEIVER);

    PLAN_ADD(builder, COMMIT, .by = PLAN_HOST, .awaits = awaits, .signals = signals,
             .pidfd_socket = request->pidfd_socket != NULL ? request->pidfd_socket : receiver,
             .pid_file = request->pid_file, .saves = !builder->joins);
}

void plan_commit(struct plan_builder *builder)
{
    plan_signal(builder, PLAN_TOKEN_READY);
    plan_schedule_by_host(builder);
    plan_commit_state(builder, PLAN_TOKEN_READY, PLAN_TOKEN_COMMITTED);
    if (!builder->request->run)
        PLAN_ADD(builder, AWAIT_START, .by = PLAN_INIT, .awaits = PLAN_TOKEN_COMMITTED);
}

void plan_hold_init_until_recorded(struct plan_builder *builder)
{
    size_t i = 0;

    if (!builder->needs_first)
        return;
    while (builder->steps[i].actor != PLAN_INIT)
        i++;
    builder->steps[i].awaits |= PLAN_TOKEN_RECORDED;
}
