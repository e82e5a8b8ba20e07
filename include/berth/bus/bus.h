/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's manager over D-Bus (org.freedesktop.systemd1(5)): starting and stopping units for
 * containers. sd-bus runs in a separate helper program, which loads libsystemd.so.0 and exits with
 * the session; src/bus/wire.h describes its protocol.
 *
 * Every operation ends within the session's timeout: if the manager does not answer, the operation
 * returns -ETIMEDOUT, but the manager may still carry it out. An operation that cannot be completed
 * ends the helper; the next one starts a new helper. Errors read
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

/* A unit property for StartTransientUnit() and SetUnitProperties(). */
struct bus_property {
    const char *name; /* "CPUWeight" */
    /* A basic type (s o g b y n q i u x t d), a struct of basic types "(...)", or an array of
     * either: "t", "as", "a(ss)". */
    const char *signature;
    /* The basic values in order, as text: "true" or "false", decimal numbers. An array has as many
     * elements as there are words for. */
    const char *const *words;
    size_t n_words;
};

struct bus_options {
    bool user;      /* the user's manager instead of the system's */
    int timeout_ms; /* for each operation; 0: BUS_TIMEOUT_MS */
};

/* A session; {0} is a closed one. */
struct bus {
    struct arena *arena;
    struct bus_options options;
    const char *address; /* D-Bus address of the manager: "unix:path=/run/systemd/private" */
    bool is_direct;      /* connected to the manager itself, without a message bus */
    pid_t helper;        /* PID; 0: none */
    int pidfd;
    int socket;
    int64_t end_ms; /* deadline of the operation, CLOCK_MONOTONIC */
};

#define AUTO_BUS __attribute__((cleanup(bus_close))) struct bus

/* Starts a helper and connects to the manager. For the system's manager: DBUS_SYSTEM_BUS_ADDRESS if
 * it is set, else /run/systemd/private, else the system bus. For the user's:
 * $XDG_RUNTIME_DIR/systemd/private, else the bus at DBUS_SESSION_BUS_ADDRESS or
 * $XDG_RUNTIME_DIR/bus; XDG_RUNTIME_DIR defaults to /run/user/UID. The session allocates from
 * `arena`. Returns 0 or a negative errno, with an error that lists the addresses tried. */
int bus_open(struct arena *arena, const struct bus_options *options, struct bus *ret_bus,
             struct error *error);

/* Ends the session and its helper; does nothing if there is none. */
void bus_close(struct bus *bus);

struct bus_manager {
    /* the manager's own, above those of all its units: "" for the root cgroup, else "/..." */
    const char *cgroup;
    unsigned version; /* 252 */
};

/* Reads the manager's properties ControlGroup and Version. Returns 0 or a negative errno. */
int bus_read_manager(struct bus *bus, struct bus_manager *ret_manager, struct error *error);

/* A transient unit: a scope, or a slice without processes. */
struct bus_unit {
    const char *name;  /* "berth-ID.scope" */
    const pid_t *pids; /* processes for the scope (property PIDs); a scope needs at least one */
    size_t n_pids;
    const struct bus_property *properties;
    size_t n_properties;
    bool may_exist; /* an existing unit of that name is success */
};

/* StartTransientUnit(); waits until the job is done. If a unit of that name exists but has failed,
 * resets and replaces it. If the job fails, resets the unit. Returns 0, -EEXIST if the unit exists,
 * or a negative errno. */
int bus_start_unit(struct bus *bus, const struct bus_unit *unit, struct error *error);

/* SetUnitProperties() with runtime=true: the properties last until the next boot. Returns 0,
 * -ENOENT if there is no such unit, or a negative errno. */
int bus_set_properties(struct bus *bus, const char *name, const struct bus_property *properties,
                       size_t n_properties, struct error *error);

/* StopUnit(); waits until the job is done and resets the unit's failed state. A missing unit is
 * success. Returns 0 or a negative errno. */
int bus_stop_unit(struct bus *bus, const char *name, struct error *error);
