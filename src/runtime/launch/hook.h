/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that the host runs (config.md, "POSIX-platform Hooks"): in the runtime's namespaces, with
 * the state on stdin. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/spec/config.h"
#include "state/state.h"

/* A sealed memfd with the state (runtime.md, "State") with this status, for stdin of hooks. Returns
 * a descriptor or a negative errno. */
int hook_open_state(const struct state *state, enum spec_status status);

struct sys_unless;

struct hook_call {
    const char *path;
    const char *const *argv; /* as the config has it; NULL: the path alone */
    const char *const *envp; /* all of it; NULL: the runtime's own */
    uint64_t timeout_s;      /* 0: none */
    /* the end of the container's process, ECANCELED, and signals, EINTR: they kill the hook; or
     * NULL */
    const struct sys_unless *unless;
};

struct hook_result {
    int number; /* 0, or a positive errno: EIO when the status is not 0 */
    int wait_status;
    /* memfd with what it has written, but for what annotations have files for, or -1; the
     * caller's */
    int output;
};

/* Opens a file that an annotation has for the output of hooks, to add to it. Returns a descriptor
 * or a negative errno. */
int hook_open_file(const char *path);

/* Runs one hook. What keeps it from being run at all is worded. */
struct hook_result hook_run(const struct state *state, const struct hook_call *call,
                            enum spec_status status, struct error *error);

/* Runs the poststart hooks of the frozen config, up to the first that fails. */
int hook_run_poststart(const struct state *state, struct error *error);

/* Runs all poststop hooks of the frozen config; failures are warnings in the log. */
void hook_run_poststop(const struct state *state);
