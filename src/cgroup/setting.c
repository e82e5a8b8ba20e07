/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/setting.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "compile.h"
#include "files.h"

enum kind { KIND_I64, KIND_U64, KIND_STRING };

/* What a converter knows. */
struct input {
    struct arena *arena;
    const struct spec_resources *resources;
    int64_t number;
    const char *string;
    struct error *error;
};

/* Returns the text to be written, NULL for nothing or after an error. */
typedef const char *convert_function(const struct input *input);

struct setting {
    const char *field; /* below linux.resources */
    const char *controller;
    const char *v1_file;
    convert_function *v1;
    const char *v2_file;
    convert_function *v2;
    /* where the value is */
    size_t section;
    size_t value;
    size_t has;
    enum kind kind;
    bool zero_is_unset;     /* as engines write it */
    bool unlimited_is_free; /* -1 needs no file */
};

static const char *plain(const struct input *input)
{
    return arena_printf(input->arena, "%" PRId64, input->number);
}

static const char *or_max(const struct input *input)
{
    return input->number < 0 ? "max" : plain(input);
}

/* 0 leaves no room for the container's own process, which starts in its cgroup; with it 1 is the same. */
static const char *one_at_least(const struct input *input)
{
    return input->number == 0 ? "1" : or_max(input);
}

static const char *string(const struct input *input)
{
    return input->string;
}

static const char *weight(const struct input *input)
{
    return arena_printf(input->arena, "%u", cgroup_weight_of_shares((uint64_t) input->number));
}

/* v1 and the specification count memory and swap together, v2 swap alone. */
static const char *swap_alone(const struct input *input)
{
    const struct spec_memory *memory = input->resources->memory;

    if (input->number < 0)
        return "max";
    if (memory->has_limit && memory->limit > 0)
        return arena_printf(input->arena, "%" PRId64, input->number - memory->limit);
    error_set(
        input->error, EINVAL,
        "linux.resources." CGROUP_MEMORY_SWAP
        ": needs memory.limit too: cgroup v2 limits swap alone, not memory and swap together");
    return NULL;
}

/* The quota and, where given, the period with it. */
static const char *quota_and_period(const struct input *input)
{
    const struct spec_cpu *cpu = input->resources->cpu;
    const char *quota = or_max(input);

    return cpu->period == 0 ? quota : arena_printf(input->arena, "%s %" PRIu64, quota, cpu->period);
}

/* Without a quota: cpu.max takes no period alone. */
static const char *period_alone(const struct input *input)
{
    if (input->resources->cpu->has_quota && input->resources->cpu->quota != 0)
        return NULL;
    return arena_printf(input->arena, "max %" PRId64, input->number);
}

#define SECTION(section, name)                                                                     \
    offsetof(struct spec_resources, section), offsetof(struct spec_##section, name)
#define NUMBER(section, name, kind)                                                                \
    SECTION(section, name), offsetof(struct spec_##section, has_##name), kind
#define I64(section, name) NUMBER(section, name, KIND_I64)
#define U64(section, name) NUMBER(section, name, KIND_U64)
#define STRING(section, name) SECTION(section, name), 0, KIND_STRING

/* In the order of writing: a period alone is always valid, a quota only with its period; processors
 * and memory nodes before anything is charged; memory before memory and swap (cgroup_order_memory).
 */
static const struct setting settings[] = {
    {"cpu.shares", "cpu", "cpu.shares", plain, "cpu.weight", weight, U64(cpu, shares), true},
    {"cpu.period", "cpu", "cpu.cfs_period_us", plain, "cpu.max", period_alone, U64(cpu, period),
     true},
    {"cpu.quota", "cpu", "cpu.cfs_quota_us", plain, "cpu.max", quota_and_period, I64(cpu, quota),
     true},
    {"cpu.cpus", "cpuset", "cpuset.cpus", string, "cpuset.cpus", string, STRING(cpu, cpus), true},
    {"cpu.mems", "cpuset", "cpuset.mems", string, "cpuset.mems", string, STRING(cpu, mems), true},
    {"memory.reservation", "memory", "memory.soft_limit_in_bytes", plain, "memory.low", or_max,
     I64(memory, reservation), true},
    {CGROUP_MEMORY_LIMIT, "memory", "memory.limit_in_bytes", plain, "memory.max", or_max,
     I64(memory, limit), true},
    {CGROUP_MEMORY_SWAP, "memory", "memory.memsw.limit_in_bytes", plain, "memory.swap.max",
     swap_alone, I64(memory, swap), true, true},
    {"pids.limit", "pids", "pids.max", or_max, "pids.max", one_at_least, I64(pids, limit)},
};

/* Takes the setting's value out of the resources. Returns false when it is not set. */
static bool find_value(const struct setting *setting, struct input *input)
{
    const char *section;

    memcpy(&section, (const char *) input->resources + setting->section, sizeof(section));
    if (section == NULL)
        return false;
    const void *value = section + setting->value;
    if (setting->kind == KIND_STRING) {
        memcpy(&input->string, value, sizeof(input->string));
        return input->string != NULL && input->string[0] != '\0';
    }
    memcpy(&input->number, value, sizeof(input->number));
    return *(const bool *) (section + setting->has) &&
           !(setting->zero_is_unset && input->number == 0);
}

static int compile_setting(struct cgroup_compiler *compiler, const struct setting *setting)
{
    struct input input = {
        .arena = compiler->arena, .resources = compiler->resources, .error = compiler->error};

    if (!find_value(setting, &input))
        return 0;
    const struct cgroup_place *place;
    TRY(cgroup_find_place(compiler, setting->field, setting->controller, &place));
    bool v2 = place->hierarchy->v2;
    const char *text = v2 ? setting->v2(&input) : setting->v1(&input);
    if (text == NULL)
        return -compiler->error->number;
    cgroup_add_write(compiler,
                     (struct cgroup_write){
                         .field = setting->field,
                         .place = place,
                         .file = v2 ? setting->v2_file : setting->v1_file,
                         .text = text,
                         .forgiven = setting->unlimited_is_free && input.number < 0 ? ENOENT : 0,
                     });
    return 0;
}

int cgroup_compile_settings(struct cgroup_compiler *compiler)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        TRY(compile_setting(compiler, &settings[i]));
    return 0;
}

const char *cgroup_file_of_setting(const char *field, bool v2)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (text_equal(settings[i].field, field))
            return v2 ? settings[i].v2_file : settings[i].v1_file;
    return NULL;
}
