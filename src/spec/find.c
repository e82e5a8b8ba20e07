/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in a configuration. */
#include <linux/bpf.h>
#include <sched.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "rules.h"

const struct spec_namespace_kind spec_namespace_kinds[SPEC_NAMESPACE_KINDS] = {
    {SPEC_NAMESPACE_TYPE_PID, CLONE_NEWPID, "pid"},
    {SPEC_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET, "net"},
    {SPEC_NAMESPACE_TYPE_IPC, CLONE_NEWIPC, "ipc"},
    {SPEC_NAMESPACE_TYPE_UTS, CLONE_NEWUTS, "uts"},
    {SPEC_NAMESPACE_TYPE_CGROUP, CLONE_NEWCGROUP, "cgroup"},
    {SPEC_NAMESPACE_TYPE_TIME, CLONE_NEWTIME, "time"},
    {SPEC_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS, "mnt"},
    {SPEC_NAMESPACE_TYPE_USER, CLONE_NEWUSER, "user"},
};

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

/* One that holds the ID, of the container or of the host; NULL: none. */
static const struct spec_id_mapping *find_mapping(const struct spec_id_mapping *mappings,
                                                  size_t n_mappings, uint32_t id, bool of_host)
{
    for (size_t i = 0; i < n_mappings; i++) {
        uint32_t first = of_host ? mappings[i].host_id : mappings[i].container_id;

        if (id >= first && id - first < mappings[i].size)
            return &mappings[i];
    }
    return NULL;
}

bool spec_host_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id,
                  uint32_t *ret_host_id)
{
    const struct spec_id_mapping *mapping = find_mapping(mappings, n_mappings, id, false);

    if (mapping == NULL)
        return false;
    *ret_host_id = mapping->host_id + (id - mapping->container_id);
    return true;
}

bool spec_maps_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id)
{
    return find_mapping(mappings, n_mappings, id, false) != NULL;
}

bool spec_maps_host_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id)
{
    return find_mapping(mappings, n_mappings, id, true) != NULL;
}

unsigned spec_device_access(const char *access, bool *ret_has_others)
{
    unsigned bits = 0;

    *ret_has_others = access[strspn(access, "rwm")] != '\0';
    bits |= strchr(access, 'r') != NULL ? BPF_DEVCG_ACC_READ : 0;
    bits |= strchr(access, 'w') != NULL ? BPF_DEVCG_ACC_WRITE : 0;
    bits |= strchr(access, 'm') != NULL ? BPF_DEVCG_ACC_MKNOD : 0;
    return bits;
}

const char *spec_device_letters(struct arena *arena, unsigned access)
{
    return arena_printf(arena, "%s%s%s", access & BPF_DEVCG_ACC_READ ? "r" : "",
                        access & BPF_DEVCG_ACC_WRITE ? "w" : "",
                        access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
}
