/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "freezer.h"
#include "hierarchy/files.h"
#include "hierarchy/tree.h"

#define DEADLINE_MS 10000
#define NAP_FIRST_NS 50000
#define NAP_LAST_NS 10000000
#define STATE_SIZE 256 /* buffer size for a file */

/* The interface of each version: the file to write, the words for it, the file with the state,
 * and the word for frozen. */
struct freezer {
    const char *file;
    const char *freeze;
    const char *thaw;
    const char *state;
    const char *frozen;
    bool notifies; /* POLLPRI on the state file */
};

static const struct freezer freezers[] = {
    {"freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN", false},
    {"cgroup.freeze", "1", "0", "cgroup.events", "frozen 1", true},
};

int cgroup_ask_to_freeze(const char *path, bool freezes)
{
    for (size_t i = 0; i < COUNT(freezers); i++) {
        const struct freezer *freezer = &freezers[i];
        int result = cgroup_put(path, freezer->file, freezes ? freezer->freeze : freezer->thaw);

        if (result != -ENOENT)
            return result;
    }
    return -ENOENT;
}

/* Finds the first cgroup that has the file, among those whose path looks like the freezer's
 * (`is_likely`) or among the others. Returns 0, -ENOENT, or another negative errno if that is
 * unknown. */
static int find_with(const struct cgroup_record *record, const char *file, bool is_likely,
                     const char **ret_path)
{
    for (size_t i = 0; i < record->n_paths; i++) {
        *ret_path = record->paths[i];
        if ((strstr(*ret_path, "/freezer/") != NULL) != is_likely)
            continue;
        int result = cgroup_look_for(*ret_path, file);
        if (result != -ENOENT)
            return result;
    }
    return -ENOENT;
}

/* Prefers v1's freezer: in a hybrid layout others look at that hierarchy, and it is usually
 * named "freezer". Returns 0, -ENODEV if there is no freezer, or another negative errno. */
static int find_freezer(const struct cgroup_record *record, const struct freezer **ret_freezer,
                        const char **ret_path)
{
    for (size_t kind = 0; kind < COUNT(freezers); kind++) {
        *ret_freezer = &freezers[kind];
        int result = find_with(record, freezers[kind].file, true, ret_path);
        if (result == -ENOENT)
            result = find_with(record, freezers[kind].file, false, ret_path);
        if (result != -ENOENT)
            return result;
    }
    return -ENODEV;
}

static bool is_frozen(const struct freezer *freezer, const char *path)
{
    char text[STATE_SIZE];

    return cgroup_peek(path, freezer->state, text, sizeof(text)) == 0 &&
           strstr(text, freezer->frozen) != NULL;
}

/* v2 notifies when all processes are frozen. */
static int wait_for_news(const char *path, const struct freezer *freezer)
{
    AUTO_ARENA arena = {0};
    int64_t end_ms = clock_now_ms() + DEADLINE_MS;
    AUTO_FD fd = open(text_path_join(&arena, path, freezer->state), O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    for (;;) {
        char text[STATE_SIZE];
        ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
        int64_t left_ms = end_ms - clock_now_ms();

        if (size < 0)
            return -errno;
        text[size] = '\0';
        if (strstr(text, freezer->frozen) != NULL)
            return 0;
        if (left_ms <= 0)
            return -ETIMEDOUT;
        poll(&(struct pollfd){.fd = fd, .events = POLLPRI}, 1, (int) left_ms);
    }
}

/* v1 does not notify: polls, and writes FROZEN again for processes that were forked meanwhile. */
static int ask_again(const char *path, const struct freezer *freezer)
{
    int64_t end_ms = clock_now_ms() + DEADLINE_MS;

    for (long nap_ns = NAP_FIRST_NS; !is_frozen(freezer, path);) {
        if (clock_now_ms() > end_ms)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = nap_ns}, NULL);
        if (nap_ns < NAP_LAST_NS)
            nap_ns *= 2;
        int result = cgroup_put(path, freezer->file, freezer->freeze);
        if (result < 0)
            return result;
    }
    return 0;
}

static int lacks_freezer(const struct cgroup_record *record, struct error *error)
{
    if (record->n_paths == 0)
        return error_set(error, ENODEV, "the container has no cgroup of its own to be frozen");
    return error_set(error, ENODEV,
                     "the container's cgroup %s cannot be frozen: it is gone, or it needs the v1 "
                     "controller \"freezer\", "
                     "or cgroup v2 and Linux 5.2",
                     record->paths[0]);
}

static int need_freezer(const struct cgroup_record *record, const struct freezer **ret_freezer,
                        const char **ret_path, struct error *error)
{
    int result = find_freezer(record, ret_freezer, ret_path);

    if (result == -ENODEV)
        return lacks_freezer(record, error);
    return result == 0
               ? 0
               : error_errno(error, -result, "look for the freezer of the cgroup %s", *ret_path);
}

int cgroup_freeze(const struct cgroup_record *record, struct error *error)
{
    const char *path;
    const struct freezer *freezer;

    TRY(need_freezer(record, &freezer, &path, error));
    int result = cgroup_put(path, freezer->file, freezer->freeze);
    if (result == 0)
        result = freezer->notifies ? wait_for_news(path, freezer) : ask_again(path, freezer);
    if (result == 0)
        return 0;
    cgroup_put(path, freezer->file, freezer->thaw);
    return error_errno(error, -result, "freeze the cgroup %s", path);
}

static int thaw(const struct freezer *freezer, const char *path, struct error *error)
{
    TRY_ERRNO(cgroup_put(path, freezer->file, freezer->thaw), error, "thaw the cgroup %s", path);
    /* v2 thaws a moment later; on v1 the state remains frozen only if a parent is frozen. */
    if (!freezer->notifies && is_frozen(freezer, path))
        return error_set(error, EBUSY, "thaw the cgroup %s: a cgroup above it is frozen", path);
    return 0;
}

int cgroup_thaw(const struct cgroup_record *record, struct error *error)
{
    const char *path;
    const struct freezer *freezer;

    TRY(need_freezer(record, &freezer, &path, error));
    return thaw(freezer, path, error);
}

/* Returns 1 or 0, or a negative errno if that is unknown. */
static int is_freezing(const struct freezer *freezer, const char *path)
{
    char text[STATE_SIZE];
    int result = cgroup_peek(path, freezer->file, text, sizeof(text));

    if (result < 0)
        return result == -ENOENT || result == -ENODEV ? 0 : result;
    text[strcspn(text, "\n")] = '\0';
    return text_equal(text, freezer->freeze) || text_equal(text, "FREEZING");
}

static int thaw_one(void *context, const char *path)
{
    (void) context;
    cgroup_ask_to_freeze(path, false);
    return 0;
}

void cgroup_thaw_killed(const struct cgroup_record *record)
{
    AUTO_ARENA arena = {0};
    struct error ignored = {0};
    const char *path;
    const struct freezer *freezer;
    int result = find_freezer(record, &freezer, &path);

    if (result == -ENODEV)
        return;
    if (result == 0 && is_freezing(freezer, path) != 0)
        result = thaw(freezer, path, &ignored);
    for (size_t i = 0; result < 0 && i < record->n_paths; i++)
        cgroup_ask_to_freeze(record->paths[i], false);
    if (!freezer->notifies)
        cgroup_walk(&arena, path, thaw_one, NULL);
}

int cgroup_is_frozen(const struct cgroup_record *record)
{
    const char *path;
    const struct freezer *freezer;
    int result = find_freezer(record, &freezer, &path);

    if (result < 0)
        return result == -ENODEV ? 0 : result;
    return is_freezing(freezer, path);
}
