/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: everything that no other check-*.c covers */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "rules.h"

/* Device numbers in the kernel have 12 bits (major) and 20 bits (minor). */
#define LAST_MAJOR 4095
#define LAST_MINOR 1048575

static void check_device(const struct spec_device *device, size_t i, struct error *error)
{
    if (device->path[0] != '/')
        report_add(error, JSON_PATH("linux.devices[%zu].path", i), "must be absolute, got %s",
                   QUOTE(device->path));
    if (device->type == SPEC_DEVICE_TYPE_P)
        return;
    if (!device->has_major || !device->has_minor)
        report_add(error, JSON_PATH("linux.devices[%zu]", i),
                   "a device of type %s needs major and minor",
                   spec_device_type_names[device->type]);
    if (device->major < 0 || device->major > LAST_MAJOR)
        report_add(error, JSON_PATH("linux.devices[%zu].major", i),
                   "%" PRId64 " is out of range, 0 to %d", device->major, LAST_MAJOR);
    if (device->minor < 0 || device->minor > LAST_MINOR)
        report_add(error, JSON_PATH("linux.devices[%zu].minor", i),
                   "%" PRId64 " is out of range, 0 to %d", device->minor, LAST_MINOR);
}

static void check_paths(const char *where, const char *const *paths, size_t n_paths,
                        struct error *error)
{
    for (size_t i = 0; i < n_paths; i++) {
        if (paths[i][0] != '/')
            report_add(error, JSON_PATH("%s[%zu]", where, i), "must be absolute, got %s",
                       QUOTE(paths[i]));
    }
}

static void check_cgroups_path(const char *path, struct error *error)
{
    for (const char *part = path; part != NULL && *part != '\0';) {
        size_t length = strcspn(part, "/");

        if (length == 2 && strncmp(part, "..", 2) == 0) {
            report_add(error, "linux.cgroupsPath", "must not lead upwards, got %s", QUOTE(path));
            return;
        }
        part += length + (part[length] == '/');
    }
}

/* Names of network devices: the kernel's dev_valid_name; IFNAMSIZ is 16. */
static bool is_interface_name(const char *name)
{
    return name[0] != '\0' && strlen(name) < 16 && strpbrk(name, "/: \t\n") == NULL &&
           !text_equal(name, ".") && !text_equal(name, "..");
}

/* Returns whether '%' occurs in the name at most once, in "%d", which the kernel replaces with a
 * number: it rejects any other use. */
static bool is_template(const char *name)
{
    const char *percent = strchr(name, '%');

    return percent == NULL || (percent[1] == 'd' && strchr(percent + 1, '%') == NULL);
}

static void check_net_devices(const struct spec_config *config, struct error *error)
{
    const struct spec_linux *linux = config->linux;

    if (linux->n_net_devices > 0 &&
        spec_find_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) == NULL)
        report_add(error, "linux.netDevices",
                   "needs a network namespace, and linux.namespaces has none");
    for (size_t i = 0; i < linux->n_net_devices; i++) {
        const struct spec_net_device_entry *entry = &linux->net_devices[i];

        if (!is_interface_name(entry->key))
            report_add(error, JSON_PATH("linux.netDevices[%s]", QUOTE(entry->key)),
                       "is not the name of a network device");
        if (is_set(entry->value->name) &&
            (!is_interface_name(entry->value->name) || !is_template(entry->value->name)))
            report_add(error, JSON_PATH("linux.netDevices[%s].name", QUOTE(entry->key)),
                       "is not the name of a network device, got %s", QUOTE(entry->value->name));
    }
}

static void check_intel_rdt(const struct spec_intel_rdt *rdt, struct error *error)
{
    const char *id = rdt->clos_id;
    const char *bandwidth = rdt->mem_bw_schema;

    if (id != NULL && !text_equal(id, "/") &&
        (id[0] == '\0' || strchr(id, '/') != NULL || text_equal(id, ".") || text_equal(id, "..")))
        report_add(error, "linux.intelRdt.closID", "must be / or one name of a directory, got %s",
                   QUOTE(id));
    if (is_set(bandwidth) && !text_starts_with(bandwidth, "MB:"))
        report_add(error, "linux.intelRdt.memBwSchema", "must start with MB:, got %s",
                   QUOTE(bandwidth));
    if (is_set(bandwidth) && strchr(bandwidth, '\n') != NULL)
        report_add(error, "linux.intelRdt.memBwSchema", "must be one line, got %s",
                   QUOTE(bandwidth));
    for (size_t i = 0; i < rdt->n_schemata; i++) {
        if (strchr(rdt->schemata[i], '\n') != NULL)
            report_add(error, JSON_PATH("linux.intelRdt.schemata[%zu]", i),
                       "must be one line, got %s", QUOTE(rdt->schemata[i]));
    }
}

int spec_check_intel_rdt(const struct spec_intel_rdt *rdt, struct error *error)
{
    check_intel_rdt(rdt, error);
    return error->number == 0 ? 0 : -EINVAL;
}

static bool policy_has(const struct spec_memory_policy *policy, enum spec_memory_policy_flag flag)
{
    for (size_t i = 0; i < policy->n_flags; i++) {
        if (policy->flags[i] == flag)
            return true;
    }
    return false;
}

/* set_mempolicy(2) */
static void check_memory_policy(const struct spec_memory_policy *policy, struct error *error)
{
    static const enum {
        MAY,
        NEVER,
        ALWAYS
    } nodes[] = {
        [SPEC_MEMORY_POLICY_MODE_MPOL_DEFAULT] = NEVER,
        [SPEC_MEMORY_POLICY_MODE_MPOL_BIND] = ALWAYS,
        [SPEC_MEMORY_POLICY_MODE_MPOL_INTERLEAVE] = ALWAYS,
        [SPEC_MEMORY_POLICY_MODE_MPOL_WEIGHTED_INTERLEAVE] = ALWAYS,
        [SPEC_MEMORY_POLICY_MODE_MPOL_PREFERRED] = MAY,
        [SPEC_MEMORY_POLICY_MODE_MPOL_PREFERRED_MANY] = ALWAYS,
        [SPEC_MEMORY_POLICY_MODE_MPOL_LOCAL] = NEVER,
    };
    const char *mode = spec_memory_policy_mode_names[policy->mode];

    if (nodes[policy->mode] == ALWAYS && !is_set(policy->nodes))
        report_add(error, "linux.memoryPolicy.nodes", "%s needs at least one", mode);
    if (nodes[policy->mode] == NEVER && is_set(policy->nodes))
        report_add(error, "linux.memoryPolicy.nodes", "%s takes none", mode);
    rules_number_list("linux.memoryPolicy.nodes", policy->nodes, SPEC_NODES, error);
    bool is_static = policy_has(policy, SPEC_MEMORY_POLICY_FLAG_MPOL_F_STATIC_NODES);
    bool is_relative = policy_has(policy, SPEC_MEMORY_POLICY_FLAG_MPOL_F_RELATIVE_NODES);
    if (is_static && is_relative)
        report_add(error, "linux.memoryPolicy.flags",
                   "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    else if ((is_static || is_relative) && !is_set(policy->nodes))
        report_add(error, "linux.memoryPolicy.flags", "%s is about nodes, and there are none",
                   is_static ? "MPOL_F_STATIC_NODES" : "MPOL_F_RELATIVE_NODES");
}

void rules_linux(const struct spec_config *config, struct error *error)
{
    const struct spec_linux *linux = config->linux;

    for (size_t i = 0; i < linux->n_devices; i++)
        check_device(&linux->devices[i], i, error);
    check_net_devices(config, error);
    check_cgroups_path(linux->cgroups_path, error);
    if (linux->resources != NULL)
        rules_resources(linux->resources, error);
    if (linux->intel_rdt != NULL)
        check_intel_rdt(linux->intel_rdt, error);
    if (linux->memory_policy != NULL)
        check_memory_policy(linux->memory_policy, error);
    if (linux->seccomp != NULL)
        rules_seccomp(linux->seccomp, error);
    check_paths("linux.maskedPaths", linux->masked_paths, linux->n_masked_paths, error);
    check_paths("linux.readonlyPaths", linux->readonly_paths, linux->n_readonly_paths, error);
    /* The specification defines no flags. */
    for (size_t i = 0; linux->personality != NULL && i < linux->personality->n_flags; i++)
        report_add(error, JSON_PATH("linux.personality.flags[%zu]", i),
                   "no flags are supported, got %s", QUOTE(linux->personality->flags[i]));
}
