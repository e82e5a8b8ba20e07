/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "session.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define UNIT_EXISTS SYSTEMD ".UnitExists"
#define NO_SUCH_UNIT SYSTEMD ".NoSuchUnit"
#define ALREADY_SUBSCRIBED SYSTEMD ".AlreadySubscribed"

/* Words of JobRemoved(u id, o job, s unit, s result), after path, interface and member. */
enum { JOB_MEMBER = 2, JOB_SIGNATURE, JOB_PATH = JOB_SIGNATURE + 2, JOB_RESULT = JOB_PATH + 2 };

static void add_words(struct text_list *list, const char *const *words)
{
    for (; *words != NULL; words++)
        text_list_add(list, *words);
}

/* Builds a call of the manager from interface, method, signature and values, up to NULL. */
static struct text_list call_of(struct arena *arena, const char *const *words)
{
    struct text_list request = {.arena = arena};

    add_words(&request, (const char *const[]){WIRE_CALL, SYSTEMD, MANAGER_PATH, NULL});
    add_words(&request, words);
    return request;
}

#define CALL(arena, ...) call_of(arena, (const char *const[]){__VA_ARGS__, NULL})

static bool is_error(const struct bus_answer *answer, const char *name)
{
    return answer->error_name != NULL && text_equal(answer->error_name, name);
}

static bool has_form(const struct bus_answer *answer, const char *signature, size_t n_words)
{
    return answer->n_words == n_words && text_equal(answer->words[0], signature);
}

static int read_property(struct bus *bus, const char *name, const char **ret_value,
                         struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request = CALL(&arena, PROPERTIES, "Get", "ss", MANAGER, name);
    struct bus_answer answer = {0};

    if (bus_ask(bus, &request, &answer, error) < 0)
        return error_prefix(error, "read systemd's property %s", name);
    if (!has_form(&answer, "v", 3) || !text_equal(answer.words[1], "s"))
        return error_set(error, EBADMSG, "read systemd's property %s: it is not a string", name);
    *ret_value = arena_string(bus->arena, answer.words[2]);
    return 0;
}

int bus_read_manager(struct bus *bus, struct bus_manager *ret_manager, struct error *error)
{
    struct bus_manager manager = {0};
    const char *version;

    TRY(bus_begin(bus, error));
    TRY(read_property(bus, "ControlGroup", &manager.cgroup, error));
    TRY(read_property(bus, "Version", &version, error));
    /* such as "252.39-1~deb12u2"; older: "systemd 209" */
    manager.version = (unsigned) strtoul(version + strcspn(version, "0123456789"), NULL, 10);
    if (text_equal(manager.cgroup, "/"))
        manager.cgroup = "";
    *ret_manager = manager;
    return 0;
}

/* A failed unit stays loaded until it is reset. Errors are ignored: usually there is no such
 * unit. */
static void reset_failed(struct bus *bus, const char *name)
{
    AUTO_ARENA arena = {0};
    struct text_list request = CALL(&arena, MANAGER, "ResetFailedUnit", "s", name);
    struct bus_answer answer;
    struct error ignored = {0};

    if (bus->helper > 0)
        bus_ask(bus, &request, &answer, &ignored);
}

static int match(struct bus *bus, const char *rule, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request = {.arena = &arena};
    struct bus_answer answer;

    add_words(&request, (const char *const[]){WIRE_MATCH, rule, NULL});
    return bus_ask(bus, &request, &answer, error);
}

#define JOB_REMOVED                                                                                \
    "type='signal',interface='" MANAGER "',path='" MANAGER_PATH "',member='JobRemoved'"

/* On a bus, the manager sends signals only to subscribers; on its own socket, to everyone and
 * without a sender. The match rule cannot name the unit: sd-bus does not compare arguments after
 * one that is a number. */
static int watch_jobs(struct bus *bus, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list subscribe = CALL(&arena, MANAGER, "Subscribe", "");
    struct bus_answer answer = {0};

    if (bus->is_direct)
        return match(bus, JOB_REMOVED, error);
    int result = bus_ask(bus, &subscribe, &answer, error);
    if (result < 0 && !is_error(&answer, ALREADY_SUBSCRIBED))
        return result;
    return match(bus, JOB_REMOVED ",sender='" SYSTEMD "'", error);
}

static void unwatch_jobs(struct bus *bus)
{
    struct error ignored = {0};

    if (bus->helper > 0)
        match(bus, "", &ignored);
}

/* Returns 1 if the job is done, 0 if the signal is about another job. */
static int check_job(const struct bus *bus, const struct bus_answer *removed, const char *job,
                     struct error *error)
{
    if (removed->n_words != JOB_RESULT + 1 ||
        !text_equal(removed->words[JOB_MEMBER], "JobRemoved") ||
        !text_equal(removed->words[JOB_SIGNATURE], "uoss") ||
        !text_equal(removed->words[JOB_PATH], job))
        return 0;
    if (text_equal(removed->words[JOB_RESULT], "done"))
        return 1;
    error_set(error, EIO, "the job of systemd ended with \"%s\"", removed->words[JOB_RESULT]);
    return error_hint(error, "journalctl%s -u %s may say more", bus->options.user ? " --user" : "",
                      removed->words[JOB_RESULT - 1]);
}

/* Waits for the job whose path is in `reply`. */
static int await_job(struct bus *bus, const struct bus_answer *reply, struct error *error)
{
    int done = 0;

    if (!has_form(reply, "o", 2))
        return error_set(error, EBADMSG, "systemd answers with no job");
    while (done == 0) {
        AUTO_ARENA arena = {0};
        struct bus_answer removed;

        TRY(bus_await_signal(bus, &arena, &removed, error));
        done = check_job(bus, &removed, reply->words[1], error);
    }
    return done < 0 ? done : 0;
}

/* Adds the unit's properties and the property PIDs. */
static int add_properties(struct text_list *words, const struct bus_unit *unit, struct error *error)
{
    struct arena *arena = words->arena;
    struct bus_property *all = ARENA_ARRAY(arena, unit->n_properties + 1, struct bus_property);
    struct text_list pids = {.arena = arena};
    size_t count = 0;

    for (size_t i = 0; i < unit->n_pids; i++)
        text_list_add(&pids, arena_printf(arena, "%d", unit->pids[i]));
    if (pids.count > 0)
        all[count++] = (struct bus_property){
            .name = "PIDs",
            .signature = "au",
            .words = (const char *const *) pids.item,
            .n_words = pids.count,
        };
    for (size_t i = 0; i < unit->n_properties; i++)
        all[count++] = unit->properties[i];
    return bus_add_properties(words, all, count, error);
}

/* Returns 1 if there is a job to wait for, 0 if the unit exists and may_exist is set. */
static int ask_for_start(struct bus *bus, const struct bus_unit *unit,
                         const struct text_list *request, struct bus_answer *ret_answer,
                         struct error *error)
{
    int result = bus_ask(bus, request, ret_answer, error);

    if (result < 0 && is_error(ret_answer, UNIT_EXISTS) && unit->may_exist)
        return 0;
    if (result < 0 && is_error(ret_answer, UNIT_EXISTS)) {
        reset_failed(bus, unit->name);
        if (bus->helper == 0)
            return result;
        result = bus_ask(bus, request, ret_answer, error);
    }
    if (result < 0 && is_error(ret_answer, UNIT_EXISTS))
        error->number = EEXIST;
    return result < 0 ? -error->number : 1;
}

static int start_unit(struct bus *bus, const struct bus_unit *unit, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request =
        CALL(&arena, MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", unit->name, "fail");
    struct bus_answer answer = {0};

    TRY(add_properties(&request, unit, error));
    text_list_add(&request, "0"); /* no auxiliary units */
    TRY(bus_begin(bus, error));
    TRY(watch_jobs(bus, error));
    int result = ask_for_start(bus, unit, &request, &answer, error);
    if (result > 0) {
        result = await_job(bus, &answer, error);
        if (result < 0)
            reset_failed(bus, unit->name);
    }
    unwatch_jobs(bus);
    return result;
}

int bus_start_unit(struct bus *bus, const struct bus_unit *unit, struct error *error)
{
    if (start_unit(bus, unit, error) < 0)
        return error_prefix(error, "start the unit %s", unit->name);
    return 0;
}

int bus_set_properties(struct bus *bus, const char *name, const struct bus_property *properties,
                       size_t n_properties, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request = CALL(&arena, MANAGER, "SetUnitProperties", "sba(sv)", name, "true");
    struct bus_answer answer = {0};
    int result = bus_add_properties(&request, properties, n_properties, error);

    if (result == 0)
        result = bus_begin(bus, error);
    if (result == 0)
        result = bus_ask(bus, &request, &answer, error);
    if (result == 0)
        return 0;
    if (is_error(&answer, NO_SUCH_UNIT))
        error->number = ENOENT;
    return error_prefix(error, "set properties of the unit %s", name);
}

static int stop_unit(struct bus *bus, const char *name, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request = CALL(&arena, MANAGER, "StopUnit", "ss", name, "replace");
    struct bus_answer answer = {0};

    TRY(bus_begin(bus, error));
    TRY(watch_jobs(bus, error));
    int result = bus_ask(bus, &request, &answer, error);
    if (result == 0) {
        result = await_job(bus, &answer, error);
        reset_failed(bus, name);
    } else if (is_error(&answer, NO_SUCH_UNIT)) {
        result = 0;
    }
    unwatch_jobs(bus);
    return result;
}

int bus_stop_unit(struct bus *bus, const char *name, struct error *error)
{
    if (stop_unit(bus, name, error) < 0)
        return error_prefix(error, "stop the unit %s", name);
    return 0;
}
