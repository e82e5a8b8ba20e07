/* SPDX-License-Identifier: Apache-2.0 */
/* The output of `spec` is valid by the runtime's own rules, and contains what it should. */
#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/spec/check.h"
#include "berth/spec/defaults.h"
#include "berth/spec/read.h"
#include "tap-error.h"
#include "tap.h"

static const struct spec_config *read_config(struct arena *arena, const char *text)
{
    const struct spec_config *config = NULL;
    struct error error = {0};

    bool good = spec_read_config(arena, text, strlen(text), &config, &error) == 0 &&
                spec_check_config(config, &error) == 0;
    tap_text(tap_error(&error), "", "the default configuration breaks no rule");
    return good ? config : NULL;
}

static bool has_option(const struct spec_config *config, const char *start)
{
    for (size_t i = 0; i < config->n_mounts; i++) {
        for (size_t j = 0; j < config->mounts[i].n_options; j++) {
            if (strncmp(config->mounts[i].options[j], start, strlen(start)) == 0)
                return true;
        }
    }
    return false;
}

static void test_default(struct arena *arena)
{
    const struct spec_config *config = read_config(arena, spec_default_config());

    if (!tap_ok(config != NULL, "the default configuration can be read"))
        return;
    tap_text(config->oci_version, "1.3.0", "the default configuration has the newest version");
    tap_text(config->process->args[0], "sh", "the default program is a shell");
    tap_ok(config->process->terminal && config->root->readonly,
           "the default configuration has a terminal and a read-only root");
    tap_ok(config->linux->resources->n_devices == 1,
           "the default configuration allows only the default devices");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) != NULL,
           "the default configuration has a network namespace");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) == NULL,
           "the default configuration uses the host's users");
    tap_ok(has_option(config, "gid="), "devpts sets the group of terminals");
}

static void test_without_cgroup_namespace(struct arena *arena)
{
    const char *text = spec_without_cgroup_namespace(arena, spec_default_config());
    const struct spec_config *config = read_config(arena, text);

    if (!tap_ok(config != NULL, "the default configuration for v1 can be read"))
        return;
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_CGROUP) == NULL,
           "the default configuration for v1 has no cgroup namespace");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_MOUNT) != NULL,
           "the default configuration for v1 has the other namespaces");
    text = spec_without_cgroup_namespace(arena, spec_rootless_config(arena, 1, 2));
    config = read_config(arena, text);
    tap_ok(config != NULL && spec_find_namespace(config, SPEC_NAMESPACE_TYPE_CGROUP) == NULL,
           "the configuration for an unprivileged user has no cgroup namespace on v1");
}

static void test_rootless(struct arena *arena)
{
    const char *text = spec_rootless_config(arena, 1000, 4294967294);
    const struct spec_config *config = read_config(arena, text);

    if (!tap_ok(config != NULL, "the configuration for an unprivileged user can be read"))
        return;
    const struct spec_linux *linux = config->linux;
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) != NULL,
           "the unprivileged user gets a user namespace");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) == NULL,
           "the unprivileged user shares the host's network");
    tap_ok(linux->n_uid_mappings == 1 && linux->uid_mappings[0].container_id == 0 &&
               linux->uid_mappings[0].host_id == 1000 && linux->uid_mappings[0].size == 1,
           "container root maps to the user");
    tap_ok(linux->n_gid_mappings == 1 && linux->gid_mappings[0].host_id == 4294967294,
           "the container's root group maps to the user's group");
    tap_ok(linux->resources == NULL,
           "the unprivileged user gets no resource limits, which need root");
    tap_ok(!has_option(config, "gid="), "devpts has no group that is not mapped");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_default(&arena);
    test_without_cgroup_namespace(&arena);
    test_rootless(&arena);
    return tap_end();
}
