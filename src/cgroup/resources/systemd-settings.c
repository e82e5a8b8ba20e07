/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as properties of a unit (systemd.resource-control(5), org.freedesktop.systemd1(5)):
 * systemd may write its properties to the same files again at any time. */
#include "systemd-settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "hierarchy/files.h"

#define DEFAULT_PERIOD_US 100000
#define QUOTA_STEP_US                                                                              \
    10000 /* 1 % of a second: the precision that systemd keeps across daemon-reload */
#define MAX_CPUS 65536

static void add(struct cgroup_properties *properties, const char *name, const char *signature,
                struct text_list words)
{
    cgroup_add_property(properties, (struct bus_property){
                                        .name = name,
                                        .signature = signature,
                                        .words = (const char *const *) words.item,
                                        .n_words = words.count,
                                    });
}

static void add_number(struct cgroup_properties *properties, const char *name, uint64_t number)
{
    struct text_list words = {.arena = properties->arena};

    text_list_add(&words, arena_printf(properties->arena, "%" PRIu64, number));
    add(properties, name, "t", words);
}

/* "max" and -1 become systemd's "infinity", the largest number. "default N" is N. */
static uint64_t number_of(const char *text)
{
    uint64_t number = UINT64_MAX;

    if (text_starts_with(text, "default "))
        text += strlen("default ");
    text_to_u64(text, &number);
    return number;
}

static uint64_t io_weight(const struct cgroup_write *write, uint64_t weight)
{
    bool is_bfq = strstr(write->file, "bfq") != NULL || !write->place->hierarchy->v2;

    return is_bfq && weight >= 10 ? 1 + (weight - 10) * 9999 / 990 : weight;
}

static void add_list(struct cgroup_properties *properties, const char *name, const char *list)
{
    struct text_list words = {.arena = properties->arena};
    unsigned char *mask = arena_alloc(properties->arena, MAX_CPUS / 8);
    size_t bytes = 0;

    for (uint64_t first, last; text_next_range(&list, &first, &last); list += *list == ',')
        for (uint64_t i = first; i <= last && i < MAX_CPUS; i++) {
            mask[i / 8] |= (unsigned char) (1U << i % 8);
            bytes = i / 8 + 1 > bytes ? i / 8 + 1 : bytes;
        }
    for (size_t i = 0; i < bytes; i++)
        text_list_add(&words, arena_printf(properties->arena, "%u", mask[i]));
    add(properties, name, "ay", words);
}

static void read_quota(struct arena *arena, const struct cgroup_place *place, uint64_t *ret_quota,
                       uint64_t *ret_period)
{
    char *text;

    *ret_quota = UINT64_MAX;
    *ret_period = DEFAULT_PERIOD_US;
    if (place->hierarchy->v2 && cgroup_read(arena, place->path, "cpu.max", &text) == 0) {
        const char *quota = strsep(&text, " ");

        text_to_u64(quota, ret_quota);
        if (text != NULL)
            text_to_u64(text, ret_period);
    } else if (!place->hierarchy->v2) {
        if (cgroup_read(arena, place->path, "cpu.cfs_quota_us", &text) == 0)
            text_to_u64(text, ret_quota);
        if (cgroup_read(arena, place->path, "cpu.cfs_period_us", &text) == 0)
            text_to_u64(text, ret_period);
    }
}

/* Adds the current quota and period; once, for the two settings that need them. */
static void add_quota(struct cgroup_properties *properties, const struct cgroup_write *write)
{
    uint64_t quota;
    uint64_t period;

    for (size_t i = 0; i < properties->count; i++)
        if (text_equal(properties->item[i].name, write->property->name))
            return;
    read_quota(properties->arena, write->place, &quota, &period);
    if (quota != UINT64_MAX) {
        quota = (quota * 1000000 + period - 1) / period;
        quota = (quota + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
    }
    add_number(properties, write->property->name, quota);
    add_number(properties, "CPUQuotaPeriodUSec", period);
}

/* "8:0 100" or "8:0 rbps=100" */
static void add_device(struct cgroup_properties *properties, const struct cgroup_write *write,
                       bool is_weight)
{
    struct text_list words = {.arena = properties->arena};
    size_t length = strcspn(write->text, " ");
    const char *value = write->text + length + (write->text[length] == ' ');
    const char *equals = strchr(value, '=');
    uint64_t number = number_of(equals != NULL ? equals + 1 : value);

    if (is_weight)
        number = io_weight(write, number);
    else if (number == 0)
        number = UINT64_MAX; /* no limit on v1 */
    text_list_add(&words,
                  arena_printf(properties->arena, "/dev/block/%.*s", (int) length, write->text));
    text_list_add(&words, arena_printf(properties->arena, "%" PRIu64, number));
    add(properties, write->property->name, "a(st)", words);
}

static void add_property(struct cgroup_properties *properties, const struct cgroup_write *write)
{
    const struct cgroup_property *property = write->property;
    const char *name = !write->place->hierarchy->v2 && property->v1_name != NULL ? property->v1_name
                                                                                 : property->name;
    uint64_t number = number_of(write->text);

    switch (property->form) {
    case CGROUP_PROPERTY_NUMBER:
    case CGROUP_PROPERTY_TASKS:
        add_number(properties, name, number);
        break;
    case CGROUP_PROPERTY_WEIGHT:
        if (strchr(write->text, ':') == NULL)
            add_number(properties, name, io_weight(write, number));
        break;
    case CGROUP_PROPERTY_IDLE:
        if (number == 1)
            add_number(properties, name, 0);
        break;
    case CGROUP_PROPERTY_LIST:
        add_list(properties, name, write->text);
        break;
    case CGROUP_PROPERTY_QUOTA:
        add_quota(properties, write);
        break;
    case CGROUP_PROPERTY_DEVICE_WEIGHT:
        add_device(properties, write, true);
        break;
    case CGROUP_PROPERTY_DEVICE_RATE:
        add_device(properties, write, false);
        break;
    }
}

void cgroup_suit_systemd(struct cgroup_writes *writes)
{
    for (size_t i = 0; i < writes->count; i++) {
        struct cgroup_write *write = &writes->item[i];

        if (write->property != NULL && write->property->form == CGROUP_PROPERTY_TASKS &&
            text_equal(write->text, "0"))
            write->text = "1";
    }
}

void cgroup_add_settings(struct cgroup_properties *properties, const struct cgroup_writes *writes,
                         unsigned version)
{
    for (size_t i = 0; i < writes->count; i++)
        if (writes->item[i].property != NULL && version >= writes->item[i].property->since)
            add_property(properties, &writes->item[i]);
}
