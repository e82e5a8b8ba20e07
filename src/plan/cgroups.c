/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath, linux.resources, the cgroup namespace and mounts of type cgroup and
 * cgroup2. */
#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

void plan_make_cgroups(struct plan_builder *builder)
{
    if (builder->host->n_hierarchies == 0)
        return;
    builder->cgroup_token = PLAN_TOKEN_CGROUP;
    PLAN_ADD(builder, MAKE_CGROUP, .by = PLAN_HOST, .signals = PLAN_TOKEN_CGROUP,
             .place = builder->linux->cgroups_path != NULL ? "linux.cgroupsPath" : NULL,
             .cgroup = builder->host->hierarchies[0].path);
}

void plan_join_cgroups(struct plan_builder *builder, enum plan_actor by)
{
    const struct plan_host *host = builder->host;
    /* INIT awaits cgroup_token anyway, in plan_enter_cgroups. */
    unsigned token = by == PLAN_FIRST ? builder->cgroup_token : 0;

    if (builder->joined_cgroups)
        return;
    for (size_t i = 0; i < host->n_hierarchies; i++) {
        if (host->hierarchies[i].is_joined)
            continue;
        PLAN_ADD(builder, PUT_FILE, .by = by, .place = "linux.cgroupsPath", .awaits = token,
                 .file = host->hierarchies[i].join, .content = "0");
        token = 0;
    }
    builder->joined_cgroups = true;
}

static const struct plan_hierarchy *find_v2(const struct plan_host *host)
{
    for (size_t i = 0; i < host->n_shown; i++)
        if (host->shown[i].v2)
            return &host->shown[i];
    return NULL;
}

/* v2 at /sys/fs/cgroup: the container sees only v2, even if v1 hierarchies are mounted too. */
static bool is_unified(const struct plan_host *host)
{
    const struct plan_hierarchy *v2 = find_v2(host);

    return v2 != NULL && v2->name[0] == '\0';
}

/* May the container write to its cgroup? config-linux.md, "Cgroup ownership". */
static bool is_delegated(const struct plan_builder *builder)
{
    const struct spec_config *config = builder->config;

    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct spec_mount *mount = &config->mounts[i];
        const struct spec_mount_options *options = mount->parsed;

        if (!text_equal(mount->destination, CGROUP_ROOT) || !spec_is_cgroup_type(mount->type))
            continue;
        return ((options->attributes.set | options->recursive.set) & MOUNT_ATTR_RDONLY) == 0;
    }
    return false;
}

static uint32_t host_uid(const struct plan_builder *builder, uint32_t uid)
{
    spec_host_id(builder->linux->uid_mappings, builder->linux->n_uid_mappings, uid, &uid);
    return uid;
}

static void own_cgroup(struct plan_builder *builder)
{
    const struct plan_host *host = builder->host;
    const struct spec_process *process = builder->config->process;

    if (!is_unified(host) || !host->privileged || process == NULL ||
        !(builder->new_namespaces & CLONE_NEWCGROUP) || !is_delegated(builder))
        return;
    uint32_t uid = host_uid(builder, process->user != NULL ? process->user->uid : 0);
    if (uid == 0)
        return;
    PLAN_ADD(builder, OWN_CGROUP, .by = PLAN_HOST, .awaits = PLAN_TOKEN_CGROUP,
             .signals = PLAN_TOKEN_LIMITED, .place = "process.user.uid",
             .cgroup = find_v2(host)->path, .uid = uid);
    builder->cgroup_token = PLAN_TOKEN_LIMITED;
}

void plan_limit_cgroups(struct plan_builder *builder)
{
    if (builder->host->n_hierarchies == 0)
        return;
    if (builder->linux->resources != NULL || builder->host->confines_devices) {
        PLAN_ADD(builder, LIMIT_CGROUP, .by = PLAN_HOST, .awaits = PLAN_TOKEN_CGROUP,
                 .signals = PLAN_TOKEN_LIMITED, .place = "linux.resources",
                 .cgroup = builder->host->hierarchies[0].path);
        builder->cgroup_token = PLAN_TOKEN_LIMITED;
    }
    own_cgroup(builder);
}

/* After the cgroup namespace is created, whose root is the container's cgroup with the limits. */
static void enter_delegated(struct plan_builder *builder)
{
    static const char place[] = "annotations[\"" SPEC_DELEGATE_CGROUP "\"]";
    const struct plan_hierarchy *v2 = find_v2(builder->host);

    if (v2 == NULL || v2->delegated == NULL)
        return;
    uint32_t root = host_uid(builder, 0);
    plan_signal(builder, PLAN_TOKEN_ENTERED);
    PLAN_ADD(builder, ENTER_DELEGATED, .by = PLAN_HOST,
             .awaits = PLAN_TOKEN_ENTERED | PLAN_TOKEN_RECORDED,
             .signals = root == 0 ? PLAN_TOKEN_DELEGATED : 0, .place = place,
             .cgroup = v2->delegated);
    if (root != 0)
        PLAN_ADD(builder, OWN_CGROUP, .by = PLAN_HOST, .signals = PLAN_TOKEN_DELEGATED,
                 .place = place, .cgroup = v2->delegated, .uid = root);
    plan_wait(builder, PLAN_TOKEN_DELEGATED);
}

/* INIT joins as late as possible, so that the memory of the setup is not charged to the
 * container. The cgroup namespace comes after that: its root is the cgroup in which it is
 * created. */
void plan_enter_cgroups(struct plan_builder *builder)
{
    if (builder->entered_cgroups)
        return;
    builder->entered_cgroups = true;
    if (builder->host->n_hierarchies > 0)
        plan_wait(builder, builder->cgroup_token);
    plan_join_cgroups(builder, PLAN_INIT);
    if (builder->new_namespaces & CLONE_NEWCGROUP)
        PLAN_ADD(builder, UNSHARE, .by = PLAN_INIT, .place = "linux.namespaces",
                 .namespaces = CLONE_NEWCGROUP);
    enter_delegated(builder);
    plan_reset_affinity(builder, PLAN_INIT);
}

/* The root of a joined cgroup namespace is not the container's cgroup. Only a mount made in the
 * namespace shows it, which takes privileges over the namespace. A joined user namespace is
 * assumed to own it. */
static bool mounts_joined(const struct plan_builder *builder)
{
    return (builder->joined_namespaces & CLONE_NEWCGROUP) != 0 &&
           !(builder->new_namespaces & CLONE_NEWUSER);
}

/* Mounts one hierarchy: of the joined namespace, or else a bind mount of the container's own
 * cgroup. */
static void mount_hierarchy(struct plan_builder *builder, const struct plan_hierarchy *hierarchy,
                            const char *path, const char *place)
{
    const bool is_joined = mounts_joined(builder);
    const struct plan_source source = {.path = hierarchy->path, .recursive = true};
    enum plan_slot slot = PLAN_SLOT_MOUNT;

    if (is_joined)
        PLAN_ADD(builder, MAKE_MOUNT, .by = PLAN_INIT, .makes = slot, .place = place,
                 .type = "cgroup", .source = "cgroup", .options = hierarchy->options);
    else
        slot = plan_open_source(builder, source, place);
    PLAN_ADD(builder, ATTACH_INSIDE, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ATTACHED),
             .place = place, .mount = slot, .source = is_joined ? "cgroup" : hierarchy->path,
             .target = path);
}

/* v1 and hybrid: a tmpfs with a directory for each hierarchy. `only`: mount only this one; NULL:
 * all of v1, because a systemd in the container that finds v2 beside them looks for its cgroup
 * there. */
static void mount_hierarchies(struct plan_builder *builder, const struct spec_mount *mount,
                              const struct plan_hierarchy *only, const char *place)
{
    const struct plan_host *host = builder->host;

    PLAN_ADD(builder, MAKE_MOUNT, .by = PLAN_INIT, .makes = PLAN_SLOT_MOUNT, .place = place,
             .type = "tmpfs", .source = "cgroup",
             .options = plan_label_options(builder, "tmpfs", "mode=755"),
             .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    plan_open_target(builder, mount->destination, PLAN_TARGET_DIRECTORY, PLAN_SLOT_UNUSED, place);
    plan_attach(builder,
                (struct plan_attachment){PLAN_SLOT_MOUNT, "tmpfs", mount->destination,
                                         .kept = PLAN_SLOT_ATTACHED},
                place);
    for (size_t i = 0; i < host->n_shown; i++)
        if (only == NULL ? !host->shown[i].v2 : only == &host->shown[i])
            mount_hierarchy(builder, &host->shown[i],
                            text_path_join(builder->arena, mount->destination, host->shown[i].name),
                            place);
    for (size_t i = 0; only == NULL && i < host->n_cgroup_links; i++)
        PLAN_ADD(builder, MAKE_SYMLINK, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                 .place = place,
                 .path =
                     text_path_join(builder->arena, mount->destination, host->cgroup_links[i].name),
                 .target = host->cgroup_links[i].target);
}

/* cgroup2: with a cgroup namespace a new mount, whose root is the namespace's; else a bind mount
 * of the host's, the whole hierarchy, because /proc/PID/cgroup then shows paths from its root.
 * All mounts share their options, and a mount in the first cgroup namespace, which may be
 * joined, sets them: it repeats the current ones. */
static void mount_v2(struct plan_builder *builder, const struct spec_mount *mount,
                     const char *place)
{
    const struct plan_hierarchy *v2 = find_v2(builder->host);
    bool is_joined = (builder->joined_namespaces & CLONE_NEWCGROUP) != 0;

    if (v2 != NULL && !(builder->new_namespaces & CLONE_NEWCGROUP) && !mounts_joined(builder)) {
        const char *path =
            is_joined ? v2->path : text_path_join(builder->arena, CGROUP_ROOT, v2->name);

        plan_bind(builder,
                  (struct plan_source){.path = path, .recursive = true, .stays_open = true},
                  mount->destination, 0, place);
        return;
    }
    PLAN_ADD(builder, MAKE_MOUNT, .by = PLAN_INIT, .makes = PLAN_SLOT_MOUNT, .place = place,
             .type = "cgroup2", .source = "cgroup", .options = builder->host->v2_options);
    plan_open_target(builder, mount->destination, PLAN_TARGET_DIRECTORY, PLAN_SLOT_UNUSED, place);
    plan_attach(builder,
                (struct plan_attachment){PLAN_SLOT_MOUNT, "cgroup2", mount->destination,
                                         .kept = PLAN_SLOT_ATTACHED},
                place);
}

/* Does the mount show only name=systemd, for an old systemd in a container on a v2 host? */
static bool is_for_old_systemd(const struct plan_builder *builder, const struct spec_mount *mount)
{
    const char *destination = spec_annotation(builder->config, SPEC_SYSTEMD_V1);

    return destination != NULL && text_equal(destination, mount->destination);
}

static int mount_for_old_systemd(struct plan_builder *builder, const struct spec_mount *mount,
                                 const char *place)
{
    const struct plan_host *host = builder->host;

    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (!host->hierarchies[i].v2 && text_equal(host->hierarchies[i].name, "systemd")) {
            mount_hierarchies(builder, mount, &host->hierarchies[i], place);
            return 0;
        }
    error_at(builder->error, "annotations[\"" SPEC_SYSTEMD_V1 "\"]", ENODEV,
             "the container has no cgroup in a hierarchy of version 1 at " CGROUP_ROOT "/systemd");
    return error_hint(builder->error,
                      "as root: mkdir " CGROUP_ROOT
                      "/systemd && mount -t cgroup -o none,name=systemd cgroup " CGROUP_ROOT
                      "/systemd");
}

bool plan_needs_v2_options(const struct spec_config *config)
{
    const struct spec_namespace *namespace =
        spec_find_namespace(config, SPEC_NAMESPACE_TYPE_CGROUP);

    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct spec_mount *mount = &config->mounts[i];

        if (!spec_is_cgroup_type(mount->type))
            continue;
        if (namespace != NULL && namespace->path != NULL)
            return true;
        if (mount->parsed->data != NULL)
            return true;
    }
    return false;
}

/* Checks options of the cgroup2 file system. They belong to the host, so a container can only
 * repeat those that are set, as containerd does. */
static int check_words(const struct plan_builder *builder, const struct spec_mount_options *words,
                       const char *place)
{
    static const char known[] = "nsdelegate,favordynmods,memory_localevents,memory_recursiveprot,"
                                "memory_hugetlb_accounting,pids_localevents";
    const char *host = builder->host->v2_options != NULL ? builder->host->v2_options : "";
    const char *rest = words->copies_up ? "tmpcopyup" : words->data != NULL ? words->data : "";

    while (rest[0] != '\0') {
        size_t length = strcspn(rest, ",");
        const char *word = arena_copy(builder->arena, rest, length);

        if (!text_list_has(known, word))
            return error_at(builder->error, JSON_PATH("%s.options", place), EINVAL,
                            "a cgroup mount takes no \"%s\"", word);
        if (!text_list_has(host, word))
            log_warning_at(
                JSON_PATH("%s.options", place),
                "\"%s\" has no effect: only the host can set it for its file system of cgroups",
                word);
        rest += length + (rest[length] == ',');
    }
    return 0;
}

int plan_mount_cgroups(struct plan_builder *builder, const struct spec_mount *mount,
                       const struct spec_mount_options *words, const char *place)
{
    const struct plan_host *host = builder->host;
    struct spec_mount_options final = *words;

    TRY(check_words(builder, words, place));
    plan_enter_cgroups(builder);
    if (is_for_old_systemd(builder, mount)) {
        TRY(mount_for_old_systemd(builder, mount, place));
    } else if (text_equal(mount->type, "cgroup2") || is_unified(host)) {
        mount_v2(builder, mount, place);
    } else {
        mount_hierarchies(builder, mount, NULL, place);
    }
    if (host->n_hierarchies == 0) /* the caller's cgroups: the container must not write to them */
        final.attributes.set |= MOUNT_ATTR_RDONLY;
    /* One mount in the config can be several in the kernel: the options apply to all of them. */
    final.recursive.set |=
        final.attributes.set | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    final.attributes = (struct spec_mount_attributes){0};
    plan_apply_mount_options(builder, PLAN_SLOT_ATTACHED, &final, place);
    return 0;
}
