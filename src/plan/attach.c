/* SPDX-License-Identifier: Apache-2.0 */
/* Steps shared by all kinds of mounts: open a source and a target, set attributes, attach. */
#include <sched.h>
#include <sys/mount.h>

#include "berth/base/text.h"
#include "builder.h"

static void set_attributes(struct plan_builder *builder, enum plan_slot slot,
                           const struct spec_mount_attributes *attributes, bool recursive,
                           const char *place)
{
    if (attributes->set != 0 || attributes->clear != 0)
        PLAN_ADD(builder, SET_MOUNT_ATTRIBUTES, .by = PLAN_INIT, .place = place, .mount = slot,
                 .set = attributes->set, .clear = attributes->clear, .recursive = recursive);
}

void plan_apply_mount_options(struct plan_builder *builder, enum plan_slot slot,
                              const struct spec_mount_options *words, const char *place)
{
    set_attributes(builder, slot, &words->attributes, false, place);
    set_attributes(builder, slot, &words->recursive, true, place);
    if (words->propagation != 0)
        PLAN_ADD(builder, SET_MOUNT_ATTRIBUTES, .by = PLAN_INIT, .place = place, .mount = slot,
                 .propagation = words->propagation, .recursive = words->propagates_recursively);
}

enum plan_slot plan_next_source(struct plan_builder *builder)
{
    return PLAN_SLOT_SOURCE_0 + builder->next_source++ % 4;
}

/* An unprivileged HOST cannot open trees of the caller's mounts, only of its own copy. */
void plan_copy_host_mounts(struct plan_builder *builder, const char *place)
{
    if (builder->host->privileged || builder->copied_mounts)
        return;
    builder->copied_mounts = true;
    PLAN_ADD(builder, COPY_MOUNTS, .by = PLAN_HOST, .place = place);
}

/* Earlier mounts of the container are on its root file system, where only INIT sees them. */
static bool is_in_root(const struct plan_builder *builder, const char *path)
{
    const char *rootfs = builder->request->rootfs;

    return rootfs != NULL && text_path_is_within(text_path_clean(builder->arena, path), rootfs);
}

/* Normally INIT opens sources, in its copy of the host's mounts, which are slaves: nothing that
 * the container mounts on them reaches the host. HOST opens a source if the container's root may
 * not reach the path, or if the mount has to stay a peer of the host's. In an existing container
 * INIT does not see the host's mounts. */
enum plan_slot plan_open_source(struct plan_builder *builder, struct plan_source source,
                                const char *place)
{
    bool may_host = builder->host->privileged && builder->host->refused_call == NULL;
    bool needs_host =
        source.is_peer || (plan_has_user_namespace(builder) && !is_in_root(builder, source.path));
    bool by_host = builder->joins || (may_host && needs_host);
    bool goes_to_host = source.is_mapped && plan_mapper(builder) == PLAN_HOST;
    enum plan_slot slot = by_host || goes_to_host ? plan_next_source(builder) : PLAN_SLOT_MOUNT;

    if (by_host)
        plan_copy_host_mounts(builder, place);
    PLAN_ADD(builder, OPEN_TREE, .by = by_host ? PLAN_HOST : PLAN_INIT, .makes = slot,
             .place = place, .path = source.path, .recursive = source.recursive,
             .slave = by_host && !source.is_peer, .nofollow = source.is_link);
    return slot;
}

void plan_open_target(struct plan_builder *builder, const char *path, enum plan_target_kind kind,
                      enum plan_slot like, const char *place)
{
    PLAN_ADD(builder, OPEN_TARGET, .by = PLAN_INIT, .makes = PLAN_SLOT_TARGET,
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .place = place, .like = like, .path = path,
             .kind = kind);
}

void plan_attach(struct plan_builder *builder, struct plan_attachment attachment, const char *place)
{
    PLAN_ADD(builder, ATTACH_MOUNT, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
             .makes = attachment.kept, .place = place, .mount = attachment.mount,
             .source = attachment.source, .target = attachment.path, .live = builder->joins);
}

void plan_bind(struct plan_builder *builder, struct plan_source source, const char *path,
               uint64_t attributes, const char *place)
{
    enum plan_slot slot = plan_open_source(builder, source, place);

    plan_open_target(builder, path, PLAN_TARGET_LIKE_MOUNT, slot, place);
    set_attributes(builder, slot, &(struct spec_mount_attributes){.set = attributes},
                   source.recursive, place);
    plan_attach(builder,
                (struct plan_attachment){slot, source.path, path,
                                         source.stays_open ? PLAN_SLOT_ATTACHED : PLAN_SLOT_UNUSED},
                place);
}
