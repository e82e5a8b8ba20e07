/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol between berth and its D-Bus helper, over a stream socket that is descriptor 3 of the
 * helper.
 *
 * A message is its size in bytes (uint32_t, host byte order) followed by that many bytes: words,
 * each terminated by a NUL. The first word is the kind. Each request gets one answer.
 *
 *   requests
 *     connect ADDRESS WHO
 *       WHO listens at ADDRESS (sd_bus_set_address(3)): "bus" or "peer".
 *     match RULE
 *       Forward the signals that match RULE from now on; "": none.
 *     call SERVICE PATH INTERFACE METHOD SIGNATURE VALUE...
 *   answers
 *     reply SIGNATURE VALUE...
 *       To match and connect: "" and no value.
 *     error ERRNO NAME TEXT
 *       NAME is the D-Bus error; "": not a D-Bus error.
 *     closed ERRNO
 *       The connection was lost, or there was none.
 *     no-library TEXT
 *       libsystemd cannot be loaded.
 *   at any time after match, but never before the answer to the call that caused it
 *     signal PATH INTERFACE MEMBER SIGNATURE VALUE...
 *     closed ERRNO
 *
 * VALUEs are the basic values in order: numbers in decimal, "true" and "false", strings unchanged.
 * An array's elements are preceded by their number, a variant's value by its signature.
 */
#pragma once

#include <stdint.h>

#include "berth/base/text.h"

#define WIRE_FD 3
#define WIRE_MAX_BYTES (16U << 20)

#define WIRE_CONNECT "connect"
#define WIRE_MATCH "match"
#define WIRE_CALL "call"
#define WIRE_BUS "bus"
#define WIRE_PEER "peer"
#define WIRE_REPLY "reply"
#define WIRE_ERROR "error"
#define WIRE_SIGNAL "signal"
#define WIRE_CLOSED "closed"
#define WIRE_NO_LIBRARY "no-library"

/* Sends a message of at least one word, without raising SIGPIPE, until `end_ms` (CLOCK_MONOTONIC;
 * -1: no deadline). Returns 0, -ETIMEDOUT, -EMSGSIZE or a negative errno. */
int wire_send(int fd, const struct text_list *words, int64_t end_ms);

/* Receives a message. Returns 0, -ETIMEDOUT, -ECONNRESET at end of file, -EBADMSG if it is
 * malformed, or a negative errno. */
int wire_receive(int fd, struct arena *arena, int64_t end_ms, struct text_list *ret_words);
