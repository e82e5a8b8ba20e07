/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets at paths of any length, and passing descriptors over them. All sockets are
 * close-on-exec. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Creates a connected pair of SOCK_SEQPACKET sockets. Returns 0 or a negative errno. */
int sys_socket_pair(int *ret_near, int *ret_far);

/* Binds a socket of `type` to `name` (at most 64 bytes) in the directory `dir`; a SOCK_SEQPACKET
 * socket also listens. Returns a descriptor or a negative errno. */
int sys_socket_bind(int dir, const char *name, int type);

/* Connects to the socket at `path` below `dir` (or AT_FDCWD); "@NAME" is an abstract socket.
 * Returns a descriptor or a negative errno. */
int sys_socket_connect(int dir, const char *path, int type);

/* Like sys_socket_connect with AT_FDCWD, but connecting, and each later send, fails with -EAGAIN
 * after `timeout_ms` milliseconds. */
int sys_socket_connect_within(const char *path, int type, int timeout_ms);

/* Sends one message, without raising SIGPIPE, and with it the descriptor `passed` unless that is
 * -1. On a stream socket the message may be split; the descriptor goes with the first part. Returns
 * 0 or a negative errno. */
int sys_socket_send(int fd, const void *bytes, size_t size, int passed);

/* Receives one message and the descriptor that came with it: *ret_passed is -1 if there was none.
 * Returns the size of the message, 0 at end of file, or a negative errno: -EBADMSG if the message
 * is larger than `size`. */
ssize_t sys_socket_receive(int fd, void *bytes, size_t size, int *ret_passed);
