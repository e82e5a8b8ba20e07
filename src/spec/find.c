/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in a configuration. */
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"

#include "berth/base/text.h"
#include "rules.h"

const struct spec_namespace *spec_find_namespace(const struct spec_config *config,
                                                 enum spec_namespace_type type)
{
    for (size_t i = 0; config->linux != NULL && i < config->linux->n_namespaces; i++) {
        if (config->linux->namespaces[i].type == type)
            return &config->linux->namespaces[i];
    }
    return NULL;
}

bool spec_makes_namespace(const struct spec_config *config, enum spec_namespace_type type)
{
    const struct spec_namespace *namespace = spec_find_namespace(config, type);

    return namespace != NULL && !is_set(namespace->path);
}

const char *spec_annotation(const struct spec_config *config, const char *key)
{
    for (size_t i = 0; i < config->n_annotations; i++)
        if (text_equal(config->annotations[i].key, key))
            return config->annotations[i].value;
    return NULL;
}

bool spec_delegates_cgroup(const struct spec_config *config)
{
    const char *name = spec_annotation(config, SPEC_DELEGATE_CGROUP);

    return name != NULL && name[0] != '\0';
}

bool spec_is_cgroup_type(const char *type)
{
    return type != NULL && (text_equal(type, "cgroup") || text_equal(type, "cgroup2"));
}
