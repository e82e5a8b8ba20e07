/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the annotation run.berth.pod: what only a process could use is an error. */
#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "rules.h"

#define POD "a pod (annotation " SPEC_POD ") "

struct property {
    const char *path;
    bool is_set;
};

static void refuse_set(const struct property *properties, size_t count, const char *words,
                       struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (properties[i].is_set)
            report_add(error, properties[i].path, POD "%s: leave it out", words);
}

static void check_top(const struct spec_config *config, struct error *error)
{
    static const struct spec_hooks no_hooks;
    const struct spec_hooks *hooks = config->hooks != NULL ? config->hooks : &no_hooks;
    const struct property of_process[] = {
        {"process", config->process != NULL},
        {"root.readonly", config->root != NULL && config->root->readonly},
        {"mounts", config->n_mounts > 0},
    };
    const struct property of_start[] = {
        {"hooks.startContainer", hooks->n_start_container > 0},
        {"hooks.poststart", hooks->n_poststart > 0},
    };

    refuse_set(of_process, COUNT(of_process), "has no process", error);
    refuse_set(of_start, COUNT(of_start), "never starts", error);
}

static void check_linux(const struct spec_linux *linux, struct error *error)
{
    const struct property properties[] = {
        {"linux.devices", linux->n_devices > 0},
        {"linux.intelRdt", linux->intel_rdt != NULL},
        {"linux.memoryPolicy", linux->memory_policy != NULL},
        {"linux.seccomp", linux->seccomp != NULL},
        {"linux.rootfsPropagation", linux->rootfs_propagation != SPEC_ROOTFS_PROPAGATION_NONE},
        {"linux.maskedPaths", linux->n_masked_paths > 0},
        {"linux.readonlyPaths", linux->n_readonly_paths > 0},
        {"linux.mountLabel", is_set(linux->mount_label)},
        {"linux.personality", linux->personality != NULL},
    };

    refuse_set(properties, COUNT(properties), "has no process", error);
}

static void check_annotations(const struct spec_config *config, struct error *error)
{
    static const char *const of_process[] = {
        SPEC_SECCOMP_RECEIVER, SPEC_SECCOMP_FAIL_UNKNOWN, SPEC_SECCOMP_BPF_DATA,
        SPEC_KEEP_GROUPS,      SPEC_CONTEXT_TYPE,         SPEC_PIDFD_RECEIVER,
        SPEC_SYSTEMD_SUBGROUP, SPEC_DELEGATE_CGROUP,      SPEC_SYSTEMD_V1,
        SPEC_LANDLOCK,
    };

    for (size_t i = 0; i < config->n_annotations; i++) {
        const char *key = config->annotations[i].key;

        if (text_is_one_of(key, of_process, COUNT(of_process)) &&
            is_set(config->annotations[i].value))
            report_add(error, JSON_PATH("annotations[\"%s\"]", key),
                       POD "has no process: leave it out");
    }
}

/* Returns why a pod cannot hold the namespace, or NULL. */
static const char *flaw_of_namespace(const struct spec_config *config,
                                     const struct spec_namespace *namespace)
{
    switch (namespace->type) {
    case SPEC_NAMESPACE_TYPE_PID:
        return "cannot hold a pid namespace, which ends with its first process: leave it out, each "
               "container can make its own";
    case SPEC_NAMESPACE_TYPE_MOUNT:
        return "holds no mount namespace: leave it out, each container makes its own";
    case SPEC_NAMESPACE_TYPE_CGROUP:
        return is_set(namespace->path) || is_set(config->linux->cgroups_path)
                   ? NULL
                   : "has a cgroup, the root of this namespace, only with linux.cgroupsPath: add "
                     "that";
    default:
        return NULL;
    }
}

static void check_namespaces(const struct spec_config *config, struct error *error)
{
    const struct spec_linux *linux = config->linux;

    if (linux == NULL || linux->n_namespaces == 0)
        report_add(error, "linux.namespaces",
                   POD "holds the namespaces of this list, and there are none");
    for (size_t i = 0; linux != NULL && i < linux->n_namespaces; i++) {
        const char *flaw = flaw_of_namespace(config, &linux->namespaces[i]);

        if (flaw != NULL)
            report_add(error, JSON_PATH("linux.namespaces[%zu]", i), POD "%s", flaw);
    }
}

/* A pod gets no cgroup that nobody has asked for: it would cost more memory than the pod. */
static void check_cgroup(const struct spec_linux *linux, struct error *error)
{
    if (linux->resources != NULL && !is_set(linux->cgroups_path))
        report_add(error, "linux.resources",
                   POD "has a cgroup only with linux.cgroupsPath: add that");
}

void rules_pod(const struct spec_config *config, struct error *error)
{
    if (!spec_is_pod(config)) {
        report_add(error, SPEC_POD_PATH, "must be \"" SPEC_POD_NAMESPACES "\", got %s",
                   QUOTE(config->parsed->pod));
        return;
    }
    check_top(config, error);
    if (config->linux != NULL) {
        check_linux(config->linux, error);
        check_cgroup(config->linux, error);
    }
    check_annotations(config, error);
    check_namespaces(config, error);
}
