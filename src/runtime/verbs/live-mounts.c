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
#include "launch/creation.h"
#include "launch/foreground.h"
#include "state/look.h"

#define END_MS 1000
#define UNDO_MS 10000

struct change {
    const struct runtime_mounts *request;
    struct creation creation;
};

/* --- the host's steps ------------------------------------------------------------------------- */

static int copy_mounts(struct conduct *conduct, const struct plan_step *step)
{
    const struct creation *creation = conduct->context;

    (void) step;
    return sys_copy_mounts(creation->joined);
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
static int record_mounts(struct conduct *conduct, const struct plan_step *step)
{
    struct creation *creation = conduct->context;
    AUTO_STATE state = state_of(conduct->arena, creation->options, creation->state.id);
    struct spec_record *record = &state.record;
    struct text_list named = {.arena = conduct->arena};
    struct text_list mounts = {.arena = conduct->arena};
    const char *item = plan_text(conduct->plan, step->record_mounts.mounts.first);
    bool removed = step->record_mounts.removed;

    TRY(state_open_locked(&state, creation->error));
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
    return state_save(&state, creation->error);
}

/* Closes the socket, so that init removes its mounts, and gives it time for that before it is
 * killed. */
static void await_undo(struct creation *creation)
{
    struct conduct *conduct = &creation->conduct;

    fd_close(&conduct->socket);
    if (conduct->pidfd >= 0)
        sys_pidfd_wait(conduct->pidfd, UNDO_MS);
}

static const struct creation_step steps[] = {{PLAN_COPY_MOUNTS, copy_mounts},
                                             {PLAN_RECORD_MOUNTS, record_mounts}};
static const struct creation_kind addition = {
    .build = plan_build_mounts,
    .finish = conduct_until_executed,
    .steps = steps,
    .n_steps = COUNT(steps),
    .end = await_undo,
};
static const struct creation_kind removal = {
    .build = plan_build_unmounts,
    .finish = conduct_until_executed,
    .steps = steps,
    .n_steps = COUNT(steps),
    .end = await_undo,
};

/* --- the plan --------------------------------------------------------------------------------- */

/* Finds paused containers too: INIT is not in the container's cgroup. */
static int find_container(struct creation *creation)
{
    struct state *state = &creation->state;

    TRY(state_open(state, creation->error));
    creation->joined = state_open_living(state, creation->error);
    return creation->joined < 0 ? creation->joined : 0;
}

/* remove uses only the destination of a mount. */
static const struct spec_mount *take_destinations(struct arena *arena,
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
    struct creation *creation = &change->creation;
    struct spec_config *config = ARENA_NEW(creation->arena, struct spec_config);
    const struct spec_config *frozen;
    const struct spec_mounts *document;

    TRY(state_read_config(&creation->state, &frozen, creation->error));
    TRY(spec_read_mounts(creation->arena, request->name,
                         &(struct spec_text){request->bytes, request->size}, &document,
                         creation->error));
    *config = *frozen;
    config->mounts =
        request->removes ? take_destinations(creation->arena, document) : document->mounts;
    config->n_mounts = document->n_mounts;
    creation->config = config;
    return spec_check_mounts(config, creation->error);
}

static bool mounts_cgroups(const struct spec_config *config)
{
    for (size_t i = 0; i < config->n_mounts; i++)
        if (spec_is_cgroup_type(config->mounts[i].type))
            return true;
    return false;
}

/* For the plan only: INIT does not start in these cgroups. */
static int find_cgroups(struct creation *creation)
{
    if (creation->state.record.n_cgroups == 0 || !mounts_cgroups(creation->config))
        return 0;
    TRY(state_find_cgroup(&creation->state, &creation->cgroup_host, &creation->cgroup,
                          creation->error));
    creation_describe_cgroups(creation);
    creation->cgroup = (struct cgroup){0};
    return 0;
}

static int prepare(struct change *change, struct error *error)
{
    struct creation *creation = &change->creation;

    TRY(creation_begin(creation, error));
    TRY(find_container(creation));
    TRY(read_config(change));
    TRY(creation_probe(creation));
    TRY(find_cgroups(creation));
    return creation_build_plan(creation);
}

/* --- the commands ----------------------------------------------------------------------------- */

static int carry_out(struct change *change, struct error *error)
{
    struct creation *creation = &change->creation;

    TRY(prepare(change, error));
    AUTO_FD signals = foreground_block_signals(false, error);
    if (signals < 0)
        return signals;
    int result = creation_carry_out(creation, signals);
    /* INIT only has to exit now. */
    if (result == 0 && sys_pidfd_wait(creation->conduct.pidfd, END_MS) == 0)
        sys_pidfd_reap(creation->conduct.pidfd, NULL);
    creation_close(creation);
    fd_close(&creation->conduct.pidfd);
    return result;
}

static struct change change_of(struct arena *arena, const struct runtime_options *options,
                               const struct runtime_mounts *request)
{
    return (struct change){
        .request = request,
        .creation = {.arena = arena,
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
    creation_leave(&change.creation);
    return result;
}

int runtime_dry_change_mounts(const struct runtime_options *options,
                              const struct runtime_mounts *request, struct text *text,
                              struct error *error)
{
    struct change change = change_of(text->arena, options, request);

    int result = prepare(&change, error);
    if (result == 0)
        plan_print(change.creation.plan, text);
    creation_leave(&change.creation);
    return result;
}
