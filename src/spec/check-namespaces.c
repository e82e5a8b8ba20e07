/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: Namespaces, User namespace mappings, Offset for Time Namespace */
#include <inttypes.h>

#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "rules.h"

/* the kernel's limit of lines in a map (user_namespaces(7)) */
#define MAX_MAPPINGS 340

static bool overlap(uint64_t a, uint64_t b, const struct spec_id_mapping *of_a,
                    const struct spec_id_mapping *of_b)
{
    return a < b + of_b->size && b < a + of_a->size;
}

void rules_id_mappings(const char *where, const struct spec_id_mapping *mappings, size_t n_mappings,
                       struct error *error)
{
    if (n_mappings > MAX_MAPPINGS) {
        report_add(error, where, "the kernel accepts at most %d entries, got %zu", MAX_MAPPINGS,
                   n_mappings);
        return;
    }
    for (size_t i = 0; i < n_mappings; i++) {
        const struct spec_id_mapping *mapping = &mappings[i];

        if (mapping->size == 0)
            report_add(error, JSON_PATH("%s[%zu].size", where, i), "must be at least 1");
        if ((uint64_t) mapping->container_id + mapping->size > UINT32_MAX ||
            (uint64_t) mapping->host_id + mapping->size > UINT32_MAX)
            report_add(error, JSON_PATH("%s[%zu]", where, i), "the range goes beyond the last id");
        for (size_t j = 0; j < i; j++) {
            const struct spec_id_mapping *other = &mappings[j];

            if (overlap(mapping->container_id, other->container_id, mapping, other) ||
                overlap(mapping->host_id, other->host_id, mapping, other)) {
                report_add(error, JSON_PATH("%s[%zu]", where, i), "overlaps with entry %zu", j);
                break;
            }
        }
    }
}

static void check_list(const struct spec_linux *linux, struct error *error)
{
    for (size_t i = 0; i < linux->n_namespaces; i++) {
        const struct spec_namespace *namespace = &linux->namespaces[i];

        if (namespace->path != NULL && namespace->path[0] == '\0')
            report_warning(error, JSON_PATH("linux.namespaces[%zu].path", i),
                           "\"\" counts as absent");
        else if (namespace->path != NULL && namespace->path[0] != '/')
            report_add(error, JSON_PATH("linux.namespaces[%zu].path", i),
                       "must be absolute, got %s", QUOTE(namespace->path));
        for (size_t j = 0; j < i; j++) {
            if (linux->namespaces[j].type == namespace->type) {
                report_add(error, JSON_PATH("linux.namespaces[%zu].type", i),
                           "%s is in namespaces[%zu] already",
                           spec_namespace_type_names[namespace->type], j);
                break;
            }
        }
    }
}

static void check_user_is_mapped(const struct spec_config *config, struct error *error)
{
    static const struct spec_user root = {0};
    const struct spec_linux *linux = config->linux;
    const struct spec_user *user = &root;

    if (config->process == NULL)
        return;
    if (config->process->user != NULL)
        user = config->process->user;
    if (!spec_maps_id(linux->uid_mappings, linux->n_uid_mappings, user->uid))
        report_add(error, "process.user.uid", "%" PRIu32 " is not mapped by linux.uidMappings",
                   user->uid);
    if (!spec_maps_id(linux->gid_mappings, linux->n_gid_mappings, user->gid))
        report_add(error, "process.user.gid", "%" PRIu32 " is not mapped by linux.gidMappings",
                   user->gid);
    /* additionalGids are not checked: where setgroups(2) is denied they need not be mapped. The
     * plan checks them. */
}

/* With a joined user namespace, mappings describe what that namespace maps; engines write such a
 * config for a pod. */
static void check_user_namespace(const struct spec_config *config, struct error *error)
{
    const struct spec_linux *linux = config->linux;
    const struct spec_namespace *user = spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER);
    bool made = user != NULL && user->path == NULL;

    rules_id_mappings("linux.uidMappings", linux->uid_mappings, linux->n_uid_mappings, error);
    rules_id_mappings("linux.gidMappings", linux->gid_mappings, linux->n_gid_mappings, error);
    if (user == NULL && linux->n_uid_mappings > 0)
        report_warning(error, "linux.uidMappings",
                       "has no effect without a user namespace, and linux.namespaces has none");
    if (user == NULL && linux->n_gid_mappings > 0)
        report_warning(error, "linux.gidMappings",
                       "has no effect without a user namespace, and linux.namespaces has none");
    /* Without either, berth maps only the caller. */
    if (made && linux->n_uid_mappings == 0 && linux->n_gid_mappings > 0)
        report_add(error, "linux.uidMappings", "is required with gidMappings");
    if (made && linux->n_gid_mappings == 0 && linux->n_uid_mappings > 0)
        report_add(error, "linux.gidMappings", "is required with uidMappings");
    if (made && linux->n_uid_mappings > 0 && linux->n_gid_mappings > 0)
        check_user_is_mapped(config, error);
}

/* Offsets can only be set before the first process enters the namespace (time_namespaces(7)). */
static void check_time_offsets(const struct spec_config *config, struct error *error)
{
    const struct spec_linux *linux = config->linux;
    const struct spec_namespace *time = spec_find_namespace(config, SPEC_NAMESPACE_TYPE_TIME);

    if (linux->n_time_offsets > 0 && time == NULL)
        report_add(error, "linux.timeOffsets",
                   "needs a time namespace, and linux.namespaces has none");
    else if (linux->n_time_offsets > 0 && time->path != NULL)
        report_add(error, "linux.timeOffsets",
                   "the offsets of a joined time namespace cannot be changed");
    for (size_t i = 0; i < linux->n_time_offsets; i++) {
        const char *clock = linux->time_offsets[i].key;

        if (!text_equal(clock, "monotonic") && !text_equal(clock, "boottime"))
            report_add(error, "linux.timeOffsets", "unknown clock %s (known: monotonic, boottime)",
                       QUOTE(clock));
    }
}

void rules_namespaces(const struct spec_config *config, struct error *error)
{
    check_list(config->linux, error);
    check_user_namespace(config, error);
    check_time_offsets(config, error);
}
