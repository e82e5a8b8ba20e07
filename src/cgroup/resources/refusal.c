/* SPDX-License-Identifier: Apache-2.0 */
/* Why the kernel refuses a value: its own answer is "invalid argument" for nearly everything. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "compile.h"
#include "hierarchy/files.h"

#define BLANKS " \t\n"
#define AFTER_DEVICE (-1)                      /* the word after a device or "default" */
#define BANDWIDTH_MAX ((1LL << 44) - 1)        /* in microseconds: MAX_BW of kernel/sched/sched.h */
#define BURST_MAX (INT64_C(18446744073709551)) /* the most that fits into 64 bits of nanoseconds */
#define PIDS_MAX (4LL * 1024 * 1024) /* PID_MAX_LIMIT of include/linux/threads.h: 64-bit */

/* The kernel refuses every other number. A row that only some kernels have belongs to `forms`. */
static const struct range {
    const char *file;
    int word; /* of the text, from 0, or AFTER_DEVICE */
    const char *what;
    int64_t min, max;
    const char *or_word; /* what may stand in place of a number, or NULL */
    const char *unit;
    int number; /* the kernel's errno */
    bool scans; /* the kernel reads it by sscanf("%llu"), otherwise by kstrtoll(text, 0) */
} ranges[] = {
    /* clang-format off */
    {"cpu.cfs_period_us", 0, "", 1000, 1000000, NULL, " microseconds", EINVAL},
    {"cpu.cfs_quota_us", 0, "", 1000, BANDWIDTH_MAX, "-1", " microseconds", EINVAL},
    {"cpu.cfs_burst_us", 0, "", 0, BURST_MAX, NULL, " microseconds", EINVAL},
    {"cpu.max", 0, "a quota of ", 1000, BANDWIDTH_MAX, "max", " microseconds", EINVAL, true},
    {"cpu.max", 1, "a period of ", 1000, 1000000, NULL, " microseconds", EINVAL, true},
    {"cpu.max.burst", 0, "", 0, BURST_MAX, NULL, " microseconds", EINVAL},
    {"cpu.idle", 0, "", 0, 1, NULL, "", EINVAL},
    {"cpu.weight", 0, "", 1, 10000, NULL, "", ERANGE},
    {"cpu.weight.nice", 0, "", -20, 19, NULL, "", ERANGE},
    {"memory.oom.group", 0, "", 0, 1, NULL, "", EINVAL},
    {"memory.zswap.writeback", 0, "", 0, 1, NULL, "", EINVAL},
    {"pids.max", 0, "", 0, PIDS_MAX, "max", "", EINVAL},
    {"io.weight", AFTER_DEVICE, "", 1, 10000, "default", "", EINVAL, true},
    {"io.bfq.weight", AFTER_DEVICE, "", 1, 1000, "default", "", ERANGE, true},
    {"cgroup.max.depth", 0, "", 0, INT_MAX, "max", "", ERANGE},
    {"cgroup.max.descendants", 0, "", 0, INT_MAX, "max", "", ERANGE},
    /* clang-format on */
};

/* What the kernel accepts apart from these numbers; the first row whose prefix the file has. */
static const struct {
    const char *prefix;
    bool only_v2;
    const char *words;
} forms[] = {
    /* clang-format off */
    {"memory.use_hierarchy", false, "only 1"}, /* since Linux 5.11 */
    {"pids.max", false, "0 to 32768 on a 32-bit machine, or max"},
    {"memory.", true, "a number of bytes, such as 64M, or \"max\""},
    {"hugetlb.", true, "a number of bytes, such as 64M, or \"max\""},
    {"rdma.max", true, "hca_handle and hca_object from 0 to 2147483647, or \"max\""},
    {"misc.max", true, "a resource of the root's misc.capacity, and a number or \"max\""},
    {"io.max", true, "MAJOR:MINOR and rbps, wbps, riops or wiops, such as 8:0 rbps=1048576, from 1 "
                     "or \"max\""},
    {"io.latency", true, "MAJOR:MINOR target=MICROSECONDS"},
    {"cpu.uclamp.", true, "0 to 100 percent, with up to two digits after the point, or \"max\""},
    {"cpuset.cpus.partition", true, "\"member\", \"root\" or \"isolated\""},
    /* clang-format on */
};

/* --- numbers ---------------------------------------------------------------------------------- */

/* Returns the word with this index: "" if there are fewer. */
static const char *word_at(const char *text, int index)
{
    text += strspn(text, BLANKS);
    if (index == AFTER_DEVICE)
        index = text_starts_with(text, "default ") || text[strcspn(text, ":" BLANKS)] == ':';
    for (; index > 0; index--) {
        text += strcspn(text, BLANKS);
        text += strspn(text, BLANKS);
    }
    return text;
}

static bool is_between(const struct range *range, long long number)
{
    return number >= range->min && number <= range->max;
}

static bool is_in_range(const struct range *range, const char *text)
{
    const char *word = word_at(text, range->word);
    size_t length = strcspn(word, BLANKS);
    char *end;

    if (range->or_word != NULL && strlen(range->or_word) == length &&
        strncmp(word, range->or_word, length) == 0)
        return true;
    /* sscanf leaves a second number as it was if it cannot read one. */
    if (length == 0 || (range->scans && (*word < '0' || *word > '9')))
        return range->word > 0;
    long long number = strtoll(word, &end, 0);
    return (end == word + length && is_between(range, number)) ||
           (range->scans && is_between(range, strtoll(word, NULL, 10)));
}

/* Returns the range that the text violates, or NULL. */
static const struct range *find_range(const struct cgroup_write *write)
{
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (text_equal(ranges[i].file, write->file) && !is_in_range(&ranges[i], write->text))
            return &ranges[i];
    return NULL;
}

static const char *describe_range(struct arena *arena, const struct range *range)
{
    const char *or_word = range->or_word;

    return arena_printf(arena, "the kernel accepts %s%lld to %lld%s%s%s", range->what,
                        (long long) range->min, (long long) range->max, range->unit,
                        or_word == NULL ? "" : ", or ", or_word == NULL ? "" : or_word);
}

static const char *describe_form(struct arena *arena, const struct cgroup_write *write)
{
    for (size_t i = 0; i < COUNT(forms); i++)
        if (text_starts_with(write->file, forms[i].prefix) &&
            (!forms[i].only_v2 || write->place->hierarchy->v2))
            return arena_printf(arena, "the kernel accepts %s", forms[i].words);
    return NULL;
}

/* --- values that depend on others ------------------------------------------------------------- */

/* Returns the content of a cgroup's file, or NULL if it cannot be read. */
static const char *read_file(struct arena *arena, const char *path, const char *file)
{
    char *text;

    return path == NULL || cgroup_read(arena, path, file, &text) < 0 ? NULL : text;
}

static int64_t number_of(const char *text)
{
    return text == NULL ? -1 : strtoll(text, NULL, 0);
}

/* Returns the first number that the file would have after the write; not positive: no limit. */
static int64_t number_after(struct arena *arena, const struct cgroup_write *write, const char *file)
{
    return number_of(text_equal(write->file, file) ? write->text
                                                   : read_file(arena, write->place->path, file));
}

static const char *parent_path(struct arena *arena, const struct cgroup_write *write)
{
    char *path = arena_string(arena, write->place->path), *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return NULL;
    *slash = '\0';
    return path;
}

/* A limit of memory must not exceed that of memory and swap. */
static const char *explain_swap(struct arena *arena, const struct cgroup_write *write)
{
    bool is_memory = text_equal(write->field, "memory.limit");
    const char *file = is_memory ? "memory.memsw.limit_in_bytes" : "memory.limit_in_bytes";
    const char *other = read_file(arena, write->place->path, file);

    return other == NULL ? NULL
                         : arena_printf(arena, "%s%s, which must not be %s, is %s", file,
                                        is_memory ? ", the limit of memory and swap" : "",
                                        is_memory ? "less" : "more", other);
}

/* A cgroup cannot have CPUs or memory nodes that its parent lacks. */
static const char *explain_list(struct arena *arena, const struct cgroup_write *write)
{
    bool are_cpus = text_equal(write->file, "cpuset.cpus"), v2 = write->place->hierarchy->v2;
    const char *file = v2 ? (are_cpus ? "cpuset.cpus.effective" : "cpuset.mems.effective")
                          : (are_cpus ? "cpuset.effective_cpus" : "cpuset.effective_mems");
    const char *parent = parent_path(arena, write), *all = read_file(arena, parent, file);

    return all == NULL ? NULL : arena_printf(arena, "%s has %s", parent, all);
}

/* The quota must be at least the burst; on v1 no cgroup has a larger share than its parent. */
static const char *explain_quota(struct arena *arena, const struct cgroup_write *write)
{
    bool v2 = write->place->hierarchy->v2;
    int64_t burst = number_after(arena, write, v2 ? "cpu.max.burst" : "cpu.cfs_burst_us");
    int64_t quota = number_after(arena, write, v2 ? "cpu.max" : "cpu.cfs_quota_us");

    if (quota > 0 && quota < burst)
        return arena_printf(arena, "the quota must not be less than the burst, which is %lld",
                            (long long) burst);
    if (v2)
        return NULL;
    const char *parent = parent_path(arena, write);
    int64_t parent_quota = number_of(read_file(arena, parent, "cpu.cfs_quota_us"));
    int64_t parent_period = number_of(read_file(arena, parent, "cpu.cfs_period_us"));
    int64_t period = number_after(arena, write, "cpu.cfs_period_us");
    if (quota > 0 && parent_quota > 0 &&
        (double) quota * (double) parent_period > (double) parent_quota * (double) period)
        return arena_printf(arena,
                            "%s has a quota of %lld for a period of %lld, and no cgroup in it may "
                            "have a larger share",
                            parent, (long long) parent_quota, (long long) parent_period);
    return "a cgroup below has a larger share, or the cgroups above do not allow it";
}

static const char *explain_burst(struct arena *arena, const struct cgroup_write *write)
{
    bool v2 = write->place->hierarchy->v2;
    int64_t quota = number_after(arena, write, v2 ? "cpu.max" : "cpu.cfs_quota_us");

    return quota <= 0 || number_of(write->text) <= quota
               ? NULL
               : arena_printf(arena, "the burst must not exceed the quota, which is %lld",
                              (long long) quota);
}

static const char *explain_share(struct arena *arena, const struct cgroup_write *write)
{
    const char *idle = read_file(arena, write->place->path, "cpu.idle");

    return idle != NULL && text_equal(idle, "1") ? "cpu.idle is 1, and an idle cgroup has no share"
                                                 : NULL;
}

static const char *explain_realtime(struct arena *arena, const struct cgroup_write *write)
{
    const char *parent = parent_path(arena, write);
    const char *runtime = read_file(arena, parent, "cpu.rt_runtime_us");
    const char *period = read_file(arena, parent, "cpu.rt_period_us");

    if (runtime == NULL || period == NULL)
        return NULL;
    return arena_printf(arena,
                        "the runtime must not exceed the period, nor those of all cgroups in %s "
                        "together its own: %s of %s microseconds",
                        parent, runtime, period);
}

static const struct {
    const char *file;
    const char *(*explain)(struct arena *arena, const struct cgroup_write *write);
} dependent[] = {
    {"memory.limit_in_bytes", explain_swap},
    {"memory.memsw.limit_in_bytes", explain_swap},
    {"cpuset.cpus", explain_list},
    {"cpuset.mems", explain_list},
    {"cpu.cfs_quota_us", explain_quota},
    {"cpu.cfs_period_us", explain_quota},
    {"cpu.max", explain_quota},
    {"cpu.cfs_burst_us", explain_burst},
    {"cpu.max.burst", explain_burst},
    {"cpu.shares", explain_share},
    {"cpu.weight", explain_share},
    {"cpu.weight.nice", explain_share},
    {"cpu.rt_runtime_us", explain_realtime},
    {"cpu.rt_period_us", explain_realtime},
};

/* --- errors ----------------------------------------------------------------------------------- */

static const char *find_hint(struct arena *arena, const struct cgroup_write *write)
{
    const struct range *range = find_range(write);

    if (range != NULL)
        return describe_range(arena, range);
    for (size_t i = 0; i < COUNT(dependent); i++)
        if (text_equal(dependent[i].file, write->file))
            return dependent[i].explain(arena, write);
    return describe_form(arena, write);
}

/* On v1 the kernel refuses these with EACCES if the parent has less. */
static bool is_list(const char *file)
{
    return text_equal(file, "cpuset.cpus") || text_equal(file, "cpuset.mems");
}

int cgroup_error_write(const struct cgroup_write *write, int number, struct error *error)
{
    AUTO_ARENA arena = {0};
    const char *hint = NULL;

    error_errno_at(error, JSON_PATH("linux.resources.%s", write->field), number,
                   "write \"%s\" to %s", write->text, write->file);
    if (number == EINVAL || number == ERANGE || (number == EACCES && is_list(write->file)))
        hint = find_hint(&arena, write);
    else if (number == ENOENT)
        hint = arena_printf(&arena, "this kernel has no such file in %s", write->place->path);
    else if (number == EBUSY && text_starts_with(write->file, "memory."))
        hint = "the container uses more than that, and the memory cannot be reclaimed";
    else if (number == EOPNOTSUPP && strstr(write->file, "bfq") != NULL)
        hint = "the scheduler of the device is not bfq: see its queue/scheduler";
    if (hint != NULL)
        error_hint(error, "%s", hint);
    return -number;
}

int cgroup_check_range(const struct cgroup_write *write, struct error *error)
{
    const struct range *range = find_range(write);

    return range == NULL ? 0 : cgroup_error_write(write, range->number, error);
}
