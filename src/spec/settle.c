/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces values that engines write and other runtimes accept, but that the specification forbids,
 * with what they mean. rules.h warns of them; the rest of the program sees only the result. */
#include <stdint.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "reader.h"
#include "rules.h"

const struct spec_resources *spec_settle_resources(struct arena *arena,
                                                   const struct spec_resources *resources)
{
    if (resources == NULL || resources->memory == NULL ||
        resources->memory->swappiness != SPEC_SWAPPINESS_UNSET)
        return resources;
    struct spec_resources *settled = ARENA_NEW(arena, struct spec_resources);
    struct spec_memory *memory = ARENA_NEW(arena, struct spec_memory);

    *settled = *resources;
    *memory = *resources->memory;
    memory->has_swappiness = false;
    settled->memory = memory;
    return settled;
}

static void settle_namespaces(struct arena *arena, struct spec_linux *linux)
{
    struct spec_namespace *namespaces =
        arena_array(arena, linux->n_namespaces + 1, sizeof(*namespaces));

    for (size_t i = 0; i < linux->n_namespaces; i++) {
        namespaces[i] = linux->namespaces[i];
        if (!is_set(namespaces[i].path))
            namespaces[i].path = NULL;
    }
    linux->namespaces = namespaces;
}

/* Drops a sysctl that domainname already sets. */
static void settle_sysctl(struct arena *arena, const struct spec_config *config,
                          struct spec_linux *linux)
{
    struct spec_pair *pairs = arena_array(arena, linux->n_sysctl + 1, sizeof(*pairs));
    size_t count = 0;

    for (size_t i = 0; i < linux->n_sysctl; i++)
        if (!rules_repeats_domainname(config, &linux->sysctl[i]))
            pairs[count++] = linux->sysctl[i];
    linux->sysctl = pairs;
    linux->n_sysctl = count;
}

const struct spec_config *spec_settle(struct arena *arena, const struct spec_config *config)
{
    if (config == NULL || config->linux == NULL)
        return config;
    struct spec_config *settled = ARENA_NEW(arena, struct spec_config);
    struct spec_linux *linux = ARENA_NEW(arena, struct spec_linux);

    *settled = *config;
    *linux = *config->linux;
    settled->linux = linux;
    settle_namespaces(arena, linux);
    settle_sysctl(arena, config, linux);
    if (spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) == NULL) {
        linux->uid_mappings = linux->gid_mappings = NULL;
        linux->n_uid_mappings = linux->n_gid_mappings = 0;
    }
    if (linux->seccomp != NULL && linux->seccomp->default_action == SPEC_SECCOMP_ACTION_NONE)
        linux->seccomp = NULL;
    linux->resources = spec_settle_resources(arena, linux->resources);
    return settled;
}
