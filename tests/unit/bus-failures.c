/* SPDX-License-Identifier: Apache-2.0 */
/* Managers that hang, die or do not exist, and helpers that die. */
#include <dlfcn.h>
#include <sched.h>
#include <sys/mount.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "bus-play.h"
#include "tap-error.h"

#define SHORT_MS 300

static const struct bus_options hasty = {.user = true, .timeout_ms = SHORT_MS};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A manager that hangs, and one that dies: the next operation opens a new session each time. */
static void test_lost(struct play *play)
{
    char text[256];

    for (int i = 0; i < 2; i++) {
        const char *unit = i == 0 ? "silent.scope" : "nojob.scope";
        AUTO_BUS bus = {0};
        struct error error = {0};

        expect(&error, bus_open(&play->arena, &user, &bus, &error), 0,
               "a session opens with a manager that falls silent");
        bus.options.timeout_ms = SHORT_MS;
        int64_t start = now_ms();
        snprintf(text, sizeof(text), "start the unit %s: systemd does not answer within 0.3 s",
                 unit);
        expect(&error, start_named(&bus, unit, &error), ETIMEDOUT, text);
        int64_t took = now_ms() - start;
        tap_ok(took >= SHORT_MS && took < BUS_TIMEOUT_MS,
               "the call is given up after its timeout: %d ms", (int) took);
        tap_ok(bus.helper == 0, "the helper has ended after the timeout");
        /* On a loaded machine an answer may take longer than that. */
        bus.options.timeout_ms = BUS_TIMEOUT_MS;
        expect(&error, bus_stop_unit(&bus, "good.scope", &error), 0,
               "another helper serves the next call");
    }
}

static void test_dead(struct play *play, pid_t *fake)
{
    char text[256];

    for (int i = 0; i < 2; i++) {
        const char *unit = i == 0 ? "dies.scope" : "half.scope";
        AUTO_BUS bus = {0};
        struct error error = {0};

        expect(&error, bus_open(&play->arena, &user, &bus, &error), 0,
               "a session opens with a manager that breaks off");
        int result = start_named(&bus, unit, &error);
        snprintf(text, sizeof(text),
                 "start the unit %s: systemd at unix:path=%s ended the connection: "
                 "connection reset by peer",
                 unit, play->socket);
        expect(&error, result, ECONNRESET, text);
        fake_end(*fake);
        *fake = fake_start_direct(play->socket, play->log);
        expect(&error, start_named(&bus, "good.scope", &error), 0,
               "a session opens with the next manager");
    }
}

/* The bus library opens these itself: sockets and, since systemd 257, a pidfd of its own
 * process. */
static bool is_library_file(const char *target)
{
    return strncmp(target, "socket:", 7) == 0 || strcmp(target, "anon_inode:[pidfd]") == 0;
}

static void test_helper(struct play *play)
{
    AUTO_BUS bus = {0};
    struct error error = {0};
    int extra = open("/etc/passwd", O_RDONLY);
    char path[128], target[128];
    size_t wrong = 0;

    expect(&error, bus_open(&play->arena, &user, &bus, &error), 0,
           "a session opens before the helper is killed");
    for (int fd = 0; fd < 32; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", bus.helper, fd);
        ssize_t size = readlink(path, target, sizeof(target) - 1);
        target[size < 0 ? 0 : size] = '\0';
        if (fd < 3 ? strcmp(target, "/dev/null") != 0 : size >= 0 && !is_library_file(target)) {
            printf("# %d is %s\n", fd, target);
            wrong++;
        }
    }
    tap_ok(wrong == 0, "the helper has no descriptors but /dev/null and those of the bus library");
    kill(bus.helper, SIGTERM);
    kill(bus.helper, SIGINT);
    expect(&error, bus_stop_unit(&bus, "none.scope", &error), 0,
           "the helper ignores signals of the terminal");
    kill(bus.helper, SIGKILL);
    expect(&error, bus_stop_unit(&bus, "none.scope", &error), ECONNRESET,
           "stop the unit none.scope: the helper for D-Bus ended by signal 9");
    expect(&error, bus_stop_unit(&bus, "none.scope", &error), 0,
           "another helper serves after the first one was killed");
    close(extra);
}

/* The helper of a berth that was killed. */
static void test_orphan(struct play *play)
{
    int pipes[2];
    pid_t helper = 0;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        struct bus bus = {0};
        struct error error = {0};

        if (bus_open(&play->arena, &user, &bus, &error) < 0 ||
            write(pipes[1], &bus.helper, sizeof(bus.helper)) < 0)
            _exit(1);
        start_named(&bus, "silent.scope", &error);
        _exit(1);
    }
    tap_ok(read(pipes[0], &helper, sizeof(helper)) == sizeof(helper), "a session opens in a child");
    usleep(100 * 1000);
    tap_ok(kill(helper, 0) == 0, "the child's helper runs");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    char path[64], state[256] = "Z";
    int64_t end = now_ms() + 60000;
    snprintf(path, sizeof(path), "/proc/%d/stat", helper);
    for (FILE *file; (file = fopen(path, "r")) != NULL && now_ms() < end; fclose(file))
        if (fgets(state, sizeof(state), file) == NULL || strstr(state, ") Z ") != NULL) {
            fclose(file);
            break;
        }
    tap_ok(now_ms() < end, "the helper ends with berth in the middle of a call");
    close(pipes[0]);
    close(pipes[1]);
}

static void test_absent(struct play *play)
{
    char text[1024];
    AUTO_BUS bus = {0};
    struct error error = {0};

    unlink(play->socket);
    int result = bus_open(&play->arena, &user, &bus, &error);
    snprintf(
        text, sizeof(text),
        "connect to systemd: unix:path=%s: no such file or directory; unix:path=%s/bus: no such "
        "file or directory (is systemd running for this user? See loginctl enable-linger; "
        "XDG_RUNTIME_DIR is %s)",
        play->socket, play->dir, play->dir);
    expect(&error, result, ENOENT, text);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    result = bus_open(&play->arena, &(struct bus_options){0}, &bus, &error);
    expect(&error, result, ENOENT,
           "connect to systemd: unix:path=/nonexistent/bus: no such file or directory (is systemd "
           "running?)");
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

/* The peer listens but never answers. */
static void test_mute(struct play *play)
{
    char text[1024];
    AUTO_BUS bus = {0};
    struct error error = {0};
    pid_t fake = fake_start_direct(play->socket, play->log);

    kill(fake, SIGSTOP);
    int result = bus_open(&play->arena, &hasty, &bus, &error);
    snprintf(text, sizeof(text),
             "connect to systemd: unix:path=%s: systemd does not answer within 0.3 s (is systemd "
             "running for this user? See loginctl enable-linger; XDG_RUNTIME_DIR is %s)",
             play->socket, play->dir);
    expect(&error, result, ETIMEDOUT, text);
    fake_end(fake);
}

/* Runs a child in which a mount hides the library. Exit status 77: not possible here. */
static int open_without_library(struct play *play, struct error *error)
{
    Dl_info info;
    char path[4096];
    AUTO_BUS bus = {0};

    if (dladdr((void *) (uintptr_t) sd_bus_new, &info) == 0 ||
        realpath(info.dli_fname, path) == NULL)
        return -77;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("/dev/null", path, NULL, MS_BIND, NULL) < 0)
        return -77;
    return bus_open(&play->arena, &user, &bus, error);
}

static void test_library(struct play *play)
{
    int status = 0;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct error error = {0};
        int result = open_without_library(play, &error);

        if (result == -ENOPKG)
            printf("# %s\n", tap_error(&error));
        fflush(stdout);
        _exit(result == -77
                  ? 77
                  : result != -ENOPKG ||
                        strstr(tap_error(&error), "load libsystemd.so.0: ") != tap_error(&error) ||
                        strstr(tap_error(&error), "libsystemd0") == NULL);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        tap_ok(true, "a missing library # SKIP no right to hide it");
    else
        tap_ok(status == 0, "the message about a missing library names the package");
}

int main(void)
{
    struct play play = {0};

    alarm(240);
    prepare(&play);
    pid_t fake = fake_start_direct(play.socket, play.log);
    test_lost(&play);
    test_dead(&play, &fake);
    test_helper(&play);
    test_orphan(&play);
    test_library(&play);
    fake_end(fake);
    test_absent(&play);
    test_mute(&play);
    return finish(&play);
}
