/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program criu at work for one command: `criu swrk 3` takes one request over a socket, tells of
 * what it is about to do, waits for the answer to that each time, and says at last how it went.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire.h"

struct error;

#define CRIU_GIVEN_MOST 24
#define CRIU_NAMESPACES_MOST 4
#define CRIU_GIVEN_FIRST 4 /* criu's own socket is 3 */

struct criu {
    struct arena *arena;
    struct error *error;
    const char *act;      /* "checkpoint", "restore": for the words */
    const char *work_dir; /* where its log is */
    const char *log;      /* its name */
    int signals;          /* a signalfd that interrupts, or -1 */
    int status_fd; /* gets a zero byte when pages can be fetched, and is closed then; or -1 */
    int given[CRIU_GIVEN_MOST]; /* descriptors that it gets, from CRIU_GIVEN_FIRST on */
    size_t n_given;
    int namespaces[CRIU_NAMESPACES_MOST]; /* of these its own, until its end */
    size_t n_namespaces;
    const char
        *root; /* a directory that has to be a mount point for it, at the directory AT; or NULL */
    const char *at;

    pid_t pid;
    int pidfd;
    int socket;
    int yard;   /* what criu_put_yard has made, or -1 */
    int output; /* what it writes before it has a log: a memfd */
    unsigned version;
};

#define AUTO_CRIU __attribute__((cleanup(criu_end))) struct criu

/* Not started, with nothing open. */
struct criu criu_of(struct arena *arena, const char *act, const char *log, struct error *error);

/* Gives a descriptor, which stays the caller's, to the program to be started. Returns its number
 * there. */
int criu_give(struct criu *criu, int fd);

/* Looks for the program and asks for its version, and for the features if one is needed: what is
 * missing is an error. */
struct criu_needs {
    unsigned version;   /* 0: any */
    const char *option; /* what needs it */
    bool mem_track;
    bool lazy_pages;
};
int criu_check(struct criu *criu, const struct criu_needs *needs, size_t count);

/* Has it find the hierarchies of cgroups mounted where it would mount them itself, which takes
 * options from the host's version 2; before its start. */
int criu_put_yard(struct criu *criu, struct text *options);

/* Starts it. */
int criu_start(struct criu *criu);

/* Sends a request: `options` are criu_opts. */
int criu_ask(struct criu *criu, enum criu_type type, const struct text *options);

/* Waits for what it says next. *ret_passed is a descriptor that came along, or -1. A failure is an
 * error with the end of its log. */
int criu_hear(struct criu *criu, struct criu_answer *ret_answer, int *ret_passed);

/* Lets it go on after a notification. */
int criu_go_on(struct criu *criu);

/* Goes on until the final answer, or the notification `script` (NULL: none), which is left to be
 * answered. A terminal's master side that comes goes to *ret_terminal (may be NULL). */
int criu_until(struct criu *criu, const char *script, struct criu_answer *ret_answer,
               int *ret_terminal);

/* Waits for its end, after which nothing of it is left; unfinished work it undoes itself. */
void criu_end(struct criu *criu);
