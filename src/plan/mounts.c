/* SPDX-License-Identifier: Apache-2.0 */
/* mounts[]. The steps for each: get a detached mount, open its target, set its attributes,
 * attach it. */
#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "builder.h"

/* Flags that fsopen(2) cannot express. */
#define ONLY_BY_MOUNT (MS_I_VERSION | MS_SILENT)

static bool may_be_on_shared(const struct plan_builder *builder)
{
    return builder->has_shared_mount || builder->joins || !(builder->new_namespaces & CLONE_NEWNS);
}

/* A mount that is attached to a shared one becomes shared: other propagation is set after that. */
static bool settles_late(const struct plan_builder *builder, const struct spec_mount_options *words)
{
    return may_be_on_shared(builder) && words->propagation != 0 && words->propagation != MS_SHARED;
}

/* Does the mount start an empty tree that INIT alone sees and fills? */
static bool begins_fresh(const struct plan_builder *builder, const struct spec_mount *mount,
                         const struct spec_mount_options *words)
{
    return !words->binds && text_equal(mount->type, "tmpfs") && !words->copies_up &&
           !may_be_on_shared(builder);
}

static void attach_with_options(struct plan_builder *builder, enum plan_slot slot,
                                const struct spec_mount_options *words,
                                const struct spec_mount *mount, const char *place)
{
    struct spec_mount_options before = *words;
    const char *source = words->binds ? mount->source : mount->type;
    const struct spec_mount_options after = {
        .propagation = words->propagation, .propagates_recursively = words->propagates_recursively};
    bool is_late = settles_late(builder, words);
    enum plan_slot kept = plan_kernel_slot(builder, mount);

    if (is_late)
        before.propagation = 0;
    if (is_late && kept == PLAN_SLOT_UNUSED)
        kept = PLAN_SLOT_ATTACHED;
    if (begins_fresh(builder, mount, words)) {
        kept = PLAN_SLOT_ATTACHED;
        builder->fresh = mount->destination;
    }
    plan_apply_mount_options(builder, slot, &before, place);
    plan_attach(builder, (struct plan_attachment){slot, source, mount->destination, kept}, place);
    if (is_late)
        plan_apply_mount_options(builder, kept, &after, place);
}

/* --- the kinds of mounts ---------------------------------------------------------------------- */

static int bind_mount(struct plan_builder *builder, const struct spec_mount *mount,
                      const struct spec_mount_options *words, const char *place)
{
    if (mount->source == NULL || mount->source[0] == '\0')
        return error_at(builder->error, JSON_PATH("%s.source", place), EINVAL,
                        "a bind mount needs a source");
    /* Such options are for a new file system; the kernel ignores them too (mount(2), MS_BIND). */
    if (words->data != NULL)
        log_warning_at(JSON_PATH("%s.options", place), "\"%s\" has no effect on a bind mount",
                       words->data);
    if (words->superblock_word != NULL)
        log_warning_at(JSON_PATH("%s.options", place), "\"%s\" has no effect on a bind mount",
                       words->superblock_word);
    struct spec_mount absolute = *mount;
    absolute.source = text_path_join(builder->arena, builder->request->bundle, mount->source);
    const struct plan_source source = {
        .path = absolute.source,
        .recursive = words->binds_recursively,
        .is_link = words->binds_link,
        .is_peer = words->propagation == MS_SHARED,
        .is_mapped = plan_maps_ids(mount, words),
    };
    if (source.is_peer)
        TRY(plan_need_mount_calls(builder, place, "a shared bind mount"));
    enum plan_slot slot = plan_open_source(builder, source, place);
    TRY(plan_map_mount(builder, mount, words, slot, place));
    PLAN_ADD(builder, OPEN_TARGET, .by = PLAN_INIT, .makes = PLAN_SLOT_TARGET,
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .place = place, .like = slot,
             .path = mount->destination, .kind = PLAN_TARGET_LIKE_MOUNT,
             .nofollow = words->covers_link);
    attach_with_options(builder, slot, words, &absolute, place);
    return 0;
}

static int remount(struct plan_builder *builder, const struct spec_mount *mount,
                   const struct spec_mount_options *words, const char *place)
{
    plan_open_target(builder, mount->destination, PLAN_TARGET_DIRECTORY, PLAN_SLOT_UNUSED, place);
    if (!words->binds)
        PLAN_ADD(builder, MOUNT_OVER, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                 .place = place, .type = mount->type, .source = mount->source,
                 .options = words->data, .flags = words->ms | MS_REMOUNT);
    plan_apply_mount_options(builder, PLAN_SLOT_TARGET, words, place);
    return 0;
}

/* Kernel file systems whose superblock other containers may share: read-only is set per mount. */
static bool shares_superblock(const char *type)
{
    static const char *const types[] = {"proc",    "sysfs",   "mqueue",    "devpts",
                                        "cgroup",  "cgroup2", "bpf",       "devtmpfs",
                                        "debugfs", "tracefs", "securityfs"};

    return text_is_one_of(type, types, COUNT(types));
}

/* Other file systems take paths as a source or in their options. */
bool plan_is_of_namespaces(const char *type)
{
    static const char *const types[] = {"proc",  "sysfs", "mqueue", "devpts",
                                        "tmpfs", "ramfs", "bpf",    "binfmt_misc"};

    return text_is_one_of(type, types, COUNT(types));
}

/* INIT creates new mounts. In an existing container HOST creates those that take paths, because
 * INIT would resolve them in the container. */
static enum plan_actor maker(const struct plan_builder *builder, const struct spec_mount *mount)
{
    return builder->joins && !plan_is_of_namespaces(mount->type) ? PLAN_HOST : PLAN_INIT;
}

static void make_new_mount(struct plan_builder *builder, const struct spec_mount *mount,
                           const struct spec_mount_options *words, enum plan_slot slot,
                           const char *place)
{
    enum plan_actor by = maker(builder, mount);
    uint64_t superblock = words->ms & (MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME | MS_MANDLOCK);

    if (words->ms & MS_RDONLY && !shares_superblock(mount->type))
        superblock |= MS_RDONLY;
    if (by == PLAN_HOST)
        plan_copy_host_mounts(builder, place);
    PLAN_ADD(builder, MAKE_MOUNT, .by = by, .makes = slot, .place = place, .type = mount->type,
             .source = mount->source,
             .options = plan_label_options(builder, mount->type, words->data),
             .attributes = words->attributes.set, .superblock = superblock);
}

/* These start empty: mount points have to be created in them. */
static bool begins_empty(const char *type)
{
    return text_equal(type, "tmpfs") || text_equal(type, "ramfs");
}

static int check_way(struct plan_builder *builder, const struct spec_mount *mount,
                     const struct spec_mount_options *words, const char *place)
{
    if (plan_maps_ids(mount, words))
        return error_at(
            builder->error, JSON_PATH("%s.options", place), EINVAL,
            "idmap cannot be combined with iversion, silent or a word of more than %d bytes",
            FSCONFIG_VALUE_MAX);
    if (maker(builder, mount) == PLAN_HOST)
        return error_at(builder->error, JSON_PATH("%s.options", place), ENOTSUP,
                        "iversion, silent and words of more than %d bytes can be had for %s only "
                        "when the container is created",
                        FSCONFIG_VALUE_MAX, mount->type);
    return 0;
}

static bool is_by_mount(const struct spec_mount_options *words)
{
    return words->has_long_word || (words->ms & ONLY_BY_MOUNT) != 0;
}

static bool is_read_only(const struct spec_mount_options *words)
{
    return ((words->attributes.set | words->recursive.set) & MOUNT_ATTR_RDONLY) != 0;
}

static bool is_guarded(const char *type)
{
    return text_equal(type, "proc") || text_equal(type, "sysfs");
}

/* Is the mount point a directory in `fresh`, and is nothing of the image needed for the mount? */
static bool is_in_fresh(const char *fresh, const struct spec_mount *mount,
                        const struct spec_mount_options *words)
{
    const char *name = fresh != NULL && text_starts_with(mount->destination, fresh)
                           ? mount->destination + strlen(fresh)
                           : "";

    return name[0] == '/' && name[1] != '\0' && name[1] != '.' && strchr(name + 1, '/') == NULL &&
           !is_guarded(mount->type) && !plan_maps_ids(mount, words) && !is_by_mount(words) &&
           !words->copies_up &&
           !(begins_empty(mount->type) && (is_read_only(words) || !words->has_mode));
}

static void mount_in_fresh(struct plan_builder *builder, const struct spec_mount *mount,
                           const struct spec_mount_options *words, const char *place)
{
    struct spec_mount_options after = *words;

    make_new_mount(builder, mount, words, PLAN_SLOT_MOUNT, place);
    after.attributes = (struct spec_mount_attributes){0}; /* the mount was created with them */
    plan_apply_mount_options(builder, PLAN_SLOT_MOUNT, &after, place);
    PLAN_ADD(builder, ATTACH_INSIDE, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ATTACHED),
             .place = place, .mount = PLAN_SLOT_MOUNT, .source = mount->type,
             .target = mount->destination);
}

/* Copies the content or the mode of the directory that the file system covers to its root. */
static void fill_root(struct plan_builder *builder, const struct spec_mount *mount,
                      const struct spec_mount_options *words, enum plan_slot slot,
                      const char *place)
{
    if (words->copies_up) {
        plan_enter_cgroups(builder); /* the content is the container's memory */
        PLAN_ADD(builder, COPY_UP, .by = PLAN_INIT, .place = place,
                 .uses = PLAN_BIT(PLAN_SLOT_TARGET), .mount = slot, .path = mount->destination,
                 .keeps_mode = !words->has_mode);
    } else if (text_equal(mount->type, "tmpfs") && !words->has_mode)
        PLAN_ADD(builder, KEEP_MODE, .by = PLAN_INIT, .place = place,
                 .uses = PLAN_BIT(PLAN_SLOT_TARGET), .mount = slot, .path = mount->destination);
}

/* The content comes first. An empty file system stays writable for mount points until the
 * container's root is complete. */
static void make_read_only(struct plan_builder *builder, const char *type,
                           struct spec_mount_options *after, enum plan_slot slot, const char *place)
{
    if (!begins_empty(type) || builder->joins) {
        after->attributes.set = MOUNT_ATTR_RDONLY;
        return;
    }
    text_list_add(&builder->read_only_later, place);
    PLAN_ADD(builder, HOLD_MOUNT, .by = PLAN_INIT, .place = place, .mount = slot);
}

static int new_mount(struct plan_builder *builder, const struct spec_mount *mount,
                     const struct spec_mount_options *words, const char *place)
{
    bool by_mount = is_by_mount(words);
    bool by_both = maker(builder, mount) == PLAN_HOST ||
                   (plan_maps_ids(mount, words) && plan_mapper(builder) == PLAN_HOST);
    enum plan_slot slot = by_both ? plan_next_source(builder) : PLAN_SLOT_MOUNT;
    bool is_late = is_read_only(words) && (words->copies_up || begins_empty(mount->type));
    struct spec_mount_options made = *words;

    if (by_mount)
        TRY(check_way(builder, mount, words, place));
    if (is_late) {
        made.ms &= ~(uint64_t) MS_RDONLY;
        made.attributes.set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
        made.recursive.set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
    }
    if (!by_mount)
        make_new_mount(builder, mount, &made, slot, place);
    PLAN_ADD(builder, OPEN_TARGET, .by = PLAN_INIT, .makes = PLAN_SLOT_TARGET,
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .place = place, .path = mount->destination,
             .kind = PLAN_TARGET_DIRECTORY, .no_symlinks = is_guarded(mount->type));
    enum plan_slot kept = by_mount ? plan_kernel_slot(builder, mount) : PLAN_SLOT_UNUSED;
    if (kept != PLAN_SLOT_UNUSED)
        slot = kept;
    if (by_mount)
        PLAN_ADD(builder, MOUNT_OVER, .by = PLAN_INIT, .makes = slot,
                 .uses = PLAN_BIT(PLAN_SLOT_TARGET), .place = place, .type = mount->type,
                 .source = mount->source,
                 .options = plan_label_options(builder, mount->type, words->data), .flags = made.ms,
                 .live = builder->joins);
    fill_root(builder, mount, words, slot, place);
    made.attributes = (struct spec_mount_attributes){0}; /* the mount was created with them */
    /* After the copy, whose owners the mapping may not cover. */
    TRY(plan_map_mount(builder, mount, words, slot, place));
    if (is_late)
        make_read_only(builder, mount->type, &made, slot, place);
    if (by_mount)
        plan_apply_mount_options(builder, slot, &made, place);
    else
        attach_with_options(builder, slot, &made, mount, place);
    return 0;
}

/* sysfs shows the devices of the network namespace: only root in the user namespace that owns it
 * can mount it. A user namespace that is joined together with its network namespace is assumed
 * to own it. */
static bool may_mount_sysfs(const struct plan_builder *builder)
{
    uint64_t joined = builder->joined_namespaces;

    if (builder->new_namespaces & CLONE_NEWNET)
        return true;
    if (builder->new_namespaces & CLONE_NEWUSER)
        return false;
    if (joined & CLONE_NEWUSER)
        return (joined & CLONE_NEWNET) != 0;
    return (joined & CLONE_NEWNET) != 0 || !builder->host->has_foreign_network;
}

/* Hides the host's cgroups, which a new sysfs would not show. A cgroup mount of the config comes
 * on top. */
static void hide_cgroups(struct plan_builder *builder, const char *path, const char *place)
{
    PLAN_ADD(builder, MAKE_MOUNT, .by = PLAN_INIT, .makes = PLAN_SLOT_MOUNT, .place = place,
             .type = "tmpfs", .source = "tmpfs",
             .options = plan_label_options(builder, "tmpfs", "nr_blocks=1,nr_inodes=2"),
             .attributes =
                 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    plan_open_target(builder, path, PLAN_TARGET_DIRECTORY, PLAN_SLOT_UNUSED, place);
    plan_attach(builder, (struct plan_attachment){PLAN_SLOT_MOUNT, "tmpfs", path}, place);
}

/* Binds the host's sysfs instead, with everything mounted there, read-only. */
static int bind_sysfs(struct plan_builder *builder, const struct spec_mount *mount,
                      const struct spec_mount_options *words, const char *place)
{
    struct spec_mount bind = *mount;
    struct spec_mount_options all = {.attributes = words->attributes,
                                     .recursive = words->recursive,
                                     .binds = true,
                                     .binds_recursively = true};

    bind.source = "/sys";
    all.attributes.clear &= ~(uint64_t) MOUNT_ATTR_RDONLY;
    all.recursive.clear &= ~(uint64_t) MOUNT_ATTR_RDONLY;
    all.recursive.set |= MOUNT_ATTR_RDONLY;
    TRY(bind_mount(builder, &bind, &all, place));
    if (builder->host->n_shown > 0)
        hide_cgroups(builder, text_path_join(builder->arena, mount->destination, "fs/cgroup"),
                     place);
    return 0;
}

/* A trailing slash would follow a symbolic link, which dest-nofollow and copy-symlink must not. */
static char *without_last_slashes(struct arena *arena, const char *path)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    return arena_copy(arena, path, size);
}

/* `fresh`: builder->fresh before this mount. */
static int mount_file_system(struct plan_builder *builder, const struct spec_mount *mount,
                             const char *fresh, const char *place)
{
    const struct spec_mount_options *words = mount->parsed;

    if (is_in_fresh(fresh, mount, words)) {
        builder->fresh = fresh;
        mount_in_fresh(builder, mount, words, place);
        return 0;
    }
    return new_mount(builder, mount, words, place);
}

static int make_mount(struct plan_builder *builder, size_t i)
{
    struct spec_mount mount = builder->config->mounts[i];
    char *place = PLAN_PLACE(builder, "mounts[%zu]", i);
    const struct spec_mount_options *words = mount.parsed;

    builder->has_shared_mount |= words->propagation == MS_SHARED;
    /* From the first shared mount on, the slot of the tmpfs is used for others. */
    const char *fresh = may_be_on_shared(builder) ? NULL : builder->fresh;

    builder->fresh = NULL; /* this mount may cover it, by a link of the image */
    mount.destination = text_path_join(builder->arena, "/", mount.destination);
    if (words->copies_link || words->covers_link)
        mount.destination = without_last_slashes(builder->arena, mount.destination);
    bool is_cgroup = spec_is_cgroup_type(mount.type);
    if (plan_maps_ids(&mount, words) && (words->remounts || (is_cgroup && !words->binds)))
        return error_at(builder->error, JSON_PATH("%s.options", place), EINVAL,
                        "idmap: %s cannot be mapped",
                        words->remounts ? "an existing mount" : "a cgroup file system");
    if (words->remounts && builder->joins)
        return error_at(builder->error, JSON_PATH("%s.options", place), EINVAL,
                        "remount: changes an existing mount, and can only be undone by another "
                        "one: a running container's are added and removed");
    if (words->remounts)
        return remount(builder, &mount, words, place);
    /* `mounts remove` could not find a mount on a symbolic link by its path, and a copied link
     * is not a mount that it could remove. */
    if (builder->joins && (words->copies_link || words->covers_link))
        return error_at(
            builder->error, JSON_PATH("%s.options", place), EINVAL,
            "copy-symlink and dest-nofollow are for mounts that are made with the container");
    plan_cover_kernel_mounts(builder, &mount);
    /* copy-symlink: the target of the source, if that is a symbolic link */
    const char *link = builder->host->copied_links != NULL ? builder->host->copied_links[i] : NULL;
    if (words->binds && link != NULL) {
        PLAN_ADD(builder, MAKE_SYMLINK, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                 .place = place, .path = mount.destination, .target = link);
        return 0;
    }
    if (!words->binds && words->link_word != NULL)
        log_warning_at(JSON_PATH("%s.options", place), "\"%s\" has an effect on bind mounts alone",
                       words->link_word);
    if (words->binds)
        return bind_mount(builder, &mount, words, place);
    if (mount.type == NULL || mount.type[0] == '\0')
        return error_at(builder->error, JSON_PATH("%s.type", place), EINVAL,
                        "needed where the options have neither bind nor rbind");
    if (text_equal(mount.type, "bind") || text_equal(mount.type, "none"))
        return error_at(builder->error, JSON_PATH("%s.options", place), ENODEV,
                        "a bind mount needs the option bind or rbind: the type \"%s\" does not "
                        "make one",
                        mount.type);
    if (is_cgroup)
        return plan_mount_cgroups(builder, &mount, words, place);
    if (text_equal(mount.type, "sysfs") && !builder->joins && !may_mount_sysfs(builder))
        return bind_sysfs(builder, &mount, words, place);
    return mount_file_system(builder, &mount, fresh, place);
}

int plan_make_mounts(struct plan_builder *builder)
{
    for (size_t i = 0; i < builder->config->n_mounts; i++)
        TRY(error_collect(builder->error, make_mount(builder, i)));
    /* Read-only, because it is a directory of the host: files that the container creates there
     * would fill the host's disk and keep `delete` from removing it. */
    if (builder->request->notify_dir != NULL)
        plan_bind(
            builder, (struct plan_source){.path = builder->request->notify_dir}, PLAN_NOTIFY_DIR,
            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
    return 0;
}
