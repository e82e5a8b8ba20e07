/* SPDX-License-Identifier: Apache-2.0 */
#include "convert.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/setting.h"
#include "berth/spec/config.h"
#include "hierarchy/files.h"

const char *cgroup_plain(struct cgroup_input *value)
{
    if (value->string != NULL)
        return value->string;
    return value->is_unsigned ? arena_printf(value->arena, "%" PRIu64, (uint64_t) value->number)
                              : arena_printf(value->arena, "%" PRId64, value->number);
}

const char *cgroup_or_max(struct cgroup_input *value)
{
    return value->number < 0 && !value->is_unsigned ? "max" : cgroup_plain(value);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Returns the number in a file of the cgroup, UINT64_MAX for "max" or a missing file. */
static uint64_t present(const struct cgroup_input *value, const char *file)
{
    uint64_t number = UINT64_MAX;
    char *text;

    if (cgroup_read(value->arena, value->place->path, file, &text) == 0)
        text_to_u64(text, &number);
    return number;
}

static const char *fail_below_use(struct cgroup_input *value, uint64_t use)
{
    error_at(value->error, JSON_PATH("linux.resources.%s", value->field), EBUSY,
             "%" PRId64 " is below the %" PRIu64
             " bytes in use, and memory.checkBeforeUpdate is set",
             value->number, use);
    return NULL;
}

/* Is checkBeforeUpdate set, and the limit below the use that the file shows? */
static bool is_below_use(const struct cgroup_input *value, const char *file, uint64_t *ret_use)
{
    if (!value->resources->memory->check_before_update || value->number < 0)
        return false;
    *ret_use = present(value, file);
    return *ret_use != UINT64_MAX && *ret_use > (uint64_t) value->number;
}

const char *cgroup_checked_limit(struct cgroup_input *value)
{
    uint64_t use;

    return is_below_use(value, "memory.current", &use) ? fail_below_use(value, use)
                                                       : cgroup_or_max(value);
}

const char *cgroup_checked_limit_v1(struct cgroup_input *value)
{
    uint64_t use;

    return is_below_use(value, "memory.usage_in_bytes", &use) ? fail_below_use(value, use)
                                                              : cgroup_plain(value);
}

/* v1 and the specification count memory and swap together, v2 only swap. */
const char *cgroup_swap(struct cgroup_input *value)
{
    const struct spec_memory *memory = value->resources->memory;
    uint64_t limit;

    if (value->number < 0)
        return "max";
    limit = memory->has_limit && memory->limit > 0 ? (uint64_t) memory->limit
                                                   : present(value, "memory.max");
    if (limit <= (uint64_t) value->number)
        return arena_printf(value->arena, "%" PRIu64, (uint64_t) value->number - limit);
    if (limit == UINT64_MAX)
        error_at(
            value->error, JSON_PATH("linux.resources.%s", value->field), EINVAL,
            "needs memory.limit too: cgroup v2 limits swap alone, not memory and swap together");
    else
        error_at(value->error, JSON_PATH("linux.resources.%s", value->field), EINVAL,
                 "is memory and swap together, so it must not be below memory.limit %" PRIu64
                 ", got %" PRId64,
                 limit, value->number);
    return NULL;
}

/* --- processors ------------------------------------------------------------------------------- */

const char *cgroup_shares(struct cgroup_input *value)
{
    return arena_printf(value->arena, "%u", cgroup_weight_of_shares((uint64_t) value->number));
}

/* Without a period the current one stays. It is written too, because systemd meanwhile resets it
 * to its own. */
const char *cgroup_quota(struct cgroup_input *value)
{
    const struct spec_cpu *cpu = value->resources->cpu;
    const char *quota = cgroup_or_max(value);
    char *max;

    if (cpu->period != 0)
        return arena_printf(value->arena, "%s %" PRIu64, quota, cpu->period);
    if (cgroup_read(value->arena, value->place->path, value->file, &max) < 0)
        return quota;
    return arena_printf(value->arena, "%s%s", quota, max + strcspn(max, " "));
}

/* cpu.max does not accept a period without a quota. */
const char *cgroup_period(struct cgroup_input *value)
{
    const struct spec_cpu *cpu = value->resources->cpu;
    char *max;

    if (cpu->has_quota && cpu->quota != 0)
        return NULL;
    if (cgroup_read(value->arena, value->place->path, value->file, &max) < 0)
        max = "max";
    return arena_printf(value->arena, "%.*s %s", (int) strcspn(max, " "), max, cgroup_plain(value));
}

/* --- block devices ---------------------------------------------------------------------------- */

static int64_t io_weight(int64_t weight)
{
    return 1 + (weight - 10) * 9999 / 990;
}

/* The file also has a line for each device. */
const char *cgroup_bfq_weight(struct cgroup_input *value)
{
    return arena_printf(value->arena, "default %" PRId64, value->number);
}

const char *cgroup_io_weight(struct cgroup_input *value)
{
    return arena_printf(value->arena, "default %" PRId64, io_weight(value->number));
}

/* A weight of 0 means unset: engines write it. */
static const char *device_weight(struct cgroup_input *value, int64_t weight)
{
    const struct spec_weight_device *device = value->item;

    return arena_printf(value->arena, "%" PRId64 ":%" PRId64 " %" PRId64, device->major,
                        device->minor, weight);
}

const char *cgroup_device_weight(struct cgroup_input *value)
{
    const struct spec_weight_device *device = value->item;

    return device->weight == 0 ? NULL : device_weight(value, device->weight);
}

const char *cgroup_device_io_weight(struct cgroup_input *value)
{
    const struct spec_weight_device *device = value->item;

    return device->weight == 0 ? NULL : device_weight(value, io_weight(device->weight));
}

const char *cgroup_device_leaf_weight(struct cgroup_input *value)
{
    const struct spec_weight_device *device = value->item;

    return device->leaf_weight == 0 ? NULL : device_weight(value, device->leaf_weight);
}

const char *cgroup_device_rate(struct cgroup_input *value)
{
    const struct spec_throttle_device *device = value->item;

    return arena_printf(value->arena, "%" PRId64 ":%" PRId64 " %" PRIu64, device->major,
                        device->minor, device->rate);
}

/* v1 of the kernel keeps 32 bits of it; the highest is no limit. */
const char *cgroup_device_iops(struct cgroup_input *value)
{
    const struct spec_throttle_device *device = value->item;

    return arena_printf(value->arena, "%" PRId64 ":%" PRId64 " %" PRIu64, device->major,
                        device->minor, device->rate < UINT32_MAX ? device->rate : UINT32_MAX);
}

/* A rate of 0 means no limit, as on v1. */
static const char *rate_of(struct cgroup_input *value, const char *word)
{
    const struct spec_throttle_device *device = value->item;
    const char *rate =
        device->rate == 0 ? "max" : arena_printf(value->arena, "%" PRIu64, device->rate);

    return arena_printf(value->arena, "%" PRId64 ":%" PRId64 " %s=%s", device->major, device->minor,
                        word, rate);
}

const char *cgroup_device_rbps(struct cgroup_input *value)
{
    return rate_of(value, "rbps");
}

const char *cgroup_device_wbps(struct cgroup_input *value)
{
    return rate_of(value, "wbps");
}

const char *cgroup_device_riops(struct cgroup_input *value)
{
    return rate_of(value, "riops");
}

const char *cgroup_device_wiops(struct cgroup_input *value)
{
    return rate_of(value, "wiops");
}

/* --- the rest --------------------------------------------------------------------------------- */

const char *cgroup_hugepages(struct cgroup_input *value)
{
    const struct spec_hugepage_limit *limit = value->item;

    value->file = arena_printf(value->arena, "hugetlb.%s.%s", limit->page_size, value->file);
    return arena_printf(value->arena, "%" PRIu64, limit->limit);
}

const char *cgroup_interface(struct cgroup_input *value)
{
    const struct spec_interface_priority *priority = value->item;

    return arena_printf(value->arena, "%s %" PRIu32, priority->name, priority->priority);
}

const char *cgroup_rdma(struct cgroup_input *value)
{
    const struct spec_rdma_entry *entry = value->item;
    struct text text = {.arena = value->arena};

    text_add(&text, entry->key);
    if (entry->value->has_hca_handles)
        text_addf(&text, " hca_handle=%" PRIu32, entry->value->hca_handles);
    if (entry->value->has_hca_objects)
        text_addf(&text, " hca_object=%" PRIu32, entry->value->hca_objects);
    return text.bytes;
}
