/* SPDX-License-Identifier: Apache-2.0 */
/* Between payload.c and its other files: payload-load.c has the commands that use up something,
 * payload-hold.c what criu minds, payload-inherited.c what a process has from its parent,
 * payload-call.c system calls. */
#pragma once

/* Says what failed with errno's words. Returns the status to end with. */
int die(const char *what);

int do_alloc(int argc, char **argv);
int do_burn(int argc, char **argv);
int do_count(int argc, char **argv);
int do_disk(int argc, char **argv);
int do_forks(int argc, char **argv);
int do_hold(int argc, char **argv);
int do_huge(int argc, char **argv);
int do_inherited(int argc, char **argv);
int do_syscall(int argc, char **argv);
int do_threads(int argc, char **argv);
int do_timer(int argc, char **argv);
int do_unknown(int argc, char **argv);
