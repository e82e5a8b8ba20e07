/* SPDX-License-Identifier: Apache-2.0 */
/* A session with systemd that is lost while a unit is starting: the process alone shows whether the
 * unit has started. Skipped where nothing can be mounted on its /proc/PID/cgroup. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "berth/base/fd.h"
#include "berth/cgroup/place.h"
#include "bus-play.h"
#include "tap-error.h"

#define UNIT "cut.scope"

static bool isolate(void)
{
    const char *own = "/proc/self/cgroup";

    return (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(own, own, NULL, MS_BIND, NULL) == 0 && umount2(own, MNT_DETACH) == 0;
}

/* Returns a process that ends only by a signal, in the cgroup `path` as far as /proc says. */
static pid_t start_process(struct play *play, const char *path)
{
    const char *source = arena_printf(&play->arena, "%s/cgroup", play->dir);
    const char *text = arena_printf(&play->arena, "0::%s\n", path);
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    AUTO_FD fd = open(source, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text) ||
        mount(source, arena_printf(&play->arena, "/proc/%d/cgroup", (int) pid), NULL, MS_BIND,
              NULL) < 0)
        abort();
    return pid;
}

/* Creates the cgroups of a process in `path`, which must end by the signal `ending`. Returns the
 * manager's requests. */
static char *make(struct play *play, const char *path, int ending)
{
    const struct bus_options options = {.user = true};
    struct error error = {0};
    AUTO_BUS bus = {0};
    pid_t pid = start_process(play, path);
    int status = 0;

    expect(&error, bus_open(&play->arena, &options, &bus, &error), 0,
           "a session opens before the manager falls silent");
    const struct cgroup_systemd systemd = {.bus = &bus, .unit = UNIT, .slice = "app.slice"};
    struct cgroup cgroup = {.systemd = &systemd};
    int result = cgroup_make(&play->arena, &cgroup, pid, &error);
    tap_ok(result == -ECONNRESET, "a missing answer is an error: %s", tap_error(&error));
    /* Who has been killed does not receive it any more. */
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    tap_ok(WTERMSIG(status) == ending, "the process in %s ends by signal %d", path, ending);
    return take_log(play);
}

int main(void)
{
    struct play play = {0};

    if (!isolate()) {
        printf("1..0 # SKIP no right to mount\n");
        return 0;
    }
    alarm(240);
    prepare(&play);
    pid_t fake = fake_start_direct(play.socket, play.log);
    expect_log(make(&play, "/app.slice/" UNIT, SIGKILL), "StopUnit");
    tap_ok(strstr(make(&play, "/app.slice/other.scope", SIGTERM), "StopUnit") == NULL,
           "a unit that the process has not reached is left alone");
    fake_end(fake);
    return finish(&play);
}
