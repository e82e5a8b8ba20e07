/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's manager over D-Bus (org.freedesktop.systemd1(5)): units that it makes and ends for
 * containers. sd-bus lives in a helper program of its own, which loads libsystemd.so.0 and ends
 * with the session: src/bus/wire.h has what is said to it.
 *
 * Every operation ends within the session's time: a manager that does not answer is -ETIMEDOUT, and
 * may still do what it was asked for. An operation that could not be finished ends the helper, and
 * the next one starts another. Errors read
 * `start the unit x.scope: Access denied (org.freedesktop.DBus.Error.AccessDenied)`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct error;

#define BUS_TIMEOUT_MS 30000

/* A unit's property as StartTransientUnit() and SetUnitProperties() take it. */
struct bus_property {
    const char *name; /* "CPUWeight" */
    /* One of the basic types s o g b y n q i u x t d, (...) of such, or a and one of these: "t",
     * "as", "a(ss)". */
    const char *signature;
    /* Its basic values in their order, as text: "true" or "false", decimal numbers. An array has as
     * many elements as there are words for. */
    const char *const *words;
    size_t n_words;
};

struct bus_options {
    bool user;      /* the user's manager, not the system's */
    int timeout_ms; /* for each operation; 0: BUS_TIMEOUT_MS */
};

/* A session; {0} has none. */
struct bus {
    struct arena *arena;
    struct bus_options options;
    const char *address; /* where the manager is; "unix:path=/run/systemd/private" */
    bool is_direct;      /* it is the manager itself, without a message bus */
    pid_t helper;        /* 0: none */
    int pidfd;
    int socket;
    int64_t end_ms; /* of the operation, by CLOCK_MONOTONIC */
};

#define AUTO_BUS __attribute__((cleanup(bus_close))) struct bus

/* Starts a helper and connects. The system's manager: DBUS_SYSTEM_BUS_ADDRESS if that is set, else
 * /run/systemd/private, else the system bus. The user's: $XDG_RUNTIME_DIR/systemd/private, else the
 * bus DBUS_SESSION_BUS_ADDRESS or $XDG_RUNTIME_DIR/bus; without XDG_RUNTIME_DIR it is
 * /run/user/UID. The memory of the session is the arena's. Returns 0 or, with an error that names
 * what was tried, a negative errno. */
int bus_open(struct arena *arena, const struct bus_options *options, struct bus *ret_bus,
             struct error *error);

/* Ends the session and its helper; without one it does nothing. */
void bus_close(struct bus *bus);

struct bus_manager {
    const char *cgroup; /* its own, below which all its units are: "" for the system's usual one,
                           else "/..." */
    unsigned version;   /* 252 */
};

/* Reads the manager's properties ControlGroup and Version. Returns 0 or a negative errno. */
int bus_read_manager(struct bus *bus, struct bus_manager *ret_manager, struct error *error);

/* A transient unit: a scope, or a slice without processes. */
struct bus_unit {
    const char *name;  /* "berth-ID.scope" */
    const pid_t *pids; /* what the scope takes in (PIDs); a scope needs one at least */
    size_t n_pids;
    const struct bus_property *properties;
    size_t n_properties;
    bool may_exist; /* a unit of that name is as good */
};

/* StartTransientUnit(), and waits until its job is done. A unit of that name which has failed is
 * reset and replaced; when the job fails the unit is reset too. Returns 0, -EEXIST if there is such
 * a unit, or a negative errno. */
int bus_start_unit(struct bus *bus, const struct bus_unit *unit, struct error *error);

/* SetUnitProperties(), until the next boot. Returns 0, -ENOENT without such a unit, or a negative
 * errno. */
int bus_set_properties(struct bus *bus, const char *name, const struct bus_property *properties,
                       size_t n_properties, struct error *error);

/* StopUnit(), waits until its job is done, and forgets the unit's failure. A unit that does not
 * exist is success. Returns 0 or a negative errno. */
int bus_stop_unit(struct bus *bus, const char *name, struct error *error);
