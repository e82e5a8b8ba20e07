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

void cgroup_ask_to_freeze(const char *path, bool freezes)
{
    for (size_t i = 0; i < COUNT(freezers); i++)
        if (cgroup_put(path, freezers[i].file, freezes ? freezers[i].freeze : freezers[i].thaw) !=
            -ENOENT)
            return;
}

/* The first cgroup that has the file, among those whose path looks like the freezer's
 * (`is_likely`) or among the others. */
static const char *find_with(const struct cgroup_record *record, const char *file, bool is_likely)
{
    for (size_t i = 0; i < record->n_paths; i++) {
        const char *path = record->paths[i];

        if ((strstr(path, "/freezer/") != NULL) == is_likely && cgroup_has_file(path, file))
            return path;
    }
    return NULL;
}

/* Prefers v1's freezer: in a hybrid layout others look at that hierarchy, and it is usually
 * named "freezer". */
static const struct freezer *find_freezer(const struct cgroup_record *record, const char **ret_path)
{
    for (size_t kind = 0; kind < COUNT(freezers); kind++) {
        *ret_path = find_with(record, freezers[kind].file, true);
        if (*ret_path == NULL)
            *ret_path = find_with(record, freezers[kind].file, false);
        if (*ret_path != NULL)
            return &freezers[kind];
    }
    return NULL;
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

int cgroup_freeze(const struct cgroup_record *record, struct error *error)
{
    const char *path;
    const struct freezer *freezer = find_freezer(record, &path);

    if (freezer == NULL)
        return lacks_freezer(record, error);
    int result = cgroup_put(path, freezer->file, freezer->freeze);
    if (result == 0)
        result = freezer->notifies ? wait_for_news(path, freezer) : ask_again(path, freezer);
    if (result == 0)
        return 0;
    cgroup_put(path, freezer->file, freezer->thaw);
    return error_errno(error, -result, "freeze the cgroup %s", path);
}

int cgroup_thaw(const struct cgroup_record *record, struct error *error)
{
    const char *path;
    const struct freezer *freezer = find_freezer(record, &path);

    if (freezer == NULL)
        return lacks_freezer(record, error);
    int result = cgroup_put(path, freezer->file, freezer->thaw);
    if (result < 0)
        return error_errno(error, -result, "thaw the cgroup %s", path);
    /* v2 thaws a moment later; on v1 the state remains frozen only if a parent is frozen. */
    if (!freezer->notifies && is_frozen(freezer, path))
        return error_set(error, EBUSY, "thaw the cgroup %s: a cgroup above it is frozen", path);
    return 0;
}

static int thaw_one(void *context, const char *path)
{
    (void) context;
    cgroup_ask_to_freeze(path, false);
    return 0;
}

void cgroup_let_die(const struct cgroup_record *record)
{
    AUTO_ARENA arena = {0};
    struct error ignored = {0};
    const char *path;
    const struct freezer *freezer = find_freezer(record, &path);

    if (freezer == NULL)
        return;
    if (cgroup_is_frozen(record))
        cgroup_thaw(record, &ignored);
    if (!freezer->notifies)
        cgroup_walk(&arena, path, thaw_one, NULL);
}

bool cgroup_is_frozen(const struct cgroup_record *record)
{
    const char *path;
    const struct freezer *freezer = find_freezer(record, &path);
    char text[STATE_SIZE];

    if (freezer == NULL || cgroup_peek(path, freezer->file, text, sizeof(text)) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return text_equal(text, freezer->freeze) || text_equal(text, "FREEZING");
}
