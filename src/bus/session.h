/* SPDX-License-Identifier: Apache-2.0 */
/* A session with the helper: requests and their answers (wire.h) within the operation's time. */
#pragma once

#include "berth/bus/bus.h"
#include "wire.h"

#define BUS_LIBRARY "libsystemd.so.0"

/* Where a manager may be. */
struct bus_address {
    const char *text; /* of D-Bus: "unix:path=..." */
    bool is_direct;   /* the manager's own socket */
};

#define BUS_ADDRESSES 2

/* The places to look for the manager at, the first choice first, by the environment. Returns how
 * many. */
size_t bus_find_addresses(struct arena *arena, bool user,
                          struct bus_address ret_addresses[BUS_ADDRESSES]);

struct bus_answer {
    const char
        *error_name; /* "org.freedesktop.systemd1.NoSuchUnit", NULL: success or none of D-Bus */
    const char *const *words; /* the message without its kind, ended with NULL */
    size_t n_words;
};

/* Starts an operation: its time, and another helper if the last one was lost. Returns 0 or a
 * negative errno. */
int bus_begin(struct bus *bus, struct error *error);

/* Asks and waits for the answer, whose memory is that of `request`. Returns 0 or a negative errno;
 * when the session was lost with it, bus->helper is 0. */
int bus_ask(struct bus *bus, const struct text_list *request, struct bus_answer *ret_answer,
            struct error *error);

/* Waits for the next signal. Returns 0 or, the session being lost, a negative errno. */
int bus_await_signal(struct bus *bus, struct arena *arena, struct bus_answer *ret_signal,
                     struct error *error);

/* Adds properties as values of a(sv). Returns 0, or -EINVAL for one whose words do not fit its
 * signature. */
int bus_add_properties(struct text_list *words, const struct bus_property *properties,
                       size_t n_properties, struct error *error);
