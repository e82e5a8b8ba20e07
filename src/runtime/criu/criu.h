/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the program criu: `criu swrk 3` takes one request over a socket, sends a notification
 * before each action, waits for the reply, and reports the result at the end.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire.h"

struct error;

#define CRIU_GIVEN_MAX 24
#define CRIU_NAMESPACES_MAX 4
#define CRIU_GIVEN_FIRST 4 /* criu's own socket is 3 */

struct criu {
    struct arena *arena;
    struct error *error;
    const char *act;      /* "checkpoint" or "restore", for messages */
    const char *work_dir; /* where criu writes its log */
    const char *log;      /* the log's name */
    int signals;          /* a signalfd that interrupts waiting, or -1 */
    int status_fd;        /* gets a zero byte when pages can be fetched, then is closed; or -1 */
    int given[CRIU_GIVEN_MAX]; /* descriptors passed to criu, from CRIU_GIVEN_FIRST on */
    size_t n_given;
    /* those among them that this struct owns until criu ends */
    int namespaces[CRIU_NAMESPACES_MAX];
    size_t n_namespaces;
    /* a directory that criu needs as a mount point, mounted on the directory `at`; or NULL */
    const char *root;
    const char *at;

    pid_t pid;
    int pidfd;
    int socket;
    int yard;   /* made by criu_put_yard, or -1 */
    int output; /* a memfd with criu's output before it has a log */
    unsigned version;
};

#define AUTO_CRIU __attribute__((cleanup(criu_end))) struct criu

/* Returns a criu that is not started, with nothing open. */
struct criu criu_of(struct arena *arena, const char *act, const char *log, struct error *error);

/* Passes a descriptor, which stays the caller's, to the program when it starts. Returns its number
 * there. */
int criu_give(struct criu *criu, int fd);

/* Finds the program and asks for its version, and for its features if one is needed. A missing one
 * is an error. */
struct criu_needs {
    unsigned version;   /* 0: any */
    const char *option; /* the option that needs it */
    bool mem_track;
    bool lazy_pages;
};
int criu_check(struct criu *criu, const struct criu_needs *needs, size_t count);

/* Mounts the cgroup hierarchies for criu. If criu mounted them itself, the host's cgroup2 would
 * lose mount options. Call this before criu_start. */
int criu_put_yard(struct criu *criu, struct text *options);

/* Starts criu. */
int criu_start(struct criu *criu);

/* Sends a request: `options` are criu_opts. */
int criu_ask(struct criu *criu, enum criu_type type, const struct text *options);

/* Waits for criu's next message. *ret_passed is a descriptor that came with it, or -1. The error of
 * a failure has the end of criu's log. */
int criu_hear(struct criu *criu, struct criu_answer *ret_answer, int *ret_passed);

/* Answers a notification, so that criu continues. */
int criu_go_on(struct criu *criu);

/* Answers notifications until the final answer, or until the notification `script` (NULL: none),
 * which is left unanswered. *ret_terminal (may be NULL) receives the master side of a terminal. */
int criu_until(struct criu *criu, const char *script, struct criu_answer *ret_answer,
               int *ret_terminal);

/* Waits until criu has ended and nothing of it is left. criu itself undoes unfinished work. */
void criu_end(struct criu *criu);
