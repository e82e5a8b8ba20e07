/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets, at paths of any length, and descriptors sent over them. All are
 * close-on-exec. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* A connected pair of SOCK_SEQPACKET sockets. Returns 0 or a negative errno. */
int sys_socket_pair(int *ret_near, int *ret_far);

/* Makes the socket `name` (at most 64 bytes) of `type` in the directory `dir`; SOCK_SEQPACKET ones
 * listen. Returns a descriptor or a negative errno. */
int sys_socket_bind(int dir, const char *name, int type);

/* Connects to the socket at `path` below `dir` (or AT_FDCWD); "@NAME" is an abstract one. Returns a
 * descriptor or a negative errno. */
int sys_socket_connect(int dir, const char *path, int type);

/* The same with AT_FDCWD, when the other side does not make connecting or sending take longer than
 * `timeout_ms` each: else -EAGAIN. */
int sys_socket_connect_within(const char *path, int type, int timeout_ms);

/* Sends one message without SIGPIPE, with the descriptor `passed` unless that is -1. A stream may
 * take it in pieces; the descriptor goes with the first. Returns 0 or a negative errno. */
int sys_socket_send(int fd, const void *bytes, size_t size, int passed);

/* Receives one message; *ret_passed is the descriptor that came with it, or -1. Returns its size, 0
 * at end of file, or a negative errno; -EBADMSG when it was larger than `size`. */
ssize_t sys_socket_receive(int fd, void *bytes, size_t size, int *ret_passed);
