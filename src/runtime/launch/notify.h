/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) for the container: it gets a socket of the runtime. Once it sends READY=1 there, the
 * runtime sends that to the caller's NOTIFY_SOCKET, with the container's process as MAINPID.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Creates notify/notify.sock in the state directory, replacing an existing one. */
int notify_open(int state_dir, int *ret_socket, struct error *error);

/* Receives one datagram from `socket`. If a line says READY=1, forwards that and returns true. */
bool notify_forward(int socket, pid_t pid);

/* Forwards until the container is ready or has ended. */
void notify_wait(int socket, int pidfd, pid_t pid);
