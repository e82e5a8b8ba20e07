/* SPDX-License-Identifier: Apache-2.0 */
/* process.apparmorProfile, process.selinuxLabel, linux.mountLabel: labels of the process and its
 * mounts for security modules. */
#include <errno.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

static bool is_set(const char *label)
{
    return label != NULL && label[0] != '\0';
}

static const char *profile_of(const struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;

    return process != NULL && is_set(process->apparmor_profile) ? process->apparmor_profile : NULL;
}

static const char *label_of(const struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;

    return process != NULL && is_set(process->selinux_label) ? process->selinux_label : NULL;
}

static int is_not_active(struct plan_builder *builder, const char *place, const char *module)
{
    return error_at(builder->error, place, EOPNOTSUPP, "%s is not active on this host", module);
}

static int check_context_type(struct plan_builder *builder)
{
    static const char *const types[] = {"context", "fscontext", "defcontext", "rootcontext"};
    const char *type = spec_annotation(builder->config, SPEC_CONTEXT_TYPE);

    if (!is_set(type))
        return 0;
    for (size_t i = 0; i < COUNT(types); i++)
        if (text_equal(types[i], type))
            return 0;
    return error_at(builder->error, JSON_PATH("annotations[\"%s\"]", SPEC_CONTEXT_TYPE), EINVAL,
                    "must be context, fscontext, defcontext or rootcontext, got \"%s\"", type);
}

int plan_check_labels(struct plan_builder *builder)
{
    const struct plan_host *host = builder->host;

    if (profile_of(builder) != NULL && host->apparmor_file == NULL)
        return is_not_active(builder, "process.apparmorProfile", "AppArmor");
    if (label_of(builder) != NULL && !host->has_selinux)
        return is_not_active(builder, "process.selinuxLabel", "SELinux");
    if (is_set(builder->linux->mount_label) && !host->has_selinux)
        return is_not_active(builder, "linux.mountLabel", "SELinux");
    return check_context_type(builder);
}

static void put_attribute(struct plan_builder *builder, const char *file, const char *value,
                          const char *place)
{
    PLAN_ADD(builder, PUT_FILE, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_PROC), .place = place,
             .file = file, .content = value);
}

/* execve(2) resets keycreate. */
void plan_label_keyring(struct plan_builder *builder)
{
    const char *label = label_of(builder);

    if (label == NULL)
        return;
    plan_open_proc(builder, PLAN_INIT, "process.selinuxLabel");
    put_attribute(builder, "self/attr/keycreate", label, "process.selinuxLabel");
}

void plan_prepare_labels(struct plan_builder *builder, enum plan_actor by)
{
    if (label_of(builder) != NULL)
        plan_open_proc(builder, by, "process.selinuxLabel");
    if (profile_of(builder) != NULL)
        plan_open_proc(builder, by, "process.apparmorProfile");
}

void plan_label_process(struct plan_builder *builder)
{
    const char *profile = profile_of(builder);
    const char *label = label_of(builder);

    if (label != NULL)
        put_attribute(builder, "self/attr/exec", label, "process.selinuxLabel");
    if (profile != NULL)
        put_attribute(builder, builder->host->apparmor_file,
                      arena_printf(builder->arena, "exec %s", profile), "process.apparmorProfile");
}

/* The policy labels these itself, or they have one superblock for many containers. */
static bool takes_label(const char *type)
{
    static const char *const others[] = {"proc", "sysfs",    "mqueue",  "cgroup",  "cgroup2",
                                         "bpf",  "devtmpfs", "debugfs", "tracefs", "securityfs"};

    return !text_is_one_of(type, others, COUNT(others));
}

/* A label in the mount's own options takes precedence. */
static bool has_label(const char *options)
{
    return is_set(options) &&
           (text_starts_with(options, "context=") || strstr(options, ",context=") != NULL);
}

const char *plan_label_options(struct plan_builder *builder, const char *type, const char *options)
{
    const char *label = builder->linux->mount_label;

    if (!is_set(label) || !takes_label(type) || has_label(options))
        return options;
    const char *type_of_label = spec_annotation(builder->config, SPEC_CONTEXT_TYPE);

    return arena_printf(builder->arena, "%s%s%s=\"%s\"", is_set(options) ? options : "",
                        is_set(options) ? "," : "",
                        is_set(type_of_label) ? type_of_label : "context", label);
}
