/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/arena.h"
#include "berth/base/json.h"
#include "berth/plan/build.h"
#include "berth/runtime/runtime.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/annotations.h"
#include "berth/spec/capabilities.h"
#include "berth/spec/check.h"
#include "berth/spec/landlock.h"
#include "berth/spec/mount-options.h"
#include "berth/spec/read.h"
#include "berth/sys/probe.h"

/* Annotations of config.json that berth obeys. Whoever takes a configuration from someone else has
 * to check them (features.md, "Unsafe annotations in config.json"). */
static const char *const unsafe_annotations[] = {"org.systemd.property.", "run.oci.",
                                                 "org.criu.config", SPEC_CORE_SCHEDULING, NULL};

const char *runtime_spec_version(void)
{
    return SPEC_VERSION_MAX;
}

static void put_words(struct json *json, const char *key, const char *const *words)
{
    json_key(json, key);
    json_array_open(json);
    for (size_t i = 0; words[i] != NULL; i++)
        if (words[i][0] != '\0')
            json_string(json, words[i]);
    json_array_close(json);
}

static void put_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

/* This build has them; the kernel may lack them. */
static void put_all_true(struct json *json, const char *key, const char *const *members)
{
    json_key(json, key);
    json_object_open(json);
    for (size_t i = 0; members[i] != NULL; i++)
        put_bool(json, members[i], true);
    json_object_close(json);
}

static void put_enabled(struct json *json, const char *key)
{
    static const char *const members[] = {"enabled", NULL};

    put_all_true(json, key, members);
}

static void put_hooks(struct json *json)
{
    const char *name;

    json_key(json, "hooks");
    json_array_open(json);
    for (size_t i = 0; (name = spec_hook_name(i)) != NULL; i++)
        json_string(json, name);
    json_array_close(json);
}

static void put_mount_options(struct json *json)
{
    size_t count;
    const struct spec_mount_option *options = spec_mount_option_table(&count);

    json_key(json, "mountOptions");
    json_array_open(json);
    for (size_t i = 0; i < count; i++) {
        bool has_twin =
            options[i].kind == SPEC_MOUNT_ATTRIBUTE || options[i].kind == SPEC_MOUNT_ATIME;

        json_string(json, options[i].name);
        if (has_twin)
            json_string(json, arena_printf(json->text.arena, "r%s", options[i].name));
    }
    json_array_close(json);
}

static void put_architectures(struct json *json)
{
    json_key(json, "archs");
    json_array_open(json);
    for (int arch = SPEC_SECCOMP_ARCH_NONE + 1; spec_seccomp_arch_names[arch] != NULL; arch++)
        if (seccomp_architecture((enum spec_seccomp_arch) arch) != 0)
            json_string(json, spec_seccomp_arch_names[arch]);
    json_array_close(json);
}

static void put_supported_flags(struct json *json)
{
    json_key(json, "supportedFlags");
    json_array_open(json);
    for (int flag = SPEC_SECCOMP_FLAG_NONE + 1; spec_seccomp_flag_names[flag] != NULL; flag++)
        if (sys_probe_seccomp_flags(plan_seccomp_flag((enum spec_seccomp_flag) flag)) == 0)
            json_string(json, spec_seccomp_flag_names[flag]);
    json_array_close(json);
}

static void put_seccomp(struct json *json)
{
    json_key(json, "seccomp");
    json_object_open(json);
    put_bool(json, "enabled", true);
    put_words(json, "actions", spec_seccomp_action_names);
    put_words(json, "operators", spec_seccomp_op_names);
    put_architectures(json);
    put_words(json, "knownFlags", spec_seccomp_flag_names);
    put_supported_flags(json);
    json_object_close(json);
}

static void put_memory_policy(struct json *json)
{
    json_key(json, "memoryPolicy");
    json_object_open(json);
    put_words(json, "modes", spec_memory_policy_mode_names);
    put_words(json, "flags", spec_memory_policy_flag_names);
    json_object_close(json);
}

static void put_linux(struct json *json)
{
    static const char *const cgroup[] = {"v1", "v2", "systemd", "systemdUser", "rdma", NULL};
    static const char *const intel_rdt[] = {"enabled", "schemata", "monitoring", NULL};

    json_key(json, "linux");
    json_object_open(json);
    put_words(json, "namespaces", spec_namespace_type_names);
    put_words(json, "capabilities", spec_capability_names(json->text.arena));
    put_all_true(json, "cgroup", cgroup);
    put_seccomp(json);
    put_enabled(json, "apparmor");
    put_enabled(json, "selinux");
    put_memory_policy(json);
    put_all_true(json, "intelRdt", intel_rdt);
    json_key(json, "mountExtensions");
    json_object_open(json);
    put_enabled(json, "idmap");
    json_object_close(json);
    put_enabled(json, "netDevices");
    json_object_close(json);
}

void runtime_features(struct json *json)
{
    json_object_open(json);
    json_member(json, "ociVersionMin", SPEC_VERSION_MIN);
    json_member(json, "ociVersionMax", SPEC_VERSION_MAX);
    put_hooks(json);
    put_mount_options(json);
    put_linux(json);
    json_key(json, "annotations");
    json_object_open(json);
    json_member(json, "io.github.seccomp.libseccomp.version", seccomp_library(json->text.arena));
    json_member(json, "org.opencontainers.runc.checkpoint.enabled", "true");
    json_member(json, SPEC_LANDLOCK ".abi",
                arena_printf(json->text.arena, "%d", SPEC_LANDLOCK_ABI));
    json_member(json, SPEC_POD, SPEC_POD_NAMESPACES);
    json_member(json, SPEC_CORE_SCHEDULING, SPEC_COOKIE_NEW " " SPEC_COOKIE_OF "ID");
    json_object_close(json);
    put_words(json, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
    json_object_close(json);
}
