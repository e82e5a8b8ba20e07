/* SPDX-License-Identifier: Apache-2.0 */
/* mounts add and mounts remove: change the mounts of a container that has not stopped. */
#include <errno.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/plan/print.h"
#include "berth/spec/check.h"
#include "berth/spec/mount-options.h"
#include "berth/spec/read.h"
#include "berth/sys/mount.h"
#include "berth/sys/process.h"
#include "launch/foreground.h"
#include "launch/transaction.h"
#include "state/host-facts.h"

#define END_MS 10000

struct change {
    const struct runtime_mounts *request;
    struct transaction transaction;
};

/* --- the host's steps ------------------------------------------------------------------------- */

static int copy_mounts(struct executor *executor, const struct plan_step *step)
{
    const struct transaction *transaction = executor->context;

    (void) step;
    return sys_copy_mounts(transaction->joined);
}

/* Removes one matching item: several mounts may be stacked on the same path. */
static bool take(struct text_list *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->item[i], item)) {
            list->item[i] = list->item[--list->count];
            return true;
        }
    return false;
}

/* Reads the record again and changes it. It is locked only here: the container, whose processes see
 * INIT, could stop it and thereby block everyone who waits for the lock. */
static int record_mounts(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    AUTO_STATE state = state_of(executor->arena, transaction->options, transaction->state.id);
    struct spec_record *record = &state.record;
    struct text_list named = {.arena = executor->arena};
    struct text_list mounts = {.arena = executor->arena};
    const char *item = plan_text(executor->plan, step->record_mounts.mounts.first);
    bool removed = step->record_mounts.removed;

    TRY(state_open_locked(&state, transaction->error));
    for (uint32_t i = 0; i < step->record_mounts.mounts.count; i++, item += strlen(item) + 1)
        text_list_add(&named, item);
    for (size_t i = 0; i < record->n_added_mounts; i++)
        if (!removed || !take(&named, record->added_mounts[i]))
            text_list_add(&mounts, record->added_mounts[i]);
    for (size_t i = 0; i < named.count && !removed; i++)
        text_list_add(&mounts, named.item[i]);
    if (mounts.count == record->n_added_mounts)
        return 0;
    record->added_mounts = (const char *const *) mounts.item;
    record->n_added_mounts = mounts.count;
    return state_save(&state, transaction->error);
}

/* Closes the socket, so that init removes its mounts, and waits for that before berth kills it. The
 * record may keep their paths: `checkpoint` checks whether something is mounted there. */
static void await_undo(struct transaction *transaction)
{
    struct executor *executor = &transaction->executor;

    fd_close(&executor->socket);
    if (executor->pidfd >= 0)
        sys_pidfd_wait(executor->pidfd, END_MS);
}

static const struct transaction_step steps[] = {{PLAN_COPY_MOUNTS, copy_mounts},
                                                {PLAN_RECORD_MOUNTS, record_mounts}};
static const struct transaction_kind addition = {
    .name = "mounts add",
    .build = plan_build_mounts,
    .finish = executor_run_until_exec,
    .steps = steps,
    .n_steps = COUNT(steps),
    .end = await_undo,
};
static const struct transaction_kind removal = {
    .name = "mounts remove",
    .build = plan_build_unmounts,
    .finish = executor_run_until_exec,
    .steps = steps,
    .n_steps = COUNT(steps),
    .end = await_undo,
};

/* --- the plan --------------------------------------------------------------------------------- */

/* remove uses only the destination of a mount. */
static const struct spec_mount *copy_destinations(struct arena *arena,
                                                  const struct spec_mounts *document)
{
    static const struct spec_mount_options none;
    struct spec_mount *mounts = ARENA_ARRAY(arena, document->n_mounts + 1, struct spec_mount);

    for (size_t i = 0; i < document->n_mounts; i++)
        mounts[i] =
            (struct spec_mount){.destination = document->mounts[i].destination, .parsed = &none};
    return mounts;
}

/* Reads the config of create, and puts the mounts to add or remove in it. */
static int read_config(struct change *change)
{
    const struct runtime_mounts *request = change->request;
    struct transaction *transaction = &change->transaction;
    struct spec_config *config = ARENA_NEW(transaction->arena, struct spec_config);
    const struct spec_config *frozen;
    const struct spec_mounts *document;

    TRY(state_read_config(&transaction->state, &frozen, transaction->error));
    TRY(spec_read_mounts(transaction->arena, request->name,
                         &(struct spec_text){request->bytes, request->size}, &document,
                         transaction->error));
    *config = *frozen;
    config->mounts =
        request->removes ? copy_destinations(transaction->arena, document) : document->mounts;
    config->n_mounts = document->n_mounts;
    transaction->config = config;
    return spec_check_mounts(config, transaction->error);
}

static bool mounts_cgroups(const struct spec_config *config)
{
    for (size_t i = 0; i < config->n_mounts; i++)
        if (spec_is_cgroup_type(config->mounts[i].type))
            return true;
    return false;
}

/* For the plan only: INIT does not start in these cgroups. */
static int find_cgroups(struct transaction *transaction)
{
    if (transaction->state.record.n_cgroups == 0 || !mounts_cgroups(transaction->config))
        return 0;
    TRY(state_find_cgroup(&transaction->state, &transaction->cgroup_host, &transaction->cgroup,
                          transaction->error));
    transaction_describe_cgroups(transaction);
    transaction->cgroup = (struct cgroup){0};
    return 0;
}

static int prepare(struct change *change, struct error *error)
{
    struct transaction *transaction = &change->transaction;

    TRY(transaction_begin(transaction, error));
    TRY(state_open(&transaction->state, transaction->error));
    /* Finds paused containers too: INIT is not in the container's cgroup. */
    transaction->joined = state_open_living(&transaction->state, transaction->error);
    TRY(transaction->joined);
    TRY(read_config(change));
    TRY(transaction_probe(transaction));
    TRY(find_cgroups(transaction));
    return transaction_build_plan(transaction);
}

/* --- the commands ----------------------------------------------------------------------------- */

static int carry_out(struct change *change, struct error *error)
{
    struct transaction *transaction = &change->transaction;

    TRY(prepare(change, error));
    AUTO_FD signals = foreground_block_signals(false, error);
    if (signals < 0)
        return signals;
    int result = transaction_carry_out(transaction, signals);
    /* INIT only has to exit now. */
    if (result == 0 && sys_pidfd_wait(transaction->executor.pidfd, END_MS) == 0)
        sys_pidfd_reap(transaction->executor.pidfd, NULL);
    transaction_close(transaction);
    return result;
}

static struct change change_of(struct arena *arena, const struct runtime_options *options,
                               const struct runtime_mounts *request)
{
    return (struct change){
        .request = request,
        .transaction = {.arena = arena,
                        .options = options,
                        .request = &request->launch,
                        .kind = request->removes ? &removal : &addition,
                        .joined = -1},
    };
}

int runtime_change_mounts(const struct runtime_options *options,
                          const struct runtime_mounts *request, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct change change = change_of(&arena, options, request);

    int result = carry_out(&change, error);
    transaction_leave(&change.transaction);
    return result;
}

int runtime_dry_change_mounts(const struct runtime_options *options,
                              const struct runtime_mounts *request, struct text *text,
                              struct error *error)
{
    struct change change = change_of(text->arena, options, request);

    int result = prepare(&change, error);
    if (result == 0)
        plan_print(change.transaction.plan, text);
    transaction_leave(&change.transaction);
    return result;
}
