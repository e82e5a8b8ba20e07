/* SPDX-License-Identifier: Apache-2.0 */
#include "bus-fake.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER SYSTEMD ".Manager"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define JOB "/org/freedesktop/systemd1/job/7"
#define OTHER_JOB "/org/freedesktop/systemd1/job/6"

struct fake {
    sd_bus *bus;
    FILE *log;
    bool was_reset;
    const char *version;
    const char *cgroup;
};

static bool begins(const char *unit, const char *word)
{
    return strncmp(unit, word, strlen(word)) == 0;
}

static void log_message(struct fake *fake, sd_bus_message *message)
{
    fprintf(fake->log, "%s\n", sd_bus_message_get_member(message));
    sd_bus_message_dump(message, fake->log, SD_BUS_MESSAGE_DUMP_SUBTREE_ONLY);
    fflush(fake->log);
    sd_bus_message_rewind(message, 1);
}

static void remove_job(struct fake *fake, const char *job, const char *unit, const char *result)
{
    sd_bus_emit_signal(fake->bus, MANAGER_PATH, MANAGER, "JobRemoved", "uoss", 7, job, unit,
                       result);
}

/* Replies with a job, and completes it. */
static int give_job(struct fake *fake, sd_bus_message *message, const char *unit)
{
    const char *result = begins(unit, "failed") ? "failed" : "done";

    if (begins(unit, "silent"))
        return 1;
    if (begins(unit, "dies"))
        _exit(0);
    /* Managers may send the reply and the signal in either order. */
    if (begins(unit, "early"))
        remove_job(fake, JOB, unit, result);
    if (begins(unit, "other"))
        remove_job(fake, OTHER_JOB, unit, "failed");
    sd_bus_reply_method_return(message, "o", JOB);
    for (int i = 0; begins(unit, "flood") && i < 20000; i++)
        remove_job(fake, OTHER_JOB, unit, "canceled");
    if (begins(unit, "other"))
        remove_job(fake, JOB, "another.scope", "done");
    else if (!begins(unit, "early") && !begins(unit, "nojob") && !begins(unit, "half"))
        remove_job(fake, JOB, unit, result);
    sd_bus_flush(fake->bus);
    if (begins(unit, "half"))
        _exit(0);
    return 1;
}

static int start_unit(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    struct fake *fake = userdata;
    const char *unit;

    log_message(fake, message);
    sd_bus_message_read(message, "s", &unit);
    if (begins(unit, "denied"))
        return sd_bus_error_set(ret_error, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
    if (begins(unit, "always") || (begins(unit, "exists") && !fake->was_reset))
        return sd_bus_error_setf(ret_error, SYSTEMD ".UnitExists", "Unit %s already exists.", unit);
    if (begins(unit, "cut")) {
        sd_bus_close(fake->bus);
        return 1;
    }
    return give_job(fake, message, unit);
}

static int stop_unit(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    const char *unit;

    log_message(userdata, message);
    sd_bus_message_read(message, "s", &unit);
    if (begins(unit, "none"))
        return sd_bus_error_setf(ret_error, SYSTEMD ".NoSuchUnit", "Unit %s not loaded.", unit);
    return give_job(userdata, message, unit);
}

static int set_properties(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    const char *unit;

    log_message(userdata, message);
    sd_bus_message_read(message, "s", &unit);
    if (begins(unit, "none"))
        return sd_bus_error_setf(ret_error, SYSTEMD ".NoSuchUnit", "Unit %s not loaded.", unit);
    return sd_bus_reply_method_return(message, "");
}

static int reset_failed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    struct fake *fake = userdata;
    const char *unit;

    log_message(fake, message);
    sd_bus_message_read(message, "s", &unit);
    fake->was_reset = true;
    if (begins(unit, "good"))
        return sd_bus_error_setf(ret_error, SYSTEMD ".NoSuchUnit", "Unit %s not loaded.", unit);
    return sd_bus_reply_method_return(message, "");
}

static int subscribe(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    (void) ret_error;
    log_message(userdata, message);
    return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", NULL, offsetof(struct fake, version), 0),
    SD_BUS_PROPERTY("ControlGroup", "s", NULL, offsetof(struct fake, cgroup), 0),
    SD_BUS_METHOD("Subscribe", "", "", subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", start_unit,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopUnit", "ss", "o", stop_unit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", set_properties, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("ResetFailedUnit", "s", "", reset_failed, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
    SD_BUS_VTABLE_END,
};

static void serve(struct fake *fake)
{
    int result;

    fake->version = "252.39-1~deb12u2";
    fake->cgroup = "/a.slice";
    sd_bus_add_object_vtable(fake->bus, NULL, MANAGER_PATH, MANAGER, vtable, fake);
    while ((result = sd_bus_process(fake->bus, NULL)) >= 0 && sd_bus_is_open(fake->bus) > 0)
        if (result == 0)
            sd_bus_wait(fake->bus, UINT64_MAX);
    sd_bus_close(fake->bus);
    sd_bus_unref(fake->bus);
}

static _Noreturn void serve_direct(int listener, const char *log)
{
    for (;;) {
        struct fake fake = {.log = fopen(log, "ae")};
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        sd_bus_new(&fake.bus);
        sd_bus_set_fd(fake.bus, fd, fd);
        sd_bus_set_server(fake.bus, 1, (sd_id128_t){.bytes = {1}});
        if (sd_bus_start(fake.bus) < 0)
            _exit(1);
        serve(&fake);
        fclose(fake.log);
    }
}

static pid_t fork_fake(void)
{
    pid_t pid = fork();

    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

pid_t fake_start_direct(const char *path, const char *log)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    if (bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
        listen(listener, 8) < 0)
        abort();
    pid_t pid = fork_fake();
    if (pid == 0)
        serve_direct(listener, log);
    close(listener);
    return pid;
}

pid_t fake_start_on_bus(const char *address, const char *log)
{
    int ready[2];
    char byte;

    if (pipe(ready) < 0)
        abort();
    pid_t pid = fork_fake();
    if (pid == 0) {
        struct fake fake = {.log = fopen(log, "ae")};

        sd_bus_new(&fake.bus);
        sd_bus_set_address(fake.bus, address);
        sd_bus_set_bus_client(fake.bus, 1);
        if (sd_bus_start(fake.bus) < 0 || sd_bus_request_name(fake.bus, SYSTEMD, 0) < 0)
            _exit(1);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        close(ready[1]);
        serve(&fake);
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        fprintf(stderr, "the manager does not come to the bus at %s\n", address);
    close(ready[0]);
    return pid;
}

void fake_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
