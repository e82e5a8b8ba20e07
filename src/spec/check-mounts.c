/* SPDX-License-Identifier: Apache-2.0 */
/* config.md: Mounts, Linux mount options, POSIX-platform mounts */
#include <stdio.h>

#include "berth/spec/check.h"
#include "rules.h"

static bool has_option(const struct spec_mount *mount, const char *option)
{
    return rules_has_word(mount->options, mount->n_options, option);
}

static void check_id_mappings(const struct spec_config *config, size_t i, struct error *error)
{
    const struct spec_mount *mount = &config->mounts[i];
    bool has_mappings = mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0;
    char where[64];

    if ((mount->n_uid_mappings > 0) != (mount->n_gid_mappings > 0))
        report_add(error, JSON_PATH("mounts[%zu]", i),
                   "uidMappings and gidMappings go together, only one is given");
    if (!has_mappings && (has_option(mount, "idmap") || has_option(mount, "ridmap")) &&
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
        bool bind = has_option(mount, "bind") || has_option(mount, "rbind");

        if (mount->destination[0] == '\0')
            report_add(error, JSON_PATH("mounts[%zu].destination", i), "must not be empty");
        if (bind && !is_set(mount->source) && !has_option(mount, "remount"))
            report_add(error, JSON_PATH("mounts[%zu].source", i), "a bind mount needs one");
        check_id_mappings(config, i, error);
    }
}
