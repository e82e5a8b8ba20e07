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
    tap_text(tap_error(&error), "", "no rule is broken");
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

    if (!tap_ok(config != NULL, "the default configuration can be used"))
        return;
    tap_text(config->oci_version, "1.3.0", "its version");
    tap_text(config->process->args[0], "sh", "a shell");
    tap_ok(config->process->terminal && config->root->readonly, "on a terminal, read-only");
    tap_ok(config->linux->resources->n_devices == 1, "no devices but those allowed");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) != NULL, "its own network");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) == NULL, "the users of the host");
    tap_ok(has_option(config, "gid="), "terminals belong to a group");
}

static void test_without_cgroup_namespace(struct arena *arena)
{
    const char *text = spec_without_cgroup_namespace(arena, spec_default_config());
    const struct spec_config *config = read_config(arena, text);

    if (!tap_ok(config != NULL, "the default configuration for version 1 can be used"))
        return;
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_CGROUP) == NULL,
           "the cgroups of the host");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_MOUNT) != NULL, "the others are there");
    text = spec_without_cgroup_namespace(arena, spec_rootless_config(arena, 1, 2));
    config = read_config(arena, text);
    tap_ok(config != NULL && spec_find_namespace(config, SPEC_NAMESPACE_TYPE_CGROUP) == NULL,
           "nor for an unprivileged user");
}

static void test_rootless(struct arena *arena)
{
    const char *text = spec_rootless_config(arena, 1000, 4294967294);
    const struct spec_config *config = read_config(arena, text);

    if (!tap_ok(config != NULL, "the configuration for an ordinary user can be used"))
        return;
    const struct spec_linux *linux = config->linux;
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_USER) != NULL, "users of its own");
    tap_ok(spec_find_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) == NULL, "the host's network");
    tap_ok(linux->n_uid_mappings == 1 && linux->uid_mappings[0].container_id == 0 &&
               linux->uid_mappings[0].host_id == 1000 && linux->uid_mappings[0].size == 1,
           "root is the user");
    tap_ok(linux->n_gid_mappings == 1 && linux->gid_mappings[0].host_id == 4294967294,
           "and the user's group");
    tap_ok(linux->resources == NULL, "no limits, for they need root");
    tap_ok(!has_option(config, "gid="), "no group that is not mapped");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_default(&arena);
    test_without_cgroup_namespace(&arena);
    test_rootless(&arena);
    return tap_end();
}
