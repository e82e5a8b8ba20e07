/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/setting.h"

#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "compile.h"
#include "convert.h"
#include "hierarchy/files.h"
#include "hierarchy/nearest.h"

enum kind { KIND_NONE, KIND_BOOL, KIND_U16, KIND_U32, KIND_U64, KIND_I64, KIND_STRING, KIND_LIST };

#define MAX_WAYS 2

struct way {
    const char *file;
    cgroup_convert *convert;
};

struct setting {
    const char *field; /* below linux.resources */
    const char *controller;
    /* The first whose file exists, else the last; none: the version has no such setting. */
    struct way v1[MAX_WAYS];
    struct way v2[MAX_WAYS];
    /* location of the value */
    size_t section; /* NO_SECTION: directly in the resources */
    size_t value;
    size_t has; /* of a list: the count */
    enum kind kind;
    size_t item_size;   /* of a list */
    bool zero_is_unset; /* 0 means unset: engines write it */
    /* another setting writes the same value: this file may be missing */
    bool is_spare;
    bool is_dropped;                 /* newer kernels accept and ignore it */
    struct cgroup_property property; /* of the systemd unit */
    bool has_neutral; /* has a value that equals the default of a cgroup, and needs no file */
    int64_t neutral;
};

#define NO_SECTION SIZE_MAX
#define SECTION(section, name)                                                                     \
    offsetof(struct spec_resources, section), offsetof(struct spec_##section, name)
#define NUMBER(section, name, kind)                                                                \
    SECTION(section, name), offsetof(struct spec_##section, has_##name), kind, 0
#define BOOL(section, name) NUMBER(section, name, KIND_BOOL)
#define U16(section, name) NUMBER(section, name, KIND_U16)
#define U32(section, name) NUMBER(section, name, KIND_U32)
#define U64(section, name) NUMBER(section, name, KIND_U64)
#define I64(section, name) NUMBER(section, name, KIND_I64)
#define STRING(section, name) SECTION(section, name), 0, KIND_STRING, 0
#define LIST(section, name)                                                                        \
    SECTION(section, name), offsetof(struct spec_##section, n_##name), KIND_LIST,                  \
        sizeof(*((struct spec_##section *) 0)->name)
#define TOP_LIST(name)                                                                             \
    NO_SECTION, offsetof(struct spec_resources, name), offsetof(struct spec_resources, n_##name),  \
        KIND_LIST, sizeof(*((struct spec_resources *) 0)->name)
#define NONE                                                                                       \
    {                                                                                              \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
#define NOWHERE NO_SECTION, 0, 0, KIND_NONE, 0
#define NEUTRAL(value) .has_neutral = true, .neutral = (value)
#define SYSTEMD_SINCE(since, name, form) .property = {name, CGROUP_PROPERTY_##form, since}
#define SYSTEMD(name, form) SYSTEMD_SINCE(0, name, form)

/* In the order of writing, unless order.c knows a better one: CPUs and memory nodes before
 * anything is charged. */
static const struct setting settings[] = {
    /* clang-format off */
    {"cpu.cpus", "cpuset", {{"cpuset.cpus", cgroup_plain}}, {{"cpuset.cpus", cgroup_plain}},
     STRING(cpu, cpus), SYSTEMD_SINCE(244, "AllowedCPUs", LIST)},
    {"cpu.mems", "cpuset", {{"cpuset.mems", cgroup_plain}}, {{"cpuset.mems", cgroup_plain}},
     STRING(cpu, mems), SYSTEMD_SINCE(244, "AllowedMemoryNodes", LIST)},
    {"cpu.shares", "cpu", {{"cpu.shares", cgroup_plain}}, {{"cpu.weight", cgroup_shares}},
     U64(cpu, shares),
     .zero_is_unset = true, .property = {"CPUWeight", CGROUP_PROPERTY_NUMBER, 0, "CPUShares"}},
    {"cpu.idle", "cpu", {{"cpu.idle", cgroup_plain}}, {{"cpu.idle", cgroup_plain}}, I64(cpu, idle),
     NEUTRAL(0), SYSTEMD_SINCE(252, "CPUWeight", IDLE)},
    {"cpu.period", "cpu", {{"cpu.cfs_period_us", cgroup_plain}}, {{"cpu.max", cgroup_period}},
     U64(cpu, period), .zero_is_unset = true, SYSTEMD_SINCE(242, "CPUQuotaPerSecUSec", QUOTA)},
    {"cpu.quota", "cpu", {{"cpu.cfs_quota_us", cgroup_plain}}, {{"cpu.max", cgroup_quota}},
     I64(cpu, quota),
     .zero_is_unset = true, NEUTRAL(-1), SYSTEMD_SINCE(242, "CPUQuotaPerSecUSec", QUOTA)},
    {"cpu.burst", "cpu", {{"cpu.cfs_burst_us", cgroup_plain}}, {{"cpu.max.burst", cgroup_plain}},
     U64(cpu, burst), NEUTRAL(0)},
    {"cpu.realtimePeriod", "cpu", {{"cpu.rt_period_us", cgroup_plain}}, NONE,
     U64(cpu, realtime_period), .zero_is_unset = true},
    {"cpu.realtimeRuntime", "cpu", {{"cpu.rt_runtime_us", cgroup_plain}}, NONE,
     I64(cpu, realtime_runtime), NEUTRAL(0)},

    {"memory.useHierarchy", "memory", {{"memory.use_hierarchy", cgroup_plain}}, NONE,
     BOOL(memory, use_hierarchy), NEUTRAL(1)},
    {"memory.swappiness", "memory", {{"memory.swappiness", cgroup_plain}}, NONE,
     U64(memory, swappiness)},
    {"memory.disableOOMKiller", "memory", {{"memory.oom_control", cgroup_plain}}, NONE,
     BOOL(memory, disable_oom_killer), NEUTRAL(0)},
    {"memory.reservation", "memory", {{"memory.soft_limit_in_bytes", cgroup_plain}},
     {{"memory.low", cgroup_or_max}},
     I64(memory, reservation), .zero_is_unset = true, SYSTEMD("MemoryLow", NUMBER)},
    {"memory.kernel", "memory", {{"memory.kmem.limit_in_bytes", cgroup_plain}}, NONE,
     I64(memory, kernel), .zero_is_unset = true, .is_dropped = true, NEUTRAL(-1)},
    {"memory.kernelTCP", "memory", {{"memory.kmem.tcp.limit_in_bytes", cgroup_plain}}, NONE,
     I64(memory, kernel_tcp), .zero_is_unset = true, NEUTRAL(-1)},
    {"memory.limit", "memory", {{"memory.limit_in_bytes", cgroup_checked_limit_v1}},
     {{"memory.max", cgroup_checked_limit}}, I64(memory, limit), .zero_is_unset = true, NEUTRAL(-1),
     .property = {"MemoryMax", CGROUP_PROPERTY_NUMBER, 0, "MemoryLimit"}},
    {"memory.swap", "memory", {{"memory.memsw.limit_in_bytes", cgroup_plain}},
     {{"memory.swap.max", cgroup_swap}},
     I64(memory, swap), .zero_is_unset = true, NEUTRAL(-1), SYSTEMD("MemorySwapMax", NUMBER)},

    {"pids.limit", "pids", {{"pids.max", cgroup_or_max}}, {{"pids.max", cgroup_or_max}},
     I64(pids, limit), NEUTRAL(-1), SYSTEMD("TasksMax", TASKS)},

    {"blockIO.weight", "blkio",
     {{"blkio.bfq.weight", cgroup_plain}, {"blkio.weight", cgroup_plain}},
     {{"io.bfq.weight", cgroup_bfq_weight}, {"io.weight", cgroup_io_weight}}, U16(block_io, weight),
     .zero_is_unset = true, SYSTEMD("IOWeight", WEIGHT)},
    {"blockIO.leafWeight", "blkio", {{"blkio.leaf_weight", cgroup_plain}}, NONE,
     U16(block_io, leaf_weight), .zero_is_unset = true},
    {"blockIO.weightDevice", "blkio",
     {{"blkio.bfq.weight_device", cgroup_device_weight},
      {"blkio.weight_device", cgroup_device_weight}},
     {{"io.bfq.weight", cgroup_device_weight}, {"io.weight", cgroup_device_io_weight}},
     LIST(block_io, weight_device), SYSTEMD("IODeviceWeight", DEVICE_WEIGHT)},
    {"blockIO.weightDevice", "blkio", {{"blkio.leaf_weight_device", cgroup_device_leaf_weight}},
     NONE, LIST(block_io, weight_device)},
    {"blockIO.throttleReadBpsDevice", "blkio",
     {{"blkio.throttle.read_bps_device", cgroup_device_rate}},
     {{"io.max", cgroup_device_rbps}}, LIST(block_io, throttle_read_bps_device),
     SYSTEMD("IOReadBandwidthMax", DEVICE_RATE)},
    {"blockIO.throttleWriteBpsDevice", "blkio",
     {{"blkio.throttle.write_bps_device", cgroup_device_rate}},
     {{"io.max", cgroup_device_wbps}}, LIST(block_io, throttle_write_bps_device),
     SYSTEMD("IOWriteBandwidthMax", DEVICE_RATE)},
    {"blockIO.throttleReadIOPSDevice", "blkio",
     {{"blkio.throttle.read_iops_device", cgroup_device_iops}},
     {{"io.max", cgroup_device_riops}}, LIST(block_io, throttle_read_iops_device),
     SYSTEMD("IOReadIOPSMax", DEVICE_RATE)},
    {"blockIO.throttleWriteIOPSDevice", "blkio",
     {{"blkio.throttle.write_iops_device", cgroup_device_iops}},
     {{"io.max", cgroup_device_wiops}}, LIST(block_io, throttle_write_iops_device),
     SYSTEMD("IOWriteIOPSMax", DEVICE_RATE)},

    {"hugepageLimits", "hugetlb", {{"rsvd.limit_in_bytes", cgroup_hugepages}},
     {{"rsvd.max", cgroup_hugepages}}, TOP_LIST(hugepage_limits), .is_spare = true},
    {"hugepageLimits", "hugetlb", {{"limit_in_bytes", cgroup_hugepages}},
     {{"max", cgroup_hugepages}}, TOP_LIST(hugepage_limits)},
    {"network.classID", "net_cls", {{"net_cls.classid", cgroup_plain}}, NONE,
     U32(network, class_id), NEUTRAL(0)},
    {"network.priorities", "net_prio", {{"net_prio.ifpriomap", cgroup_interface}}, NONE,
     LIST(network, priorities)},
    {"rdma", "rdma", {{"rdma.max", cgroup_rdma}}, {{"rdma.max", cgroup_rdma}}, TOP_LIST(rdma)},

    /* files that only linux.resources.unified can set */
    {"unified", "memory", NONE, {{"memory.high", NULL}}, NOWHERE, SYSTEMD("MemoryHigh", NUMBER)},
    {"unified", "memory", NONE, {{"memory.min", NULL}}, NOWHERE, SYSTEMD("MemoryMin", NUMBER)},
    /* clang-format on */
};

static int64_t number_at(const void *at, enum kind kind)
{
    switch (kind) {
    case KIND_BOOL:
        return *(const bool *) at;
    case KIND_U16:
        return *(const uint16_t *) at;
    case KIND_U32:
        return *(const uint32_t *) at;
    case KIND_U64:
        return (int64_t) * (const uint64_t *) at;
    default:
        return *(const int64_t *) at;
    }
}

/* The struct with the value, NULL: it is not set. */
static const char *section_of(const struct setting *setting, const struct spec_resources *resources)
{
    const char *section;

    if (setting->section == NO_SECTION)
        return (const char *) resources;
    memcpy(&section, (const char *) resources + setting->section, sizeof(section));
    return section;
}

/* Reads the setting's value from the resources. Returns false if it is not set. */
static bool find_value(const struct setting *setting, const char *section,
                       struct cgroup_input *value)
{
    if (setting->kind == KIND_STRING) {
        memcpy(&value->string, section + setting->value, sizeof(value->string));
        return value->string != NULL && value->string[0] != '\0';
    }
    value->is_unsigned = setting->kind != KIND_I64;
    value->number = number_at(section + setting->value, setting->kind);
    return *(const bool *) (section + setting->has) &&
           !(setting->zero_is_unset && value->number == 0);
}

static const struct way *choose_way(struct cgroup_compiler *compiler, const struct setting *setting,
                                    const struct cgroup_place *place)
{
    const struct way *ways = place->hierarchy->v2 ? setting->v2 : setting->v1;

    if (ways[1].file == NULL)
        return &ways[0];
    bool has_first = compiler->is_preflight
                         ? cgroup_can_have_file(compiler->arena, place, ways[0].file)
                         : cgroup_has_file(place->path, ways[0].file);
    return has_first ? &ways[0] : &ways[1];
}

/* Finds the cgroup and the file; *ret_way is NULL if a neutral value needs none. Returns 0 or a
 * negative errno. */
static int find_way(struct cgroup_compiler *compiler, const struct setting *setting,
                    struct cgroup_input *value, const struct way **ret_way)
{
    bool is_neutral = setting->has_neutral && value->number == setting->neutral;
    const struct cgroup_hierarchy *hierarchy =
        cgroup_find_hierarchy(compiler->cgroup->host, setting->controller);

    *ret_way = NULL;
    if (hierarchy != NULL && hierarchy->v2 && setting->v2[0].file == NULL)
        return is_neutral
                   ? 0
                   : error_at(compiler->error, JSON_PATH("linux.resources.%s", value->field),
                              ENOTSUP,
                              "cgroup v2 has nothing like it: it needs a v1 hierarchy with the "
                              "controller \"%s\"",
                              setting->controller);
    if (cgroup_find_place(compiler, value->field, setting->controller, &value->place) < 0) {
        if (!is_neutral)
            return -compiler->error->number;
        error_clear(compiler->error);
        return 0;
    }
    *ret_way = choose_way(compiler, setting, value->place);
    return 0;
}

static int compile_value(struct cgroup_compiler *compiler, const struct setting *setting,
                         struct cgroup_input *value)
{
    bool is_neutral = setting->has_neutral && value->number == setting->neutral;
    const struct way *way;

    TRY(find_way(compiler, setting, value, &way));
    if (way == NULL)
        return 0;
    value->file = way->file;
    const char *text = way->convert(value);
    if (text == NULL)
        return -compiler->error->number;
    cgroup_add_write(compiler,
                     (struct cgroup_write){
                         .field = value->field,
                         .place = value->place,
                         .file = value->file,
                         .text = text,
                         .is_dropped = setting->is_dropped,
                         .property = setting->property.name != NULL ? &setting->property : NULL,
                         .may_lack_file = is_neutral || setting->is_spare,
                     });
    return 0;
}

static struct cgroup_input new_value(const struct cgroup_compiler *compiler, const char *field)
{
    return (struct cgroup_input){.arena = compiler->arena,
                                 .resources = compiler->resources,
                                 .field = field,
                                 .error = compiler->error};
}

/* In a map, the field of an item is its key, which comes first in the item. */
static const char *field_of_item(const struct cgroup_compiler *compiler,
                                 const struct setting *setting, const char *item, size_t i)
{
    const char *key;

    if (!text_equal(setting->field, "rdma"))
        return arena_printf(compiler->arena, "%s[%zu]", setting->field, i);
    memcpy(&key, item, sizeof(key));
    return arena_printf(compiler->arena, "%s[%s]", setting->field, key);
}

static int compile_list(struct cgroup_compiler *compiler, const struct setting *setting,
                        const char *section)
{
    const char *items;
    size_t count;

    memcpy(&items, section + setting->value, sizeof(items));
    memcpy(&count, section + setting->has, sizeof(count));
    for (size_t i = 0; i < count; i++) {
        const char *item = items + i * setting->item_size;
        struct cgroup_input value = new_value(compiler, field_of_item(compiler, setting, item, i));

        value.item = item;
        TRY(error_collect(compiler->error, compile_value(compiler, setting, &value)));
    }
    return 0;
}

static int compile_setting(struct cgroup_compiler *compiler, const struct setting *setting)
{
    const char *section = section_of(setting, compiler->resources);
    struct cgroup_input value = new_value(compiler, setting->field);

    if (section == NULL || setting->kind == KIND_NONE)
        return 0;
    if (setting->kind == KIND_LIST)
        return compile_list(compiler, setting, section);
    return find_value(setting, section, &value) ? compile_value(compiler, setting, &value) : 0;
}

int cgroup_compile_settings(struct cgroup_compiler *compiler)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        TRY(error_collect(compiler->error, compile_setting(compiler, &settings[i])));
    return 0;
}

const char *cgroup_file_of_setting(const char *field, bool v2)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        if (text_equal(settings[i].field, field))
            return v2 ? settings[i].v2[0].file : settings[i].v1[0].file;
    return NULL;
}

static bool names_file(const struct setting *setting, const char *v2_file)
{
    for (size_t i = 0; i < MAX_WAYS && setting->v2[i].file != NULL; i++)
        if (text_equal(setting->v2[i].file, v2_file))
            return true;
    return false;
}

const struct cgroup_property *cgroup_property_of_file(const char *v2_file)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        if (settings[i].property.name != NULL && settings[i].kind != KIND_LIST &&
            names_file(&settings[i], v2_file))
            return &settings[i].property;
    return NULL;
}
