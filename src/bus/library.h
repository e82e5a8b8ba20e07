/* SPDX-License-Identifier: Apache-2.0 */
/* libsystemd, loaded when the helper starts: the functions of sd-bus(3) in use. */
#pragma once

#include <systemd/sd-bus.h>

#define LIBRARY_NAME "libsystemd.so.0"

#define LIBRARY_FUNCTIONS(X)                                                                       \
    X(sd_bus_new)                                                                                  \
    X(sd_bus_set_address)                                                                          \
    X(sd_bus_set_bus_client)                                                                       \
    X(sd_bus_start)                                                                                \
    X(sd_bus_is_open)                                                                              \
    X(sd_bus_is_ready)                                                                             \
    X(sd_bus_process)                                                                              \
    X(sd_bus_wait)                                                                                 \
    X(sd_bus_get_fd)                                                                               \
    X(sd_bus_get_events)                                                                           \
    X(sd_bus_close)                                                                                \
    X(sd_bus_unref)                                                                                \
    X(sd_bus_add_match)                                                                            \
    X(sd_bus_slot_unref)                                                                           \
    X(sd_bus_call)                                                                                 \
    X(sd_bus_error_free)                                                                           \
    X(sd_bus_message_new_method_call)                                                              \
    X(sd_bus_message_append_basic)                                                                 \
    X(sd_bus_message_open_container)                                                               \
    X(sd_bus_message_close_container)                                                              \
    X(sd_bus_message_peek_type)                                                                    \
    X(sd_bus_message_read_basic)                                                                   \
    X(sd_bus_message_enter_container)                                                              \
    X(sd_bus_message_exit_container)                                                               \
    X(sd_bus_message_get_signature)                                                                \
    X(sd_bus_message_get_path)                                                                     \
    X(sd_bus_message_get_interface)                                                                \
    X(sd_bus_message_get_member)                                                                   \
    X(sd_bus_message_at_end)                                                                       \
    X(sd_bus_message_unref)

#define LIBRARY_MEMBER(function) __typeof__(function) *function;

struct library {
    LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
};

/* Returns NULL, or the reason why the library cannot be loaded. */
const char *library_load(struct library *ret_library);
