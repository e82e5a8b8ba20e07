/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/spec/config.h"
#include "compile.h"

/* The devices that runtimes supply (config-linux.md, Default Devices), terminals, and making nodes,
 * which opens none. */
static const char *const default_rules[] = {
    "c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",   "c 1:8 rwm",
    "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm",
};

static const char *number(struct arena *arena, bool has, int64_t value)
{
    return has && value >= 0 ? arena_printf(arena, "%" PRId64, value) : "*";
}

static bool is_all(const char *access)
{
    return strchr(access, 'r') != NULL && strchr(access, 'w') != NULL &&
           strchr(access, 'm') != NULL;
}

static void add(struct cgroup_compiler *compiler, const struct cgroup_place *place, bool allow,
                const char *field, const char *rule)
{
    cgroup_add_write(compiler,
                     (struct cgroup_write){.field = field,
                                           .place = place,
                                           .file = allow ? "devices.allow" : "devices.deny",
                                           .text = rule});
}

/* The kernel takes "a" for everything, whatever stands behind it: a rule for some of both types
 * becomes two. */
static void add_rule(struct cgroup_compiler *compiler, const struct cgroup_place *place, size_t i)
{
    struct arena *arena = compiler->arena;
    const struct spec_device_rule *rule = &compiler->resources->devices[i];
    const char *major = number(arena, rule->has_major, rule->major);
    const char *minor = number(arena, rule->has_minor, rule->minor);
    const char *access = rule->access == NULL ? "rwm" : rule->access;
    const char *field = arena_printf(arena, "devices[%zu]", i);
    bool typeless =
        rule->type == SPEC_DEVICE_RULE_TYPE_NONE || rule->type == SPEC_DEVICE_RULE_TYPE_A;

    if (typeless && major[0] == '*' && minor[0] == '*' && is_all(access)) {
        add(compiler, place, rule->allow, field, "a *:* rwm");
        return;
    }
    for (const char *type = "bc"; *type != '\0'; type++)
        if (typeless || *type == spec_device_rule_type_words[rule->type][0])
            add(compiler, place, rule->allow, field,
                arena_printf(arena, "%c %s:%s %s", *type, major, minor, access));
}

int cgroup_compile_devices(struct cgroup_compiler *compiler)
{
    const struct cgroup *cgroup = compiler->cgroup;
    const struct cgroup_place *place;

    if (compiler->resources->n_devices == 0)
        return 0;
    /* In a user namespace no node can be made, so only the host's devices that the config binds are
     * there. */
    if (cgroup->rootless) {
        log_debug("linux.resources.devices: left to the rights on the device files");
        return 0;
    }
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(cgroup->host, "devices");
    if (hierarchy != NULL && hierarchy->v2)
        return error_set(
            compiler->error, ENOTSUP,
            "linux.resources.devices: this version of berth cannot set it on cgroup v2");
    TRY(cgroup_find_place(compiler, "devices", "devices", &place));
    for (size_t i = 0; i < compiler->resources->n_devices; i++)
        add_rule(compiler, place, i);
    /* The kernel refuses what the cgroup above lacks. */
    for (size_t i = 0; i < sizeof(default_rules) / sizeof(default_rules[0]); i++)
        cgroup_add_write(compiler, (struct cgroup_write){.field = "devices",
                                                         .place = place,
                                                         .file = "devices.allow",
                                                         .text = default_rules[i],
                                                         .forgiven = EPERM});
    return 0;
}
