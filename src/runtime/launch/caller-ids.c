/* SPDX-License-Identifier: Apache-2.0 */
#include "caller-ids.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "berth/spec/mount-options.h"
#include "subid.h"

#define MAPPINGS_MAX 3

struct ids {
    uint32_t inside;  /* the caller's ID in the container */
    uint32_t outside; /* the caller's ID on the host */
    bool groups;
};

/* Maps the caller's own ID, and subordinate IDs to the IDs below and above it. */
static struct spec_id_mapping *map(struct arena *arena, const struct ids *ids, bool has_helpers,
                                   size_t *ret_count)
{
    struct spec_id_mapping *mappings = ARENA_ARRAY(arena, MAPPINGS_MAX, struct spec_id_mapping);
    uint32_t first = 0, count = 0;
    size_t n = 0;

    if (has_helpers && !subid_first(ids->groups, &first, &count))
        count = 0;
    uint32_t below = count < ids->inside ? count : ids->inside;
    if (below > 0)
        mappings[n++] =
            (struct spec_id_mapping){.container_id = 0, .host_id = first, .size = below};
    mappings[n++] =
        (struct spec_id_mapping){.container_id = ids->inside, .host_id = ids->outside, .size = 1};
    /* cppcheck-suppress knownConditionTrueFalse ; does not see what subid_first sets */
    if (count > below)
        mappings[n++] = (struct spec_id_mapping){
            .container_id = ids->inside + 1, .host_id = first + below, .size = count - below};
    *ret_count = n;
    return mappings;
}

static bool has_subids(struct arena *arena)
{
    const char *why;
    uint32_t first, count;

    return subid_first(false, &first, &count) && subid_first(true, &first, &count) &&
           subid_has_helper(arena, false, &why) && subid_has_helper(arena, true, &why);
}

static void map_caller(struct arena *arena, const struct spec_config *config,
                       struct spec_linux *linux)
{
    static const struct spec_user root;
    const struct spec_user *user =
        config->process != NULL && config->process->user != NULL ? config->process->user : &root;
    bool has_helpers = has_subids(arena);

    linux->uid_mappings =
        map(arena, &(struct ids){user->uid, geteuid(), false}, has_helpers, &linux->n_uid_mappings);
    linux->gid_mappings =
        map(arena, &(struct ids){user->gid, getegid(), true}, has_helpers, &linux->n_gid_mappings);
}

static bool is_unmapped_gid(const struct spec_linux *linux, const char *option)
{
    uint64_t gid;

    return text_starts_with(option, "gid=") && text_to_u64(option + strlen("gid="), &gid) == 0 &&
           (gid > UINT32_MAX ||
            !spec_maps_id(linux->gid_mappings, linux->n_gid_mappings, (uint32_t) gid));
}

/* `spec` writes gid=5, the group tty, for devpts. Without a mapping for it, terminals keep their
 * user's group. */
static void drop_unmapped_gid(struct arena *arena, const struct spec_linux *linux,
                              struct spec_mount *mount)
{
    struct text_list options = {.arena = arena};

    for (size_t i = 0; i < mount->n_options; i++)
        if (!is_unmapped_gid(linux, mount->options[i]))
            text_list_add(&options, mount->options[i]);
    mount->options = (const char *const *) options.item;
    mount->n_options = options.count;
    spec_parse_mount_options(arena, mount);
}

static void fit_terminals(struct arena *arena, struct spec_config *config)
{
    struct spec_mount *mounts = ARENA_ARRAY(arena, config->n_mounts + 1, struct spec_mount);

    for (size_t i = 0; i < config->n_mounts; i++) {
        mounts[i] = config->mounts[i];
        if (mounts[i].type != NULL && text_equal(mounts[i].type, "devpts"))
            drop_unmapped_gid(arena, config->linux, &mounts[i]);
    }
    config->mounts = mounts;
}

static void add_namespace(struct arena *arena, struct spec_linux *linux)
{
    struct spec_namespace *namespaces =
        ARENA_ARRAY(arena, linux->n_namespaces + 1, struct spec_namespace);

    if (linux->n_namespaces > 0)
        memcpy(namespaces, linux->namespaces, linux->n_namespaces * sizeof(*namespaces));
    namespaces[linux->n_namespaces++] = (struct spec_namespace){.type = SPEC_NAMESPACE_TYPE_USER};
    linux->namespaces = namespaces;
}

static bool has_mappings(const struct spec_config *config)
{
    return config->linux != NULL &&
           (config->linux->n_uid_mappings > 0 || config->linux->n_gid_mappings > 0);
}

int caller_ids_check(const struct spec_config *config, bool privileged, struct error *error)
{
    if (!privileged || !spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_USER) ||
        has_mappings(config))
        return 0;
    return error_at(error, "linux.uidMappings", EINVAL,
                    "a new user namespace needs at least one entry: without one, only the caller "
                    "could be mapped, which is root");
}

const struct spec_config *caller_ids_complete(struct arena *arena, const struct spec_config *config,
                                              bool privileged)
{
    bool has_namespace = spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) != NULL;
    bool is_made =
        has_namespace ? spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_USER) : !privileged;

    if (!is_made || (has_namespace && has_mappings(config)))
        return config;
    struct spec_config *own = ARENA_NEW(arena, struct spec_config);
    struct spec_linux *linux = ARENA_NEW(arena, struct spec_linux);
    *own = *config;
    if (config->linux != NULL)
        *linux = *config->linux;
    own->linux = linux;
    if (!has_namespace)
        add_namespace(arena, linux);
    if (!has_mappings(config))
        map_caller(arena, config, linux);
    fit_terminals(arena, own);
    return own;
}
