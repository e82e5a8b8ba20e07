/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.maskedPaths and linux.readonlyPaths. A path in a procfs or sysfs is looked up from the root
 * of that mount: on the way there, someone who changes the root file system meanwhile could make it
 * appear to be missing.
 */
#include <linux/mount.h>
#include <string.h>

#include "berth/base/text.h"
#include "builder.h"

/* PLAN_SLOT_KERNEL_*; paths in further mounts are looked up from the root directory */
#define KERNEL_MOUNTS_MAX 4

static char *clean(const struct plan_builder *builder, const char *path)
{
    return text_path_clean(builder->arena, text_path_join(builder->arena, "/", path));
}

/* Without the file system it is unknown where ".." leads. */
static bool has_parent(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

/* The part of the path below `above`, a clean mount point; NULL if it is not below. */
static const char *part_below(const struct plan_builder *builder, const char *path,
                              const char *above)
{
    const char *cleaned = has_parent(path) ? above : clean(builder, path);

    return !text_equal(cleaned, above) && text_path_is_within(cleaned, above)
               ? cleaned + strlen(above) + 1
               : NULL;
}

static bool has_masks(const struct plan_builder *builder, const char *destination)
{
    const struct spec_linux *config = builder->linux;
    bool has = false;

    for (size_t i = 0; i < config->n_masked_paths; i++)
        has = has || part_below(builder, config->masked_paths[i], destination) != NULL;
    for (size_t i = 0; i < config->n_readonly_paths; i++)
        has = has || part_below(builder, config->readonly_paths[i], destination) != NULL;
    return has;
}

void plan_cover_kernel_mounts(struct plan_builder *builder, const struct spec_mount *mount)
{
    const char *destination = clean(builder, mount->destination);

    for (unsigned i = 0; i < builder->n_kernel_mounts; i++) {
        const char *covered = builder->kernel_mounts[i];

        if (covered != NULL &&
            (text_equal(destination, "/") || text_path_is_within(covered, destination)))
            builder->kernel_mounts[i] = NULL;
    }
}

enum plan_slot plan_kernel_slot(struct plan_builder *builder, const struct spec_mount *mount)
{
    const char *destination = clean(builder, mount->destination);
    const char *type = mount->type != NULL ? mount->type : "";
    unsigned next = builder->n_kernel_mounts;

    if (builder->joins || next == KERNEL_MOUNTS_MAX || text_equal(destination, "/") ||
        (!text_equal(type, "proc") && !text_equal(type, "sysfs")) ||
        has_parent(mount->destination) || !has_masks(builder, destination))
        return PLAN_SLOT_UNUSED;
    builder->kernel_mounts[builder->n_kernel_mounts++] = destination;
    return PLAN_SLOT_KERNEL_0 + next;
}

/* Returns the slot to look a path up from, and the path from there. */
static enum plan_slot find_root(const struct plan_builder *builder, const char *path,
                                const char **ret_path)
{
    enum plan_slot slot = PLAN_SLOT_ROOT;
    const char *longest = "";

    *ret_path = path;
    for (unsigned i = 0; i < builder->n_kernel_mounts; i++) {
        const char *mount = builder->kernel_mounts[i];
        const char *part = mount != NULL ? part_below(builder, path, mount) : NULL;

        if (part == NULL || strlen(mount) < strlen(longest))
            continue;
        longest = mount;
        *ret_path = part;
        slot = PLAN_SLOT_KERNEL_0 + i;
    }
    return slot;
}

void plan_mask_paths(struct plan_builder *builder)
{
    const struct spec_linux *config = builder->linux;
    const char *path;

    for (size_t i = 0; i < config->n_masked_paths; i++) {
        enum plan_slot root = find_root(builder, config->masked_paths[i], &path);

        PLAN_ADD(builder, MASK_PATH, .by = PLAN_INIT,
                 .uses = PLAN_BIT(PLAN_SLOT_NULL) | PLAN_BIT(PLAN_SLOT_EMPTY),
                 .place = PLAN_PLACE(builder, "linux.maskedPaths[%zu]", i),
                 .path = config->masked_paths[i], .root = root, .below = path);
    }
    for (size_t i = 0; i < config->n_readonly_paths; i++) {
        enum plan_slot root = find_root(builder, config->readonly_paths[i], &path);

        PLAN_ADD(builder, PROTECT_PATH, .by = PLAN_INIT,
                 .place = PLAN_PLACE(builder, "linux.readonlyPaths[%zu]", i),
                 .path = config->readonly_paths[i], .root = root, .below = path);
    }
}

void plan_open_masks(struct plan_builder *builder)
{
    if (builder->linux->n_masked_paths == 0)
        return;
    PLAN_ADD(builder, OPEN_NULL, .by = PLAN_INIT, .makes = PLAN_SLOT_NULL,
             .place = "linux.maskedPaths");
    PLAN_ADD(builder, MAKE_MOUNT, .by = PLAN_INIT, .makes = PLAN_SLOT_EMPTY,
             .place = "linux.maskedPaths", .type = "tmpfs", .source = "tmpfs",
             .options = plan_label_options(builder, "tmpfs", "nr_blocks=1,nr_inodes=2"),
             .attributes =
                 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}
