/* SPDX-License-Identifier: Apache-2.0 */
/* config.md: Mounts, Linux mount options, POSIX-platform mounts */
#include <stdio.h>

#include "berth/spec/check.h"
#include "berth/spec/mount-options.h"
#include "rules.h"

static void check_id_mappings(const struct spec_config *config, size_t i, struct error *error)
{
    const struct spec_mount *mount = &config->mounts[i];
    bool has_mappings = mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0;
    char where[64];

    if ((mount->n_uid_mappings > 0) != (mount->n_gid_mappings > 0))
        report_add(error, JSON_PATH("mounts[%zu]", i),
                   "uidMappings and gidMappings go together, only one is given");
    if (!has_mappings && mount->parsed->maps_ids && mount->parsed->id_map == NULL &&
        spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) == NULL)
        report_add(
            error, JSON_PATH("mounts[%zu].options", i),
            "idmap needs uidMappings and gidMappings, or a user namespace in linux.namespaces");
    snprintf(where, sizeof(where), "mounts[%zu].uidMappings", i);
    rules_id_mappings(where, mount->uid_mappings, mount->n_uid_mappings, error);
    snprintf(where, sizeof(where), "mounts[%zu].gidMappings", i);
    rules_id_mappings(where, mount->gid_mappings, mount->n_gid_mappings, error);
}

void rules_mounts(const struct spec_config *config, struct error *error)
{
    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct spec_mount *mount = &config->mounts[i];

        if (mount->destination[0] == '\0')
            report_add(error, JSON_PATH("mounts[%zu].destination", i), "must not be empty");
        if (mount->parsed->binds && !is_set(mount->source) && !mount->parsed->remounts)
            report_add(error, JSON_PATH("mounts[%zu].source", i), "a bind mount needs one");
        check_id_mappings(config, i, error);
    }
}
