/* SPDX-License-Identifier: Apache-2.0 */
/* mounts add and mounts remove: INIT enters the namespaces of an existing container, and HOST
 * waits until it has finished. */
#include <errno.h>
#include <sched.h>

#include "builder.h"

/* Without a mount namespace the container's mounts are the host's; a joined one has others'
 * mounts too. */
static int check_own_mounts(const struct plan_builder *builder)
{
    if (builder->new_namespaces & builder->request->namespaces.foreign & CLONE_NEWNS)
        return 0;
    return error_at(
        builder->error, "linux.namespaces", ENOTSUP,
        "the container has no mount namespace of its own, and its mounts are others', too");
}

static int visit(struct plan_builder *builder)
{
    TRY(plan_need_mount_calls(builder, "mounts", "to add or remove mounts"));
    builder->joins = true;
    builder->entered_cgroups = true;
    TRY(plan_sort_namespaces(builder));
    TRY(check_own_mounts(builder));
    plan_visit_container(builder);
    PLAN_ADD(builder, OPEN_ROOT, .by = PLAN_INIT, .makes = PLAN_SLOT_ROOT, .path = "/");
    return 0;
}

/* `destinations`: of the mounts that expose files of the host from now on or, if `removed`, no
 * longer. */
static void leave(struct plan_builder *builder, const struct text_list *destinations, bool removed)
{
    plan_hold_init_until_recorded(builder);
    plan_signal(builder, PLAN_TOKEN_READY);
    PLAN_ADD(builder, RECORD_MOUNTS, .by = PLAN_HOST, .awaits = PLAN_TOKEN_READY,
             .signals = PLAN_TOKEN_COMMITTED, .removed = removed,
             .mounts = plan_strings_of(destinations));
    PLAN_ADD(builder, FINISH, .by = PLAN_INIT, .awaits = PLAN_TOKEN_COMMITTED);
}

static const char *place_of(const struct plan_builder *builder, size_t i)
{
    const char *destination = builder->config->mounts[i].destination;

    return text_path_clean(builder->arena, text_path_join(builder->arena, "/", destination));
}

static bool is_of_host(const struct spec_mount *mount)
{
    return mount->parsed->binds || !plan_is_of_namespaces(mount->type);
}

int plan_add_mounts(struct plan_builder *builder)
{
    struct text_list places = {.arena = builder->arena};

    TRY(visit(builder));
    TRY(plan_make_mounts(builder));
    for (size_t i = 0; i < builder->config->n_mounts; i++)
        if (is_of_host(&builder->config->mounts[i]))
            text_list_add(&places, place_of(builder, i));
    leave(builder, &places, false);
    return 0;
}

static void find_mount(struct plan_builder *builder, size_t i, const char *path)
{
    PLAN_ADD(builder, FIND_MOUNT, .by = PLAN_INIT, .makes = PLAN_SLOT_TARGET,
             .uses = PLAN_BIT(PLAN_SLOT_ROOT),
             .place = PLAN_PLACE(builder, "mounts[%zu].destination", i), .path = path);
}

/* Looks up all destinations first, so that a misspelt one leaves every mount in place. Then
 * looks up each one again before it unmounts it, because it may be on top of another. */
int plan_remove_mounts(struct plan_builder *builder)
{
    struct text_list places = {.arena = builder->arena};

    TRY(visit(builder));
    for (size_t i = 0; i < builder->config->n_mounts; i++) {
        text_list_add(&places, place_of(builder, i));
        find_mount(builder, i, places.item[i]);
    }
    for (size_t i = 0; i < builder->config->n_mounts; i++) {
        find_mount(builder, i, places.item[i]);
        PLAN_ADD(builder, UNMOUNT, .by = PLAN_INIT,
                 .uses = PLAN_BIT(PLAN_SLOT_TARGET) | PLAN_BIT(PLAN_SLOT_ROOT),
                 .place = PLAN_PLACE(builder, "mounts[%zu].destination", i),
                 .path = places.item[i]);
    }
    leave(builder, &places, true);
    return 0;
}
