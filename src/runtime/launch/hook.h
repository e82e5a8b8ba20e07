/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that the host runs (config.md, "POSIX-platform Hooks"), in the runtime's namespaces and
 * with the state on stdin. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/spec/config.h"
#include "state/state.h"

/* Makes a sealed memfd with the state (runtime.md, "State") in this status, for stdin of hooks.
 * Returns a descriptor or a negative errno. */
int hook_open_state(const struct state *state, enum spec_status status);

struct sys_unless;

struct hook_call {
    const char *path;
    const char *const *argv;      /* as in the config; NULL: only the path */
    const char *const *envp;      /* the complete environment; NULL: the runtime's */
    const char *const *added_env; /* what is added to the runtime's, NULL-terminated; or NULL */
    uint64_t timeout_s;           /* 0: none */
    /* the end of the container's process (ECANCELED) and signals (EINTR) kill the hook; or NULL */
    const struct sys_unless *unless;
};

struct hook_result {
    int number; /* 0, or a positive errno: EIO if the status is not 0 */
    int wait_status;
    /* a memfd with the output that annotations do not send to files, or -1; owned by the caller */
    int output;
};

/* Opens the file of an annotation for the output of hooks, to append to it. Returns a descriptor or
 * a negative errno. */
int hook_open_file(const char *path);

/* Runs one hook. Sets `error` if the hook could not be run at all. */
struct hook_result hook_run(const struct state *state, const struct hook_call *call,
                            enum spec_status status, struct error *error);

/* Runs the poststart hooks of the config at create, up to the first that fails. */
int hook_run_poststart(const struct state *state, struct error *error);

/* Runs all poststop hooks of the config at create. Failures are only logged as warnings. */
void hook_run_poststop(const struct state *state);
