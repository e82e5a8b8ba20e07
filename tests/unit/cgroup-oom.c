/* SPDX-License-Identifier: Apache-2.0 */
/* Notification of OOM kills, from cgroups of plain files. */
#include "berth/cgroup/oom.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cgroup-scene.h"
#include "tap-error.h"
#include "tap.h"

static bool is_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, 0) == 1;
}

/* Writes in place, as the kernel changes its counters: inotify would not follow a new file. */
static void count_v2(struct scene *scene, const char *text)
{
    file_put(AT_FDCWD, at(scene, "unified/c/memory.events"), text);
}

static void test_oom_v2(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    put(&scene, "unified/c/memory.events", "max 5\noom_kill 7\n");
    AUTO_CGROUP_OOM oom = {.fd = -1};
    tap_ok(cgroup_oom_open(&scene.cgroup, &oom, &scene.error) == 0 && oom.fd >= 0,
           "v2: the counter of OOM kills is opened: %s", tap_error(&scene.error));
    tap_ok(!is_readable(oom.fd) && cgroup_oom_take(&oom) == 0,
           "v2: earlier OOM kills do not count");
    count_v2(&scene, "max 6\noom_kill 7\n");
    tap_ok(is_readable(oom.fd) && cgroup_oom_take(&oom) == 0,
           "v2: another memory event does not count");
    tap_ok(!is_readable(oom.fd), "v2: another memory event is not reported again");
    count_v2(&scene, "max 6\noom_kill 9\n");
    tap_ok(is_readable(oom.fd) && cgroup_oom_take(&oom) == 2, "v2: two OOM kills are reported");
    tap_ok(!is_readable(oom.fd) && cgroup_oom_take(&oom) == 0, "v2: OOM kills are reported once");
    count_v2(&scene, "max 6\noom_kill nine\n");
    tap_ok(cgroup_oom_take(&oom) == 0, "v2: a file without a counter reports nothing");
    unlink(at(&scene, "unified/c/memory.events"));
    tap_ok(cgroup_oom_take(&oom) == 0, "v2: a cgroup that is gone reports nothing");
    scene_close(&scene);
}

static void test_oom_v1(void)
{
    struct scene scene;
    char *text = NULL;

    scene_open(&scene, v1);
    put(&scene, "memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    put(&scene, "memory/c/cgroup.event_control", "");
    AUTO_CGROUP_OOM oom = {.fd = -1};
    tap_ok(cgroup_oom_open(&scene.cgroup, &oom, &scene.error) == 0 && oom.fd >= 0,
           "v1: the events are opened: %s", tap_error(&scene.error));
    file_read(&scene.arena, AT_FDCWD, at(&scene, "memory/c/cgroup.event_control"), &text, NULL);
    tap_ok(text_starts_with(text, arena_printf(&scene.arena, "%d ", oom.fd)),
           "v1: the eventfd is registered: %s", text);
    tap_ok(!is_readable(oom.fd) && cgroup_oom_take(&oom) == 0,
           "v1: nothing is reported before an event");
    eventfd_write(oom.fd, 2);
    tap_ok(is_readable(oom.fd) && cgroup_oom_take(&oom) == 2, "v1: two events are reported");
    tap_ok(!is_readable(oom.fd) && cgroup_oom_take(&oom) == 0, "v1: events are reported once");
    unlink(at(&scene, "memory/c/memory.oom_control"));
    eventfd_write(oom.fd, 1);
    tap_ok(cgroup_oom_take(&oom) == 0, "v1: the removal of the cgroup is not an event");
    scene_close(&scene);
}

static void test_oom_without(void)
{
    static const char *const *const layouts[] = {v1, v2, other};

    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct scene scene;
        struct cgroup_oom oom;

        scene_open(&scene, layouts[i]);
        tap_ok(cgroup_oom_open(&scene.cgroup, &oom, &scene.error) == 0 && oom.fd == -1,
               "without a memory controller opening succeeds: %s", tap_error(&scene.error));
        tap_ok(cgroup_oom_take(&oom) == 0, "without a memory controller nothing is reported");
        cgroup_oom_close(&oom);
        scene_close(&scene);
    }
}

int main(void)
{
    test_oom_v2();
    test_oom_v1();
    test_oom_without();
    return tap_end();
}
