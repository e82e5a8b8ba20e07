/* SPDX-License-Identifier: Apache-2.0 */
/* A session with the helper: requests and their answers (wire.h) within the operation's timeout. */
#pragma once

#include "berth/bus/bus.h"
#include "wire.h"

#define BUS_LIBRARY "libsystemd.so.0"

/* An address at which the manager may listen. */
struct bus_address {
    const char *text; /* a D-Bus address: "unix:path=..." */
    bool is_direct;   /* the manager's own socket */
};

#define BUS_ADDRESSES 2

/* Finds the addresses of the manager from the environment, the preferred one first. Returns their
 * number. */
size_t bus_find_addresses(struct arena *arena, bool user,
                          struct bus_address ret_addresses[BUS_ADDRESSES]);

struct bus_answer {
    const char *error_name;   /* "org.freedesktop.systemd1.NoSuchUnit"; NULL: no D-Bus error */
    const char *const *words; /* the message without its kind, terminated by NULL */
    size_t n_words;
};

/* Starts an operation: sets its deadline, and starts a new helper if the last one was lost. Returns
 * 0 or a negative errno. */
int bus_begin(struct bus *bus, struct error *error);

/* Sends a request and waits for the answer, which is allocated in the request's arena. Returns 0 or
 * a negative errno; if the session was lost, bus->helper is 0. */
int bus_ask(struct bus *bus, const struct text_list *request, struct bus_answer *ret_answer,
            struct error *error);

/* Waits for the next signal. Returns 0, or a negative errno if the session was lost. */
int bus_await_signal(struct bus *bus, struct arena *arena, struct bus_answer *ret_signal,
                     struct error *error);

/* Adds properties as values of a(sv). Returns 0, or -EINVAL if a property's words do not match its
 * signature. */
int bus_add_properties(struct text_list *words, const struct bus_property *properties,
                       size_t n_properties, struct error *error);
