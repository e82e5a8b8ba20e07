/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What berth and its helper for D-Bus say to each other, over a stream socket that the helper has
 * as descriptor 3.
 *
 * A message is its size in bytes (uint32_t, the machine's order) and as many bytes: words, each
 * ended with a NUL, of which the first is the kind. Each request has one answer.
 *
 *   requests
 *     connect ADDRESS WHO                                     WHO is at ADDRESS
 * (sd_bus_set_address(3)): "bus" or "peer" match RULE send the signals of RULE from now on, "":
 * none call SERVICE PATH INTERFACE METHOD SIGNATURE VALUE... answers reply SIGNATURE VALUE... of
 * match and connect: "" and no value error ERRNO NAME TEXT                                   NAME:
 * D-Bus's, "" when the error is none of D-Bus closed ERRNO there is no connection any more, or
 * there was none no-library TEXT                                         there cannot be any at any
 * time after "match", and never before the answer to the call that led to it signal PATH INTERFACE
 * MEMBER SIGNATURE VALUE... closed ERRNO
 *
 * VALUEs are the basic values in their order: numbers in decimal, "true" and "false", strings as
 * they are. Before the elements of an array stands their number, before a variant's value its
 * signature.
 */
#pragma once

#include <stdint.h>

#include "berth/base/text.h"

#define WIRE_FD 3
#define WIRE_MOST_BYTES (16U << 20)

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

/* Sends a message of at least one word; `end_ms` is when to give up, -1: never. Without SIGPIPE.
 * Returns 0, -ETIMEDOUT, -EMSGSIZE or a negative errno. */
int wire_send(int fd, const struct text_list *words, int64_t end_ms);

/* Receives a message. Returns 0, -ETIMEDOUT, -ECONNRESET at the end of the stream, -EBADMSG for
 * what is no message, or a negative errno. */
int wire_receive(int fd, struct arena *arena, int64_t end_ms, struct text_list *ret_words);
