/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) for the container: it gets a socket of the runtime's own, and when it says READY=1
 * there the caller's NOTIFY_SOCKET hears so, with the container's process as MAINPID.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Makes notify/notify.sock in the state directory, anew if it is there. */
int notify_open(int state_dir, int *ret_socket, struct error *error);

/* Takes one datagram from `socket`, and passes the news on when a line says READY=1: then true. */
bool notify_forward(int socket, pid_t pid);

/* Forwards until the container is ready or has ended. */
void notify_wait(int socket, int pidfd, pid_t pid);
