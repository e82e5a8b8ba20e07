/* SPDX-License-Identifier: Apache-2.0 */
/* root, linux.rootfsPropagation, sysctl, maskedPaths, readonlyPaths. */
#include <linux/mount.h>
#include <sched.h>

#include "berth/spec/check.h"
#include "builder.h"

static const struct propagation {
    /* propagation of "/" in the new mount namespace: no mount may reach the host */
    uint64_t host;
    uint64_t root; /* propagation of the container's root */
} propagations[] = {
    /* Later mounts on the host still reach the container's bind mounts, as in runc. */
    [SPEC_ROOTFS_PROPAGATION_NONE] = {MS_REC | MS_SLAVE, MS_PRIVATE},
    [SPEC_ROOTFS_PROPAGATION_SHARED] = {MS_REC | MS_SLAVE, MS_SHARED},
    [SPEC_ROOTFS_PROPAGATION_RSHARED] = {MS_REC | MS_SLAVE, MS_REC | MS_SHARED},
    [SPEC_ROOTFS_PROPAGATION_SLAVE] = {MS_REC | MS_SLAVE, MS_SLAVE},
    [SPEC_ROOTFS_PROPAGATION_RSLAVE] = {MS_REC | MS_SLAVE, MS_REC | MS_SLAVE},
    [SPEC_ROOTFS_PROPAGATION_PRIVATE] = {MS_REC | MS_PRIVATE, MS_PRIVATE},
    [SPEC_ROOTFS_PROPAGATION_RPRIVATE] = {MS_REC | MS_PRIVATE, MS_REC | MS_PRIVATE},
    [SPEC_ROOTFS_PROPAGATION_UNBINDABLE] = {MS_REC | MS_PRIVATE, MS_UNBINDABLE},
    [SPEC_ROOTFS_PROPAGATION_RUNBINDABLE] = {MS_REC | MS_PRIVATE, MS_REC | MS_UNBINDABLE},
};

/* The root is a mount of its own, unless the container has neither a mount namespace nor
 * anything to mount: then it is a directory to chroot(2) to. Without a mount namespace the
 * container's mounts are the host's; they are all below the root's mount, and delete unmounts
 * them with it. */
static bool mounts_root(const struct plan_builder *builder)
{
    return ((builder->new_namespaces | builder->joined_namespaces) & CLONE_NEWNS) != 0 ||
           builder->config->n_mounts > 0 || builder->config->root->readonly ||
           builder->linux->n_masked_paths > 0 || builder->linux->n_readonly_paths > 0;
}

void plan_open_root(struct plan_builder *builder)
{
    const struct propagation *propagation = &propagations[builder->linux->rootfs_propagation];

    if (builder->new_namespaces & CLONE_NEWNS)
        PLAN_ADD(builder, SET_PROPAGATION, .by = PLAN_INIT, .place = "linux.rootfsPropagation",
                 .propagation = propagation->host);
    PLAN_ADD(builder, OPEN_ROOT, .by = PLAN_INIT, .makes = PLAN_SLOT_ROOT, .place = "root.path",
             .path = builder->request->rootfs, .bind = mounts_root(builder));
}

static const char *sysctl_path(struct plan_builder *builder, const char *key)
{
    char path[SPEC_SYSCTL_PATH_SIZE] = "";

    spec_sysctl_path(key, path); /* the key has been checked */
    return arena_printf(builder->arena, "sys/%s", path);
}

void plan_set_sysctls(struct plan_builder *builder)
{
    if (builder->linux->n_sysctl == 0)
        return;
    plan_wait(builder, plan_net_devices_token(builder));
    plan_open_proc(builder, PLAN_INIT, "linux.sysctl");
    for (size_t i = 0; i < builder->linux->n_sysctl; i++) {
        const struct spec_pair *pair = &builder->linux->sysctl[i];

        PLAN_ADD(builder, PUT_FILE, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_PROC),
                 .place = PLAN_PLACE(builder, "linux.sysctl[\"%s\"]", pair->key),
                 .file = sysctl_path(builder, pair->key), .content = pair->value);
    }
}

/* How INIT changes to the container's root. */
static enum plan_root_change root_change(const struct plan_builder *builder)
{
    if (!(builder->new_namespaces & CLONE_NEWNS))
        return PLAN_ROOT_CHROOT;
    return builder->request->no_pivot ? PLAN_ROOT_MOVE : PLAN_ROOT_PIVOT;
}

/* After MS_MOVE all mounts of the host are still there below the new root. A full procfs or
 * sysfs among them would let a user namespace in the container mount another one, without masks. */
static void leave_old_root(struct plan_builder *builder)
{
    const char *const *path = builder->host->kernel_mounts;

    for (; path != NULL && *path != NULL; path++)
        PLAN_ADD(builder, HIDE_MOUNT, .by = PLAN_INIT, .place = "root.path", .path = *path);
    PLAN_ADD(builder, PIVOT_ROOT, .by = PLAN_INIT, .place = "root.path",
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .how = PLAN_ROOT_CHROOT);
}

/* The terminal comes first: its mount point may have to be created in a path that becomes
 * read-only. */
static void hide_and_protect(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;

    if (process != NULL && process->terminal)
        plan_open_terminal(builder);
    plan_mask_paths(builder);
}

void plan_change_root(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;
    const bool is_staged = builder->host->refused_call != NULL;

    /* The masks come from the stage, which disappears with the old root. */
    if (is_staged && builder->hooked)
        plan_wait(builder, PLAN_TOKEN_HOOKED);
    if (is_staged)
        hide_and_protect(builder);
    PLAN_ADD(builder, PIVOT_ROOT, .by = PLAN_INIT, .place = "root.path",
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .awaits = builder->hooked ? PLAN_TOKEN_HOOKED : 0,
             .how = root_change(builder));
    if (root_change(builder) == PLAN_ROOT_MOVE)
        leave_old_root(builder);
    /* Before readonlyPaths could prevent it. */
    if (process != NULL)
        PLAN_ADD(builder, MAKE_CWD, .by = PLAN_INIT, .place = "process.cwd", .path = process->cwd);
    if (!is_staged)
        hide_and_protect(builder);
}

/* In a mount namespace shared with others, MS_PRIVATE would leave their copies of the root's
 * mounts mounted when delete unmounts them. */
static bool asks_for_propagation(const struct plan_builder *builder)
{
    return builder->linux->rootfs_propagation != SPEC_ROOTFS_PROPAGATION_NONE;
}

void plan_finish_root(struct plan_builder *builder)
{
    const struct propagation *propagation = &propagations[builder->linux->rootfs_propagation];

    for (size_t i = 0; i < builder->read_only_later.count; i++)
        PLAN_ADD(builder, PROTECT_HELD, .by = PLAN_INIT, .place = builder->read_only_later.item[i]);
    if (!mounts_root(builder))
        return;
    if (builder->config->root->readonly)
        PLAN_ADD(builder, SET_MOUNT_ATTRIBUTES, .by = PLAN_INIT, .place = "root.readonly",
                 .mount = PLAN_SLOT_ROOT, .set = MOUNT_ATTR_RDONLY);
    if (asks_for_propagation(builder) || builder->new_namespaces & CLONE_NEWNS)
        PLAN_ADD(builder, SET_MOUNT_ATTRIBUTES, .by = PLAN_INIT, .place = "linux.rootfsPropagation",
                 .mount = PLAN_SLOT_ROOT, .propagation = propagation->root & ~(uint64_t) MS_REC,
                 .recursive = (propagation->root & MS_REC) != 0);
}

void plan_join_root(struct plan_builder *builder)
{
    if (builder->new_namespaces & CLONE_NEWNS)
        return;
    PLAN_ADD(builder, OPEN_ROOT, .by = PLAN_INIT, .makes = PLAN_SLOT_ROOT, .place = "root.path",
             .path = builder->request->rootfs);
    PLAN_ADD(builder, PIVOT_ROOT, .by = PLAN_INIT, .place = "root.path",
             .uses = PLAN_BIT(PLAN_SLOT_ROOT), .how = PLAN_ROOT_CHROOT);
}
