/* SPDX-License-Identifier: Apache-2.0 */
/* The annotation run.berth.core-scheduling: whether the kernel can do it, and which container's
 * cookie the process shares. */
#include <errno.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/process.h"
#include "state/host-facts.h"
#include "transaction.h"

/* A new cookie is another one than berth's own. */
static int check_kernel(struct error *error, uint64_t *ret_own)
{
    int result = sys_core_cookie(0, ret_own);

    if (result == 0)
        return 0;
    error_errno_at(error, SPEC_CORE_SCHEDULING_PATH, -result, "ask the kernel for core scheduling");
    return error_hint(error, "%s", host_core_scheduling_hint(-result));
}

/* `process` keeps referring to the container's process. What is found by the PID belongs to that
 * process as long as it lives. */
static int read_cookie(const struct state *state, int process, struct plan_cookie *ret_cookie)
{
    int result = sys_core_cookie(state->pid, &ret_cookie->cookie);

    ret_cookie->container = state->id;
    ret_cookie->pid = (uint64_t) state->pid;
    return result == 0 && sys_pidfd_wait(process, 0) != -ETIMEDOUT ? -ESRCH : result;
}

static int find_cookie(struct transaction *transaction, const struct state *state, int process)
{
    struct plan_cookie *cookie = &transaction->host.shared_cookie;
    struct error *error = transaction->error;
    int result = read_cookie(state, process, cookie);

    if (result < 0) {
        error_errno_at(error, SPEC_CORE_SCHEDULING_PATH, -result,
                       "read the core-scheduling cookie of container \"%s\"", state->id);
        return result == -EPERM
                   ? error_hint(error, "the caller needs the same rights over its process as for "
                                       "joining its namespaces")
                   : result;
    }
    if (cookie->cookie != 0)
        return 0;
    error_at(error, SPEC_CORE_SCHEDULING_PATH, ENODATA,
             "container \"%s\" has no core-scheduling cookie", state->id);
    return error_hint(error, "create it with the annotation %s = \"" SPEC_COOKIE_NEW "\"",
                      SPEC_CORE_SCHEDULING);
}

static int find_cookie_of(struct transaction *transaction, const char *id)
{
    AUTO_STATE state = state_of(transaction->arena, transaction->options, id);

    TRY(state_check_id(id, transaction->error));
    TRY(state_open(&state, transaction->error));
    AUTO_FD process = state_open_living(&state, transaction->error);
    return process < 0 ? process : find_cookie(transaction, &state, process);
}

int transaction_probe_cookie(struct transaction *transaction)
{
    const char *value = spec_annotation(transaction->config, SPEC_CORE_SCHEDULING);

    if (value == NULL)
        return 0;
    TRY(check_kernel(transaction->error, &transaction->host.shared_cookie.cookie));
    if (transaction->create == NULL)
        return find_cookie(transaction, &transaction->state, transaction->joined);
    if (!text_starts_with(value, SPEC_COOKIE_OF))
        return 0;
    int result = find_cookie_of(transaction, value + strlen(SPEC_COOKIE_OF));
    return result < 0 ? error_set_path(transaction->error, SPEC_CORE_SCHEDULING_PATH) : 0;
}
