/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/remove.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "hierarchy/files.h"
#include "hierarchy/tree.h"

#define NAP_FIRST_NS 100000
#define NAP_LAST_NS 100000000

static bool is_own(const struct cgroup_record *record, const char *path)
{
    return text_is_one_of(path, record->paths, record->n_paths);
}

static int try_remove(const char *path)
{
    if (rmdir(path) == 0)
        return 0;
    return errno == ENOENT ? cgroup_check_gone(path) : -errno;
}

/* A process that has exited may take a moment to leave its cgroup, which does not notify when it
 * has. */
static int remove_patiently(void *context, const char *path)
{
    int result = try_remove(path);

    (void) context;
    for (long nap_ns = NAP_FIRST_NS; result == -EBUSY && nap_ns < NAP_LAST_NS; nap_ns *= 2) {
        nanosleep(&(struct timespec){.tv_nsec = nap_ns}, NULL);
        result = try_remove(path);
    }
    return result;
}

static bool is_unmounted(const char *path)
{
    return access(path, F_OK) < 0 && errno == ENOENT && cgroup_check_gone(path) == -ENODEV;
}

/* Is a cgroup of the container left that existed before it? */
static bool uses_existing(const struct cgroup_record *record)
{
    for (size_t i = 0; i < record->n_paths; i++)
        if (!text_is_one_of(record->paths[i], record->made, record->n_made) &&
            (access(record->paths[i], F_OK) == 0 || errno != ENOENT ||
             cgroup_check_gone(record->paths[i]) < 0))
            return true;
    return false;
}

/* In reverse order, so that children are removed before their parents. */
bool cgroup_remove_empty(const struct cgroup_record *record)
{
    bool left = false;

    for (size_t i = record->n_made; i > 0; i--)
        if (try_remove(record->made[i - 1]) < 0)
            left |= is_own(record, record->made[i - 1]);
    return left || uses_existing(record);
}

static bool exist(const struct cgroup_record *record)
{
    for (size_t i = 0; i < record->n_paths; i++)
        if (access(record->paths[i], F_OK) < 0 && errno == ENOENT)
            return false;
    return record->n_paths > 0;
}

/* The kernel says that a cgroup is empty 10 ms after it has last said anything about it, and says
 * nothing of one that is gone by then: systemd would keep its unit for ever. */
void cgroup_leave_to_systemd(const struct cgroup_record *record)
{
    for (long nap_ns = NAP_FIRST_NS; exist(record) && nap_ns < NAP_LAST_NS; nap_ns *= 2)
        nanosleep(&(struct timespec){.tv_nsec = nap_ns}, NULL);
}

void cgroup_remove_deserted(const struct cgroup_record *record)
{
    AUTO_ARENA arena = {0};

    for (size_t i = 0; i < record->n_paths; i++)
        cgroup_walk(&arena, record->paths[i], remove_patiently, NULL);
}

static int check_mounted(const struct cgroup_record *record, struct error *error)
{
    for (size_t i = 0; i < record->n_paths; i++) {
        if (!is_unmounted(record->paths[i]))
            continue;
        error_set(error, ENODEV,
                  "remove the cgroup %s: its hierarchy is not mounted there any more",
                  record->paths[i]);
        return error_hint(error, "mount it there again, or leave the cgroup by delete --force");
    }
    return 0;
}

void cgroup_forget_unmounted(struct arena *arena, struct cgroup_record *record)
{
    struct text_list paths = {.arena = arena};
    struct text_list made = {.arena = arena};

    for (size_t i = 0; i < record->n_paths; i++) {
        if (!is_unmounted(record->paths[i]))
            text_list_add(&paths, record->paths[i]);
        else
            log_warning("the cgroup %s stays: its hierarchy is not mounted there any more",
                        record->paths[i]);
    }
    for (size_t i = 0; i < record->n_made; i++)
        if (!is_unmounted(record->made[i]))
            text_list_add(&made, record->made[i]);
    *record = (struct cgroup_record){(const char *const *) paths.item, paths.count,
                                     (const char *const *) made.item, made.count};
}

int cgroup_remove(const struct cgroup_record *record, struct error *error)
{
    AUTO_ARENA arena = {0};

    if (!cgroup_remove_empty(record))
        return 0;
    TRY(check_mounted(record, error));
    TRY(cgroup_kill(record, error));
    for (size_t i = record->n_made; i > 0; i--) {
        const char *path = record->made[i - 1];

        if (!is_own(record, path))
            continue;
        TRY_ERRNO(cgroup_walk(&arena, path, remove_patiently, NULL), error, "remove the cgroup %s",
                  path);
    }
    cgroup_remove_empty(record);
    return 0;
}
