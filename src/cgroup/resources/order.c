/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts limits that bound each other, so that the kernel refuses none because of the other. */
#include <stdint.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/text.h"
#include "compile.h"
#include "hierarchy/files.h"

/* `lower` must not exceed `upper`: an upper bound that grows is written first, one that shrinks
 * last. */
static const struct {
    const char *lower;
    const char *upper;
} bounds[] = {
    {"memory.limit", "memory.swap"},               /* v1: memory, and memory and swap */
    {"cpu.quota", "cpu.period"},                   /* v1: parents bound the share of a period */
    {"cpu.realtimeRuntime", "cpu.realtimePeriod"}, /* the same */
    {"cpu.burst", "cpu.quota"},
};

#define NO_LIMIT UINT64_MAX

/* The number in the first word; "max", -1 and anything else mean no limit. */
static uint64_t amount_of(struct arena *arena, const char *text)
{
    uint64_t amount = NO_LIMIT;
    struct text word = {.arena = arena};

    text_add_bytes(&word, text, strcspn(text, " \n"));
    text_to_u64(word.bytes, &amount);
    return amount;
}

static struct cgroup_write *find(struct cgroup_compiler *compiler, const char *field)
{
    for (size_t i = 0; i < compiler->writes.count; i++)
        if (text_equal(compiler->writes.item[i].field, field))
            return &compiler->writes.item[i];
    return NULL;
}

static bool grows(const struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    char *present;

    if (cgroup_read(compiler->arena, write->place->path, write->file, &present) < 0)
        return false;
    return amount_of(compiler->arena, write->text) > amount_of(compiler->arena, present);
}

/* Moves `second`, if it precedes `first`, right after it. */
static void put_first(struct cgroup_write *first, struct cgroup_write *second)
{
    struct cgroup_write moved = *first;

    if (first < second)
        return;
    memmove(second + 1, second, (size_t) (first - second) * sizeof(*second));
    *second = moved;
}

/* An idle cgroup refuses cpu.shares. */
static void order_idle(struct cgroup_compiler *compiler)
{
    struct cgroup_write *shares = find(compiler, "cpu.shares");
    struct cgroup_write *idle = find(compiler, "cpu.idle");

    if (shares != NULL && idle != NULL && text_equal(idle->text, "0"))
        put_first(idle, shares);
}

void cgroup_order(struct cgroup_compiler *compiler)
{
    for (size_t i = 0; i < COUNT(bounds); i++) {
        struct cgroup_write *lower = find(compiler, bounds[i].lower);
        struct cgroup_write *upper = find(compiler, bounds[i].upper);

        if (lower == NULL || upper == NULL || text_equal(lower->file, upper->file))
            continue;
        if (grows(compiler, upper))
            put_first(upper, lower);
        else
            put_first(lower, upper);
    }
    order_idle(compiler);
}
