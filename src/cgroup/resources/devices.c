/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include <inttypes.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/spec/check.h"
#include "berth/spec/config.h"
#include "compile.h"

#define ANY CGROUP_DEVICE_ANY
#define ALL CGROUP_DEVICE_ALL

/* The default devices (config-linux.md, Default Devices), terminals, and mknod of any device,
 * which does not open it. /dev/console is a pseudoterminal in a container: 5:1 is the host's
 * own. */
static const struct {
    char type;
    int16_t major;
    int16_t minor;
    uint8_t access;
} default_rules[] = {
    {'c', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
    {'b', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
    {'c', 1, 3, ALL},
    {'c', 1, 5, ALL},
    {'c', 1, 7, ALL},
    {'c', 1, 8, ALL},
    {'c', 1, 9, ALL},
    {'c', 5, 0, ALL},
    {'c', 5, 2, ALL},
    {'c', 136, ANY, ALL},
    {'c', 10, 200, ALL},
};

static struct cgroup_device_rule compile_rule(struct arena *arena,
                                              const struct spec_device_rule *rule, size_t i)
{
    bool typeless =
        rule->type == SPEC_DEVICE_RULE_TYPE_NONE || rule->type == SPEC_DEVICE_RULE_TYPE_A;
    bool has_others;

    return (struct cgroup_device_rule){
        .field = arena_printf(arena, "devices[%zu]", i),
        .allow = rule->allow,
        .type = typeless ? 'a' : spec_device_rule_type_names[rule->type][0],
        .major = rule->has_major ? rule->major : ANY,
        .minor = rule->has_minor ? rule->minor : ANY,
        /* The specification has no default for access: without it a rule can only deny. */
        .access = rule->access != NULL ? spec_device_access(rule->access, &has_others)
                  : rule->allow        ? 0
                                       : ALL,
    };
}

struct cgroup_device_rule *cgroup_compile_device_rules(struct arena *arena,
                                                       const struct spec_resources *resources,
                                                       size_t *ret_count)
{
    size_t count = 0;
    struct cgroup_device_rule *rules = ARENA_ARRAY(
        arena, 1 + resources->n_devices + COUNT(default_rules), struct cgroup_device_rule);

    rules[count++] = (struct cgroup_device_rule){
        .field = "devices", .type = 'a', .major = ANY, .minor = ANY, .access = ALL};
    for (size_t i = 0; i < resources->n_devices; i++) {
        rules[count] = compile_rule(arena, &resources->devices[i], i);
        count += rules[count].access != 0;
    }
    for (size_t i = 0; i < COUNT(default_rules); i++)
        rules[count++] = (struct cgroup_device_rule){
            .field = "devices",
            .allow = true,
            .type = default_rules[i].type,
            .major = default_rules[i].major,
            .minor = default_rules[i].minor,
            .access = default_rules[i].access,
            .may_be_refused = true,
        };
    *ret_count = count;
    return rules;
}

static const char *number(struct arena *arena, int64_t value)
{
    return value >= 0 ? arena_printf(arena, "%" PRId64, value) : "*";
}

static void add_text(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                     const struct cgroup_device_rule *rule, char type)
{
    cgroup_add_write(compiler,
                     (struct cgroup_write){
                         .field = rule->field,
                         .place = place,
                         .file = rule->allow ? "devices.allow" : "devices.deny",
                         .text = arena_printf(compiler->arena, "%c %s:%s %s", type,
                                              number(compiler->arena, rule->major),
                                              number(compiler->arena, rule->minor),
                                              spec_device_letters(compiler->arena, rule->access)),
                         .may_be_refused = rule->may_be_refused,
                     });
}

/* The kernel treats "a" as everything, whatever follows: a partial rule for both types becomes
 * two. */
static void add_v1(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                   const struct cgroup_device_rule *rule)
{
    bool is_for_all = rule->major < 0 && rule->minor < 0 && rule->access == ALL;

    if (rule->type != 'a' || is_for_all) {
        add_text(compiler, place, rule, rule->type);
        return;
    }
    add_text(compiler, place, rule, 'b');
    add_text(compiler, place, rule, 'c');
}

int cgroup_compile_devices(struct cgroup_compiler *compiler)
{
    const struct cgroup *cgroup = compiler->cgroup;
    const struct cgroup_place *place;
    size_t n_rules;

    if (compiler->resources->n_devices == 0 && !cgroup->confines_devices)
        return 0;
    /* In a user namespace no node can be created, so only devices exist that the config binds
     * from the host. */
    if (cgroup->rootless) {
        log_debug("linux.resources.devices: left to the rights on the device files");
        return 0;
    }
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(cgroup->host, "devices");
    bool v2 = hierarchy != NULL && hierarchy->v2;
    /* On v2 the cgroup core runs the programs, not a controller. */
    TRY(cgroup_find_place(compiler, "devices", v2 ? "cgroup" : "devices", &place));
    struct cgroup_device_rule *rules =
        cgroup_compile_device_rules(compiler->arena, compiler->resources, &n_rules);
    compiler->rules = rules;
    compiler->n_rules = n_rules;
    if (v2) {
        compiler->program_place = place;
        compiler->program = cgroup_device_compile(compiler->arena, rules, n_rules);
        return 0;
    }
    for (size_t i = 0; i < n_rules; i++)
        add_v1(compiler, place, &rules[i]);
    return 0;
}
